"""People are told in the portal of what is new for them, and of nothing else."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from kontor.access.v1.access_pb2 import SERVICE_AREA_HR
from kontor.documents.v1.events_pb2 import DocumentPublished, DocumentQuarantined, FolderAccessChanged
from kontor.identity.v1.events_pb2 import MemberAdded, MemberRemoved
from kontor.linking.v1.events_pb2 import ConsultantAssigned
from kontor.notify.v1 import notify_pb2 as pb
from kontor.notify.v1.events_pb2 import NoticesPosted
from sqlalchemy import text

from chassis import db
from chassis.errors import Denied, Invalid
from chassis.outbox import wrap
from chassis.testing import ServiceUnderTest, person
from services.notify.handlers import member_added
from services.notify.models import Model
from tests.notify.post import PAYROLL, Office, at, desk, digests, earlier, new_id, notices, switch, unread
from tests.servers.smtp import MailServer
from tests.waiting import eventually

AN_HOUR = timedelta(hours=1)
WAITING = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


def test_a_published_document_is_told_to_its_readers_and_not_to_the_uploader(service: ServiceUnderTest, office: Office) -> None:
    """ACC-11, ACC-67: each reader has an unread notice at once, and open pages learn of it."""
    uploader, reader, other = office.member(), office.member("ola@example.no"), office.member("per@example.no")
    event = office.published(reader, by=uploader)
    (notice,) = desk(service, reader).ListNotices(pb.ListNoticesRequest()).notices
    assert (notice.kind, notice.subject_id, notice.organisation_id) == (pb.NOTICE_KIND_DOCUMENT_PUBLISHED, event.document_id, office.id)
    assert (notice.service_area, notice.version, notice.read) == (PAYROLL, 1, False)
    assert service.relay() == [NoticesPosted(membership_ids=[reader.membership_id])]
    assert [unread(service, who) for who in (uploader, reader, other)] == [0, 1, 0]


def test_an_event_that_comes_twice_is_told_once(service: ServiceUnderTest, office: Office) -> None:
    """P20: also when it was emitted again under another id."""
    reader = office.member()
    event = office.published(reader)
    assert service.happened(event)
    assert notices(service, reader) == [event.document_id]


def test_an_updated_document_is_told_anew(service: ServiceUnderTest, office: Office) -> None:
    """ACC-67: new and updated documents light the dot."""
    reader = office.member()
    event = office.published(reader)
    office.published(reader, document_id=event.document_id, version=2)
    versions = [notice.version for notice in desk(service, reader).ListNotices(pb.ListNoticesRequest()).notices]
    assert versions == [2, 1]


def test_a_quarantined_upload_is_told_to_its_uploader_alone(service: ServiceUnderTest, office: Office) -> None:
    """ACC-57, BEY-03: to others there is no such document."""
    uploader, other = office.member(), office.member("ola@example.no")
    event = DocumentQuarantined(
        document_id=new_id(), organisation_id=office.id, folder_id=office.folder_id, uploaded_by_membership_id=uploader.membership_id,
        reason="encrypted", unscannable=True,
    )  # fmt: skip
    assert service.happened(event)
    (notice,) = desk(service, uploader).ListNotices(pb.ListNoticesRequest()).notices
    assert (notice.kind, notice.subject_id, notice.unscannable) == (pb.NOTICE_KIND_DOCUMENT_QUARANTINED, event.document_id, True)
    assert notices(service, other) == []


def test_notices_come_newest_first_in_pages_each_once(service: ServiceUnderTest, office: Office) -> None:
    """Keyset pages: one that arrives meanwhile does not shift the next page."""
    reader = office.member()
    expected = [office.published(reader).document_id for _ in range(5)][::-1]
    first = desk(service, reader).ListNotices(pb.ListNoticesRequest(page_size=2))
    office.published(reader)
    second = desk(service, reader).ListNotices(pb.ListNoticesRequest(page_size=2, page_token=first.next_page_token))
    third = desk(service, reader).ListNotices(pb.ListNoticesRequest(page_size=2, page_token=second.next_page_token))
    assert [notice.subject_id for page in (first, second, third) for notice in page.notices] == expected
    assert third.next_page_token == ""
    with pytest.raises(Invalid):
        desk(service, reader).ListNotices(pb.ListNoticesRequest(page_token="2"))


def test_unread_notices_are_counted_to_a_hundred(service: ServiceUnderTest, office: Office) -> None:
    """A dot needs no census."""
    reader = office.member()
    for _ in range(101):
        office.published(reader)
    assert unread(service, reader) == 100


def test_marking_as_read_concerns_the_named_ones_or_all_and_only_ones_own(service: ServiceUnderTest, office: Office) -> None:
    """ACC-67: the dot goes out; a colleague's stays."""
    reader, other = office.member(), office.member("ola@example.no")
    for _ in range(3):
        office.published(reader, other)
    listed = desk(service, reader).ListNotices(pb.ListNoticesRequest()).notices
    desk(service, reader).MarkRead(pb.MarkReadRequest(notice_ids=[listed[0].notice_id]))
    assert [notice.read for notice in desk(service, reader).ListNotices(pb.ListNoticesRequest()).notices] == [True, False, False]
    desk(service, other).MarkRead(pb.MarkReadRequest(notice_ids=[notice.notice_id for notice in listed]))
    assert (unread(service, reader), unread(service, other)) == (2, 3)
    desk(service, reader).MarkRead(pb.MarkReadRequest())
    assert (unread(service, reader), unread(service, other)) == (0, 3)


