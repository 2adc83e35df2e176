"""Both storages keep the same promises: whole or not at all, durable when they say so, and a clear error when they cannot."""

import os
import random
import resource
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import uuid_utils.compat as uuid

from chassis import clock
from chassis.errors import NotFound, Unavailable
from services.documents.storage import DirectoryStorage, S3Storage, Storage, open_storage
from tests.documents import corpus
from tests.documents.corpus import MEGABYTE
from tests.servers.s3 import S3


def s3_storage(store: S3, bucket: str = "") -> S3Storage:
    host = store.endpoint.rpartition("/")[2]
    return S3Storage(
        host, bucket or f"test-{uuid.uuid7().hex[-12:]}", access_key=store.access_key, secret_key=store.secret_key, secure=False
    )


@pytest.fixture(params=["directory", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "directory":
        return DirectoryStorage(tmp_path / "files")
    return s3_storage(request.getfixturevalue("s3"))


def broken(after: int) -> Iterator[bytes]:
    """A sender who goes away."""
    for _ in range(after):
        yield bytes(MEGABYTE)
    raise ConnectionResetError


@pytest.mark.parametrize("size", [0, 1, 300_000, 10 * MEGABYTE, 10 * MEGABYTE + 1, 25 * MEGABYTE])
def test_what_was_stored_comes_back_byte_for_byte(storage: Storage, size: int) -> None:
    """P12."""
    content = random.Random(size).randbytes(size)
    assert storage.put("documents/01", corpus.chopped(content, [70_000, 1, 262_144])) == size
    pieces = list(storage.open("documents/01"))
    assert b"".join(pieces) == content
    assert all(len(piece) <= 256 * 1024 for piece in pieces)


@pytest.mark.parametrize(("offset", "length"), [(0, 1), (5, None), (299_999, 10), (100_000, 170_000), (300_000, 5), (400_000, None)])
def test_a_part_of_what_was_stored_is_as_long_as_there_is(storage: Storage, offset: int, length: int | None) -> None:
    """ACC-54: what lies past the end is nothing."""
    content = random.Random(1).randbytes(300_000)
    storage.put("documents/01", [content])
    end = None if length is None else offset + length
    assert b"".join(storage.open("documents/01", offset=offset, length=length)) == content[offset:end]


def test_storing_again_replaces_the_whole_object(storage: Storage) -> None:
    """P12."""
    storage.put("documents/01", [b"first and longer"])
    storage.put("documents/01", [b"second"])
    assert b"".join(storage.open("documents/01")) == b"second"


@pytest.mark.parametrize("after", [0, 1, 25])
def test_a_broken_transfer_leaves_nothing_behind(storage: Storage, tmp_path: Path, after: int) -> None:
    """P12."""
    with pytest.raises(ConnectionResetError):
        storage.put("documents/01", broken(after))
    assert list(storage.keys()) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_broken_transfer_leaves_the_earlier_object_as_it_was(storage: Storage) -> None:
    """P12."""
    storage.put("documents/01", [b"first"])
    with pytest.raises(ConnectionResetError):
        storage.put("documents/01", broken(12))
    assert b"".join(storage.open("documents/01")) == b"first"


def test_a_missing_object_is_not_found_before_anything_is_read(storage: Storage) -> None:
    """ACC-54."""
    with pytest.raises(NotFound):
        storage.open("documents/01")


def test_a_deleted_object_is_gone_and_deleting_it_again_is_no_error(storage: Storage) -> None:
    """P12."""
    storage.put("documents/01", [b"x"])
    storage.delete("documents/01")
    storage.delete("documents/01")
    with pytest.raises(NotFound):
        storage.open("documents/01")


def test_keys_are_listed_by_their_beginning(storage: Storage) -> None:
    """P12."""
    stored = {"documents/01", "documents/02", "documents-old/03", "previews/01/1"}
    for key in stored:
        storage.put(key, [b"x"])
    assert set(storage.keys()) == stored
    assert set(storage.keys("documents/")) == {"documents/01", "documents/02"}
    assert set(storage.keys("documents/02")) == {"documents/02"}
    assert set(storage.keys("nothing/")) == set()


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "../a", "a/../b", ".receiving/a", "A", "å", "a b", "a\n", "a\0", "x" * 201])
def test_a_key_that_we_did_not_make_is_refused(storage: Storage, key: str) -> None:
    """P16, ASVS 5.3.2."""
    for act in (lambda: storage.put(key, [b"x"]), lambda: storage.open(key), lambda: storage.delete(key)):
        with pytest.raises(ValueError, match="not an object key"):
            act()


def test_an_abandoned_download_can_be_followed_by_another(storage: Storage) -> None:
    """P23: more of them than there are connections."""
    storage.put("documents/01", [bytes(MEGABYTE)])
    for _ in range(40):
        assert len(next(storage.open("documents/01"))) > 0
    assert len(b"".join(storage.open("documents/01"))) == MEGABYTE


