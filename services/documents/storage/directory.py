"""Keep the bytes of documents in a directory of this machine."""

import os
import secrets
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chassis import clock
from chassis.errors import Conflict, NotFound, Unavailable
from services.documents.storage.keys import PIECE, checked_key, checked_prefix

# A dot cannot occur in a key, so what is being received can never be taken for an object.
_RECEIVING = ".receiving"


class DirectoryStorage:
    """One file an object. A file appears whole or not at all, also when the power goes: written beside, synced, renamed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, key: str, chunks: Iterable[bytes]) -> int:
        target = self._path / checked_key(key)
        unfinished = self._path / _RECEIVING / secrets.token_hex(16)
        with _reported(key):
            unfinished.parent.mkdir(parents=True, exist_ok=True)
            target.parent.mkdir(parents=True, exist_ok=True)
        try:
            size = _write(unfinished, chunks, key=key)
            with _reported(key):
                unfinished.replace(target)
                _sync_directory(target.parent)
        finally:
            unfinished.unlink(missing_ok=True)
        return size

    def open(self, key: str, *, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        pieces = self._read(checked_key(key), offset, length)
        next(pieces)
        return pieces

    def _read(self, key: str, offset: int, length: int | None) -> Iterator[bytes]:
        """An empty piece once the file is open, then the content: who takes the first piece knows that the object exists."""
        with _reported(key):
            try:
                file = (self._path / key).open("rb")
            except FileNotFoundError as error:
                raise NotFound("file_missing", "There is no such object.") from error
            with file:
                yield b""
                file.seek(offset)
                left = sys.maxsize if length is None else length
                while piece := file.read(min(PIECE, left)):
                    left -= len(piece)
                    yield piece

    def delete(self, key: str) -> None:
        file = self._path / checked_key(key)
        with _reported(key):
            if file.exists() and not file.stat().st_mode & stat.S_IWUSR:
                raise Conflict("file_on_hold", "The file is on hold.")
            file.unlink(missing_ok=True)

    def hold(self, key: str, *, on: bool) -> bool:
        """The file is made read-only. That stops us and the careless; who may write to the directory can undo it."""
        file = self._path / checked_key(key)
        with _reported(key):
            if not file.exists():
                raise NotFound("file_missing", "There is no such object.")
            file.chmod(stat.S_IRUSR if on else stat.S_IRUSR | stat.S_IWUSR)
        return on

    def keys(self, prefix: str = "") -> Iterator[str]:
        start = self._path / checked_prefix(prefix).rpartition("/")[0]
        for folder, subfolders, files in os.walk(start):
            if _RECEIVING in subfolders:
                subfolders.remove(_RECEIVING)
            for file in files:
                key = Path(folder, file).relative_to(self._path).as_posix()
                if key.startswith(prefix):
                    yield key

    def tidy(self, *, older_than: timedelta) -> None:
        with _reported("unfinished transfers"):
            for unfinished in (self._path / _RECEIVING).glob("*"):
                written = datetime.fromtimestamp(unfinished.stat().st_mtime, UTC)
                if clock.now() - written > older_than:
                    unfinished.unlink(missing_ok=True)

    def check(self) -> None:
        with _reported("the directory"):
            self._path.mkdir(parents=True, exist_ok=True)
            os.statvfs(self._path)


def _write(path: Path, chunks: Iterable[bytes], *, key: str) -> int:
    """Write and sync; an error of the stream itself passes through unchanged, an error of the disk is Unavailable."""
    size = 0
    with _reported(key):
        file = path.open("xb", buffering=0)
    with file:
        for chunk in chunks:
            with _reported(key):
                waiting = memoryview(chunk)
                while waiting:
                    waiting = waiting[file.write(waiting) :]
            size += len(chunk)
        with _reported(key):
            os.fsync(file.fileno())
    return size


def _sync_directory(path: Path) -> None:
    """Without this a rename may be forgotten in a power cut, though the bytes are there."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _reported(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable("storage_unavailable", f"The directory of files: {error.strerror} ({what}).") from error
