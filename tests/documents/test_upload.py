"""Uploading: where to, under which name, what is refused, and that nothing is lost or left behind."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from kontor.access.v1.access_pb2 import SERVICE_AREA_ACCOUNTING, SERVICE_AREA_PAYROLL
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1.events_pb2 import DocumentReceived

from chassis import clock
from chassis.caller import Caller
from chassis.errors import Denied, Failure, Invalid, NotFound, Unauthenticated, Unavailable
from chassis.testing import person
from services.documents import rules
from tests.documents import corpus
from tests.documents.portal import READ, WRITE, Portal, new_id, new_pdf, stored_files

MEGABYTE = 1024 * 1024


def test_an_upload_waits_for_its_scan_with_all_that_was_said_about_it(portal: Portal) -> None:
    """ACC-33, ACC-37, ACC-45, ACC-49, ACC-59."""
    company = portal.company()
    folder = portal.folder(company, "Payslips", SERVICE_AREA_PAYROLL)
    member, content = portal.member(company, folder), new_pdf()
    document = portal.upload(member, folder, "Lønn mai.pdf", content, period=5, year=2026)
    uploaded_at = document.uploaded_at.ToDatetime(UTC)
    assert abs(uploaded_at - clock.now()) < timedelta(minutes=1)
    assert document.expires_at.ToDatetime(UTC) == rules.expiry(uploaded_at, months=6, time_zone="Europe/Oslo")
    assert document == pb.Document(
        document_id=document.document_id, organisation_id=company.organisation_id, folder_id=folder, folder_name="Payslips",
        service_area=SERVICE_AREA_PAYROLL, name="Lønn mai.pdf", period=5, year=2026, status=pb.STATUS_SCANNING, version=1,
        content_type="application/pdf", size=len(content), sha256=hashlib.sha256(content).hexdigest(), uploaded_by="Ingrid Eksempeldal",
        uploaded_at=document.uploaded_at, expires_at=document.expires_at, revision=1,
    )  # fmt: skip


def test_a_received_file_is_told_and_scanned_without_waiting_for_the_clock(portal: Portal) -> None:
    """ACC-57."""
    company = portal.company()
    folder = portal.folder(company)
    document = portal.upload(portal.member(company, folder), folder)
    (received,) = [
        event for event in portal.under.relay() if isinstance(event, DocumentReceived) and event.document_id == document.document_id
    ]
    assert received.organisation_id == company.organisation_id
    assert ("documents.scan_waiting", ()) in portal.under.started


def test_one_uploads_only_to_folders_one_was_given(portal: Portal) -> None:
    """ACC-04, ACC-09, P10."""
    company, other = portal.company(), portal.company()
    bank, payroll = portal.folder(company, "Bank", SERVICE_AREA_ACCOUNTING), portal.folder(company, "Payroll")
    own = [portal.member(company), portal.member(company, bank), company.administrator]
    firms = [portal.manager_who_writes(), portal.consultant(company, SERVICE_AREA_ACCOUNTING)]
    for who in (*own, *firms, person(*READ, WRITE), portal.member(other, portal.folder(other))):
        with pytest.raises(NotFound):
            portal.upload(who, payroll)
    with pytest.raises(NotFound):
        portal.upload(portal.member(company, payroll), new_id())


def test_a_reader_does_not_upload(portal: Portal) -> None:
    """ACC-04, P10."""
    company = portal.company()
    folder = portal.folder(company)
    with pytest.raises(Denied):
        portal.upload(portal.member(company, folder, may_write=False), folder)
    with pytest.raises(Unauthenticated):
        portal.upload(Caller(), folder)


def test_the_firm_uploads_too_and_the_list_says_so(portal: Portal) -> None:
    """ACC-55."""
    company = portal.company()
    folder = portal.folder(company)
    document = portal.publish(portal.consultant(company, SERVICE_AREA_PAYROLL), folder)
    (seen,) = portal.listed(portal.member(company, folder), company)
    assert (seen.document_id, seen.uploaded_by, seen.uploaded_by_firm) == (document.document_id, "Kontor Testregnskap", True)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../../etc/passwd.pdf", "file_name_path"),
        ("a\r\nb.pdf", "file_name_control"),
        ("a\0b.pdf", "file_name_control"),
        ("invoice\u202efdp.pdf", "file_name_invisible"),
        ("x" * 297 + ".pdf", "file_name_too_long"),
        ("", "file_name_empty"),
        ("virus.exe", "file_name_type"),
        ("invoice", "file_name_type"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused_with_its_reason_and_nothing_is_stored(
    portal: Portal, tmp_path: Path, name: str, reason: str
) -> None:
    """P16."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    for act in (
        lambda: portal.upload(member, folder, name),
        lambda: portal.documents(member).CheckNames(pb.CheckNamesRequest(folder_id=folder, period=5, year=2026, names=["fine.pdf", name])),
    ):
        with pytest.raises(Invalid) as refused:
            act()
        assert refused.value.reason == reason
    assert stored_files(tmp_path) == []


@pytest.mark.parametrize("given", [{"period": 0}, {"period": 13}, {"year": 1999}, {"year": 2101}, {"folder_id": "payslips"}, {"size": -1}])
def test_a_start_that_cannot_be_right_is_refused_with_the_field(portal: Portal, given: dict[str, int]) -> None:
    """ACC-37."""
    start = pb.UploadStart(**{"folder_id": new_id(), "name": "a.pdf", "period": 5, "year": 2026, **given})  # type: ignore[arg-type]
    with pytest.raises(Invalid) as refused:
        portal.send(person(WRITE), start, [b"x"])
    assert [field.rpartition(".")[2] for field in refused.value.fields] == list(given)


