"""People learn in good time that files will be deleted, and what has reached them is told to whoever deletes."""

from datetime import UTC, datetime, timedelta

import pytest
from kontor.documents.v1.events_pb2 import DocumentDeleted, DocumentQuarantined, DocumentsExpiring, HoldSet, VersionDeleted
from kontor.notify.v1 import notify_pb2 as pb
from kontor.notify.v1.events_pb2 import ExpiryNoticeDelivered, NoticesPosted

from chassis import clock
from chassis.caller import Caller
from chassis.testing import ServiceUnderTest
from tests.notify.post import DELETION, EMAIL, PAYROLL, Office, choose, desk, earlier, new_id, notices, unread
from tests.servers.smtp import MailServer

END = datetime(2027, 5, 3, 10, tzinfo=UTC)
MINUTES = timedelta(minutes=3)


def expiring(
    office: Office, *readers: Caller, files: int = 1, days: int = 30, folder_id: str = "", again: DocumentsExpiring | None = None
) -> DocumentsExpiring:
    fresh = [DocumentsExpiring.Version(document_id=new_id(), version_id=new_id(), version=1) for _ in range(files)]
    versions = again.versions if again else fresh
    event = DocumentsExpiring(
        batch_id=new_id(), organisation_id=office.id, folder_id=folder_id or office.folder_id, service_area=PAYROLL, days=days,
        versions=versions, reader_membership_ids=[who.membership_id for who in readers],
    )  # fmt: skip
    event.expires_at.FromDatetime(END)
    assert office.service.happened(event)
    return event


def reached(service: ServiceUnderTest) -> list[ExpiryNoticeDelivered]:
    return [event for event in service.relay() if isinstance(event, ExpiryNoticeDelivered)]


def mailed(service: ServiceUnderTest) -> None:
    with clock.moved(MINUTES):
        service.run_job("send_deliveries")


def listed(service: ServiceUnderTest, who: Caller) -> list[pb.Notice]:
    return list(desk(service, who).ListNotices(pb.ListNoticesRequest()).notices)


