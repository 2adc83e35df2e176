"""A conversation: the client asks, the firm answers by mail, and both see where it stands."""

from functools import partial

import pytest
import uuid_utils.compat as uuid
from kontor.access.v1.access_pb2 import PERMISSION_MESSAGE_READ
from kontor.messaging.v1 import messaging_pb2 as pb
from kontor.messaging.v1.events_pb2 import AnswerSent, MessageSent, ThreadChanged
from sqlalchemy import text

from chassis.caller import Caller
from chassis.errors import Denied, Invalid, NotFound
from chassis.testing import ServiceUnderTest, at_once, person
from tests.messaging.talk import (
    ANSWERED,
    BAKERY,
    HR,
    OPEN,
    PAYROLL,
    YARD,
    added,
    again,
    answer,
    assigned,
    client,
    close,
    consultant,
    found,
    give,
    listed,
    page,
    read,
    removed,
    send,
    thread,
    threads,
    told,
)


@pytest.fixture
def firm(service: ServiceUnderTest) -> Caller:
    """Somebody who does the bakery's payroll."""
    who = consultant()
    assigned(service, who, PAYROLL)
    return who


def bodies(service: ServiceUnderTest, who: Caller, thread_id: str, **asked: object) -> list[str]:
    return [each.body for each in page(service, who, thread_id=thread_id, **asked).messages]


def test_a_message_opens_a_thread_that_waits_for_the_firm(service: ServiceUnderTest, firm: Caller) -> None:
    """ACC-60, ACC-34: with its subject, its area and the files it is about."""
    writer, about = client(), [str(uuid.uuid7())]
    sent = send(service, writer, document_ids=about)
    for who in (writer, firm):
        held = thread(service, who, sent.thread_id)
        assert (held.subject, held.service_area, held.state, held.message_count) == ("Lønn i mai", PAYROLL, OPEN, 1)
        assert (held.started_by, held.last_message_by, held.started_by_firm) == (writer.name, writer.name, False)
        assert list(held.document_ids) == about
        assert [each.membership_id for each in held.participants] == [writer.membership_id]
    assert (sent.position, sent.by_firm, sent.sent_by_membership_id) == (1, False, writer.membership_id)


def test_the_firms_answer_goes_to_the_person_who_asked_as_text(service: ServiceUnderTest, firm: Caller) -> None:
    """ACC-35, ACC-64: the event has all that the mail needs, and is for that person alone."""
    writer, colleague = client(), client()
    opened = send(service, writer)
    send(service, colleague, subject="Noe annet")
    service.relay()
    written = answer(service, firm, opened.thread_id, "Utbetales 25. juni.")
    assert service.relay() == [
        AnswerSent(
            thread_id=opened.thread_id, message_id=written.message_id, organisation_id=BAKERY, service_area=PAYROLL,
            sent_by_membership_id=firm.membership_id, to_membership_ids=[writer.membership_id], subject="Lønn i mai",
            text="Utbetales 25. juni.", sent_by=firm.name,
        ),
        ThreadChanged(
            thread_id=opened.thread_id, organisation_id=BAKERY, membership_ids=[writer.membership_id, firm.membership_id]
        ),
    ]  # fmt: skip
    held = thread(service, writer, opened.thread_id)
    assert (held.state, held.last_message_by, held.last_message_by_firm) == (ANSWERED, firm.name, True)


def test_the_clients_answer_goes_to_the_firms_readers_by_id(service: ServiceUnderTest, firm: Caller) -> None:
    """ACC-63, ACC-11: at once, without its text."""
    writer = client()
    opened = send(service, writer)
    answer(service, firm, opened.thread_id)
    service.relay()
    written = answer(service, writer, opened.thread_id, "Og bonusen?")
    assert told(service) == [
        MessageSent(
            message_id=written.message_id, organisation_id=BAKERY, service_area=PAYROLL, sent_by_membership_id=writer.membership_id,
            reader_membership_ids=[firm.membership_id], thread_id=opened.thread_id,
        )
    ]  # fmt: skip
    assert thread(service, firm, opened.thread_id).state == OPEN


