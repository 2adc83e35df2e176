"""The bytes of documents: sealed on the way in, unsealed on the way out, hashed and counted while they pass."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from chassis.errors import Internal, Invalid, NotFound
from services.documents.sealing import Keyring, seal, unseal
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

    def keep(self, version_id: str, chunks: Iterable[bytes]) -> Received:
        """Store a file. Raises Invalid ``file_empty`` or ``file_too_large``; when it raises, nothing is stored."""
        key = PREFIX + version_id
        counter = _Counter(chunks, limit=self.limit)
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

    def forget(self, version_id: str) -> None:
        """Remove the bytes of a version."""
        self._storage.delete(PREFIX + version_id)

    def version_ids(self) -> Iterator[str]:
        """The versions whose bytes are stored."""
        return (key.removeprefix(PREFIX) for key in self._storage.keys(PREFIX))

    def tidy(self, *, older_than: timedelta) -> None:
        """Remove what broken transfers left."""
        self._storage.tidy(older_than=older_than)

    def check(self) -> None:
        """Raises Unavailable if the store does not answer."""
        self._storage.check()


class _Counter:
    """Passes chunks through, hashing and counting; stops a file that is empty or over the limit before it is stored."""

    def __init__(self, chunks: Iterable[bytes], *, limit: int) -> None:
        self._chunks, self._limit = chunks, limit
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


def too_large(limit: int) -> Invalid:
    """The failure of a file over ``limit`` bytes."""
    return Invalid("file_too_large", "The file is too large.", facts={"limit_mb": str(limit // (1024 * 1024))})