def test_a_large_object_takes_little_memory(storage: Storage) -> None:
    """T7: at most 32 MiB while uploading."""
    storage.put("documents/00", [b"warm"])
    tracemalloc.start()
    try:
        storage.put("documents/01", (bytes(256 * 1024) for _ in range(240)))
        assert tracemalloc.get_traced_memory()[1] < 33 * MEGABYTE
        tracemalloc.reset_peak()
        assert sum(map(len, storage.open("documents/01"))) == 60 * MEGABYTE
        assert tracemalloc.get_traced_memory()[1] < 33 * MEGABYTE
    finally:
        tracemalloc.stop()


def test_what_a_killed_transfer_left_is_removed_when_it_is_old(storage: Storage, tmp_path: Path) -> None:
    """P12."""
    transfer = threading.Event()
    held = threading.Event()

    def stalled() -> Iterator[bytes]:
        yield bytes(11 * MEGABYTE)
        transfer.set()
        held.wait(60)
        raise ConnectionResetError

    sender = threading.Thread(target=_put_quietly, args=(storage, stalled()))
    sender.start()
    assert transfer.wait(60)
    storage.tidy(older_than=timedelta(hours=1))
    assert _unfinished(storage, tmp_path) == 1
    with clock.moved(timedelta(hours=2)):
        storage.tidy(older_than=timedelta(hours=1))
    assert _unfinished(storage, tmp_path) == 0
    held.set()
    sender.join(60)


def _put_quietly(storage: Storage, chunks: Iterator[bytes]) -> None:
    with suppress(ConnectionResetError, Unavailable):
        storage.put("documents/01", chunks)


def _unfinished(storage: Storage, path: Path) -> int:
    if isinstance(storage, S3Storage):
        return len(storage._client._list_multipart_uploads(storage._bucket).uploads)
    return sum(1 for each in path.rglob("*") if each.is_file())


def test_the_check_makes_what_is_missing(storage: Storage) -> None:
    """Readiness."""
    storage.check()
    assert list(storage.keys()) == []


def test_a_directory_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    """P12."""
    (tmp_path / "files").write_text("in the way")
    storage = DirectoryStorage(tmp_path / "files")
    with pytest.raises(Unavailable):
        storage.put("documents/01", [b"x"])
    with pytest.raises(Unavailable):
        storage.check()


def test_a_full_disk_is_unavailable_and_leaves_nothing(tmp_path: Path) -> None:
    """P12."""
    storage = DirectoryStorage(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MEGABYTE, before[1]))
    try:
        with pytest.raises(Unavailable, match="too large"):
            storage.put("documents/01", [bytes(MEGABYTE), b"x"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_stopped_store_is_unavailable_and_works_again_when_it_is_back(own_s3: S3) -> None:
    """P12, P23."""
    storage, program = s3_storage(own_s3), own_s3.program
    assert program is not None
    storage.put("documents/01", [b"x"])
    program.kill()
    for act in (
        lambda: storage.put("documents/02", [b"x"]),
        lambda: storage.open("documents/01"),
        storage.check,
        lambda: list(storage.keys()),
    ):
        with pytest.raises(Unavailable):
            act()
    program.start()
    assert b"".join(storage.open("documents/01")) == b"x"
    storage.put("documents/02", [b"x"])


def test_a_wrong_account_is_unavailable_and_not_a_missing_file(s3: S3) -> None:
    """P12: a rotated key must never look like lost documents."""
    s3_storage(s3, bucket := f"test-{uuid.uuid7().hex[-12:]}").put("documents/01", [b"x"])
    stranger = S3Storage(s3.endpoint.rpartition("/")[2], bucket, access_key=s3.access_key, secret_key="wrong", secure=False)
    with pytest.raises(Unavailable):
        stranger.open("documents/01")


@pytest.mark.parametrize(
    "url",
    [
        "file:///var/lib/kontor/files",
        "file:var/files",
        "s3://KEY@s3.example.com/files?region=eu-north-1",
        "s3+http://K%2FY@127.0.0.1:1/files",
    ],
)
def test_a_storage_is_chosen_by_its_address_without_touching_it(url: str) -> None:
    """Twelve-factor settings."""
    assert isinstance(open_storage(url, secret_key="secret"), DirectoryStorage if url.startswith("file:") else S3Storage)
    assert not os.path.lexists("var/files") or Path("var/files").is_dir()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "files",
        "file://",
        "file://host/files",
        "s3://",
        "s3://KEY@host",
        "s3://KEY@host/a/b",
        "http://host/bucket",
        "s3://KEY:SECRET@host/bucket",
    ],
)
def test_a_wrong_address_is_refused_without_showing_it(url: str) -> None:
    """ASVS 14.2.1."""
    with pytest.raises(ValueError) as refused:
        open_storage(url)
    assert "SECRET" not in str(refused.value)
