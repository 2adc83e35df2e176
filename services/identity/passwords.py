"""Passwords kept as Argon2id (m = 19 MiB, t = 2, p = 1), checked a bounded number at a time."""

import os
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from chassis.errors import Unavailable
from services.identity import tokens

WAIT_SECONDS = 3.0


class Passwords:
    """Hashes and checks. A flood of sign-ins takes `slots` x 19 MiB and `slots` cores' time, not all there is."""

    def __init__(self, slots: int = 0) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._slots = threading.BoundedSemaphore(slots or 2 * (os.cpu_count() or 1))
        # Unknown addresses cost the same work as known ones (P5). Random, so that it is nobody's password.
        self._nobodys = self._hasher.hash(tokens.new())

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hash inside the block. Raises Unavailable when none becomes free soon: overload is refused, not queued (P27)."""
        if not self._slots.acquire(timeout=WAIT_SECONDS):
            raise Unavailable("too_busy", "Too many sign-ins at the moment.")
        try:
            yield
        finally:
            self._slots.release()

    def hash(self, password: str) -> str:
        """What to store of a new password. Takes a turn."""
        with self.turn():
            return self._hasher.hash(_canonical(password))

    def matches(self, stored: str | None, password: str) -> bool:
        """Whether it is the stored one; False, after the same work, where none is stored. Call it inside `turn`."""
        try:
            return self._hasher.verify(stored or self._nobodys, _canonical(password))
        except (VerificationError, InvalidHashError):
            return False


def _canonical(password: str) -> str:
    """The same characters however the keyboard composed them (SP 800-63B § 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)