def test_a_conversation_is_read_in_either_order_a_page_at_a_time(service: ServiceUnderTest, firm: Caller) -> None:
    """T15: by position, so that what is written meanwhile shifts nothing."""
    writer = client()
    opened = send(service, writer, body="1")
    for number in range(2, 6):
        answer(service, (writer, firm)[number % 2], opened.thread_id, str(number))
    asked = {"thread_id": opened.thread_id, "page_size": 2}
    first = page(service, firm, **asked)
    answer(service, writer, opened.thread_id, "6")
    second = page(service, firm, **asked, page_token=first.next_page_token)
    assert [each.body for each in (*first.messages, *second.messages)] == ["5", "4", "3", "2"]
    third = page(service, writer, **asked, page_token=second.next_page_token)
    assert ([each.body for each in third.messages], third.next_page_token) == (["1"], "")
    oldest = page(service, writer, **asked, oldest_first=True)
    assert [each.position for each in oldest.messages] == [1, 2]
    rest = page(service, writer, thread_id=opened.thread_id, oldest_first=True, page_token=oldest.next_page_token)
    assert [each.body for each in rest.messages] == ["3", "4", "5", "6"]
    assert [each.by_firm for each in rest.messages] == [True, False, True, False]


def test_a_page_of_the_longest_messages_fits_into_an_answer(service: ServiceUnderTest) -> None:
    """gRPC takes no answer of 4 MiB: a page ends early, and the next goes on where it ended."""
    writer, longest = client(), "\U0001d538" * 10_000
    opened = send(service, writer, body=longest)
    assert service.service.database is not None
    with service.service.database.begin() as connection:
        connection.execute(text(
            "insert into messages select gen_random_uuid(), organisation_id, service_area, subject, body, document_ids, sent_by_user_id, "
            "sent_by_membership_id, sent_by, sent_at, thread_id, n, by_firm from messages, generate_series(2, 150) n"
        ))  # fmt: skip
    positions: list[int] = []
    token = ""
    while len(positions) < 150:
        answered = page(service, writer, thread_id=opened.thread_id, page_size=200, oldest_first=True, page_token=token)
        assert answered.ByteSize() < 4 * 2**20
        positions += [each.position for each in answered.messages]
        token = answered.next_page_token
    assert (positions, token) == (list(range(1, 151)), "")
    assert page(service, writer, page_size=200).ByteSize() < 4 * 2**20


def test_only_who_takes_part_or_serves_the_area_finds_the_thread(service: ServiceUnderTest, firm: Caller) -> None:
    """ACC-11, ACC-04: colleagues at the client, other areas, other clients and other firms find nothing, whatever they try."""
    opened = send(service, client())
    other_area, elsewhere = consultant(), consultant()
    assigned(service, other_area, HR)
    assigned(service, elsewhere, PAYROLL, at=YARD)
    for who in (client(), other_area, elsewhere, client(YARD), consultant()):
        stub = threads(service, who)
        for call in (
            partial(stub.GetThread, pb.GetThreadRequest(thread_id=opened.thread_id)),
            partial(stub.Answer, pb.AnswerRequest(thread_id=opened.thread_id, body="b")),
            partial(stub.MarkThreadRead, pb.MarkThreadReadRequest(thread_id=opened.thread_id, up_to=1)),
        ):
            with pytest.raises(NotFound) as refused:
                call()
            assert refused.value.reason == "thread_not_found"
        with pytest.raises(NotFound):
            page(service, who, thread_id=opened.thread_id, organisation_id=who.organisation_id)
        assert found(service, who) == []
    for who in (other_area, elsewhere, consultant()):
        for move in (close, partial(give, to=None)):
            with pytest.raises(NotFound):
                move(service, who, opened.thread_id)
    assert thread(service, firm, opened.thread_id).message_count == 1


def test_the_firm_writes_first_to_those_at_the_client_whom_it_names(service: ServiceUnderTest, firm: Caller) -> None:
    """ACC-64: they see the thread and get it as mail; a colleague does not."""
    reader, other, colleague = (added(service, client(name=name)) for name in ("Ada Leser", "Bo Leser", "Cay Kollega"))
    members = [reader.membership_id, other.membership_id]
    opened = send(service, firm, to_membership_ids=members)
    (event,) = told(service)
    assert isinstance(event, AnswerSent)
    assert list(event.to_membership_ids) == sorted(members)
    held = thread(service, other, opened.thread_id)
    assert (held.state, held.started_by_firm, [each.name for each in held.participants]) == (ANSWERED, True, ["Ada Leser", "Bo Leser"])
    with pytest.raises(NotFound):
        thread(service, colleague, opened.thread_id)
    answer(service, reader, opened.thread_id)
    assert thread(service, firm, opened.thread_id).state == OPEN


def test_the_firm_cannot_write_to_people_who_are_not_there(service: ServiceUnderTest, firm: Caller) -> None:
    """ACC-82: of another client, removed, or never heard of."""
    gone, elsewhere = added(service, client()), added(service, client(YARD))
    removed(service, gone)
    for who in (gone, elsewhere, client()):
        with pytest.raises(NotFound) as refused:
            send(service, firm, to_membership_ids=[who.membership_id])
        assert refused.value.reason == "member_not_found"
    with pytest.raises(Denied):
        send(service, client(), to_membership_ids=[gone.membership_id])
    assert service.relay() == []


