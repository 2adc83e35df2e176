"""Keep the bytes of documents in any S3 store."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError

from chassis.errors import NotFound, Unavailable
from services.documents.storage import parts
from services.documents.storage.keys import PIECE, checked_key, checked_prefix

# The SDK's own defaults are five minutes and five retries: a frozen store would hold every thread of the server.
_TIMEOUT = urllib3.Timeout(connect=2, read=20)
_RETRIES = urllib3.Retry(total=2, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504])
_MISSING = {"NoSuchKey", "NoSuchObject", "ResourceNotFound"}


class S3Storage:
    """One object a key, in one bucket, which is made if it is missing. Large objects go up in parts."""

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
        self._bucket_seen = False

    def put(self, key: str, chunks: Iterable[bytes]) -> int:
        checked_key(key)
        with _reported():
            self._need_bucket()
            return parts.put(self._client, self._bucket, key, chunks)

    def open(self, key: str) -> Iterator[bytes]:
        pieces = self._read(checked_key(key))
        next(pieces)
        return pieces

    def _read(self, key: str) -> Iterator[bytes]:
        """An empty piece once the store has answered, then the content: who takes the first piece knows that the object exists."""
        with _reported():
            self._need_bucket()
            response = self._client.get_object(self._bucket, key)
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
            self._client.remove_object(self._bucket, key)

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
                self._client.make_bucket(self._bucket)
            except S3Error as error:  # another replica was quicker
                if error.code not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                    raise
        self._bucket_seen = True


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
