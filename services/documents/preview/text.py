"""Text files, in whichever encoding they were written."""

import codecs

from services.documents.preview import limits
from services.documents.preview.pages import Rendered, printable

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def render(data: bytes, page: int) -> Rendered:
    """A page of at most 400 lines; a line that is longer than a page goes on on the next."""
    pages = list(_pages(decoded(data)))
    shown: dict[str, object] | None = {"text": pages[page - 1]} if page <= len(pages) else None
    return Rendered(len(pages), shown, more=len(data) > limits.TEXT_BYTES)


def decoded(data: bytes, *, old: str = "cp1252") -> str:
    """The text by its mark, else as UTF-8 if it is that, else in ``old``, the encoding from before Unicode. At most the first 8 MiB."""
    data = data[: limits.TEXT_BYTES]
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    try:
        # What was cut in the middle of a letter ends before it.
        return codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return data.decode(old, "replace")


def _pages(text: str) -> list[str]:
    pages, lines, room = list[str](), list[str](), limits.PAGE_CHARACTERS
    for line in _lines(text):
        if len(lines) == limits.LINES or len(line) + 1 > room:
            pages.append("\n".join(lines))
            lines, room = [], limits.PAGE_CHARACTERS
        lines.append(line)
        room -= len(line) + 1
    return [*pages, "\n".join(lines)]


def _lines(text: str) -> list[str]:
    most = limits.PAGE_CHARACTERS - 1
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n\x1a").split("\n")
    pieces = [line[start : start + most] for line in lines for start in range(0, len(line) or 1, most)]
    return [printable(piece) for piece in pieces]
