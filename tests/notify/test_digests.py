"""One digest a person and day, at their own hour, with what is still news to them (BEY-10)."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from kontor.access.v1.access_pb2 import SERVICE_AREA_HR
from kontor.documents.v1.events_pb2 import FolderAccessChanged
from kontor.identity.v1.events_pb2 import MemberAdded, MemberRemoved, ProfileChanged
from kontor.notify.v1 import notify_pb2 as pb

from chassis import clock
from chassis.testing import ServiceUnderTest, at_once
from services.notify.jobs.send_deliveries import LEASE
from tests.notify.post import Office, at, deliveries, desk, digests, new_id, started, switch, without_token
from tests.servers.smtp import MailServer


def test_who_has_switched_it_on_gets_one_digest_over_all_organisations(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """ACC-68, ACC-69, BEY-10: collapsed to so many files an organisation and area; a document updated twice is one file."""
    yard = Office(service, "Exempelvarvet AB")
    here = office.member()
    there = yard.member(user_id=here.user_id)
    with at(2026, 5, 11, 12):
        for who in (here, there):
            switch(service, who, digest=True)
        document = office.published(here).document_id
        office.published(here, document_id=document, version=2)
        office.published(here)
        office.published(here, area=SERVICE_AREA_HR)
        yard.published(there)
    with at(2026, 5, 12, 5, 30):
        digests(service)
    (mail,) = smtp.messages
    assert mail.recipients == ("kari@example.no",)
    assert mail.message["subject"] == "4 nye filer i Kontor"
    assert "Exempelvarvet AB\n- Lønn: 1 fil\n\nTestdal Bakeri AS\n- Lønn: 2 filer\n- HR: 1 fil\n" in mail.text.replace("\r\n", "\n")
    assert "https://portal.example.no/account/notices" in mail.text


def test_who_has_not_switched_it_on_gets_none(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """ACC-68: e-mail is opt-in, in each organisation by itself."""
    here = office.member()
    yard = Office(service, "Exempelvarvet AB")
    there, nowhere = yard.member(user_id=here.user_id), office.member("ola@example.no")
    with at(2026, 5, 11, 12):
        switch(service, there, digest=True)
        switch(service, nowhere, digest=False)
        office.published(here, nowhere)
        yard.published(there)
    with at(2026, 5, 12, 6):
        digests(service)
    (mail,) = smtp.messages
    assert "Exempelvarvet AB" in mail.text
    assert "Testdal Bakeri AS" not in mail.text


@pytest.mark.parametrize(
    ("zone", "too_early", "in_time"),
    [
        ("Europe/Oslo", (2026, 1, 12, 5, 59), (2026, 1, 12, 6, 0)),
        ("Europe/Oslo", (2026, 3, 29, 4, 59), (2026, 3, 29, 5, 0)),
        ("Europe/Helsinki", (2026, 7, 12, 3, 59), (2026, 7, 12, 4, 0)),
        ("Not/AZone", (2026, 7, 12, 6, 59), (2026, 7, 12, 7, 0)),
    ],
)
def test_the_digest_leaves_at_the_persons_own_hour(
    service: ServiceUnderTest, office: Office, smtp: MailServer, zone: str, too_early: tuple[int, ...], in_time: tuple[int, ...]
) -> None:
    """BEY-10: seven o'clock where they are, winter and summer and on the day that the clocks change; a zone nobody knows is UTC."""
    reader = office.member(zone=zone)
    with at(2026, 1, 11, 12):
        switch(service, reader, digest=True)
        office.published(reader)
    with at(*too_early):
        digests(service)
        assert smtp.messages == []
    with at(*in_time):
        digests(service)
    assert len(smtp.messages) == 1


