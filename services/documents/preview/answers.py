"""What a renderer answered, believed only as far as it can be checked: it has held a file that may have taken it over."""

import json
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from kontor.documents.v1 import previews_pb2 as pb
from PIL import Image

from services.documents.preview import limits
from services.documents.preview.kinds import REASONS

# Not what we asked for, however it is written.
_NONSENSE = (AttributeError, LookupError, TypeError, ValueError, RecursionError)
_QUALITIES = (82, 55, 25)


class Nonsense(Exception):
    """An answer that no renderer of ours would give."""


def read(output: bytes) -> tuple[pb.Preview, pb.PreviewPage | None]:
    """The preview, and the page if there is one. Raises Nonsense for anything that is not exactly what it should be."""
    head, _, pixels = output.partition(b"\n")
    try:
        told = json.loads(head)
        if "unavailable" in told:
            return pb.Preview(reason=REASONS[told["unavailable"]]), None
        page = None if told["page"] is None else _page(told["page"], pixels)
        return _preview(told), page
    except _NONSENSE as error:
        raise Nonsense(type(error).__name__) from error


def _preview(told: Mapping[str, Any]) -> pb.Preview:
    pages = _number(told["pages"], most=limits.PAGES)
    places = told["sections"]
    if len(places) > limits.SECTIONS:
        raise ValueError("sections")
    sections = [pb.PreviewSection(name=_text(name, limits.NAME), first_page=_number(first, most=pages)) for name, first in places]
    return pb.Preview(ready=True, pages=pages, sections=sections, more=told["more"] is True)


def _page(told: Mapping[str, Any], pixels: bytes) -> pb.PreviewPage:
    ((kind, content),) = told.items()
    if kind == "unavailable":
        return pb.PreviewPage(unavailable=REASONS[content])
    if kind == "text":
        return pb.PreviewPage(text=_text(content, limits.PAGE_CHARACTERS))
    if kind == "table":
        return pb.PreviewPage(table=_table(content))
    if kind == "picture":
        return pb.PreviewPage(picture=_picture(content, pixels))
    raise ValueError("page")


def _table(told: Mapping[str, Any]) -> pb.PreviewTable:
    rows, columns = told["rows"], told["columns"]
    if len(rows) > limits.ROWS or len(columns) > limits.COLUMNS or any(len(row) > limits.COLUMNS for row in rows):
        raise ValueError("rows")
    table = pb.PreviewTable(
        name=_text(told["name"], limits.NAME), columns=[_text(word, limits.NAME) for word in columns],
        rows=[pb.PreviewRow(cells=[_text(cell, limits.CELL) for cell in row]) for row in rows],
        first_row=_number(told["first_row"], most=limits.PAGES * limits.ROWS), more=told["more"] is True,
    )  # fmt: skip
    if table.ByteSize() > limits.PICTURE_BYTES:
        raise ValueError("size")
    return table


def _picture(told: Mapping[str, Any], pixels: bytes) -> pb.PreviewPicture:
    """Bare pixels as WebP. It is written here, so that nothing a file made up reaches a browser as a picture for it to decode."""
    width, height = _number(told["width"], most=limits.SIDE), _number(told["height"], most=limits.SIDE)
    if width * height > limits.PIXELS or len(pixels) != width * height * 3:
        raise ValueError("pixels")
    image = Image.frombytes("RGB", (width, height), pixels)
    return pb.PreviewPicture(webp=_webp(image), width=width, height=height, text=_text(told["text"], limits.PICTURE_TEXT))


def _webp(image: Image.Image) -> bytes:
    for quality in _QUALITIES:
        target = BytesIO()
        image.save(target, "WEBP", quality=quality, method=2)
        if target.tell() <= limits.PICTURE_BYTES:
            return target.getvalue()
    raise ValueError("picture")


def _number(value: Any, *, most: int) -> int:
    if type(value) is not int or not 1 <= value <= most:
        raise ValueError("number")
    return value


def _text(value: Any, most: int) -> str:
    if type(value) is not str or len(value) > most:
        raise ValueError("text")
    return value
