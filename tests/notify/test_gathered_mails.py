"""That uploads were stopped, or files deleted by the firm, comes by mail too: one for many, and never with what was in them."""

from datetime import timedelta

import pytest
from kontor.access.v1.access_pb2 import SERVICE_AREA_HR, ServiceArea
from kontor.documents.v1.events_pb2 import DocumentDeleted, DocumentQuarantined
from kontor.notify.v1 import notify_pb2 as pb

from chassis import clock
from chassis.caller import Caller
from chassis.errors import Invalid
from chassis.testing import ServiceUnderTest
from services.notify.gathering import LONGEST
from tests.notify.post import DELETION, EMAIL, PAYROLL, SECURITY, Office, choose, deliveries, desk, new_id
from tests.servers.smtp import MailServer

MINUTES, HOUR = timedelta(minutes=3), timedelta(hours=1)


def stopped(office: Office, uploader: Caller, *, unscannable: bool = False) -> str:
    event = DocumentQuarantined(
        document_id=new_id(), organisation_id=office.id, folder_id=office.folder_id, uploaded_by_membership_id=uploader.membership_id,
        reason="encrypted" if unscannable else "malware", unscannable=unscannable,
    )  # fmt: skip
    assert office.service.happened(event)
    return event.document_id


def deleted(office: Office, *readers: Caller, by: Caller, area: ServiceArea.ValueType = PAYROLL) -> None:
    event = DocumentDeleted(
        document_id=new_id(), organisation_id=office.id, folder_id=office.folder_id, service_area=area, on_request=True,
        deleted_by_membership_id=by.membership_id, reader_membership_ids=[who.membership_id for who in (*readers, by)],
    )  # fmt: skip
    assert office.service.happened(event)


def mailed(service: ServiceUnderTest, *, after: timedelta = MINUTES) -> None:
    with clock.moved(after):
        service.run_job("send_deliveries")


def test_uploads_that_were_stopped_are_one_mail_to_who_sent_them(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """ACC-57, BEY-03, requirements ch. 8: about safety, so always; over all organisations."""
    uploader = office.member()
    office.member("ola@example.no")
    yard = Office(service, "Exempelvarvet AB")
    there = yard.member(user_id=uploader.user_id)
    for _ in range(11):
        stopped(office, uploader)
    stopped(office, uploader, unscannable=True)
    stopped(yard, there)
    service.run_job("send_deliveries")
    assert smtp.messages == []
    mailed(service)
    (mail,) = smtp.messages
    assert mail.recipients == ("kari@example.no",)
    assert mail.message["subject"] == "13 filer du lastet opp, ble stoppet"
    assert "- Exempelvarvet AB: 1 fil\n- Testdal Bakeri AS: 12 filer\n" in mail.text.replace("\r\n", "\n")
    assert "https://portal.example.no/notices" in mail.text
    assert (mail.message["list-unsubscribe"], "/unsubscribe/" in mail.text) == (None, False)
    mailed(service, after=2 * HOUR)
    assert len(smtp.messages) == 1


def test_somebody_who_tries_again_and_again_gets_a_mail_an_hour(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """ACC-57: no flood, and nothing is left out."""
    uploader = office.member()
    for minutes in range(0, 120, 4):
        with clock.moved(timedelta(minutes=minutes)):
            stopped(office, uploader)
            service.run_job("send_deliveries")
    mailed(service, after=4 * HOUR)
    assert len(smtp.messages) <= 3
    assert sum(int(str(mail.message["subject"]).split()[0]) for mail in smtp.messages) == 30


def test_a_mail_does_not_wait_for_ever_for_what_comes_after(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """ACC-57: one file a minute, without end."""
    uploader = office.member()
    for minutes in range(LONGEST // timedelta(minutes=1) + 1):
        with clock.moved(timedelta(minutes=minutes)):
            stopped(office, uploader)
            service.run_job("send_deliveries")
    assert len(smtp.messages) == 1


def test_what_was_seen_meanwhile_is_not_mailed(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """BEY-10."""
    uploader, deleter = office.member(), office.member("mia@example.no")
    stopped(office, uploader)
    deleted(office, uploader, by=deleter)
    desk(service, uploader).MarkRead(pb.MarkReadRequest())
    mailed(service)
    assert smtp.messages == []
    assert [state for state, _ in deliveries(service)] == ["dropped", "dropped"]


def test_nobody_switches_off_that_an_upload_was_stopped(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """Requirements ch. 8: security cannot be switched off."""
    uploader = office.member()
    with pytest.raises(Invalid):
        choose(service, uploader, {(SECURITY, EMAIL): False})
    stopped(office, uploader)
    mailed(service)
    assert len(smtp.messages) == 1


def test_files_that_the_firm_deleted_are_one_mail_to_each_who_could_see_them(
    service: ServiceUnderTest, office: Office, smtp: MailServer
) -> None:
    """ACC-44, ACC-46: not to who did it."""
    reader, deleter = office.member(), office.member("mia@example.no")
    for area in (PAYROLL, PAYROLL, SERVICE_AREA_HR):
        deleted(office, reader, by=deleter, area=area)
    mailed(service)
    (mail,) = smtp.messages
    assert mail.recipients == ("kari@example.no",)
    assert mail.message["subject"] == "3 filer ble slettet fra Kontor"
    assert "Testdal Bakeri AS\n- Lønn: 2 filer\n- HR: 1 fil\n" in mail.text.replace("\r\n", "\n")
    assert mail.message["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"


def test_the_switch_about_deletion_counts_for_what_the_firm_deleted(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """ACC-68: the notice stands in the portal all the same; also switched off after it happened, and before the mail has left."""
    reader, late, deleter = office.member(), office.member("ola@example.no"), office.member("mia@example.no")
    choose(service, reader, {(DELETION, EMAIL): False})
    deleted(office, reader, late, by=deleter)
    choose(service, late, {(DELETION, EMAIL): False})
    mailed(service)
    assert smtp.messages == []
    assert [desk(service, who).ListNotices(pb.ListNoticesRequest()).unread for who in (reader, late)] == [1, 1]
