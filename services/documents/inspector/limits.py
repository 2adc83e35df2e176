"""How much an archive may hold before we stop looking into it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from time import thread_time

from chassis.errors import Failure

MEGABYTE = 1024 * 1024
_TIMED = 25 * MEGABYTE


@dataclass(frozen=True)
class Limits:
    """Bounds on what is unpacked (P14, P15). Sizes in bytes; they are counted while inflating, never believed from a header."""

    member: int = 100 * MEGABYTE
    total: int = 300 * MEGABYTE
    members: int = 1000
    # An archive in an archive in an archive.
    depth: int = 3
    ratio: int = 100
    # Below this a high ratio is harmless, and common: an empty spreadsheet is mostly the same row again.
    ratio_floor: int = 1 * MEGABYTE
    # Of processor time, for every 25 MB of the file. Sizes alone do not bound it: a deflate stream of empty blocks unpacks to nothing.
    seconds: float = 1.75


class Unreadable(Failure):
    """We cannot vouch for this file. ``reason`` is the code of the verdict ``unscannable``."""


@dataclass
class Budget:
    """What has been unpacked so far, over all levels of one file of ``size`` bytes, in one thread."""

    limits: Limits
    size: int
    members: int = field(default=0, init=False)
    total: int = field(default=0, init=False)
    began: float = field(default_factory=thread_time, init=False)

    def opened(self, number: int) -> None:
        """Count members about to be opened."""
        self._watch_time()
        self.members += number
        if self.members > self.limits.members:
            raise Unreadable("too_many_members")

    def counted(self, chunks: Iterator[bytes], *, packed: int) -> Iterator[bytes]:
        """Pass a member through, and stop with Unreadable as soon as it exceeds a limit. ``packed`` is its size in the archive.

        Empty pieces say that something was read and nothing came out; they are not passed on.
        """
        size = 0
        for chunk in chunks:
            self._watch_time()
            size += len(chunk)
            self.total += len(chunk)
            if size > self.limits.member or self.total > self.limits.total:
                raise Unreadable("too_large")
            if size > self.limits.ratio_floor and size > packed * self.limits.ratio:
                raise Unreadable("too_compressed")
            if chunk:
                yield chunk

    def _watch_time(self) -> None:
        if thread_time() - self.began > self.limits.seconds * max(1, self.size / _TIMED):
            raise Unreadable("too_compressed")
