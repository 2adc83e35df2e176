"""What a page of a preview is made of, and how rows are laid out on pages."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from services.documents.preview import limits


class NoPreview(Exception):
    """There is nothing to show. ``reason`` is too_large, damaged or encrypted."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Place:
    """A part with a name, and the page it begins on, from 1."""

    name: str
    first_page: int


@dataclass(frozen=True)
class Rendered:
    """How many pages there are, and the one that was asked for: None if there is no such page. ``pixels`` are RGB, row by row."""

    pages: int
    page: dict[str, object] | None
    pixels: bytes = b""
    sections: Sequence[Place] = ()
    more: bool = False


@dataclass(frozen=True)
class Section:
    """A table. ``rows(start, stop)`` are those of ``count``; ``columns`` are words for its columns, where it has any."""

    name: str
    count: int
    rows: Callable[[int, int], Iterable[Sequence[object]]]
    columns: Sequence[str] = field(default=())


def table(sections: Sequence[Section], page: int, *, more: bool = False) -> Rendered:
    """The page of these tables; each begins on a new one."""
    places, first, found = list[Place](), 1, None
    for section in sections[: limits.SECTIONS]:
        pages = max(1, -(-section.count // limits.ROWS))
        places.append(Place(section.name[: limits.NAME], first))
        if first <= page < first + pages:
            found = _page(section, (page - first) * limits.ROWS)
        first += pages
    named = places if len(places) > 1 or places[0].name else []
    return Rendered(first - 1, found, sections=named, more=more or len(sections) > limits.SECTIONS)


def _page(section: Section, start: int) -> dict[str, object]:
    rows, more, room = list[list[str]](), False, limits.TABLE_CHARACTERS
    for row in islice(section.rows(start, start + limits.ROWS), limits.ROWS):
        cells, cut = _cells(row, room)
        rows.append(cells)
        room -= sum(map(len, cells))
        more = more or cut
    shown = {"name": section.name[: limits.NAME], "columns": list(section.columns), "rows": rows, "first_row": start + 1, "more": more}
    return {"table": shown}


def _cells(row: Sequence[object], room: int) -> tuple[list[str], bool]:
    """The cells as text, and whether something was left out."""
    texts = [_text(value) for value in row[: limits.COLUMNS]]
    while texts and not texts[-1]:
        texts.pop()
    most = min(limits.CELL, max(0, room) // max(1, len(texts)))
    return [printable(text[:most]) for text in texts], len(row) > limits.COLUMNS or any(len(text) > most for text in texts)


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return "" if value is None else str(value)


def printable(text: str) -> str:
    """The text without what is no character: controls other than tabs and line ends, and halves of surrogate pairs."""
    return "".join(sign for sign in text if sign in "\t\n" or (sign >= " " and sign != "\x7f" and not "\ud800" <= sign <= "\udfff"))
