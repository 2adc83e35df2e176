"""A notice that no longer counts, or that not everybody got whom it concerns by now, is given anew before anything goes."""

from datetime import timedelta

from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1 import retention_pb2 as rp
from kontor.documents.v1.events_pb2 import DocumentDeleted, DocumentMoved, HoldReleased, VersionDeleted

from chassis.caller import Caller
from tests.documents.endings import DAY, announced, before, delivered, ends, hold, holds, keeper, purge, release, told
from tests.documents.portal import Portal

HOURS = timedelta(hours=12)


def test_when_a_hold_ends_that_followed_a_document_people_are_told_anew_before_anything_goes(portal: Portal) -> None:
    """BEY-02, P18: what was delivered before the hold counts no longer, whatever document the held one has become a version of."""
    company = portal.company()
    folder = portal.folder(company)
    member, admin = portal.member(company, folder), keeper(portal)
    moved, onto = portal.publish(member, folder, "moved.pdf"), portal.publish(member, folder, "onto.pdf")
    told(portal, ends(onto), member)
    (set_,) = hold(portal, admin, company, moved.document_id)
    portal.documents(member).UpdateDocument(pb.UpdateDocumentRequest(document_id=moved.document_id, name="onto.pdf", replace=True))
    portal.under.run_job("lock_held")
    (listed,) = holds(portal, admin).ListHolds(rp.ListHoldsRequest(organisation_id=company.organisation_id)).holds
    assert (listed.locked, listed.waiting) == (2, 0)
    portal.under.relay()
    with before(ends(onto), -DAY):
        assert announced(portal) == purge(portal) == []
        release(portal, admin, company, set_.hold_id)
        portal.under.run_job("lock_held")
        assert [type(event) for event in purge(portal)] == [HoldReleased]
        (event,) = announced(portal)
        assert [each.document_id for each in event.versions] == [onto.document_id] * 2
        delivered(portal, event, member)
    with before(ends(onto), -9 * DAY):
        assert [event.document_id for event in purge(portal) if isinstance(event, DocumentDeleted)] == [onto.document_id]


def test_a_document_moved_to_where_others_see_it_is_announced_to_them_before_it_goes(portal: Portal) -> None:
    """BEY-02: half a day before its end, with every stage told and delivered in the folder it came from."""
    company = portal.company()
    folder, other = portal.folder(company), portal.folder(company, "Bonus")
    member, newcomer = portal.member(company, folder, other), portal.member(company, other)
    document = portal.publish(member, folder)
    for days in (30, 7, 1):
        told(portal, ends(document), member, days=days)
    portal.under.relay()
    with before(ends(document), HOURS):
        portal.documents(member).UpdateDocument(pb.UpdateDocumentRequest(document_id=document.document_id, folder_id=other))
        (event,) = announced(portal)
        assert (event.days, newcomer.membership_id in event.reader_membership_ids) == (1, True)
    with before(ends(document), -DAY):
        assert purge(portal) == []
        delivered(portal, event, newcomer)
    with before(ends(document), -9 * DAY):
        assert [type(each) for each in purge(portal)] == [DocumentDeleted]


def test_a_document_that_becomes_a_version_where_others_see_it_is_announced_to_them_before_it_goes(portal: Portal) -> None:
    """BEY-02: what its new readers were told of was not this."""
    company = portal.company()
    folder, other = portal.folder(company), portal.folder(company, "Bonus")
    member, newcomer = portal.member(company, folder, other), portal.member(company, other)
    onto, document = portal.publish(member, other), portal.publish(member, folder)
    for days in (30, 7, 1):
        told(portal, ends(document), member, days=days)
    with before(ends(document), HOURS):
        _put_onto(portal, member, document, onto)
    with before(ends(document), -DAY):
        assert [type(event) for event in purge(portal)] == [VersionDeleted]
        (event,) = announced(portal)
        assert [each.document_id for each in event.versions] == [onto.document_id]
        assert newcomer.membership_id in event.reader_membership_ids


def test_a_document_that_becomes_a_version_of_one_that_ends_later_is_announced_when_that_ends(portal: Portal) -> None:
    """ACC-46, BEY-02: what was told and delivered was another day, half a year before."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    document = portal.publish(member, folder)
    told(portal, ends(document), member)
    with before(ends(document), HOURS):
        onto = portal.publish(member, folder, "onto.pdf")
        _put_onto(portal, member, document, onto)
    with before(ends(onto), 30 * DAY):
        assert {each.version for event in announced(portal) for each in event.versions} == {1, 2}
    with before(ends(onto), -DAY):
        assert purge(portal) == []


def _put_onto(portal: Portal, member: Caller, document: pb.Document, onto: pb.Document) -> None:
    request = pb.UpdateDocumentRequest(
        document_id=document.document_id, folder_id=onto.folder_id, name=onto.name, period=onto.period, year=onto.year, replace=True
    )
    portal.documents(member).UpdateDocument(request)
    portal.under.relay()


def test_a_document_moved_to_where_nobody_else_sees_it_ends_as_it_was_told(portal: Portal) -> None:
    """BEY-02: moving is no way to put off what everybody knows of."""
    company = portal.company()
    folder, other = portal.folder(company), portal.folder(company, "Bonus")
    member = portal.member(company, folder, other)
    portal.member(company, folder)
    document = portal.publish(member, folder)
    told(portal, ends(document), member)
    portal.under.relay()
    with before(ends(document), HOURS):
        portal.documents(member).UpdateDocument(pb.UpdateDocumentRequest(document_id=document.document_id, folder_id=other))
        assert [type(each) for each in portal.under.relay()] == [DocumentMoved]
    with before(ends(document), -DAY):
        assert [type(each) for each in purge(portal)] == [DocumentDeleted]
