"""From "received" to "shared", or not: nobody reads what was not scanned clean, and a scanner that fails fails nobody's file."""

import hashlib
import random
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from kontor.access.v1.access_pb2 import SERVICE_AREA_HR, SERVICE_AREA_PAYROLL
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1.events_pb2 import DocumentPublished, DocumentQuarantined
from sqlalchemy import text

from chassis import clock
from chassis.caller import Caller
from chassis.config import Secret
from chassis.errors import Conflict, NotFound, Unavailable
from chassis.testing import at_once
from services.documents.config import Config
from services.documents.jobs.scan_waiting import claim
from tests.documents import corpus
from tests.documents.conftest import KEY
from tests.documents.portal import Portal, new_pdf
from tests.servers.clamd import Address, address
from tests.servers.program import Program
from tests.servers.s3 import S3

STATUSES = {pb.STATUS_QUARANTINE, pb.STATUS_UNSCANNABLE}


def unreadable(portal: Portal, who: Caller, document_id: str) -> str:
    """Why somebody may not read a document."""
    with pytest.raises((Conflict, NotFound)) as refused:
        portal.download(who, document_id)
    with pytest.raises((Conflict, NotFound)):
        list(portal.documents(who).DownloadZip(pb.DownloadZipRequest(document_ids=[document_id])))
    return refused.value.reason


def test_a_clean_file_is_published_to_everybody_who_may_use_the_folder(portal: Portal) -> None:
    """ACC-11, ACC-56, ACC-59."""
    company = portal.company()
    folder = portal.folder(company)
    member, colleague = portal.member(company, folder), portal.member(company, folder)
    payroll, hr = portal.consultant(company, SERVICE_AREA_PAYROLL), portal.consultant(company, SERVICE_AREA_HR)
    uploaded = portal.upload(member, folder)
    assert portal.listed(payroll, company) == []
    assert unreadable(portal, member, uploaded.document_id) == "not_scanned_clean"
    assert unreadable(portal, payroll, uploaded.document_id) == "document_not_found"
    portal.scan()
    for who in (member, colleague, payroll):
        assert [(each.document_id, each.status, each.version) for each in portal.listed(who, company)] == [
            (uploaded.document_id, pb.STATUS_PUBLISHED, 1)
        ]
        assert hashlib.sha256(portal.download(who, uploaded.document_id)).hexdigest() == uploaded.sha256
    assert portal.listed(hr, company) == []
    assert unreadable(portal, hr, uploaded.document_id) == "document_not_found"
    readers = sorted(each.membership_id for each in (member, colleague, payroll))
    assert portal.under.relay() == [
        DocumentPublished(
            document_id=uploaded.document_id, organisation_id=company.organisation_id, folder_id=folder, service_area=SERVICE_AREA_PAYROLL,
            version=1, uploaded_by_membership_id=member.membership_id, reader_membership_ids=readers,
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "make", "status", "reason"),
    [
        ("notes.txt", lambda: corpus.MARKER, pb.STATUS_QUARANTINE, "malware"),
        ("all.zip", lambda: corpus.zipped([("a.txt", corpus.MARKER)]), pb.STATUS_QUARANTINE, "malware"),
        ("all.zip", lambda: corpus.nested(corpus.MARKER, depth=3), pb.STATUS_QUARANTINE, "malware"),
        ("letter.docx", lambda: corpus.docx(("word/media/a.txt", corpus.MARKER)), pb.STATUS_QUARANTINE, "malware"),
        ("invoice.pdf", corpus.polyglot, pb.STATUS_QUARANTINE, "polyglot"),
        ("invoice.pdf", lambda: b"MZ" + bytes(99), pb.STATUS_QUARANTINE, "type_mismatch"),
        ("all.zip", corpus.encrypted_zip, pb.STATUS_UNSCANNABLE, "encrypted"),
        ("letter.docx", corpus.encrypted_office, pb.STATUS_UNSCANNABLE, "encrypted"),
        ("all.zip", corpus.bomb, pb.STATUS_UNSCANNABLE, "too_compressed"),
        ("all.zip", lambda: corpus.nested(b"deep", depth=4), pb.STATUS_UNSCANNABLE, "too_deep"),
    ],
)
def test_a_file_that_fails_is_a_row_for_its_side_and_readable_by_nobody(
    portal: Portal, name: str, make: Callable[[], bytes], status: pb.Status.ValueType, reason: str
) -> None:
    """ACC-57, ACC-58, BEY-03, P14."""
    company = portal.company()
    folder = portal.folder(company)
    member, colleague, consultant = (
        portal.member(company, folder),
        portal.member(company, folder),
        portal.consultant(company, SERVICE_AREA_PAYROLL),
    )
    failed = portal.publish(member, folder, name, make())
    assert (failed.status, failed.reason, failed.version) == (status, reason, 1)
    assert portal.listed(colleague, company) == [failed]
    assert portal.listed(consultant, company) == []
    for who in (member, colleague):
        assert unreadable(portal, who, failed.document_id) == "not_scanned_clean"
    assert unreadable(portal, consultant, failed.document_id) == "document_not_found"
    assert portal.under.relay() == [
        DocumentQuarantined(
            document_id=failed.document_id, organisation_id=company.organisation_id, folder_id=folder, reason=reason,
            uploaded_by_membership_id=member.membership_id, unscannable=status == pb.STATUS_UNSCANNABLE,
        )
    ]  # fmt: skip


