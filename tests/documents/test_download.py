"""Downloading: the same bytes, one document or several, and nothing to whom it is not for."""

import hashlib
import io
import zipfile
from pathlib import Path

import pytest
from kontor.access.v1.access_pb2 import SERVICE_AREA_ACCOUNTING, SERVICE_AREA_PAYROLL
from kontor.documents.v1 import documents_pb2 as pb

from chassis.caller import Caller
from chassis.errors import Conflict, Denied, Internal, Invalid, NotFound, Unauthenticated
from chassis.testing import person
from tests.documents import corpus
from tests.documents.portal import READ, Portal, new_id


def zipped(portal: Portal, who: Caller, *ids: str) -> zipfile.ZipFile:
    parts = list(portal.documents(who).DownloadZip(pb.DownloadZipRequest(document_ids=ids)))
    assert parts[0].head == pb.DownloadHead(name="documents.zip", content_type="application/zip")
    return zipfile.ZipFile(io.BytesIO(b"".join(part.chunk for part in parts)))


def test_a_download_starts_with_what_it_is_and_has_the_same_bytes(portal: Portal) -> None:
    """ACC-54."""
    company = portal.company()
    folder = portal.folder(company)
    member, content = portal.member(company, folder), corpus.PNG + bytes(700_000)
    document = portal.publish(member, folder, "Kvittering å.png", content)
    parts = list(
        portal.documents(portal.consultant(company, SERVICE_AREA_PAYROLL)).Download(pb.DownloadRequest(document_id=document.document_id))
    )
    digest = hashlib.sha256(content).hexdigest()
    assert parts[0].head == pb.DownloadHead(name="Kvittering å.png", content_type="image/png", size=len(content), sha256=digest)
    assert b"".join(part.chunk for part in parts[1:]) == content
    assert all(0 < len(part.chunk) <= 256 * 1024 for part in parts[1:])


def test_a_download_is_refused_to_everybody_else(portal: Portal) -> None:
    """ACC-03, P10."""
    company, other = portal.company(), portal.company()
    folder = portal.folder(company)
    document = portal.publish(portal.member(company, folder), folder)
    strangers = [portal.member(company), portal.member(other, portal.folder(other)), portal.manager(), company.administrator, person(*READ)]
    for who in (*strangers, portal.consultant(company, SERVICE_AREA_ACCOUNTING)):
        with pytest.raises(NotFound):
            portal.download(who, document.document_id)
        with pytest.raises(NotFound):
            zipped(portal, who, document.document_id)
    with pytest.raises(Unauthenticated):
        portal.download(Caller(), document.document_id)
    with pytest.raises(Denied):
        portal.download(person(), document.document_id)


def test_several_documents_come_as_one_zip(portal: Portal) -> None:
    """ACC-54."""
    company = portal.company()
    bank, payroll = portal.folder(company, "Bank"), portal.folder(company, "Payroll")
    member = portal.member(company, bank, payroll)
    first = portal.publish(member, bank, "mai.pdf", b"%PDF-1" + bytes(600_000))
    second = portal.publish(member, payroll, "mai.pdf", b"%PDF-2")
    third = portal.publish(member, payroll, "Lønn & ting.txt", "Åse".encode())
    archive = zipped(portal, member, first.document_id, second.document_id, third.document_id)
    assert archive.testzip() is None
    assert archive.namelist() == ["mai.pdf", "mai (2).pdf", "Lønn & ting.txt"]
    assert archive.read("mai (2).pdf") == b"%PDF-2"
    assert hashlib.sha256(archive.read("mai.pdf")).hexdigest() == first.sha256


def test_a_zip_with_one_document_that_may_not_be_read_is_refused_whole(portal: Portal) -> None:
    """ACC-58, P10."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    good = portal.publish(member, folder)
    bad = portal.publish(member, folder, "notes.txt", corpus.MARKER)
    with pytest.raises(Conflict) as refused:
        zipped(portal, member, good.document_id, bad.document_id)
    assert (refused.value.reason, refused.value.facts["status"]) == ("not_scanned_clean", "quarantine")
    with pytest.raises(NotFound):
        zipped(portal, member, good.document_id, new_id())
    with pytest.raises(Invalid):
        zipped(portal, member)


def test_a_file_changed_in_the_store_is_never_handed_out_as_it_is(portal: Portal, tmp_path: Path) -> None:
    """P19."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    document = portal.publish(member, folder)
    (file,) = (tmp_path / "files" / "documents").iterdir()
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(Internal):
        portal.download(member, document.document_id)
    file.unlink()
    with pytest.raises(Internal):
        portal.download(member, document.document_id)
