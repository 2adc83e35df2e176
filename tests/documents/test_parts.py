"""Versions of a document, and parts of a file: the same bytes, verified, and no more than were asked for."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kontor.access.v1.access_pb2 import SERVICE_AREA_PAYROLL
from kontor.documents.v1 import documents_pb2 as pb

from chassis.caller import Caller
from chassis.errors import Conflict, Internal, Invalid, NotFound
from services.documents import ranges
from services.documents.sealing import Keyring
from services.documents.storage import DirectoryStorage
from services.documents.vault import Vault
from tests.documents import corpus
from tests.documents.conftest import KEY
from tests.documents.portal import Portal, new_id

FRAME = 64 * 1024


def fetched(portal: Portal, who: Caller, document: pb.Document, **asked: object) -> tuple[pb.DownloadHead, bytes]:
    request = pb.DownloadRequest(document_id=document.document_id, **asked)  # type: ignore[arg-type]
    head, *parts = portal.documents(who).Download(request)
    return head.head, b"".join(part.chunk for part in parts)


@pytest.mark.parametrize("size", [1, FRAME - 1, FRAME, FRAME + 1, 3 * FRAME, 3 * FRAME + 17])
def test_every_part_of_a_sealed_file_is_that_part_of_the_file(tmp_path: Path, size: int) -> None:
    """ACC-54."""
    vault = Vault(DirectoryStorage(tmp_path), Keyring.from_setting(KEY), limit=10 * FRAME)
    content = random.Random(size).randbytes(size)
    version_id = new_id()
    vault.keep(version_id, corpus.chopped(content, [70_000, 1]))
    edges = sorted({edge for frame in range(5) for near in (-1, 0, 1) if 0 <= (edge := frame * FRAME + near) <= size} | {size})
    for start in edges:
        for stop in edges:
            if start < stop:
                part = b"".join(vault.read_part(version_id, size=size, part=range(start, stop)))
                assert part == content[start:stop], (start, stop)


@given(st.integers(1, 50), st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_the_bytes_wanted_are_those_a_slice_would_give(size: int, offset: int, length: int, last: int) -> None:
    """ACC-54, as RFC 9110 counts."""
    content = bytes(range(size))
    expected = content[-last:] if last else content[offset : offset + length] if length else content[offset:]
    if not expected:
        with pytest.raises(Invalid) as refused:
            ranges.wanted(size, offset=offset, length=length, last=last)
        assert (refused.value.reason, refused.value.facts) == ("range_not_satisfiable", {"size": str(size)})
    else:
        part = ranges.wanted(size, offset=offset, length=length, last=last)
        assert (content if part is None else content[part.start : part.stop]) == expected


def test_a_part_of_a_file_is_downloaded(portal: Portal) -> None:
    """ACC-54."""
    company = portal.company()
    folder = portal.folder(company)
    member, content = portal.member(company, folder), corpus.PNG + random.Random(1).randbytes(300_000)
    document = portal.publish(member, folder, "picture.png", content)
    head, part = fetched(portal, member, document, offset=100_000, length=70_000)
    assert part == content[100_000:170_000]
    assert head == pb.DownloadHead(
        name="picture.png", content_type="image/png", size=len(content), sha256=document.sha256, partial=True, offset=100_000, length=70_000
    )
    assert fetched(portal, member, document, last=5)[1] == content[-5:]
    assert fetched(portal, member, document, offset=5, if_sha256=document.sha256)[1] == content[5:]
    head, whole = fetched(portal, member, document, offset=5, if_sha256="0" * 64)
    assert (head.partial, whole == content) == (False, True)
    with pytest.raises(Invalid):
        fetched(portal, member, document, offset=len(content))


def test_a_changed_byte_is_noticed_in_the_part_it_lies_in(tmp_path: Path) -> None:
    """P19."""
    vault = Vault(DirectoryStorage(tmp_path), Keyring.from_setting(KEY), limit=10 * FRAME)
    version_id, size = new_id(), 3 * FRAME
    vault.keep(version_id, [bytes(size)])
    file = tmp_path / "documents" / version_id
    sealed = bytearray(file.read_bytes())
    sealed[len(sealed) // 2] ^= 1
    file.write_bytes(sealed)
    assert b"".join(vault.read_part(version_id, size=size, part=range(10))) == bytes(10)
    for cut in (bytes(sealed), bytes(sealed[: FRAME + 200]), bytes(sealed[:90])):
        file.write_bytes(cut)
        with pytest.raises(Internal):
            list(vault.read_part(version_id, size=size, part=range(FRAME, 2 * FRAME)))
    file.unlink()
    with pytest.raises(Internal):
        vault.read_part(version_id, size=size, part=range(10))


def test_versions_are_listed_newest_first_and_downloaded(portal: Portal) -> None:
    """ACC-42, ACC-54."""
    company = portal.company()
    folder = portal.folder(company)
    member, consultant = portal.member(company, folder), portal.consultant(company, SERVICE_AREA_PAYROLL)
    document = portal.publish(member, folder, content=b"%PDF-1")
    for number, who in ((2, consultant), (3, member)):
        portal.upload(who, folder, content=b"%%PDF-%d" % number, overwrite=True)
        portal.scan()
    stub, seen = portal.documents(member), portal.get(member, document.document_id)
    page = stub.ListVersions(pb.ListVersionsRequest(document_id=document.document_id, page_size=2))
    assert [(each.number, each.uploaded_by, each.uploaded_by_firm, each.downloadable) for each in page.versions] == [
        (3, "Ingrid Eksempeldal", False, True), (2, "Kontor Testregnskap", True, True)
    ]  # fmt: skip
    assert (page.versions[0].sha256, page.versions[0].uploaded_at) == (seen.sha256, seen.uploaded_at)
    rest = stub.ListVersions(pb.ListVersionsRequest(document_id=document.document_id, page_token=page.next_page_token))
    assert [(each.number, each.size, each.content_type) for each in rest.versions] == [(1, 6, "application/pdf")]
    assert rest.next_page_token == ""
    for number in (1, 2, 3):
        assert fetched(portal, member, document, version=number)[1] == b"%%PDF-%d" % number
    assert fetched(portal, member, document, version=1, offset=5)[1] == b"1"
    with pytest.raises(NotFound) as refused:
        fetched(portal, member, document, version=4)
    assert refused.value.reason == "version_not_found"
    with pytest.raises(Invalid):
        stub.ListVersions(pb.ListVersionsRequest(document_id=document.document_id, page_token="x"))


def test_versions_are_seen_and_read_by_whom_the_document_is_for(portal: Portal) -> None:
    """ACC-03, ACC-58, ACC-59, P10."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    document = portal.publish(member, folder, "notes.txt", b"harmless")
    failed = portal.upload(member, folder, "notes.txt", corpus.MARKER, overwrite=True)
    portal.scan()
    request = pb.ListVersionsRequest(document_id=document.document_id)
    assert [each.number for each in portal.documents(member).ListVersions(request).versions] == [1]
    assert not portal.documents(member).ListVersions(pb.ListVersionsRequest(document_id=failed.document_id)).versions
    with pytest.raises(Conflict):
        fetched(portal, member, failed, version=1)
    with pytest.raises(NotFound):
        fetched(portal, member, document, version=2)
    for who in (portal.member(company), company.administrator, portal.manager()):
        with pytest.raises(NotFound):
            portal.documents(who).ListVersions(request)
        with pytest.raises(NotFound):
            fetched(portal, who, document, version=1, offset=1)