def test_what_the_firm_uploads_in_vain_is_the_firms_row_alone(portal: Portal) -> None:
    """ACC-57, ACC-58."""
    company = portal.company()
    folder = portal.folder(company)
    consultant = portal.consultant(company, SERVICE_AREA_PAYROLL)
    failed = portal.publish(consultant, folder, "notes.txt", corpus.MARKER)
    assert [each.status for each in portal.listed(consultant, company)] == [pb.STATUS_QUARANTINE]
    assert portal.listed(portal.member(company, folder), company) == []
    assert unreadable(portal, portal.member(company, folder), failed.document_id) == "document_not_found"


def test_a_failed_file_does_not_keep_its_name(portal: Portal) -> None:
    """ACC-40, ACC-58."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    portal.publish(member, folder, "notes.txt", corpus.MARKER)
    portal.publish(member, folder, "notes.txt", b"harmless")
    assert [(each.status, each.version) for each in portal.listed(member, company)] == [(pb.STATUS_PUBLISHED, 1), (pb.STATUS_QUARANTINE, 1)]


def test_an_overwriting_file_becomes_version_two_of_the_same_document(portal: Portal) -> None:
    """ACC-42, ACC-56."""
    company = portal.company()
    folder = portal.folder(company)
    member, consultant = portal.member(company, folder), portal.consultant(company, SERVICE_AREA_PAYROLL)
    first = portal.publish(member, folder, content=b"%PDF-1")
    replacing = portal.upload(member, folder, content=b"%PDF-2", overwrite=True)
    assert replacing.status == pb.STATUS_SCANNING
    for who in (member, consultant):
        assert portal.download(who, first.document_id) == b"%PDF-1"
    assert portal.listed(consultant, company) == [first]
    portal.under.relay()
    portal.scan()
    for who in (member, consultant):
        (updated,) = portal.listed(who, company)
        assert (updated.document_id, updated.status, updated.version) == (first.document_id, pb.STATUS_UPDATED, 2)
        assert portal.download(who, first.document_id) == b"%PDF-2"
    (event,) = portal.under.relay()
    assert isinstance(event, DocumentPublished)
    assert (event.document_id, event.version) == (first.document_id, 2)


def test_the_id_that_an_overwriting_upload_got_leads_to_what_became_of_it(portal: Portal) -> None:
    """ACC-42: whoever waits for the upload sees scanning, then updated, under one id."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    first = portal.publish(member, folder, content=b"%PDF-1")
    replacing = portal.upload(member, folder, content=b"%PDF-2", overwrite=True)
    portal.scan()
    seen = portal.get(member, replacing.document_id)
    assert (seen.status, seen.version, seen.sha256) == (pb.STATUS_UPDATED, 2, replacing.sha256)
    assert portal.download(member, replacing.document_id) == b"%PDF-2"
    batch = pb.BatchGetDocumentsRequest(document_ids=[replacing.document_id, first.document_id])
    assert [each.version for each in portal.documents(member).BatchGetDocuments(batch).documents] == [2, 2]
    assert unreadable(portal, portal.member(company), replacing.document_id) == "document_not_found"