def test_files_that_end_together_are_one_notice_and_one_mail(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """ACC-46, ACC-68: in the portal always, by mail unless switched off."""
    reader = office.member()
    event = expiring(office, reader, files=12)
    (notice,) = listed(service, reader)
    assert (notice.kind, notice.category, notice.files) == (pb.NOTICE_KIND_DOCUMENTS_EXPIRING, DELETION, 12)
    assert (notice.folder_id, notice.expires_at) == (office.folder_id, event.expires_at)
    assert [type(told) for told in service.relay()] == [NoticesPosted]
    mailed(service)
    (mail,) = smtp.messages
    assert "12 filer i Lønn blir slettet 3. mai 2027" in mail.text
    assert f"/documents?client={office.id}&folder={office.folder_id}" in mail.text
    (told,) = reached(service)
    assert (told.batch_id, list(told.version_ids)) == (event.batch_id, [each.version_id for each in event.versions])
    assert (told.membership_id, told.organisation_id) == (reader.membership_id, office.id)
    mailed(service)
    assert len(smtp.messages) == 1


def test_everything_of_an_hour_goes_in_one_mail_to_a_person_over_all_organisations(
    service: ServiceUnderTest, office: Office, smtp: MailServer
) -> None:
    """ACC-46, BEY-10: two folders and two companies, one mail."""
    reader = office.member()
    elsewhere = Office(service, "Exempelvarvet AB")
    there = elsewhere.member(user_id=reader.user_id)
    events = [expiring(office, reader, files=2), expiring(office, reader, files=3, folder_id=new_id()), expiring(elsewhere, there)]
    mailed(service)
    (mail,) = smtp.messages
    assert mail.message["subject"] == "6 filer blir slettet fra Kontor"
    assert mail.text.index("Exempelvarvet AB") < mail.text.index("Testdal Bakeri AS")
    assert {each.batch_id for each in reached(service)} == {event.batch_id for event in events}


def test_who_wants_no_mail_is_reached_by_the_notice_in_the_portal(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """ACC-68, BEY-02."""
    reader = office.member()
    choose(service, reader, {(DELETION, EMAIL): False})
    event = expiring(office, reader)
    (told,) = reached(service)
    assert (told.batch_id, told.membership_id) == (event.batch_id, reader.membership_id)
    mailed(service)
    assert smtp.messages == []
    assert unread(service, reader) == 1


def test_nobody_is_reached_while_the_mail_server_takes_nothing(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """BEY-02: only what the mail server has taken counts."""
    reader = office.member()
    smtp.stop()
    expiring(office, reader)
    mailed(service)
    assert reached(service) == []
    smtp.start()
    with clock.moved(timedelta(hours=1)):
        mailed(service)
    assert len(smtp.messages) == len(reached(service)) == 1


def test_nobody_is_reached_where_nobody_is_a_member_any_more(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """BEY-02: a notice to somebody who is not known here is none."""
    expiring(office, office.someone())
    mailed(service)
    assert (smtp.messages, reached(service)) == ([], [])


def test_a_notice_reaches_its_first_reader_once(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """BEY-02: two people, two mails, one event."""
    expiring(office, office.member(), office.member("ola@example.no"))
    mailed(service)
    assert len(smtp.messages) == 2
    assert len(reached(service)) == 1


def test_a_later_stage_takes_the_place_of_the_earlier_notice(service: ServiceUnderTest, office: Office) -> None:
    """ACC-46: the dot lights again, the list does not grow."""
    reader = office.member()
    first = expiring(office, reader, files=3)
    desk(service, reader).MarkRead(pb.MarkReadRequest())
    second = expiring(office, reader, days=7, again=first)
    assert notices(service, reader) == [second.batch_id]
    assert unread(service, reader) == 1


@pytest.mark.parametrize("what", ["deleted", "replaced", "held", "earlier version gone"])
def test_what_is_deleted_replaced_or_held_meanwhile_is_not_told_any_more(
    service: ServiceUnderTest, office: Office, smtp: MailServer, what: str
) -> None:
    """BEY-02: neither in the portal nor by a mail that has not left."""
    reader = office.member()
    event = expiring(office, reader, files=2)
    for left, version in ((1, event.versions[0]), (0, event.versions[1])):
        if what == "replaced":
            office.published(reader, document_id=version.document_id, version=2, by=reader)
        elif what == "deleted":
            assert service.happened(DocumentDeleted(document_id=version.document_id, organisation_id=office.id))
        elif what == "held":
            assert service.happened(HoldSet(hold_ids=[new_id()], organisation_id=office.id, document_ids=[version.document_id]))
        else:
            assert service.happened(VersionDeleted(document_id=version.document_id, version_id=version.version_id))
        assert [notice.files for notice in listed(service, reader)] == [1] * left
    mailed(service)
    assert (smtp.messages, reached(service)) == ([], [])


def test_a_hold_of_a_whole_client_ends_all_its_notices_and_no_others(service: ServiceUnderTest, office: Office) -> None:
    """BEY-02."""
    reader, elsewhere = office.member(), Office(service, "Exempelvarvet AB")
    there = elsewhere.member("ola@example.no")
    expiring(office, reader)
    kept = expiring(elsewhere, there)
    assert service.happened(HoldSet(hold_ids=[new_id()], organisation_id=office.id))
    assert (notices(service, reader), notices(service, there)) == ([], [kept.batch_id])


def test_what_the_firm_deletes_is_told_to_those_who_could_see_it(service: ServiceUnderTest, office: Office) -> None:
    """ACC-44: instead of that it was published; the end of its time was told before."""
    reader, deleter = office.member(), office.member("ola@example.no")
    published = office.published(reader, deleter)
    ended = office.published(reader)
    readers = [reader.membership_id, deleter.membership_id]
    for event, on_request in ((published, True), (ended, False)):
        gone = DocumentDeleted(
            document_id=event.document_id, organisation_id=office.id, folder_id=office.folder_id, service_area=PAYROLL,
            on_request=on_request, deleted_by_membership_id=deleter.membership_id if on_request else "", reader_membership_ids=readers,
        )  # fmt: skip
        assert service.happened(gone)
    assert [(each.kind, each.subject_id) for each in listed(service, reader)] == [(pb.NOTICE_KIND_DOCUMENT_DELETED, published.document_id)]
    assert listed(service, deleter) == []


@pytest.mark.parametrize("late", [False, True], ids=["in order", "deleted first"])
def test_that_an_upload_was_stopped_is_no_news_any_more_once_it_has_gone(service: ServiceUnderTest, office: Office, late: bool) -> None:
    """ACC-57, ACC-67: no dot for what nobody can look at; in whichever order it is heard."""
    uploader = office.member()
    stopped = DocumentQuarantined(
        document_id=new_id(), organisation_id=office.id, folder_id=office.folder_id, uploaded_by_membership_id=uploader.membership_id,
        reason="malware",
    )  # fmt: skip
    gone = DocumentDeleted(
        document_id=stopped.document_id, organisation_id=office.id, folder_id=office.folder_id, service_area=PAYROLL,
        uploaded_by_membership_id=uploader.membership_id,
    )  # fmt: skip
    with clock.moved(-MINUTES):
        assert late or service.happened(stopped)
    assert late or unread(service, uploader) == 1
    assert service.happened(gone)
    if late:
        earlier(service, stopped, by=MINUTES)
    assert (notices(service, uploader), unread(service, uploader)) == ([], 0)
