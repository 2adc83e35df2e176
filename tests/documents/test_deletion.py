"""The firm deletes on request, with a reason that stays on record; nobody else does."""

from datetime import timedelta
from pathlib import Path

import pytest
from kontor.access.v1.access_pb2 import SERVICE_AREA_ACCOUNTING, SERVICE_AREA_PAYROLL
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1 import retention_pb2 as rp
from kontor.documents.v1.events_pb2 import DocumentDeleted

from chassis import clock
from chassis.errors import Conflict, Denied, Invalid, NotFound
from chassis.testing import at_once
from tests.documents import corpus
from tests.documents.endings import consultant, delete, hold, keeper, purge, retention, rows, tombstones
from tests.documents.portal import Portal, stored_files


def test_a_consultant_of_the_area_deletes_a_document_with_all_its_versions(portal: Portal, tmp_path: Path) -> None:
    """ACC-44, BEY-02: withdrawn at once, its bytes gone soon after, and a tombstone for each version."""
    company = portal.company()
    folder = portal.folder(company)
    member, deleter = portal.member(company, folder), consultant(portal, company)
    document = portal.publish(member, folder, content=b"%PDF-1")
    portal.upload(member, folder, content=b"%PDF-2", overwrite=True)
    portal.scan()
    portal.under.relay()
    stones = delete(portal, deleter, document.document_id, reason="  Asked for by Ingrid\n by telephone ")
    assert [(stone.version, stone.cause, stone.HasField("deleted_at")) for stone in stones] == [
        (2, rp.DELETION_CAUSE_REQUEST, False), (1, rp.DELETION_CAUSE_REQUEST, False)
    ]  # fmt: skip
    assert (stones[0].deleted_by, stones[0].reason) == ("Karl Konsulent, Kontor Testregnskap", "Asked for by Ingrid by telephone")
    assert portal.refusal(member, document.document_id) == "document_not_found"
    assert portal.listed(member, company) == portal.listed(deleter, company) == []
    assert ("documents.remove_deleted", ()) in portal.under.started
    (event,) = purge(portal)
    assert isinstance(event, DocumentDeleted)
    assert (event.on_request, event.deleted_by_membership_id) == (True, deleter.membership_id)
    assert set(event.reader_membership_ids) == {member.membership_id, deleter.membership_id}
    assert stored_files(tmp_path) == []
    assert all(stone.HasField("deleted_at") for stone in tombstones(portal, member, company))


def test_a_clients_people_never_delete_nor_does_the_firm_outside_its_areas(portal: Portal) -> None:
    """ACC-43, ACC-44, P18."""
    company, elsewhere = portal.company(), portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    document = portal.publish(member, folder)
    for who in (member, company.administrator):
        with pytest.raises(Denied):
            delete(portal, who, document.document_id)
    outside = (keeper(portal), consultant(portal, company, SERVICE_AREA_ACCOUNTING), consultant(portal, elsewhere, SERVICE_AREA_PAYROLL))
    for who in outside:
        with pytest.raises(NotFound):
            delete(portal, who, document.document_id)
    assert portal.get(member, document.document_id) == document


def test_deleting_needs_a_fresh_second_factor_and_a_reason(portal: Portal) -> None:
    """ACC-44."""
    company = portal.company()
    folder = portal.folder(company)
    document = portal.publish(portal.member(company, folder), folder)
    deleter = consultant(portal, company)
    for reason in ("", "ab", "    ", "x" * 501):
        with pytest.raises(Invalid):
            delete(portal, deleter, document.document_id, reason=reason)
    with clock.moved(timedelta(minutes=16)), pytest.raises(Denied):
        delete(portal, deleter, document.document_id)


def test_a_place_whose_document_was_deleted_is_free(portal: Portal) -> None:
    """ACC-40, ACC-44: the same name again is another document, without a question."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    first = portal.publish(member, folder)
    delete(portal, consultant(portal, company), first.document_id)
    second = portal.publish(member, folder)
    assert (second.version, second.document_id == first.document_id) == (1, False)
    assert portal.listed(member, company) == [second]


def test_an_overwriting_upload_of_a_document_that_is_deleted_meanwhile_is_a_first_version(portal: Portal) -> None:
    """ACC-42, ACC-44: what was not asked to be deleted is not lost."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    first = portal.publish(member, folder, content=b"%PDF-1")
    later = portal.upload(member, folder, content=b"%PDF-2", overwrite=True)
    delete(portal, consultant(portal, company), first.document_id)
    portal.scan()
    shown = portal.get(member, later.document_id)
    assert (shown.status, shown.version) == (pb.STATUS_PUBLISHED, 1)
    assert portal.download(member, later.document_id) == b"%PDF-2"