def test_what_only_colleagues_read_is_no_mail(service: ServiceUnderTest, firm: Caller) -> None:
    """ACC-11: the firm's people may write to each other about a client; the event has ids only."""
    opened = send(service, firm)
    (event,) = told(service)
    assert isinstance(event, MessageSent)
    assert thread(service, firm, opened.thread_id).state == OPEN


def test_a_person_added_again_sees_and_gets_what_was_theirs(service: ServiceUnderTest, firm: Caller) -> None:
    """ACC-84, ACC-82: while removed nothing is sent to them; afterwards to the new membership."""
    writer = added(service, client())
    opened = send(service, writer)
    removed(service, writer)
    service.relay()
    answer(service, firm, opened.thread_id, "Mens du var borte")
    (missed,) = told(service)
    assert isinstance(missed, MessageSent)
    assert thread(service, firm, opened.thread_id).state == OPEN
    back = added(service, again(writer))
    answer(service, firm, opened.thread_id, "Velkommen tilbake")
    (event,) = told(service)
    assert isinstance(event, AnswerSent)
    assert list(event.to_membership_ids) == [back.membership_id]
    assert bodies(service, back, opened.thread_id)[:2] == ["Velkommen tilbake", "Mens du var borte"]


def test_a_removed_members_session_that_still_lives_sees_and_writes_nothing(service: ServiceUnderTest, firm: Caller) -> None:
    """P7, ACC-82: removal counts here at once, however long an assertion made before it is good for."""
    writer, colleague = added(service, client()), added(service, client(name="Ola Eksempeldal"))
    sent, other = send(service, writer), send(service, colleague)
    answer(service, firm, sent.thread_id)
    counting = pb.CountThreadsRequest()
    assert (found(service, writer), listed(service, writer)) == (["Lønn i mai"], ["Lønn i mai"])
    assert [each.unread for each in threads(service, writer).CountThreads(counting).counts] == [1]
    removed(service, writer)
    assert (found(service, writer), found(service, writer, unread=True), listed(service, writer)) == ([], [], [])
    assert list(threads(service, writer).CountThreads(counting).counts) == []
    for act in (thread, answer, read, bodies):
        with pytest.raises(NotFound):
            act(service, writer, sent.thread_id)
    with pytest.raises(NotFound):
        send(service, writer)
    assert bodies(service, firm, sent.thread_id) == ["Takk!", "Hei!\nTo nye ansatte."]
    assert thread(service, colleague, other.thread_id).message_count == 1
    assert found(service, added(service, again(writer))) == ["Lønn i mai"]


def test_answers_written_at_the_same_time_each_get_a_place(service: ServiceUnderTest, firm: Caller) -> None:
    """Two people press send together: nothing is lost, and positions have no gap."""
    writer = client()
    opened = send(service, writer)
    written = at_once([partial(answer, service, (writer, firm)[number % 2], opened.thread_id, f"nr {number}") for number in range(8)])
    assert sorted(each.position for each in written) == list(range(2, 10))
    held = page(service, writer, thread_id=opened.thread_id, oldest_first=True).messages
    assert [each.position for each in held] == list(range(1, 10))
    assert {each.body for each in held[1:]} == {f"nr {number}" for number in range(8)}
    assert thread(service, firm, opened.thread_id).message_count == 9


def test_a_reader_may_read_and_mark_but_not_answer(service: ServiceUnderTest, firm: Caller) -> None:
    """The role decides: the permission to read is not the one to write."""
    reader = added(service, person(PERMISSION_MESSAGE_READ, organisation_id=BAKERY))
    opened = send(service, firm, to_membership_ids=[reader.membership_id])
    assert read(service, reader, opened.thread_id).unread == 0
    with pytest.raises(Denied):
        answer(service, reader, opened.thread_id)


def test_an_answer_without_text_is_refused(service: ServiceUnderTest) -> None:
    """As a message is."""
    writer = client()
    opened = send(service, writer)
    with pytest.raises(Invalid) as refused:
        answer(service, writer, opened.thread_id, "\u202e \x07")
    assert (refused.value.reason, list(refused.value.fields)) == ("message_empty", ["body"])
    for token in ("x", "-1", "99999999999", "٣"):
        with pytest.raises(Invalid):
            page(service, writer, thread_id=opened.thread_id, page_token=token)
