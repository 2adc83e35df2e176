"""Values separated by semicolons, commas, tabs or bars: what programs call CSV."""

import csv
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from services.documents.preview import limits
from services.documents.preview.pages import Rendered, Section, table
from services.documents.preview.text import decoded

_LOOKED_AT = 50


def render(data: bytes, page: int) -> Rendered:
    """A page of the table."""
    csv.field_size_limit(limits.TEXT_BYTES)
    lines = decoded(data).splitlines(keepends=True)
    between = separator(lines[:_LOOKED_AT])

    def rows(start: int = 0, stop: int | None = None) -> Iterator[list[str]]:
        return islice(csv.reader(lines, delimiter=between), start, stop)

    section = Section("", sum(1 for _ in rows()), rows)
    return table([section], page, more=len(data) > limits.TEXT_BYTES)


def separator(lines: list[str]) -> str:
    """The sign that divides most lines into the same number of columns; a semicolon where none does."""
    return max(";,\t|", key=lambda sign: _evenness(lines, sign))


def _evenness(lines: list[str], sign: str) -> tuple[int, int]:
    widths = Counter(len(row) for row in csv.reader(lines, delimiter=sign) if len(row) > 1)
    return max(((times, width) for width, times in widths.items()), default=(0, 0))
