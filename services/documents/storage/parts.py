"""Send a large object to an S3 store in parts, two at a time.

The SDK's own upload of a stream either waits for each part, which costs a third of the speed, or leaves its threads behind whenever a
stream breaks off. So its four calls are used here directly.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from itertools import chain

from minio import Minio
from minio.datatypes import Part
from minio.error import MinioException
from urllib3.exceptions import HTTPError

from chassis import clock, telemetry

# At least 5 MiB, by S3's rules; a part may be longer by a piece. Two on their way and one being filled are what an upload takes of memory.
PART = 6 * 1024 * 1024
_AT_ONCE = 2


def put(client: Minio, bucket: str, key: str, chunks: Iterable[bytes]) -> int:
    """Store a stream and return its size: a small one in one call. When the stream or the store fails, nothing is stored."""
    parts = _cut(chunks)
    first = next(parts)
    if len(first) >= PART:
        return _send(client, bucket, key, chain([first], parts))
    client.put_object(bucket, key, BytesIO(first), len(first))
    return len(first)


def _send(client: Minio, bucket: str, key: str, parts: Iterable[bytes]) -> int:
    upload_id = client._create_multipart_upload(bucket, key, {})
    size, sent = 0, list[Part]()
    on_their_way: deque[Future[Part]] = deque()
    try:
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="s3-part") as threads:
            for number, part in enumerate(parts, start=1):
                size += len(part)
                on_their_way.append(threads.submit(_send_one, client, bucket, key, part, upload_id=upload_id, number=number))
                if len(on_their_way) == _AT_ONCE:
                    sent.append(on_their_way.popleft().result())
            sent += [part.result() for part in on_their_way]
        client._complete_multipart_upload(bucket, key, upload_id, sent)
    except BaseException:
        _abandon(client, bucket, key, upload_id)
        raise
    return size


def _cut(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The stream in parts of PART bytes or a little more, the last one shorter; a single empty part for an empty stream."""
    waiting, size, begun = list[bytes](), 0, False
    for chunk in chunks:
        waiting.append(chunk)
        size += len(chunk)
        if size >= PART:
            yield b"".join(waiting)
            waiting, size, begun = [], 0, True
    if waiting or not begun:
        yield b"".join(waiting)


def abandon_old(client: Minio, bucket: str, *, older_than: timedelta) -> None:
    """Abandon uploads that nobody will complete any more."""
    for upload in client._list_multipart_uploads(bucket).uploads:
        if upload.upload_id and upload.initiated_time and clock.now() - upload.initiated_time > older_than:
            client._abort_multipart_upload(bucket, upload.object_name, upload.upload_id)


def _send_one(client: Minio, bucket: str, key: str, part: bytes, *, upload_id: str, number: int) -> Part:
    return Part(number, client._upload_part(bucket, key, part, None, upload_id, number))


def _abandon(client: Minio, bucket: str, key: str, upload_id: str) -> None:
    try:
        client._abort_multipart_upload(bucket, key, upload_id)
    except (MinioException, HTTPError) as why:
        # What failed before matters more to the caller; these parts are abandoned later, with the old ones.
        telemetry.log(__name__).warning("upload not abandoned", key=key, error=type(why).__name__)