def test_what_was_opened_is_read_whatever_told_of_it(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """ACC-67, BEY-10: a document's updates, a conversation's messages; the digest leaves them out, a colleague's stay."""
    reader, other = office.member(), office.member("ola@example.no")
    for who in (reader, other):
        switch(service, who, portal=False, digest=True)
    with at(2026, 5, 11, 12):
        document = office.published(reader, other).document_id
        office.published(reader, other, document_id=document, version=2)
        unopened = office.published(reader, other).document_id
        answers = [office.answered(reader, other) for _ in range(2)]
        desk(service, reader).MarkRead(pb.MarkReadRequest(subject_ids=[document], thread_ids=[answers[0].thread_id]))
        switch(service, reader, portal=True, digest=True)
        shown = desk(service, reader).ListNotices(pb.ListNoticesRequest())
        assert {each.subject_id for each in shown.notices if not each.read} == {unopened, answers[1].message_id}
        assert unread(service, other) == 2
    with at(2026, 5, 12, 6):
        digests(service)
    told = {(mail.recipients[0], mail.message["subject"]) for mail in smtp.messages if "fil" in mail.message["subject"]}
    assert told == {("kari@example.no", "1 ny fil i Kontor"), ("ola@example.no", "2 nye filer i Kontor")}


def test_who_has_switched_document_notices_off_sees_none_but_is_still_told_of_a_stopped_upload(
    service: ServiceUnderTest, office: Office
) -> None:
    """ACC-68: what was posted meanwhile is there when they are switched on again."""
    reader = office.member()
    switch(service, reader, portal=False)
    event = office.published(reader)
    assert service.relay() == []
    assert notices(service, reader) == []
    desk(service, reader).MarkRead(pb.MarkReadRequest())
    stopped = DocumentQuarantined(
        document_id=new_id(), organisation_id=office.id, folder_id=new_id(), uploaded_by_membership_id=reader.membership_id
    )
    assert service.happened(stopped)
    assert notices(service, reader) == [stopped.document_id]
    switch(service, reader, portal=True)
    assert notices(service, reader) == [stopped.document_id, event.document_id]
    assert unread(service, reader) == 2


def test_notices_for_somebody_not_known_yet_wait_for_them(service: ServiceUnderTest, office: Office) -> None:
    """Events may overtake each other: nothing is lost."""
    reader = office.someone()
    event = office.published(reader)
    office.add(reader)
    assert notices(service, reader) == [event.document_id]


def test_a_removed_member_is_told_nothing_more_however_late_it_comes(service: ServiceUnderTest, office: Office) -> None:
    """ACC-82, ACC-84: notices and switches go; added again is a new membership that starts empty."""
    reader, late = office.member(), office.someone()
    switch(service, reader, digest=True)
    office.published(reader)
    for who in (reader, late):
        assert service.happened(MemberRemoved(membership_id=who.membership_id, organisation_id=office.id, user_id=who.user_id))
    office.add(late, "late@example.no")
    office.published(reader, late)
    assert (notices(service, reader), notices(service, late)) == ([], [])
    assert rows(service, "select 1 from switches") == rows(service, "select 1 from people") == 0
    again = office.member(user_id=reader.user_id)
    assert notices(service, again) == []


def test_the_person_stays_known_while_a_member_elsewhere(service: ServiceUnderTest, office: Office) -> None:
    """ACC-85: only the removed membership's things go."""
    here = office.member()
    there = Office(service, "Exempelvarvet AB")
    elsewhere = there.member(user_id=here.user_id)
    event = there.published(elsewhere)
    assert service.happened(MemberRemoved(membership_id=here.membership_id, organisation_id=office.id, user_id=here.user_id))
    assert notices(service, elsewhere) == [event.document_id]
    assert rows(service, "select 1 from people") == 1


def test_a_person_added_anew_while_the_removal_is_handled_stays_known(service: ServiceUnderTest, office: Office) -> None:
    """ACC-84: events are handled in several threads at once; whoever comes second sees what the first has done."""
    gone = office.member()
    removed = MemberRemoved(membership_id=gone.membership_id, organisation_id=office.id, user_id=gone.user_id)
    again = MemberAdded(membership_id=new_id(), organisation_id=office.id, user_id=gone.user_id, email="kari@example.no", time_zone="UTC")
    database = service.service.database
    assert database is not None
    done: list[bool] = []
    removing = threading.Thread(target=lambda: done.append(service.happened(removed)))
    with database.transaction() as tx:
        member_added.handle(tx, again, wrap(again, source="identity", about=again.membership_id, version=1, organisation=office.id))
        tx.flush()
        removing.start()
        eventually(lambda: rows(service, WAITING) > 0, seconds=2)
    removing.join(timeout=60)
    assert done == [True]
    assert rows(service, "select 1 from people") == 1


def test_a_folder_taken_away_takes_its_notices_along(service: ServiceUnderTest, office: Office) -> None:
    """BEY-10: those of other folders stay, and what comes after a new tick is told."""
    reader = office.member()
    gone = office.published(reader)
    kept = office.published(reader, folder_id=new_id())
    removal = FolderAccessChanged(organisation_id=office.id, membership_id=reader.membership_id, removed_folder_ids=[office.folder_id])
    assert service.happened(removal)
    assert notices(service, reader) == [kept.document_id]
    earlier(service, DocumentPublished.FromString(gone.SerializeToString()), by=AN_HOUR)
    assert notices(service, reader) == [kept.document_id]
    after = office.published(reader)
    assert notices(service, reader) == [after.document_id, kept.document_id]


def test_a_removal_that_arrives_late_leaves_what_happened_after_it(service: ServiceUnderTest, office: Office) -> None:
    """Order is promised by nobody: time decides, not arrival."""
    reader = office.member()
    event = office.published(reader)
    removal = FolderAccessChanged(organisation_id=office.id, membership_id=reader.membership_id, removed_folder_ids=[office.folder_id])
    earlier(service, removal, by=AN_HOUR)
    assert notices(service, reader) == [event.document_id]


def test_a_consultant_is_told_only_of_areas_still_served(service: ServiceUnderTest, office: Office) -> None:
    """ACC-11, FNK-16: notices of an area no longer assigned go, also those that arrive after it."""
    consultant = Office(service, "Fjelltest Regnskap AS").member()
    payroll = office.published(consultant)
    hr = office.published(consultant, area=SERVICE_AREA_HR)
    message = office.wrote(consultant, area=SERVICE_AREA_HR)
    stopped = DocumentQuarantined(
        document_id=new_id(), organisation_id=office.id, folder_id=new_id(), uploaded_by_membership_id=consultant.membership_id
    )
    assert service.happened(stopped)
    fewer = ConsultantAssigned(organisation_id=office.id, membership_id=consultant.membership_id, service_areas=[PAYROLL])
    assert service.happened(fewer, version=2)
    for event in (hr, message):
        earlier(service, event, by=AN_HOUR)
    assert notices(service, consultant) == [stopped.document_id, payroll.document_id]
    assert service.happened(ConsultantAssigned(organisation_id=office.id, membership_id=consultant.membership_id), version=3)
    assert notices(service, consultant) == []


def test_notices_need_the_permission_to_have_any(service: ServiceUnderTest) -> None:
    """Default deny."""
    with pytest.raises(Denied):
        desk(service, person()).ListNotices(pb.ListNoticesRequest())


def test_what_a_person_changes_leaves_a_row_in_the_audit_trail(service: ServiceUnderTest, office: Office) -> None:
    """Who did what, without a word of content."""
    reader = office.member()
    office.published(reader)
    desk(service, reader).MarkRead(pb.MarkReadRequest())
    switch(service, reader, digest=True)
    assert service.service.database is not None
    actions = service.service.database.read(text("select action from audit order by number"))
    assert [row.action for row in actions] == ["notice.read", "notice_settings.update"]


def test_the_migrations_make_exactly_the_tables_of_the_models(service: ServiceUnderTest) -> None:
    """An upgraded database is the one the code was written for."""
    held = service.service
    assert held.database is not None
    assert held.migrations is not None
    db.drift(held.database, Path(held.migrations), Model.metadata)


def rows(service: ServiceUnderTest, query: str) -> int:
    assert service.service.database is not None
    return len(service.service.database.read(text(query)))