def test_of_two_who_delete_at_once_one_does(portal: Portal) -> None:
    """ACC-44: a claim."""
    company = portal.company()
    folder = portal.folder(company)
    document = portal.publish(portal.member(company, folder), folder)
    deleter = consultant(portal, company)
    portal.under.relay()
    outcomes = at_once([lambda: delete(portal, deleter, document.document_id)] * 4)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NotFound", "NotFound", "NotFound", "list"]
    assert len(purge(portal)) == 1


def test_a_deletion_stands_in_the_change_feed_and_later_leaves_nothing_but_the_tombstone(portal: Portal) -> None:
    """BEY-15, BEY-02: after 30 days no row is left but that."""
    company = portal.company()
    folder = portal.folder(company)
    member, deleter = portal.member(company, folder), consultant(portal, company)
    document = portal.publish(member, folder, content=b"%PDF-1")
    portal.upload(member, folder, content=b"%PDF-2", overwrite=True)
    portal.scan()
    delete(portal, deleter, document.document_id)
    purge(portal)
    changes = portal.changes(member).ListChanges(pb.ListChangesRequest(organisation_id=company.organisation_id)).changes
    assert changes[-1].type == "kontor.documents.v1.DocumentDeleted"
    assert (changes[-1].document.document_id, changes[-1].document.status) == (document.document_id, pb.STATUS_DELETED)
    with clock.moved(timedelta(days=29)):
        portal.under.run_job("forget_changes")
    assert rows(portal, "select count(*) from documents") == [(2,)]
    with clock.moved(timedelta(days=31)):
        portal.under.run_job("forget_changes")
    assert rows(portal, "select (select count(*) from documents), (select count(*) from changes)") == [(0, 0)]
    assert len(tombstones(portal, member, company)) == 2


def test_tombstones_are_seen_by_those_who_may_use_the_folder_and_reasons_by_the_firm(portal: Portal) -> None:
    """ACC-03, ACC-57, BEY-02."""
    company = portal.company()
    folder, other = portal.folder(company), portal.folder(company, "Bonus")
    member, colleague, deleter = portal.member(company, folder), portal.member(company, other), consultant(portal, company)
    shared = portal.publish(member, folder)
    bad = portal.publish(member, folder, "bad.txt", corpus.MARKER)
    delete(portal, deleter, shared.document_id)
    assert [stone.name for stone in tombstones(portal, member, company)] == ["may.pdf"]
    assert [stone.reason for stone in tombstones(portal, member, company)] == [""]
    assert [stone.reason for stone in tombstones(portal, deleter, company)] == ["Sent to the wrong client"]
    assert tombstones(portal, colleague, company) == []
    with pytest.raises(NotFound):
        retention(portal, colleague).GetTombstone(rp.GetTombstoneRequest(tombstone_id=shared.document_id))
    with pytest.raises(NotFound):
        # What the client's side has in quarantine, the firm does not know of.
        delete(portal, deleter, bad.document_id)


def test_tombstones_come_newest_first_in_pages_and_by_name(portal: Portal) -> None:
    """BEY-02."""
    company = portal.company()
    folder = portal.folder(company)
    member, deleter = portal.member(company, folder), consultant(portal, company)
    for number in range(5):
        delete(portal, deleter, portal.publish(member, folder, f"{number}.pdf").document_id)
    stub, token = retention(portal, member), ""
    seen: list[str] = []
    for _ in range(3):
        request = rp.ListTombstonesRequest(organisation_id=company.organisation_id, page_size=2, page_token=token)
        page = stub.ListTombstones(request)
        seen, token = [*seen, *(stone.name for stone in page.tombstones)], page.next_page_token
    assert (seen, token) == ([f"{number}.pdf" for number in (4, 3, 2, 1, 0)], "")
    named = stub.ListTombstones(rp.ListTombstonesRequest(organisation_id=company.organisation_id, name="3.P", folder_ids=[folder]))
    assert [stone.name for stone in named.tombstones] == ["3.pdf"]
    with pytest.raises(Invalid):
        stub.ListTombstones(rp.ListTombstonesRequest(organisation_id=company.organisation_id, page_token="x"))


def test_what_is_on_hold_is_not_deleted_by_anybody(portal: Portal) -> None:
    """BEY-02, P18."""
    company = portal.company()
    folder = portal.folder(company)
    document = portal.publish(portal.member(company, folder), folder)
    hold(portal, keeper(portal), company, document.document_id)
    with pytest.raises(Conflict) as refused:
        delete(portal, consultant(portal, company), document.document_id)
    assert refused.value.reason == "on_legal_hold"
