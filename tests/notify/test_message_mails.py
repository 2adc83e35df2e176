"""Whoever serves the client learns of a message at once, by a mail that does not carry it (ACC-63, AMI-08)."""

from datetime import timedelta

from kontor.linking.v1.events_pb2 import ConsultantAssigned
from kontor.notify.v1 import notify_pb2 as pb

from chassis import clock
from chassis.testing import ServiceUnderTest
from tests.notify.post import Office, deliveries, desk, notices, switch
from tests.servers.smtp import MailServer


def test_a_message_is_mailed_at_once_to_its_readers_and_not_to_its_sender(
    service: ServiceUnderTest, office: Office, smtp: MailServer
) -> None:
    """ACC-63: who it is from and what it is about, in the reader's language."""
    firm = Office(service, "Fjelltest Regnskap AS")
    consultant, colleague = firm.member("anna@example.no", language="sv"), firm.member("per@example.no")
    office.member()
    event = office.wrote(consultant, colleague, by=colleague.membership_id)
    assert ("notify.send_deliveries", ()) in service.started
    service.run_job("send_deliveries")
    (mail,) = smtp.messages
    assert mail.recipients == ("anna@example.no",)
    assert mail.message["subject"] == "Nytt meddelande från Testdal Bakeri AS i Kontor"
    assert "Tjänsteområde: Lön" in mail.text
    assert (notices(service, consultant), notices(service, colleague)) == ([event.message_id], [])


def test_a_message_mail_comes_once(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """One mail a reader and message, whoever brings the event again."""
    consultant = Office(service).member()
    event = office.wrote(consultant)
    assert service.happened(event)
    for _ in range(2):
        service.run_job("send_deliveries")
    assert len(smtp.messages) == 1


def test_who_has_switched_it_off_gets_the_notice_only(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """AMI-08: on until unticked."""
    consultant = Office(service).member()
    switch(service, consultant, messages=False)
    event = office.wrote(consultant)
    service.run_job("send_deliveries")
    assert smtp.messages == []
    assert notices(service, consultant) == [event.message_id]


def test_a_message_read_or_no_longer_ones_own_before_the_mail_leaves_is_not_mailed(
    service: ServiceUnderTest, office: Office, smtp: MailServer
) -> None:
    """BEY-10: judged when it leaves."""
    firm = Office(service, "Fjelltest Regnskap AS")
    reader, moved = firm.member("anna@example.no"), firm.member("per@example.no")
    office.wrote(reader, moved)
    desk(service, reader).MarkRead(pb.MarkReadRequest())
    assert service.happened(ConsultantAssigned(organisation_id=office.id, membership_id=moved.membership_id))
    service.run_job("send_deliveries")
    assert smtp.messages == []
    assert {state for state, _ in deliveries(service)} == {"dropped"}


def test_a_mail_to_somebody_not_known_yet_waits_for_them(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """Events may overtake each other: nothing is lost."""
    consultant = office.someone()
    office.wrote(consultant)
    service.run_job("send_deliveries")
    assert deliveries(service) == [("due", 1)]
    office.add(consultant)
    with clock.moved(timedelta(seconds=61)):
        service.run_job("send_deliveries")
    assert len(smtp.messages) == 1


def test_a_refusal_for_now_concerns_that_mail_only_and_is_tried_again(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """P24: greylisting is the normal case; after three days a mail is old news."""
    firm = Office(service)
    office.wrote(firm.member("anna@example.no"), firm.member("per@example.no"))
    smtp.refusal = "451 4.7.1 try later"
    service.run_job("send_deliveries")
    assert deliveries(service) == [("due", 1), ("due", 1)]
    smtp.refusal = None
    with clock.moved(timedelta(seconds=61)):
        service.run_job("send_deliveries")
    assert len(smtp.messages) == 2
    office.wrote(firm.member("eva@example.no"))
    smtp.refusal = "554 5.7.1 we do not like you today"
    with clock.moved(timedelta(days=3, minutes=1)):
        service.run_job("send_deliveries")
    assert deliveries(service)[-1] == ("failed", 1)


def test_an_address_that_does_not_exist_is_not_tried_again(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """RFC 3463 § 3.2: 5.1.x is final."""
    office.wrote(Office(service).member("nobody@example.no"))
    smtp.refusal = "550 5.1.1 no such user"
    service.run_job("send_deliveries")
    assert deliveries(service) == [("failed", 1)]