def test_what_comes_after_the_hour_waits_for_tomorrow(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """ACC-69: the first of twelve files does not leave alone; and nothing is told twice."""
    reader = office.member()
    with at(2026, 5, 12, 9):
        switch(service, reader, digest=True)
        for _ in range(12):
            office.published(reader)
            digests(service)
    assert smtp.messages == []
    for day in (13, 14):
        with at(2026, 5, day, 9):
            digests(service)
    assert [mail.message["subject"] for mail in smtp.messages] == ["12 nye filer i Kontor"]


def test_a_digest_missed_at_its_hour_leaves_when_kontor_is_back_and_only_then(
    service: ServiceUnderTest, office: Office, smtp: MailServer
) -> None:
    """P24: the hour has passed, the day has not; what arrived after the hour is in tomorrow's."""
    reader = office.member()
    with at(2026, 5, 11, 12):
        switch(service, reader, digest=True)
        office.published(reader)
    with at(2026, 5, 12, 20):
        office.published(reader)
        digests(service)
        digests(service)
    assert [mail.message["subject"] for mail in smtp.messages] == ["1 ny fil i Kontor"]
    with at(2026, 5, 13, 6):
        digests(service)
    assert len(smtp.messages) == 2


def test_what_was_seen_or_taken_away_meanwhile_is_not_in_it(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """BEY-10: judged when the mail leaves, not when it became due; where nothing is left there is no mail."""
    reader, seen, gone, removed = (office.member(f"{name}@example.no") for name in ("reader", "seen", "gone", "removed"))
    with at(2026, 5, 11, 12):
        for who in (reader, seen, gone, removed):
            switch(service, who, digest=True)
        office.published(reader, seen, gone, removed)
        office.published(reader, folder_id=new_id())
    with at(2026, 5, 12, 6):
        service.run_job("schedule_digests")
        desk(service, seen).MarkRead(pb.MarkReadRequest())
        for who in (reader, gone):
            taken = FolderAccessChanged(organisation_id=office.id, membership_id=who.membership_id, removed_folder_ids=[office.folder_id])
            assert service.happened(taken)
        assert service.happened(MemberRemoved(membership_id=removed.membership_id, organisation_id=office.id, user_id=removed.user_id))
        service.run_job("send_deliveries")
    (mail,) = smtp.messages
    assert (mail.recipients, mail.message["subject"]) == (("reader@example.no",), "1 ny fil i Kontor")
    assert sorted(state for state, _ in deliveries(service)) == ["dropped", "dropped", "dropped", "sent"]


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("nb", "1 ny fil i Kontor"),
        ("sv", "1 ny fil i Kontor"),
        ("fi", "1 uusi tiedosto Kontorissa"),
        ("da", "1 ny fil i Kontor"),
        ("en", "1 new file in Kontor"),
    ],
)
def test_the_digest_is_in_the_language_the_person_has_chosen(
    service: ServiceUnderTest, office: Office, smtp: MailServer, language: str, subject: str
) -> None:
    """ACC-71: chosen after becoming a member; the news of it may even arrive before the membership does."""
    reader = office.someone()
    with at(2026, 5, 11, 12):
        assert service.happened(ProfileChanged(user_id=reader.user_id, first_name="Käri", last_name="N", language=language))
        with clock.moved(-timedelta(minutes=1)):
            office.add(reader, language="da")
        switch(service, reader, digest=True)
        office.published(reader)
    with at(2026, 5, 12, 6):
        digests(service)
    (mail,) = smtp.messages
    assert (mail.message["subject"], mail.message["content-language"]) == (subject, language)
    assert "Käri" in mail.text


