"""Where the bytes of documents lie: a directory or any S3 store, behind one small protocol."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from services.documents.storage.directory import DirectoryStorage
from services.documents.storage.s3 import S3Storage

__all__ = ["DirectoryStorage", "S3Storage", "Storage", "open_storage"]


class Storage(Protocol):
    """Objects by key. A key is an identifier made by us (lower-case letters, digits, ``-`` and ``/``), never a name given by a person.

    Every method raises chassis.errors.Unavailable when the store cannot be reached or refuses us.
    """

    def put(self, key: str, chunks: Iterable[bytes]) -> int:
        """Store a stream and return its size in bytes. When it returns the bytes are durable; when it raises nothing is stored."""

    def open(self, key: str, *, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes of an object in pieces of at most 256 KiB, or as many of ``length`` from ``offset`` on as there are.

        Raises NotFound at once, not at the first piece.
        """

    def delete(self, key: str) -> None:
        """Forget an object; no error if there is none. Raises Conflict ``file_on_hold`` while it is held."""

    def hold(self, key: str, *, on: bool) -> bool:
        """Refuse to delete an object from now on, whoever asks, or allow it again; whether it is refused now.

        False also where the store knows no such thing. Raises NotFound for an object that is not there.
        """

    def keys(self, prefix: str = "") -> Iterator[str]:
        """The keys that start with ``prefix``, in no promised order."""

    def tidy(self, *, older_than: timedelta) -> None:
        """Remove what is left of transfers that their process did not live to end; a younger one may still be going on."""

    def check(self) -> None:
        """Return if the store answers."""


def open_storage(url: str, *, secret_key: str = "") -> Storage:
    """The storage that a URL names; nothing is connected or made yet.

    * ``file:///var/lib/kontor/files`` or ``file:var/files``: a directory
    * ``s3://ACCESSKEY@s3.eu-north-1.amazonaws.com/bucket?region=eu-north-1``: S3 over https; the secret key comes separately
    * ``s3+http://ACCESSKEY@host:8333/bucket``: the same without TLS

    Raises ValueError for anything else, without quoting the URL.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path.strip("/"):
        return DirectoryStorage(Path(unquote(parts.path)))
    bucket = parts.path.strip("/")
    if parts.scheme not in {"s3", "s3+http"} or not parts.hostname or not bucket or "/" in bucket:
        raise ValueError("must be file:///path, s3://ACCESSKEY@host/bucket or s3+http://ACCESSKEY@host:port/bucket")
    if parts.password:
        raise ValueError("must not carry the secret key; it has a setting of its own")
    return S3Storage(
        parts.netloc.rpartition("@")[2],
        bucket,
        access_key=unquote(parts.username or ""),
        secret_key=secret_key,
        region=parts.query.removeprefix("region=") or "us-east-1",
        secure=parts.scheme == "s3",
    )
