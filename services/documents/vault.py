"""The bytes of documents: sealed on the way in, unsealed on the way out, hashed and counted while they pass."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from chassis.errors import Internal, Invalid, NotFound
from services.documents.sealing import FRAME, HEAD, Keyring, opened, seal, unseal
from services.documents.storage import Storage

PREFIX = "documents/"


@dataclass(frozen=True)
class Received:
    """What was found out about a file while it came in. ``sha256`` is lower-case hex of the bytes as they were sent."""

    size: int
    sha256: str


class Vault:
    """Keeps one object a version. Never holds more than a piece of a file in memory."""

    def __init__(self, storage: Storage, keyring: Keyring, *, limit: int) -> None:
        """``limit`` is the largest file accepted, in bytes."""
        self._storage, self._keyring, self.limit = storage, keyring, limit

    def keep(self, version_id: str, chunks: Iterable[bytes], *, size: int = 0) -> Received:
        """Store a file, of exactly ``size`` bytes where that is known.

        Raises Invalid ``file_empty``, ``file_too_large`` or ``file_incomplete``; when it raises, nothing is stored.
        """
        key = PREFIX + version_id
        counter = _Counter(chunks, limit=self.limit, told=size)
        self._storage.put(key, seal(counter, keyring=self._keyring, bound_to=key))
        return Received(counter.size, counter.digest.hexdigest())

    def read(self, version_id: str) -> Iterator[bytes]:
        """The bytes of a version, verified piece by piece. Raises Unavailable at once if the store does not answer."""
        key = PREFIX + version_id
        try:
            stored = self._storage.open(key)
        except NotFound as error:
            # A row without its bytes is an incident, and not an answer to a person's question.
            raise Internal("file_missing", f"The bytes of version {version_id} are not in the store.") from error
        return unseal(stored, keyring=self._keyring, bound_to=key)

    def read_part(self, version_id: str, *, size: int, part: range) -> Iterator[bytes]:
        """Some bytes of a version of ``size`` bytes, verified; only the frames they lie in are fetched. Raises as read does."""
        key = PREFIX + version_id
        first, last, end = part.start // FRAME, (part.stop - 1) // FRAME, max(0, size - 1) // FRAME
        try:
            sealed = opened(self._storage.open(key, length=HEAD), keyring=self._keyring, bound_to=key)
            offset, length = sealed.place(first, last)
            stored = self._storage.open(key, offset=offset, length=length)
        except NotFound as error:
            raise Internal("file_missing", f"The bytes of version {version_id} are not in the store.") from error
        return _cut(sealed.frames(stored, first=first, end=end), skip=part.start - first * FRAME, length=len(part))

    def forget(self, version_id: str) -> None:
        """Remove the bytes of a version. Raises Conflict ``file_on_hold`` if the store has been told to keep them."""
        self._storage.delete(PREFIX + version_id)

    def hold(self, version_id: str, *, on: bool) -> bool:
        """Have the store keep the bytes of a version whatever comes, or let go of them; whether it keeps them now. Raises NotFound."""
        return self._storage.hold(PREFIX + version_id, on=on)

    def version_ids(self) -> Iterator[str]:
        """The versions whose bytes are stored."""
        return (key.removeprefix(PREFIX) for key in self._storage.keys(PREFIX))

    def tidy(self, *, older_than: timedelta) -> None:
        """Remove what broken transfers left."""
        self._storage.tidy(older_than=older_than)

    def check(self) -> None:
        """Raises Unavailable if the store does not answer."""
        self._storage.check()


def _cut(frames: Iterable[bytes], *, skip: int, length: int) -> Iterator[bytes]:
    """``length`` bytes after the first ``skip``."""
    for frame in frames:
        wanted = frame[skip : skip + length]
        skip, length = 0, length - len(wanted)
        yield wanted


class _Counter:
    """Passes chunks through, hashing and counting; stops a file that is empty, cut off or over the limit before it is stored."""

    def __init__(self, chunks: Iterable[bytes], *, limit: int, told: int) -> None:
        self._chunks, self._limit, self._told = chunks, limit, told
        self.size, self.digest = 0, hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.size += len(chunk)
            if self.size > self._limit:
                raise too_large(self._limit)
            self.digest.update(chunk)
            yield chunk
        if not self.size:
            raise Invalid("file_empty", "The file is empty.")
        if self._told not in (0, self.size):
            raise Invalid("file_incomplete", f"The file is {self.size} bytes, and was to be {self._told}.")


def too_large(limit: int) -> Invalid:
    """The failure of a file over ``limit`` bytes."""
    return Invalid("file_too_large", "The file is too large.", facts={"limit_mb": str(limit // (1024 * 1024))})