def test_an_empty_file_is_refused(portal: Portal, tmp_path: Path) -> None:
    """ACC-38."""
    company = portal.company()
    folder = portal.folder(company)
    with pytest.raises(Invalid) as refused:
        portal.send(portal.member(company, folder), pb.UploadStart(folder_id=folder, name="a.pdf", period=5, year=2026), [])
    assert refused.value.reason == "file_empty"
    assert stored_files(tmp_path) == []


@pytest.mark.parametrize("told", [0, MEGABYTE + 1])
def test_a_file_over_the_limit_is_refused_while_it_comes_or_before(portal: Portal, tmp_path: Path, told: int) -> None:
    """The limit is in the settings."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    start = pb.UploadStart(folder_id=folder, name="a.pdf", period=5, year=2026, size=told)
    sent = []

    def endless() -> Iterator[bytes]:
        for number in range(100):
            sent.append(number)
            yield bytes(256 * 1024)

    with pytest.raises(Invalid) as refused:
        portal.send(member, start, endless())
    assert (refused.value.reason, refused.value.facts["limit_mb"]) == ("file_too_large", "1")
    assert len(sent) <= 6
    assert stored_files(tmp_path) == []
    assert portal.upload(member, folder, content=b"%PDF-" + bytes(MEGABYTE - 5)).size == MEGABYTE


@pytest.mark.parametrize("parts", [[], [pb.UploadRequest(chunk=b"x")], [pb.UploadRequest()]])
def test_an_upload_begins_with_its_start(portal: Portal, parts: list[pb.UploadRequest]) -> None:
    """The contract of Upload."""
    with pytest.raises(Invalid) as refused:
        portal.documents(person(WRITE)).Upload(iter(parts))
    assert refused.value.reason == "upload_without_start"


def test_after_its_start_an_upload_has_only_chunks(portal: Portal, tmp_path: Path) -> None:
    """The contract of Upload."""
    company = portal.company()
    folder = portal.folder(company)
    start = pb.UploadRequest(start=pb.UploadStart(folder_id=folder, name="a.pdf", period=5, year=2026))
    with pytest.raises(Invalid) as refused:
        portal.documents(portal.member(company, folder)).Upload(iter([start, pb.UploadRequest(chunk=b"%PDF-"), start]))
    assert refused.value.reason == "upload_started_twice"
    assert stored_files(tmp_path) == []


def test_a_sender_who_goes_away_leaves_nothing(portal: Portal, tmp_path: Path) -> None:
    """P12."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)

    def broken() -> Iterator[bytes]:
        yield b"%PDF-"
        raise ConnectionResetError

    with pytest.raises((ConnectionResetError, Failure)):
        portal.send(member, pb.UploadStart(folder_id=folder, name="a.pdf", period=5, year=2026), broken())
    assert stored_files(tmp_path) == []
    assert portal.listed(member, company) == []


def test_access_that_ends_while_a_file_comes_ends_the_upload(portal: Portal, tmp_path: Path) -> None:
    """ACC-80, P7."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)

    def slow() -> Iterator[bytes]:
        yield b"%PDF-"
        portal.allow(company, member)
        yield b"rest"

    start = pb.UploadStart(folder_id=folder, name="a.pdf", period=5, year=2026)
    with pytest.raises(NotFound):
        portal.send(member, start, slow())
    assert stored_files(tmp_path) == []


def test_a_store_that_cannot_take_the_file_is_told_and_the_upload_works_when_it_can(portal: Portal, tmp_path: Path) -> None:
    """P12."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    (tmp_path / "files").write_text("in the way")
    with pytest.raises(Unavailable):
        portal.upload(member, folder)
    assert portal.listed(member, company) == []
    (tmp_path / "files").unlink()
    assert portal.upload(member, folder)


def test_what_lies_in_the_store_is_unreadable(portal: Portal, tmp_path: Path) -> None:
    """P19."""
    company = portal.company()
    folder = portal.folder(company)
    portal.upload(portal.member(company, folder), folder, "notes.txt", corpus.MARKER)
    (file,) = stored_files(tmp_path)
    assert corpus.MARKER not in file.read_bytes()
    assert "notes" not in file.name


def test_bytes_without_a_document_are_swept_up_after_two_hours_and_no_others(portal: Portal, tmp_path: Path) -> None:
    """P12."""
    company = portal.company()
    folder = portal.folder(company)
    portal.publish(portal.member(company, folder), folder)
    (kept,) = stored_files(tmp_path)
    orphan = kept.with_name(new_id())
    orphan.write_bytes(b"left behind")
    portal.under.run_job("sweep_orphans")
    assert sorted(stored_files(tmp_path)) == sorted([kept, orphan])
    with clock.moved(timedelta(hours=3)):
        portal.under.run_job("sweep_orphans")
    assert stored_files(tmp_path) == [kept]


@pytest.mark.parametrize(
    ("received", "expires"),
    [("2026-01-15", "2026-07-15"), ("2025-08-31", "2026-02-28"), ("2027-08-29", "2028-02-29"), ("2026-12-01", "2027-06-01")],
)
def test_a_document_is_kept_six_months_to_the_day(received: str, expires: str) -> None:
    """ACC-45."""
    day = datetime.fromisoformat(received).replace(tzinfo=UTC)
    assert rules.expiry(day, months=6) == datetime.fromisoformat(expires).replace(tzinfo=UTC)
