"""The same name, period and year again: a question first, then a new version, and never a risk for what is shared."""

from pathlib import Path

import pytest
from kontor.access.v1.access_pb2 import SERVICE_AREA_PAYROLL
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1.events_pb2 import DocumentPublished

from chassis.errors import Conflict, NotFound
from chassis.testing import at_once
from tests.documents import corpus
from tests.documents.portal import Portal, stored_files


def test_the_same_name_period_and_year_needs_a_decision(portal: Portal, tmp_path: Path) -> None:
    """ACC-40."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    portal.upload(member, folder, "Lønn.pdf")
    before = stored_files(tmp_path)
    for _ in range(2):
        with pytest.raises(Conflict) as refused:
            portal.upload(portal.member(company, folder), folder, "LØNN.pdf")
        assert (refused.value.reason, refused.value.facts["name"]) == ("document_exists", "LØNN.pdf")
        portal.scan()
    assert stored_files(tmp_path) == before


def test_another_period_year_or_folder_is_another_document(portal: Portal) -> None:
    """ACC-41."""
    company = portal.company()
    folder, other = portal.folder(company, "Payslips"), portal.folder(company, "Bonus")
    member = portal.member(company, folder, other)
    portal.upload(member, folder, period=5, year=2026)
    portal.upload(member, folder, period=6, year=2026)
    portal.upload(member, folder, period=5, year=2025)
    portal.upload(member, other, period=5, year=2026)
    assert len(portal.listed(member, company)) == 4


def test_which_names_exist_is_told_before_anything_is_sent(portal: Portal) -> None:
    """ACC-40."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    document = portal.publish(member, folder, "Lønn.pdf")
    request = pb.CheckNamesRequest(folder_id=folder, period=5, year=2026, names=["lønn.pdf", "new.pdf"])
    assert [each.document_id for each in portal.documents(member).CheckNames(request).existing] == [document.document_id]
    request.period = 6
    assert not portal.documents(member).CheckNames(request).existing
    with pytest.raises(NotFound):
        portal.documents(portal.member(company)).CheckNames(request)


def test_two_first_uploads_of_one_name_at_once_are_one_document_and_one_question(portal: Portal, tmp_path: Path) -> None:
    """ACC-40."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    outcomes = at_once([lambda: portal.upload(member, folder)] * 4)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "Conflict", "Conflict", "Document"]
    assert len(portal.listed(member, company)) == 1
    assert len(stored_files(tmp_path)) == 1


def test_overwriting_uploads_at_once_all_become_versions_in_turn(portal: Portal) -> None:
    """ACC-42."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    outcomes = at_once([lambda: portal.upload(member, folder, overwrite=True)] * 4)
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    portal.scan()
    (document,) = portal.listed(member, company)
    assert (document.version, document.status) == (4, pb.STATUS_UPDATED)
    newest = max(outcomes, key=lambda outcome: str(outcome.document_id))
    assert document.sha256 == newest.sha256


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
    assert portal.refusal(portal.member(company), replacing.document_id) == "document_not_found"


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
