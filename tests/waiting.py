"""Wait in a test for something to become true, never longer than told and never by a fixed sleep."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")


def eventually(
    check: Callable[[], Seen], *, seconds: float = 30.0, retry_on: tuple[type[Exception], ...] = (AssertionError,)
) -> Seen:
    """Call ``check`` until what it returns is true and return that.

    Errors named in ``retry_on`` mean "not yet", others end the wait. Raises AssertionError with what was seen last.
    """
    deadline = time.monotonic() + seconds
    never = threading.Event()
    pause = 0.01
    while True:
        last: object
        try:
            seen = check()
            if seen:
                return seen
            last = seen
        except retry_on as error:
            last = error
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {seconds:g} seconds; last seen: {last!r}")
        never.wait(pause)
        pause = min(pause * 1.5, 0.25)