def test_a_failed_overwriting_file_never_touches_what_is_published(portal: Portal) -> None:
    """ACC-42, ACC-58, requirements ch. 8."""
    company = portal.company()
    folder = portal.folder(company)
    member, consultant = portal.member(company, folder), portal.consultant(company, SERVICE_AREA_PAYROLL)
    first = portal.publish(member, folder, "notes.txt", b"harmless")
    failed = portal.upload(member, folder, "notes.txt", corpus.MARKER, overwrite=True)
    portal.scan()
    assert [(each.document_id, each.status) for each in portal.listed(member, company)] == [
        (failed.document_id, pb.STATUS_QUARANTINE), (first.document_id, pb.STATUS_PUBLISHED)
    ]  # fmt: skip
    assert portal.listed(consultant, company) == [first]
    assert portal.download(consultant, first.document_id) == b"harmless"


def test_a_file_that_replaces_one_that_fails_is_a_first_version(portal: Portal) -> None:
    """ACC-42, ACC-58."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    failing = portal.upload(member, folder, "notes.txt", corpus.MARKER)
    good = portal.upload(member, folder, "notes.txt", b"harmless", overwrite=True)
    portal.scan()
    assert portal.get(member, failing.document_id).status == pb.STATUS_QUARANTINE
    shown = portal.get(member, good.document_id)
    assert (shown.status, shown.version) == (pb.STATUS_PUBLISHED, 1)
    with pytest.raises(Conflict):
        portal.upload(member, folder, "notes.txt", b"again")


def test_two_rounds_at_once_settle_each_file_once(portal: Portal, start_portal: Callable[[Config], Portal], settings: Config) -> None:
    """ACC-57: rows are claimed."""
    other = start_portal(settings)
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    uploaded = [portal.upload(member, folder, f"{number}.pdf").document_id for number in range(12)]
    portal.under.relay()
    outcomes = at_once([lambda: portal.under.run_job("scan_waiting"), lambda: other.under.run_job("scan_waiting")])
    assert outcomes == [None, None]
    published = [event.document_id for event in portal.under.relay() if isinstance(event, DocumentPublished)]
    assert sorted(published) == sorted(uploaded)


def test_a_scan_whose_process_died_is_taken_up_by_another(portal: Portal) -> None:
    """P13."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    uploaded = portal.upload(member, folder)
    assert portal.under.service.database is not None
    taken = claim(portal.under.service.database)
    assert taken is not None
    portal.scan()
    assert portal.get(member, uploaded.document_id).status == pb.STATUS_SCANNING
    with clock.moved(timedelta(minutes=11)):
        portal.scan()
    assert portal.get(member, uploaded.document_id).status == pb.STATUS_PUBLISHED


def test_a_changed_or_lost_file_is_never_shared_and_stops_no_other(portal: Portal, tmp_path: Path) -> None:
    """P13, P19."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    changed = portal.upload(member, folder, "a.pdf")
    (file,) = (tmp_path / "files" / "documents").iterdir()
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    lost = portal.upload(member, folder, "b.pdf")
    next(each for each in file.parent.iterdir() if each != file).unlink()
    fine = portal.upload(member, folder, "c.pdf")
    portal.scan()
    assert portal.get(member, changed.document_id).reason == "tampered"
    assert portal.get(member, lost.document_id).status == pb.STATUS_SCANNING
    assert portal.get(member, fine.document_id).status == pb.STATUS_PUBLISHED


def test_a_file_that_was_swapped_for_another_is_noticed(portal: Portal, tmp_path: Path) -> None:
    """P13, P19: the transition is guarded by the SHA-256 that was scanned."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    portal.publish(member, folder, "a.pdf")
    (first,) = (tmp_path / "files" / "documents").iterdir()
    second = portal.upload(member, folder, "b.pdf")
    next(each for each in first.parent.iterdir() if each != first).write_bytes(first.read_bytes())
    portal.scan()
    assert portal.get(member, second.document_id).reason == "tampered"


def clamd_settings(settings: Config, where: Address) -> Config:
    return replace(settings, scanner=f"clamd://{where.host}:{where.port}", scanner_seconds=1)


