"""An S3 store can be had for tests, and broken by them."""

import io

import pytest
import urllib3

from tests.servers.s3 import S3


def test_a_new_bucket_is_empty_and_of_our_own(s3: S3) -> None:
    first, second = s3.new_bucket(), s3.new_bucket()
    _put(s3, first, b"bytes")
    assert _get(s3, first) == b"bytes"
    assert list(s3.client().list_objects(second)) == []


@pytest.mark.xdist_group("faults")
def test_a_killed_store_comes_back_with_what_it_took(own_s3: S3) -> None:
    bucket = own_s3.new_bucket()
    _put(own_s3, bucket, b"kept")
    assert own_s3.program is not None
    own_s3.program.kill()
    with pytest.raises(urllib3.exceptions.HTTPError):
        _get(own_s3, bucket)
    own_s3.program.start()
    assert _get(own_s3, bucket) == b"kept"


def _put(store: S3, bucket: str, content: bytes) -> None:
    store.client().put_object(bucket, "name", io.BytesIO(content), len(content))


def _get(store: S3, bucket: str) -> bytes:
    answer = store.client().get_object(bucket, "name")
    try:
        return answer.read()
    finally:
        answer.close()
        answer.release_conn()
