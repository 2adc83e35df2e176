"""What time it is, in one place, so that a test can move it for the whole process."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_offset = [timedelta(0)]


def now() -> datetime:
    """The present moment, aware and in UTC."""
    return datetime.now(UTC) + _offset[0]


@contextmanager
def moved(by: timedelta) -> "Iterator[None]":
    """Move this process's clock inside the block. For tests."""
    before = _offset[0]
    _offset[0] = before + by
    try:
        yield
    finally:
        _offset[0] = before