def test_a_stopped_scanner_leaves_files_scanning_and_they_are_shared_when_it_is_back(
    settings: Config, start_portal: Callable[[Config], Portal], own_clamd: Program
) -> None:
    """P13."""
    portal = start_portal(clamd_settings(settings, address(own_clamd.url)))
    company = portal.company()
    folder = portal.folder(company)
    member, consultant = portal.member(company, folder), portal.consultant(company, SERVICE_AREA_PAYROLL)
    own_clamd.kill()
    good, bad = portal.upload(member, folder, "a.pdf"), portal.upload(member, folder, "b.txt", corpus.MARKER)
    for minutes in range(3):
        with clock.moved(timedelta(minutes=minutes)), pytest.raises(Unavailable):
            portal.scan()
        assert {each.status for each in portal.listed(member, company)} == {pb.STATUS_SCANNING}
        assert portal.listed(consultant, company) == []
        assert unreadable(portal, consultant, good.document_id) == "document_not_found"
    own_clamd.start()
    with clock.moved(timedelta(minutes=5)):
        portal.scan()
    assert portal.get(consultant, good.document_id).status == pb.STATUS_PUBLISHED
    assert portal.get(member, bad.document_id).reason == "malware"


def test_a_frozen_scanner_is_given_up_and_asked_again(
    settings: Config, start_portal: Callable[[Config], Portal], own_clamd: Program
) -> None:
    """P13, P23."""
    portal = start_portal(clamd_settings(settings, address(own_clamd.url)))
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    uploaded = portal.upload(member, folder)
    own_clamd.freeze()
    with pytest.raises(Unavailable):
        portal.scan()
    own_clamd.thaw()
    assert portal.get(member, uploaded.document_id).status == pb.STATUS_SCANNING
    with clock.moved(timedelta(minutes=2)):
        portal.scan()
    assert portal.get(member, uploaded.document_id).status == pb.STATUS_PUBLISHED


def test_what_clamd_does_not_open_is_not_clean(settings: Config, start_portal: Callable[[Config], Portal], clamd_address: Address) -> None:
    """P14: clamd alone says OK to a member over its limit."""
    portal = start_portal(clamd_settings(settings, clamd_address))
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    for name, content in (
        ("i200.zip", corpus.bomb()),
        ("e.zip", corpus.encrypted_zip()),
        ("p.pdf", corpus.polyglot()),
        ("m.txt", corpus.MARKER),
    ):
        assert portal.publish(member, folder, name, content).status in STATUSES


def test_files_live_in_an_s3_store_like_in_a_directory(settings: Config, start_portal: Callable[[Config], Portal], s3: S3) -> None:
    """ACC-54, P19."""
    bucket = s3.new_bucket()
    url = f"s3+http://{s3.access_key}@{s3.endpoint.rpartition('/')[2]}/{bucket}"
    portal = start_portal(replace(settings, storage_url=url, storage_secret_key=Secret(s3.secret_key), upload_limit_mb=30))
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    content = b"%PDF-1.7" + random.Random(3).randbytes(22 * corpus.MEGABYTE)
    document = portal.publish(member, folder, content=content)
    assert portal.download(member, document.document_id) == content
    (stored,) = s3.client().list_objects(bucket, recursive=True)
    assert stored.size is not None
    assert stored.size > len(content)


def test_files_open_with_an_older_key_after_a_new_one_was_put_first(
    portal: Portal, settings: Config, start_portal: Callable[[Config], Portal]
) -> None:
    """P19."""
    company = portal.company()
    folder = portal.folder(company)
    member, content = portal.member(company, folder), new_pdf()
    document = portal.publish(member, folder, content=content)
    waiting = portal.upload(member, folder, "waiting.pdf", content)
    newer = "test2:" + b64encode(bytes(32)).decode()
    rotated = start_portal(replace(settings, sealing_keys=Secret(f"{newer},{KEY}")))
    rotated.under.run_job("scan_waiting")
    assert rotated.download(member, waiting.document_id) == content
    assert rotated.download(member, document.document_id) == content
    fresh = rotated.publish(member, folder, "new.pdf", content)
    assert rotated.download(member, fresh.document_id) == content


def test_the_audit_trail_names_every_step(portal: Portal) -> None:
    """BEY-09: who did what, as ids."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    document = portal.publish(member, folder)
    portal.publish(member, folder, "notes.txt", corpus.MARKER)
    assert portal.under.service.database is not None
    rows = portal.under.service.database.read(
        text("select action, subject, caller from audit where organisation_id = :id order by number"), {"id": company.organisation_id}
    )
    assert [row.action for row in rows] == [
        "folder.create", "folder_access.save", "document.upload", "document.publish", "document.upload", "document.quarantine",
    ]  # fmt: skip
    assert (rows[2].subject, rows[2].caller) == (document.document_id, f"user:{member.user_id}")
