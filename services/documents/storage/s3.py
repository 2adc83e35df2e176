"""Keep the bytes of documents in any S3 store.

A bucket that we make has object lock where the store knows it. Such a bucket keeps versions: what anybody else deletes is only hidden, and
found again here; what is on hold cannot be deleted by anybody.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import urllib3
from minio import Minio
from minio.datatypes import Object
from minio.error import MinioException, S3Error
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from chassis.errors import Conflict, NotFound, Unavailable
from services.documents.storage import parts
from services.documents.storage.keys import PIECE, checked_key, checked_prefix

# The SDK's own defaults are five minutes and five retries: a frozen store would hold every thread of the server.
_TIMEOUT = urllib3.Timeout(connect=2, read=20)
_RETRIES = urllib3.Retry(total=2, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504])
_MISSING = {"NoSuchKey", "NoSuchObject", "ResourceNotFound"}
# What stores answer that have no object lock, or a bucket without it.
_UNKNOWN = {
    "ObjectLockConfigurationNotFoundError", "NoSuchObjectLockConfiguration", "InvalidRequest", "NotImplemented", "MethodNotAllowed",
    "InvalidBucketState", "InvalidArgument",
}  # fmt: skip


class S3Storage:
    """One object a key, in one bucket, which is made if it is missing, with object lock. Large objects go up in parts."""

    def __init__(
        self,
        endpoint: str,
        bucket: str,
        *,
        access_key: str,
        secret_key: str,
        region: str = "us-east-1",
        secure: bool = True,
        connections: int = 16,
    ) -> None:
        pool = urllib3.PoolManager(timeout=_TIMEOUT, retries=_RETRIES, maxsize=connections, cert_reqs="CERT_REQUIRED")
        self._client = Minio(endpoint, access_key=access_key, secret_key=secret_key, region=region, secure=secure, http_client=pool)
        self._bucket = bucket
        self._bucket_seen = self._locks = False

    def put(self, key: str, chunks: Iterable[bytes]) -> int:
        checked_key(key)
        with _reported():
            self._need_bucket()
            return parts.put(self._client, self._bucket, key, chunks)

    def open(self, key: str, *, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        pieces = self._read(checked_key(key), offset, length)
        next(pieces)
        return pieces

    def _read(self, key: str, offset: int, length: int | None) -> Iterator[bytes]:
        """An empty piece once the store has answered, then the content: who takes the first piece knows that the object exists."""
        with _reported():
            self._need_bucket()
            try:
                response = self._opened(key, offset, length)
            except S3Error as error:
                if error.code != "InvalidRange":
                    raise
                yield b""  # the object ends before the offset
                return
            whole = False
            try:
                yield b""
                yield from response.stream(PIECE)
                whole = True
            finally:
                # A connection with half an object on it must not go back to the pool.
                if not whole:
                    response.close()
                response.release_conn()

    def delete(self, key: str) -> None:
        checked_key(key)
        with _reported():
            self._need_bucket()
            if not self._locks:
                self._client.remove_object(self._bucket, key)
            for version in self._versions(key):
                self._remove(key, version)

    def hold(self, key: str, *, on: bool) -> bool:
        checked_key(key)
        with _reported():
            self._need_bucket()
            if not self._locks:
                return False
            versions = [version for version in self._versions(key) if not version.is_delete_marker]
            if not versions:
                raise NotFound("file_missing", "There is no such object.")
            change = self._client.enable_object_legal_hold if on else self._client.disable_object_legal_hold
            for version in versions:
                change(self._bucket, key, version.version_id)
            return on

    def keys(self, prefix: str = "") -> Iterator[str]:
        checked_prefix(prefix)
        with _reported():
            self._need_bucket()
            for found in self._client.list_objects(self._bucket, prefix=prefix, recursive=True):
                yield str(found.object_name)

    def tidy(self, *, older_than: timedelta) -> None:
        with _reported():
            self._need_bucket()
            parts.abandon_old(self._client, self._bucket, older_than=older_than)

    def check(self) -> None:
        with _reported():
            self._bucket_seen = False
            self._need_bucket()

    def _need_bucket(self) -> None:
        if not self._bucket_seen and not self._client.bucket_exists(self._bucket):
            try:
                self._make_bucket()
            except S3Error as error:  # another replica was quicker
                if error.code not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                    raise
        if not self._bucket_seen:
            self._locks = self._has_locks()
        self._bucket_seen = True

    def _make_bucket(self) -> None:
        try:
            self._client.make_bucket(self._bucket, object_lock=True)
        except S3Error as error:
            if error.code not in _UNKNOWN:
                raise
            self._client.make_bucket(self._bucket)

    def _has_locks(self) -> bool:
        """Whether the bucket was made with object lock. One that was made without cannot be given it by us."""
        try:
            self._client.get_object_lock_config(self._bucket)
        except S3Error as error:
            if error.code not in _UNKNOWN:
                raise
            return False
        return True

    def _opened(self, key: str, offset: int, length: int | None) -> BaseHTTPResponse:
        part: dict[str, Any] = {"offset": offset, "length": length or 0}  # to the SDK, no length is all that follows
        try:
            return self._client.get_object(self._bucket, key, **part)
        except S3Error as error:
            hidden = [version for version in self._versions(key) if not version.is_delete_marker] if error.code in _MISSING else []
            if not hidden:
                raise
            # Somebody deleted it past us: the bucket has only hidden it.
            return self._client.get_object(self._bucket, key, version_id=hidden[0].version_id, **part)

    def _versions(self, key: str) -> list[Object]:
        """What the bucket keeps under a key, newest first, with the marks of what was deleted; nothing for a bucket without versions."""
        if not self._locks:
            return []
        found = self._client.list_objects(self._bucket, prefix=key, recursive=True, include_version=True)
        return [version for version in found if version.object_name == key]

    def _remove(self, key: str, version: Object) -> None:
        try:
            self._client.remove_object(self._bucket, key, version_id=version.version_id)
        except S3Error as error:
            if error.code == "AccessDenied" and self._client.is_object_legal_hold_enabled(self._bucket, key, version.version_id):
                raise Conflict("file_on_hold", "The object is on legal hold.") from error
            raise


@contextmanager
def _reported() -> Iterator[None]:
    try:
        yield
    except S3Error as error:
        if error.code in _MISSING:
            raise NotFound("file_missing", "There is no such object.") from error
        raise Unavailable("storage_unavailable", f"The object store answered {error.code}.") from error
    except (MinioException, HTTPError) as error:
        raise Unavailable("storage_unavailable", f"The object store does not answer ({type(error).__name__}).") from error
