"""Lists of threads: what waits, what is new to whom, and the cost of a long history."""

from functools import partial

import pytest
from kontor.messaging.v1 import messaging_pb2 as pb
from sqlalchemy import text

from chassis.caller import Caller
from chassis.errors import Invalid, NotFound
from chassis.testing import ServiceUnderTest, at_once
from tests.messaging.talk import (
    ACCOUNTING,
    ANSWERED,
    BAKERY,
    CLOSED,
    HR,
    OPEN,
    PAYROLL,
    YARD,
    added,
    answer,
    assigned,
    client,
    close,
    consultant,
    found,
    page,
    read,
    send,
    thread,
    threads,
)


@pytest.fixture
def firm(service: ServiceUnderTest) -> Caller:
    """Somebody who does the bakery's payroll and accounts, and the yard's HR."""
    who = consultant()
    assigned(service, who, PAYROLL, ACCOUNTING)
    assigned(service, who, HR, at=YARD)
    return who


def counted(service: ServiceUnderTest, who: Caller, *organisations: str) -> dict[str, tuple[int, int]]:
    """Open and unread, by organisation."""
    answered = threads(service, who).CountThreads(pb.CountThreadsRequest(organisation_ids=organisations))
    return {each.organisation_id: (each.open, each.unread) for each in answered.counts}


def test_the_firm_sees_threads_of_all_its_clients_newest_activity_first(service: ServiceUnderTest, firm: Caller) -> None:
    """ACC-11: of the areas served at each; filtered by client, area and state."""
    baker, builder = client(), client(YARD)
    pay = send(service, baker, PAYROLL, subject="lønn")
    books = send(service, baker, ACCOUNTING, subject="bilag")
    send(service, baker, HR, subject="ferie")
    send(service, builder, HR, subject="sykdom", organisation_id=YARD)
    answer(service, firm, pay.thread_id)
    close(service, firm, books.thread_id)
    assert found(service, firm) == ["lønn", "sykdom", "bilag"]
    assert found(service, firm, organisation_id=BAKERY) == ["lønn", "bilag"]
    assert found(service, firm, service_area=HR) == ["sykdom"]
    assert [found(service, firm, state=state) for state in (OPEN, ANSWERED, CLOSED)] == [["sykdom"], ["lønn"], ["bilag"]]
    assert found(service, baker) == ["lønn", "ferie", "bilag"]
    assert found(service, builder, organisation_id=YARD) == ["sykdom"]
    assert found(service, client()) == []


def test_threads_of_organisations_not_ones_own_are_not_asked_for(service: ServiceUnderTest, firm: Caller) -> None:
    """ASVS 8.4.1: there is no such organisation."""
    send(service, client())
    for who, organisation in ((client(YARD), BAKERY), (consultant(), BAKERY), (firm, client().membership_id)):
        with pytest.raises(NotFound) as refused:
            found(service, who, organisation_id=organisation)
        assert refused.value.reason == "organisation_not_found"


@pytest.mark.parametrize("at_firm", [True, False])
def test_threads_come_in_pages_each_once(service: ServiceUnderTest, firm: Caller, *, at_firm: bool) -> None:
    """Keyset pages: an answer meanwhile moves its thread to the top, and shifts no other."""
    writer = client()
    opened = [send(service, writer, (PAYROLL, ACCOUNTING)[number % 2], subject=f"nr {number}") for number in range(5)]
    stub = threads(service, firm if at_firm else writer)
    first = stub.ListThreads(pb.ListThreadsRequest(page_size=2))
    answer(service, writer, opened[4].thread_id)
    second = stub.ListThreads(pb.ListThreadsRequest(page_size=2, page_token=first.next_page_token))
    third = stub.ListThreads(pb.ListThreadsRequest(page_size=2, page_token=second.next_page_token))
    assert [each.subject for one in (first, second, third) for each in one.threads] == [f"nr {number}" for number in (4, 3, 2, 1, 0)]
    assert third.next_page_token == ""
    for token in ("x", "WyJhIiwgImIiXQ==", "æ", "WzEsIDJd"):
        with pytest.raises(Invalid):
            stub.ListThreads(pb.ListThreadsRequest(page_token=token))


