"""From "received" to "shared", or not: nobody reads what was not scanned clean, and a scanner that fails fails nobody's file."""

import hashlib
from collections.abc import Callable

import pytest
from kontor.access.v1.access_pb2 import SERVICE_AREA_HR, SERVICE_AREA_PAYROLL
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1.events_pb2 import DocumentPublished, DocumentQuarantined
from sqlalchemy import text

from tests.documents import corpus
from tests.documents.portal import Portal


def test_a_clean_file_is_published_to_everybody_who_may_use_the_folder(portal: Portal) -> None:
    """ACC-11, ACC-56, ACC-59."""
    company = portal.company()
    folder = portal.folder(company)
    member, colleague = portal.member(company, folder), portal.member(company, folder)
    payroll, hr = portal.consultant(company, SERVICE_AREA_PAYROLL), portal.consultant(company, SERVICE_AREA_HR)
    uploaded = portal.upload(member, folder)
    assert portal.listed(payroll, company) == []
    assert portal.refusal(member, uploaded.document_id) == "not_scanned_clean"
    assert portal.refusal(payroll, uploaded.document_id) == "document_not_found"
    portal.scan()
    for who in (member, colleague, payroll):
        assert [(each.document_id, each.status, each.version) for each in portal.listed(who, company)] == [
            (uploaded.document_id, pb.STATUS_PUBLISHED, 1)
        ]
        assert hashlib.sha256(portal.download(who, uploaded.document_id)).hexdigest() == uploaded.sha256
    assert portal.listed(hr, company) == []
    assert portal.refusal(hr, uploaded.document_id) == "document_not_found"
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
        assert portal.refusal(who, failed.document_id) == "not_scanned_clean"
    assert portal.refusal(consultant, failed.document_id) == "document_not_found"
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
    assert portal.refusal(portal.member(company, folder), failed.document_id) == "document_not_found"


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
