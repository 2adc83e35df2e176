"""Rendered pages, sealed like the files they were made of: under ``previews/<version id>/<page>``, and ``/0`` for the whole."""

from collections.abc import Callable, Collection, Iterator
from itertools import islice

from chassis.errors import NotFound
from services.documents.sealing import Keyring, Tampered, seal, unseal
from services.documents.storage import Storage

PREFIX = "previews/"
_BATCH = 500


class Cache:
    """Keeps what costs a process to make. All of it can be made again, so nothing here is ever missed."""

    def __init__(self, storage: Storage, keyring: Keyring, *, living: Callable[[Collection[str]], set[str]]) -> None:
        """``living`` says which of these versions can still be read: of one that cannot, nothing is kept."""
        self._storage, self._keyring, self._living = storage, keyring, living

    def get(self, version_id: str, page: int) -> bytes | None:
        """What was kept of a page, if it was."""
        key = f"{PREFIX}{version_id}/{page}"
        try:
            return b"".join(unseal(self._storage.open(key), keyring=self._keyring, bound_to=key))
        except (NotFound, Tampered):
            return None

    def put(self, version_id: str, page: int, content: bytes) -> None:
        """Keep a page. If the version went away meanwhile, whoever removed it may have been here before us: then it is removed again."""
        key = f"{PREFIX}{version_id}/{page}"
        self._storage.put(key, seal([content], keyring=self._keyring, bound_to=key))
        if not self._living([version_id]):
            self.forget(version_id)

    def forget(self, version_id: str) -> None:
        """Remove all that was kept of a version."""
        for key in list(self._storage.keys(f"{PREFIX}{version_id}/")):
            self._storage.delete(key)

    def sweep(self) -> Iterator[str]:
        """Remove what was kept of versions that are gone, a few hundred pages at a time, and answer their ids."""
        keys = self._storage.keys(PREFIX)
        while batch := list(islice(keys, _BATCH)):
            versions = {key.removeprefix(PREFIX).partition("/")[0] for key in batch}
            for version_id in versions - self._living(versions):
                self.forget(version_id)
                yield version_id