def test_what_is_new_is_known_of_each_person_alone(service: ServiceUnderTest, firm: Caller) -> None:
    """ACC-67 in spirit: marks belong to a person and a thread; what one wrote oneself is not new."""
    writer, colleague = client(), consultant()
    assigned(service, colleague, PAYROLL)
    opened = send(service, writer).thread_id
    answer(service, writer, opened, "Hallo?")
    unread = {"writer": writer, "firm": firm, "colleague": colleague}
    assert {name: thread(service, who, opened).unread for name, who in unread.items()} == {"writer": 0, "firm": 2, "colleague": 2}
    assert read(service, firm, opened, 1).unread == 1
    assert read(service, firm, opened).unread == 0
    answer(service, firm, opened)
    assert {name: thread(service, who, opened).unread for name, who in unread.items()} == {"writer": 1, "firm": 0, "colleague": 3}
    assert (found(service, writer, unread=True), found(service, firm, unread=True)) == (["Lønn i mai"], [])


def test_writing_does_not_mark_as_read_what_was_not_read(service: ServiceUnderTest, firm: Caller) -> None:
    """Two write past each other: each still sees the other's message as new, and only that."""
    writer = client()
    opened = send(service, writer).thread_id
    answer(service, firm, opened, "A")
    answer(service, writer, opened, "past each other")
    answer(service, firm, opened, "B")
    answer(service, writer, opened, "again")
    assert thread(service, writer, opened).unread == 2
    assert read(service, writer, opened, 2).unread == 1
    assert read(service, writer, opened, 3).unread == 1
    assert read(service, writer, opened, 4).unread == 0


def test_a_mark_never_goes_back_nor_beyond_the_last_message(service: ServiceUnderTest, firm: Caller) -> None:
    """A slow page that reports late undoes nothing; one that reports too much swallows nothing to come."""
    writer = client()
    opened = send(service, writer).thread_id
    for _ in range(3):
        answer(service, firm, opened)
    assert read(service, writer, opened, 999).unread == 0
    marked = read(service, writer, opened, 2)
    assert (marked.unread, marked.read_position) == (0, 4)
    answer(service, firm, opened)
    assert thread(service, writer, opened).unread == 1


def test_marks_and_answers_at_once_count_right_in_the_end(service: ServiceUnderTest, firm: Caller) -> None:
    """Whatever comes first: afterwards new is exactly what others wrote after the mark."""
    writer = client()
    opened = send(service, writer).thread_id
    for round_ in range(6):
        position = thread(service, writer, opened).message_count
        results = at_once([
            partial(read, service, writer, opened, position), partial(answer, service, writer, opened, f"w{round_}"),
            partial(answer, service, firm, opened, f"f{round_}"), partial(read, service, writer, opened, position),
        ])  # fmt: skip
        assert not [each for each in results if isinstance(each, Exception)]
        held, mark = page(service, writer, thread_id=opened, page_size=200).messages, thread(service, writer, opened)
        assert mark.unread == sum(each.by_firm for each in held if each.position > mark.read_position)


def test_what_waits_is_counted_by_client(service: ServiceUnderTest, firm: Caller) -> None:
    """Home and the client list: closed threads wait for nobody at the firm, but an answer in one is new to the client."""
    baker, builder = client(), client(YARD)
    pay = send(service, baker, PAYROLL).thread_id
    books = send(service, baker, ACCOUNTING).thread_id
    send(service, baker, HR)
    send(service, builder, HR, organisation_id=YARD)
    assert counted(service, firm) == {BAKERY: (2, 2), YARD: (1, 1)}
    assert counted(service, firm, YARD) == {YARD: (1, 1)}
    answer(service, firm, pay)
    read(service, firm, pay)
    close(service, firm, pay)
    close(service, firm, books)
    assert counted(service, firm) == {YARD: (1, 1)}
    assert thread(service, firm, books).unread == 0
    assert counted(service, baker) == {BAKERY: (1, 1)}
    assert counted(service, baker, YARD) == {}
    assert counted(service, client()) == {}
    assert counted(service, consultant(), BAKERY, YARD) == {}


def test_names_in_lists_are_those_of_the_people_now(service: ServiceUnderTest, firm: Caller) -> None:
    """Who takes care of a thread is shown by name where identity has told it, and is on record (P29)."""
    added(service, firm)
    writer = client()
    opened = send(service, writer).thread_id
    threads(service, firm).AssignThread(pb.AssignThreadRequest(thread_id=opened, membership_id=firm.membership_id))
    for who in (writer, firm):
        (listed,) = threads(service, who).ListThreads(pb.ListThreadsRequest()).threads
        assert listed.assigned_to == firm.name
    assert service.service.database is not None
    newest = service.service.database.read(text("select action, subject from audit order by at desc, number desc limit 1"))
    assert [tuple(row) for row in newest] == [("thread.assign", opened)]
