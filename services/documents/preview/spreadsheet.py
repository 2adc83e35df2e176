"""Workbooks of Excel and OpenDocument: the values in their cells."""

from collections.abc import Iterator
from io import BytesIO
from itertools import islice

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from services.documents.preview import limits
from services.documents.preview.pages import NoPreview, Rendered, Section, table


def render(data: bytes, page: int) -> Rendered:
    """A page of a sheet. Hidden sheets are left out, as they are on a screen."""
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(data))
        found = [
            each.name
            for each in book.sheets_metadata
            if each.typ == SheetTypeEnum.WorkSheet and each.visible == SheetVisibleEnum.Visible
        ]
        sections = [_section(book.get_sheet_by_name(name)) for name in found[: limits.SECTIONS]]
    except PasswordError as error:
        raise NoPreview("encrypted") from error
    except CalamineError as error:
        raise NoPreview("damaged") from error
    if not sections:
        raise NoPreview("damaged")
    return table(sections, page, more=len(found) > limits.SECTIONS)


def _section(sheet: CalamineSheet) -> Section:
    def rows(start: int, stop: int) -> Iterator[list[object]]:
        return islice(map(list, sheet.iter_rows()), start, stop)

    return Section(sheet.name, sheet.height, rows)
