"""Changing what a document is called and where it is."""

from collections.abc import Callable
from functools import partial

import pytest
from kontor.access.v1.access_pb2 import SERVICE_AREA_ACCOUNTING, SERVICE_AREA_PAYROLL
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1.events_pb2 import DocumentEdited, DocumentMoved, DocumentPublished

from chassis.caller import Caller
from chassis.errors import Conflict, Denied, Failure, Invalid, NotFound
from chassis.testing import at_once
from tests.documents import corpus
from tests.documents.portal import Portal, new_id


def change(portal: Portal, who: Caller, document: pb.Document, **changes: object) -> pb.Document:
    request = pb.UpdateDocumentRequest(document_id=document.document_id, **changes)  # type: ignore[arg-type]
    return portal.documents(who).UpdateDocument(request)


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises((Conflict, Invalid, NotFound)) as refused:
        call()
    return refused.value.reason


def test_name_folder_period_and_year_can_be_changed_afterwards(portal: Portal) -> None:
    """ACC-52, ACC-53."""
    company = portal.company()
    bank, payroll = portal.folder(company, "Bank", SERVICE_AREA_ACCOUNTING), portal.folder(company, "Payroll", SERVICE_AREA_PAYROLL)
    member = portal.member(company, bank, payroll)
    document = portal.publish(member, bank, "may.pdf", b"%PDF-1")
    changed = change(portal, member, document, name="  Mai.pdf", folder_id=payroll, period=6, year=2025)
    assert (changed.document_id, changed.name, changed.folder_id, changed.folder_name) == (
        document.document_id, "Mai.pdf", payroll, "Payroll"
    )  # fmt: skip
    assert (changed.service_area, changed.period, changed.year) == (SERVICE_AREA_PAYROLL, 6, 2025)
    assert (changed.version, changed.status, changed.revision) == (1, pb.STATUS_PUBLISHED, document.revision + 1)
    assert portal.get(member, document.document_id) == changed
    assert portal.download(member, document.document_id) == b"%PDF-1"


def test_what_is_not_given_stays(portal: Portal) -> None:
    """ACC-52."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    document = portal.publish(member, folder, "may.pdf")
    changed = change(portal, member, document, period=12)
    assert (changed.name, changed.folder_id, changed.period, changed.year) == ("may.pdf", folder, 12, 2026)
    assert change(portal, member, document) == changed


def test_a_moved_document_is_seen_where_it_is_and_not_where_it_was(portal: Portal) -> None:
    """ACC-03, ACC-53."""
    company = portal.company()
    bank, payroll = portal.folder(company, "Bank", SERVICE_AREA_ACCOUNTING), portal.folder(company, "Payroll")
    both, old, new = portal.member(company, bank, payroll), portal.member(company, bank), portal.member(company, payroll)
    losing, gaining = portal.consultant(company, SERVICE_AREA_ACCOUNTING), portal.consultant(company, SERVICE_AREA_PAYROLL)
    document = portal.publish(both, bank)
    portal.under.relay()
    change(portal, both, document, folder_id=payroll)
    for who in (old, losing):
        assert portal.listed(who, company) == []
        assert portal.refusal(who, document.document_id) == "document_not_found"
    for who in (new, gaining, both):
        assert [each.document_id for each in portal.listed(who, company)] == [document.document_id]
    (event,) = portal.under.relay()
    assert event == DocumentMoved(
        document_id=document.document_id, organisation_id=company.organisation_id, from_folder_id=bank, folder_id=payroll,
        service_area=SERVICE_AREA_PAYROLL, version=1, moved_by_membership_id=both.membership_id,
        reader_membership_ids=sorted(each.membership_id for each in (both, new, gaining)),
        new_reader_membership_ids=sorted(each.membership_id for each in (new, gaining)),
        former_reader_membership_ids=sorted(each.membership_id for each in (old, losing)),
    )  # fmt: skip


def test_a_change_within_the_folder_is_told_and_stands_in_the_feed(portal: Portal) -> None:
    """ACC-52, BEY-15."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    document = portal.publish(member, folder)
    portal.under.relay()
    change(portal, member, document, name="june.pdf")
    assert portal.under.relay() == [
        DocumentEdited(
            document_id=document.document_id, organisation_id=company.organisation_id, folder_id=folder,
            edited_by_membership_id=member.membership_id,
        )
    ]  # fmt: skip
    feed = portal.changes(member).ListChanges(pb.ListChangesRequest(organisation_id=company.organisation_id)).changes
    assert [(each.type.rpartition(".")[2], each.document.name) for each in feed] == [
        ("DocumentPublished", "june.pdf"), ("DocumentEdited", "june.pdf")
    ]  # fmt: skip


