"""What time it is, in one place, so that a test can move it for the whole process."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_offset = [timedelta(0)]


def now() -> datetime:
    """The present moment, aware and in UTC."""
    return datetime.now(UTC) + _offset[0]


def stamp(at: datetime) -> Timestamp:
    """A moment for a message. A page has a hundred of them, and `FromDatetime` takes four times as long."""
    since = at - _EPOCH
    return Timestamp(seconds=since.days * 86_400 + since.seconds, nanos=since.microseconds * 1000)


@contextmanager
def moved(by: timedelta) -> Iterator[None]:
    """Move this process's clock inside the block. For tests."""
    before = _offset[0]
    _offset[0] = before + by
    try:
        yield
    finally:
        _offset[0] = before
