"""The link in a mail to get no more of them: for its reader and its kind, without signing in, and nothing else (RFC 8058)."""

import re
from datetime import timedelta

import pytest
from kontor.notify.v1 import notify_pb2 as pb
from kontor.notify.v1.notify_pb2_grpc import UnsubscribingStub
from sqlalchemy import text

from chassis import clock
from chassis.caller import Caller
from chassis.errors import Invalid, NotFound
from chassis.testing import ServiceUnderTest
from tests.notify.post import DOCUMENTS, EMAIL, MESSAGES, PORTAL, Office, at, chosen, digests, switch
from tests.servers.smtp import Caught, MailServer

LINK = re.compile(r"https://portal\.example\.no/unsubscribe/([\w-]{43})")


def token(mail: Caught) -> str:
    """The secret of the link, as the head of the mail has it."""
    found = LINK.fullmatch(mail.message["list-unsubscribe"].strip("<>"))
    assert found
    return found.group(1)


def nobody(service: ServiceUnderTest) -> UnsubscribingStub:
    """Asked without being signed in."""
    return UnsubscribingStub(service.channel(Caller()))


def answered(service: ServiceUnderTest, office: Office, smtp: MailServer) -> Caught:
    """The mail about an answer."""
    service.run_job("send_deliveries")
    return smtp.messages[-1]


def test_mails_that_can_be_switched_off_carry_the_link(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """RFC 8058 § 3.1, RFC 2369: digest, message and answer; each mail has a secret of its own."""
    reader = office.member()
    with at(2026, 5, 11, 12):
        switch(service, reader, digest=True)
        office.published(reader)
        office.answered(reader)
        office.wrote(reader)
        service.run_job("send_deliveries")
    with at(2026, 5, 12, 6):
        digests(service)
    assert len(smtp.messages) == 3
    assert len({token(mail) for mail in smtp.messages}) == 3
    for mail in smtp.messages:
        assert mail.message["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
        html = mail.message.get_body(("html",))
        assert html is not None
        assert LINK.search(mail.text)
        assert LINK.search(html.get_content())
        assert "kari@example.no" not in mail.message["list-unsubscribe"]


def test_one_click_ends_these_mails_for_this_person_everywhere(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """RFC 8058: other kinds, the portal and other people stay as they are; pressed twice it is no mistake."""
    reader, colleague = office.member(), office.member("ola@example.no")
    yard = Office(service, "Exempelvarvet AB")
    there = yard.member(user_id=reader.user_id)
    switch(service, reader, digest=True)
    office.answered(reader)
    link = token(answered(service, office, smtp))
    for _ in range(2):
        done = nobody(service).Unsubscribe(pb.UnsubscribeRequest(token=link))
        assert (done.category, done.language) == (MESSAGES, "nb")
    assert [chosen(service, who)[MESSAGES, EMAIL] for who in (reader, there, colleague)] == [False, False, True]
    assert (chosen(service, reader)[DOCUMENTS, EMAIL], chosen(service, reader)[MESSAGES, PORTAL]) == (True, True)
    before = len(smtp.messages)
    office.answered(reader)
    yard.answered(there)
    service.run_job("send_deliveries")
    assert len(smtp.messages) == before
    assert service.service.database is not None
    told = service.service.database.read(text("select organisation_id, facts from audit where action = 'notice_settings.unsubscribe'"))
    assert {str(row.organisation_id) for row in told} == {office.id, yard.id}
    assert {row.facts["messages_email"] for row in told} == {"off"}


def test_looking_at_the_link_changes_nothing(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """BEY-01: scanners may look as often as they like."""
    reader = office.member()
    office.answered(reader)
    link = token(answered(service, office, smtp))
    for _ in range(3):
        assert nobody(service).ShowUnsubscribe(pb.ShowUnsubscribeRequest(token=link)) == pb.ShowUnsubscribeResponse(
            category=MESSAGES, language="nb", off=False
        )
    assert chosen(service, reader)[MESSAGES, EMAIL]
    nobody(service).Unsubscribe(pb.UnsubscribeRequest(token=link))
    assert nobody(service).ShowUnsubscribe(pb.ShowUnsubscribeRequest(token=link)).off


def test_a_secret_is_kept_only_as_its_hash(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """A stolen backup switches nothing off."""
    office.answered(office.member())
    link = token(answered(service, office, smtp))
    assert service.service.database is not None
    (row,) = service.service.database.read(text("select * from unsubscribe_links"))
    assert link not in str(row)
    assert len(bytes(row.token)) == 32
    assert link not in str(service.service.database.read(text("select * from deliveries")))


def test_a_mail_that_waits_has_one_link_however_often_it_is_tried(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """RFC 8058: while the mail server is away no links pile up, and the one that a mail left with works."""
    database, readers = service.service.database, [office.member(f"{number}@example.no") for number in range(3)]
    assert database is not None
    smtp.stop()
    office.answered(*readers)
    waiting = set()
    for minutes in range(5):
        with clock.moved(timedelta(minutes=2 * minutes)):
            service.run_job("send_deliveries")
        waiting.add(tuple(row.token for row in database.read(text("select token from deliveries order by id"))))
        assert len(database.read(text("select 1 from unsubscribe_links"))) == len(readers)
    ((*made,),) = waiting
    smtp.start()
    with clock.moved(timedelta(minutes=12)):
        service.run_job("send_deliveries")
    assert sorted(map(token, smtp.messages)) == sorted(made)
    assert nobody(service).Unsubscribe(pb.UnsubscribeRequest(token=token(smtp.messages[0]))).category == MESSAGES


def test_a_link_not_made_here_or_too_old_is_none(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    reader = office.member()
    office.answered(reader)
    link = token(answered(service, office, smtp))
    for wrong in ("x" * 43, link[:-1] + ("A" if link[-1] != "A" else "B"), link + "="):
        with pytest.raises(NotFound):
            nobody(service).Unsubscribe(pb.UnsubscribeRequest(token=wrong))
    with pytest.raises(Invalid):
        nobody(service).Unsubscribe(pb.UnsubscribeRequest(token="short"))
    with clock.moved(timedelta(days=91)), pytest.raises(NotFound):
        nobody(service).Unsubscribe(pb.UnsubscribeRequest(token=link))
    assert chosen(service, reader)[MESSAGES, EMAIL]