@pytest.mark.parametrize("first", ["member", "stranger"])
def test_mail_greets_nobody_by_what_a_stranger_has_entered(service: ServiceUnderTest, office: Office, smtp: MailServer, first: str) -> None:
    """NET-09, ACC-71: another organisation may add anybody under any name; what the person is called, and in which language, stays."""
    reader = office.someone()
    entered = MemberAdded(
        membership_id=new_id(), organisation_id=new_id(), user_id=reader.user_id, email="kari@example.no", first_name="Vinn en million",
        language="fi", time_zone="Europe/Oslo", organisation_name="Exempelvarvet AB",
    )  # fmt: skip
    with at(2026, 5, 11, 12):
        if first == "stranger":
            assert service.happened(entered)
        with clock.moved(-timedelta(minutes=1)):
            office.add(reader)
            assert service.happened(ProfileChanged(user_id=reader.user_id, first_name="Käri", last_name="N", language="nb"))
        if first == "member":
            assert service.happened(entered)
        switch(service, reader, digest=True)
        office.published(reader)
    with at(2026, 5, 12, 6):
        digests(service)
    (mail,) = smtp.messages
    assert (mail.message["content-language"], "Käri" in mail.text, "Vinn" in mail.text) == ("nb", True, False)


def test_a_digest_is_neither_missing_nor_doubled_with_three_schedulers_racing(
    service_database: Callable[[str], str], smtp: MailServer
) -> None:
    """P24: 300 people, three replicas with two job threads each, twice on the day."""
    url = service_database("notify")
    replicas = [started(url, smtp.url) for _ in range(3)]
    office = Office(replicas[0])
    with at(2026, 5, 11, 12):
        readers = [office.member(f"reader{number}@example.no") for number in range(300)]
        for who in readers:
            switch(replicas[0], who, digest=True)
        office.published(*readers)
    with at(2026, 5, 12, 6):
        for job in ("schedule_digests", "send_deliveries") * 2:
            # Two of each replica: what they claim at the same moment must not be the same.
            assert at_once([partial(service.run_job, job) for service in replicas * 2]) == [None] * 6
    told = [recipient for mail in smtp.messages for recipient in mail.recipients]
    assert sorted(told) == sorted(f"reader{number}@example.no" for number in range(300))
    assert {state for state, _ in deliveries(replicas[0])} == {"sent"}
    for service in replicas:
        service.close()


def test_a_sender_that_dies_after_sending_repeats_with_the_same_message_id(
    service: ServiceUnderTest, office: Office, smtp: MailServer
) -> None:
    """P24: no transport is exactly once; a repeat can be recognised, and comes only after the lease."""
    reader = office.member()
    with at(2026, 5, 11, 12):
        switch(service, reader, digest=True)
        office.published(reader)
    with at(2026, 5, 12, 6):
        digests(service)
        _forget_that_it_was_sent(service)
        service.run_job("send_deliveries")
        assert len(smtp.messages) == 1
        with clock.moved(LEASE + timedelta(seconds=1)):
            service.run_job("send_deliveries")
    first, second = smtp.messages
    assert first.message["message-id"] == second.message["message-id"]
    assert without_token(first.text) == without_token(second.text)
    assert deliveries(service) == [("sent", 2)]


def test_while_the_mail_server_is_away_digests_wait_and_then_leave_once(
    service: ServiceUnderTest, office: Office, smtp: MailServer
) -> None:
    """P24: nothing is lost, nothing hangs, and the rest of a batch is given back at once."""
    readers = [office.member(f"reader{number}@example.no") for number in range(5)]
    with at(2026, 5, 11, 12):
        for who in readers:
            switch(service, who, digest=True)
        office.published(*readers)
    smtp.stop()
    with at(2026, 5, 12, 6):
        digests(service)
        assert {state for state, _ in deliveries(service)} == {"due"}
        smtp.start()
        with clock.moved(timedelta(seconds=61)):
            digests(service)
    assert sorted(mail.recipients[0] for mail in smtp.messages) == [f"reader{number}@example.no" for number in range(5)]


def _forget_that_it_was_sent(service: ServiceUnderTest) -> None:
    """Put the rows back as they were the moment before the commit that follows the sending."""
    database = service.service.database
    assert database is not None
    with database.engine.begin() as connection:
        connection.exec_driver_sql("update deliveries set state = 'sending', ended_at = null")
        connection.exec_driver_sql("update notices set digested_at = null")