def test_both_folders_must_be_the_callers_and_of_one_client(portal: Portal) -> None:
    """ACC-04, ACC-53, P10."""
    company, other = portal.company(), portal.company()
    bank, payroll = portal.folder(company, "Bank", SERVICE_AREA_ACCOUNTING), portal.folder(company, "Payroll")
    elsewhere = portal.folder(other, "Payroll")
    writer = portal.member(company, bank, payroll)
    document = portal.publish(writer, bank)
    assert refusal(lambda: change(portal, portal.member(company, bank), document, folder_id=payroll)) == "folder_not_found"
    assert refusal(lambda: change(portal, portal.member(company, payroll), document, folder_id=payroll)) == "document_not_found"
    assert refusal(lambda: change(portal, writer, document, folder_id=new_id())) == "folder_not_found"
    consultant = portal.consultant(company, SERVICE_AREA_ACCOUNTING, SERVICE_AREA_PAYROLL)
    portal.assign(other, consultant, SERVICE_AREA_PAYROLL)
    assert refusal(lambda: change(portal, consultant, document, folder_id=elsewhere)) == "folder_not_found"
    with pytest.raises(Denied):
        change(portal, portal.member(company, bank, payroll, may_write=False), document, folder_id=payroll)
    assert portal.get(writer, document.document_id) == document


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("may.exe", "file_name_type"), ("may.png", "file_name_type_changed"), ("may", "file_name_type"), ("a/b.pdf", "file_name_path"),
        ("\u202efdp.pdf", "file_name_invisible"), ("con.pdf", "file_name_reserved"), (" ", "file_name_empty"),
    ],
)  # fmt: skip
def test_a_new_name_obeys_the_rules_of_upload_and_keeps_its_type(portal: Portal, name: str, reason: str) -> None:
    """ACC-52, ACC-53."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    document = portal.publish(member, folder, "may.pdf")
    assert refusal(lambda: change(portal, member, document, name=name)) == reason
    assert portal.get(member, document.document_id) == document


def test_another_ending_of_the_same_type_is_no_other_type(portal: Portal) -> None:
    """ACC-52."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    document = portal.publish(member, folder, "may.txt", b"harmless")
    assert change(portal, member, document, name="may.DAT").name == "may.DAT"


def test_a_change_into_a_taken_place_needs_a_decision(portal: Portal) -> None:
    """ACC-40, ACC-53."""
    company = portal.company()
    folder, other = portal.folder(company, "Bank"), portal.folder(company, "Payroll")
    member = portal.member(company, folder, other)
    portal.publish(member, folder, "Lønn.pdf")
    document = portal.publish(member, other, "may.pdf")
    assert refusal(lambda: change(portal, member, document, folder_id=folder, name="LØNN.pdf")) == "document_exists"
    assert change(portal, member, document, folder_id=folder, name="lønn.pdf", period=6).folder_id == folder
    assert len(portal.listed(member, company)) == 2


def test_an_overwriting_change_makes_it_the_next_version_of_what_was_there(portal: Portal) -> None:
    """ACC-40, ACC-42, ACC-53."""
    company = portal.company()
    folder, other = portal.folder(company, "Bank"), portal.folder(company, "Payroll")
    member = portal.member(company, folder, other)
    existing = portal.publish(member, folder, "may.pdf", b"%PDF-1")
    document = portal.publish(member, other, "may.pdf", b"%PDF-2")
    replacing = portal.upload(member, other, "may.pdf", b"%PDF-3", overwrite=True)
    portal.scan()
    portal.under.relay()
    changed = change(portal, member, document, folder_id=folder, replace=True)
    assert (changed.document_id, changed.status, changed.version) == (existing.document_id, pb.STATUS_UPDATED, 3)
    assert [each.document_id for each in portal.listed(member, company)] == [existing.document_id]
    for each in (existing, document, replacing):
        assert portal.get(member, each.document_id).sha256 == changed.sha256
        assert portal.download(member, each.document_id) == b"%PDF-3"
    moved, published = portal.under.relay()
    assert isinstance(moved, DocumentMoved)
    assert (moved.document_id, moved.became_document_id) == (document.document_id, existing.document_id)
    assert (list(moved.reader_membership_ids), list(moved.former_reader_membership_ids)) == ([], [member.membership_id])
    assert isinstance(published, DocumentPublished)
    assert (published.document_id, published.version) == (existing.document_id, 3)
    feed = portal.changes(member).ListChanges(pb.ListChangesRequest(organisation_id=company.organisation_id)).changes
    assert {(each.document.document_id, each.document.version) for each in feed} == {(existing.document_id, 3)}


