"""Who is told of what, and where: categories by channels, with their defaults and their locks."""

import threading

import pytest
from kontor.notify.v1 import notify_pb2 as pb
from sqlalchemy import text

from chassis.errors import Invalid
from chassis.testing import ServiceUnderTest, at_once
from tests.notify.post import (
    DELETION,
    DOCUMENTS,
    EMAIL,
    LINKS,
    MESSAGES,
    PORTAL,
    SECURITY,
    TASKS,
    Office,
    at,
    choose,
    chosen,
    desk,
    digests,
    notices,
    unread,
)
from tests.servers.smtp import MailServer

LOCKED = [(SECURITY, PORTAL), (SECURITY, EMAIL), (LINKS, PORTAL), (LINKS, EMAIL), (DELETION, PORTAL)]


def test_everything_is_on_until_chosen_but_documents_by_mail(service: ServiceUnderTest, office: Office) -> None:
    """ACC-46, ACC-68, AMI-08: the first row of chapter 8."""
    answered = desk(service, office.member()).GetNoticeSettings(pb.GetNoticeSettingsRequest())
    off = [(each.category, each.channel) for each in answered.switches if not each.on]
    locked = {(each.category, each.channel) for each in answered.switches if each.locked}
    assert len(answered.switches) == 12
    assert off == [(DOCUMENTS, EMAIL)]
    assert locked == set(LOCKED)
    assert (answered.digest_hour, answered.time_zone) == (7, "Europe/Oslo")
    assert (answered.documents_in_portal, answered.documents_by_email, answered.messages_by_email) == (True, False, True)


def test_each_switch_is_one_of_its_own_in_each_organisation(service: ServiceUnderTest, office: Office) -> None:
    """ACC-68, AMI-08: portal and e-mail apart, tasks and messages apart, and other organisations untouched."""
    here = office.member()
    there = Office(service, "Exempelvarvet AB").member(user_id=here.user_id)
    before = chosen(service, there)
    for cell in before.keys() - set(LOCKED):
        was = chosen(service, here)
        choose(service, here, {cell: not was[cell]})
        assert chosen(service, here) == was | {cell: not was[cell]}
    assert chosen(service, there) == before


@pytest.mark.parametrize("cell", LOCKED)
def test_what_is_locked_stays_on(
    service: ServiceUnderTest, office: Office, cell: tuple[pb.NoticeCategory.ValueType, pb.NoticeChannel.ValueType]
) -> None:
    """ACC-46: and nothing that was asked with it happens."""
    reader = office.member()
    with pytest.raises(Invalid) as refused:
        choose(service, reader, {(MESSAGES, EMAIL): False, cell: False})
    assert refused.value.reason == "locked_switch"
    assert chosen(service, reader)[cell]
    assert chosen(service, reader)[MESSAGES, EMAIL]
    assert choose(service, reader, {cell: True})


def test_programs_that_know_three_switches_change_those_and_see_them(service: ServiceUnderTest, office: Office) -> None:
    """ACC-68, AMI-08: the contract's first version goes on working, and agrees with the table."""
    reader = office.member()
    choose(service, reader, {(TASKS, EMAIL): False})
    wanted = pb.NoticeSettings(documents_in_portal=False, documents_by_email=True, messages_by_email=False)
    answered = desk(service, reader).UpdateNoticeSettings(pb.UpdateNoticeSettingsRequest(settings=wanted))
    assert (answered.documents_in_portal, answered.documents_by_email, answered.messages_by_email) == (False, True, False)
    held = chosen(service, reader)
    assert (held[DOCUMENTS, PORTAL], held[DOCUMENTS, EMAIL], held[MESSAGES, EMAIL], held[TASKS, EMAIL]) == (False, True, False, False)


def test_one_can_use_them_for_all_ones_organisations(service: ServiceUnderTest, office: Office) -> None:
    """ACC-68: not for those that the person has left, and not for other people."""
    here, colleague = office.member(), office.member("ola@example.no")
    yard = Office(service, "Exempelvarvet AB")
    there = yard.member(user_id=here.user_id)
    choose(service, here, {(DOCUMENTS, EMAIL): True, (MESSAGES, PORTAL): False}, everywhere=True, hour=18)
    assert [chosen(service, who)[DOCUMENTS, EMAIL] for who in (here, there, colleague)] == [True, True, False]
    assert [chosen(service, who)[MESSAGES, PORTAL] for who in (here, there, colleague)] == [False, False, True]
    assert service.service.database is not None
    told = service.service.database.read(text("select organisation_id, action, facts from audit order by number"))
    assert {(str(row.organisation_id), row.action) for row in told} == {(each.id, "notice_settings.update") for each in (office, yard)}
    assert {row.facts["documents_email"] for row in told} == {"on"}


def test_a_category_switched_off_in_the_portal_lights_no_dot_and_is_there_when_switched_on_again(
    service: ServiceUnderTest, office: Office
) -> None:
    """ACC-67, ACC-68: answers and documents alike."""
    reader = office.member()
    choose(service, reader, {(MESSAGES, PORTAL): False})
    document, answer = office.published(reader), office.answered(reader)
    assert notices(service, reader) == [document.document_id]
    choose(service, reader, {(MESSAGES, PORTAL): True, (DOCUMENTS, PORTAL): False})
    assert (notices(service, reader), unread(service, reader)) == ([answer.message_id], 1)


def test_portal_off_and_mail_on_is_a_choice_too(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """ACC-68: neither switch needs the other."""
    reader = office.member()
    with at(2026, 5, 11, 12):
        choose(service, reader, {(DOCUMENTS, PORTAL): False, (DOCUMENTS, EMAIL): True})
        office.published(reader)
        assert notices(service, reader) == []
    with at(2026, 5, 12, 6):
        digests(service)
    assert [mail.message["subject"] for mail in smtp.messages] == ["1 ny fil i Kontor"]


def test_changes_at_the_same_moment_all_count(service: ServiceUnderTest, office: Office) -> None:
    """Two pages open at once: each changes its own switch and undoes no other."""
    reader = office.member()
    barrier = threading.Barrier(6)

    def off(category: pb.NoticeCategory.ValueType, channel: pb.NoticeChannel.ValueType) -> None:
        barrier.wait()
        choose(service, reader, {(category, channel): False})

    cells = [(DOCUMENTS, PORTAL), (MESSAGES, PORTAL), (MESSAGES, EMAIL), (TASKS, PORTAL), (TASKS, EMAIL), (DELETION, EMAIL)]
    assert at_once([lambda cell=cell: off(*cell) for cell in cells]) == [None] * 6  # type: ignore[misc]
    assert {cell for cell, on in chosen(service, reader).items() if not on} == {*cells, (DOCUMENTS, EMAIL)}


def test_mails_go_on_until_the_membership_ends_or_they_are_off(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """NET-14: that somebody's access runs out is no event here; only removal and switches end mails."""
    reader = office.member()
    for months in (0, 30):
        with at(2026 + months // 12, 5, 11, 12):
            office.answered(reader)
            service.run_job("send_deliveries")
    assert len(smtp.messages) == 2
    choose(service, reader, {(MESSAGES, EMAIL): False})
    office.answered(reader)
    service.run_job("send_deliveries")
    assert len(smtp.messages) == 2