def test_what_is_not_shared_cannot_be_changed(portal: Portal) -> None:
    """ACC-53, ACC-58, ACC-59."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    waiting = portal.upload(member, folder, "may.txt", corpus.MARKER)
    assert refusal(lambda: change(portal, member, waiting, period=1)) == "document_not_shared"
    portal.scan()
    assert portal.get(member, waiting.document_id).status == pb.STATUS_QUARANTINE
    assert refusal(lambda: change(portal, member, waiting, period=1)) == "document_not_shared"


def test_a_place_that_an_upload_waits_for_is_taken(portal: Portal) -> None:
    """ACC-40, ACC-53."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    document = portal.publish(member, folder, "may.pdf")
    portal.upload(member, folder, "june.pdf")
    assert refusal(lambda: change(portal, member, document, name="june.pdf")) == "document_exists"
    assert refusal(lambda: change(portal, member, document, name="june.pdf", replace=True)) == "place_taken"


def test_a_file_sent_to_replace_a_document_goes_where_it_was_sent(portal: Portal) -> None:
    """ACC-04, ACC-42, ACC-53: not after a document that moves on before it was scanned."""
    company = portal.company()
    folder, other = portal.folder(company, "Bank"), portal.folder(company, "Payroll")
    member, one = portal.member(company, folder, other), portal.member(company, folder)
    document = portal.publish(member, folder, "may.pdf", b"%PDF-1")
    replacing = portal.upload(one, folder, "may.pdf", b"%PDF-2", overwrite=True)
    change(portal, member, document, folder_id=other)
    assert refusal(lambda: portal.upload(member, folder, "may.pdf")) == "document_exists"
    portal.scan()
    assert portal.download(member, document.document_id) == b"%PDF-1"
    shown = portal.get(one, replacing.document_id)
    assert (shown.document_id, shown.folder_id, shown.version) == (replacing.document_id, folder, 1)


def test_a_change_made_for_an_older_state_is_refused(portal: Portal) -> None:
    """ACC-52."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    document = portal.publish(member, folder)
    change(portal, member, document, period=1, revision=document.revision)
    assert refusal(lambda: change(portal, member, document, period=2, revision=document.revision)) == "changed_meanwhile"
    assert portal.get(member, document.document_id).period == 1


def test_documents_moved_to_one_place_at_once_never_become_two(portal: Portal) -> None:
    """ACC-40, ACC-53."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    documents = [portal.publish(member, folder, f"{number}.pdf") for number in range(4)]
    outcomes = at_once([partial(change, portal, member, each, name="one.pdf", replace=True) for each in documents])
    assert [outcome for outcome in outcomes if isinstance(outcome, Failure)] == []
    (left,) = portal.listed(member, company)
    assert (left.name, left.version) == ("one.pdf", 4)
    assert {portal.get(member, each.document_id).sha256 for each in documents} == {left.sha256}
    assert change(portal, member, documents[0], period=7) == change(portal, member, left, period=7)


def test_several_documents_are_changed_at_once_and_each_says_how_it_went(portal: Portal) -> None:
    """ACC-52, ACC-53."""
    company = portal.company()
    bank, payroll = portal.folder(company, "Bank"), portal.folder(company, "Payroll")
    member = portal.member(company, bank, payroll)
    portal.publish(member, payroll, "taken.pdf", year=2024)
    good, taken, stale = (portal.publish(member, bank, name) for name in ("good.pdf", "taken.pdf", "stale.pdf"))
    change(portal, member, stale, period=9)
    gone = new_id()
    asked = {good.document_id: good.revision, taken.document_id: 0, stale.document_id: stale.revision, gone: 0}
    request = pb.UpdateDocumentsRequest(
        documents=[pb.DocumentRevision(document_id=each, revision=revision) for each, revision in asked.items()],
        folder_id=payroll, year=2024,
    )  # fmt: skip
    answer = portal.documents(member).UpdateDocuments(request)
    assert [(each.document_id, each.folder_id, each.year) for each in answer.documents] == [(good.document_id, payroll, 2024)]
    assert [(each.document_id, each.reason) for each in answer.refusals] == [
        (taken.document_id, "document_exists"), (stale.document_id, "changed_meanwhile"), (gone, "document_not_found")
    ]  # fmt: skip
    assert portal.get(member, taken.document_id).folder_id == bank
