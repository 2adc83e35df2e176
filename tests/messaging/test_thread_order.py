"""Who takes care of a thread, and when nothing is left to do."""

from functools import partial

import pytest
from kontor.messaging.v1 import messaging_pb2 as pb

from chassis.caller import Caller
from chassis.errors import Denied, NotFound
from chassis.testing import ServiceUnderTest
from tests.messaging.talk import (
    ANSWERED,
    CLOSED,
    HR,
    OPEN,
    PAYROLL,
    added,
    answer,
    assigned,
    client,
    close,
    consultant,
    found,
    give,
    send,
    thread,
    threads,
)


@pytest.fixture
def firm(service: ServiceUnderTest) -> Caller:
    """Somebody who does the bakery's payroll."""
    who = consultant()
    assigned(service, who, PAYROLL)
    return who


def test_closing_and_opening_again(service: ServiceUnderTest, firm: Caller) -> None:
    """The firm closes; the client's next message opens, and so can the firm; each change is told to open pages once."""
    writer = client()
    opened = send(service, writer)
    assert close(service, firm, opened.thread_id).state == CLOSED
    service.relay()
    assert close(service, firm, opened.thread_id).state == CLOSED
    assert service.relay() == []
    answer(service, writer, opened.thread_id)
    assert thread(service, writer, opened.thread_id).state == OPEN
    close(service, firm, opened.thread_id)
    reopen = pb.ReopenThreadRequest(thread_id=opened.thread_id)
    assert threads(service, firm).ReopenThread(reopen).state == OPEN
    answer(service, firm, opened.thread_id)
    assert threads(service, firm).ReopenThread(reopen).state == ANSWERED
    for move in (close, partial(give, to=None)):
        with pytest.raises(Denied):
            move(service, writer, opened.thread_id)


def test_a_thread_is_given_only_to_who_serves_the_client_in_its_area(service: ServiceUnderTest, firm: Caller) -> None:
    """ACC-11: and it is taken away when the assignment ends, not before."""
    colleague, other_area = added(service, consultant("Kari Kollega")), consultant()
    assigned(service, colleague, PAYROLL, HR)
    assigned(service, other_area, HR)
    opened = send(service, client())
    held = give(service, firm, opened.thread_id, colleague)
    assert (held.assigned_membership_id, held.assigned_to) == (colleague.membership_id, "Kari Kollega")
    for who in (other_area, consultant()):
        with pytest.raises(NotFound) as refused:
            give(service, firm, opened.thread_id, who)
        assert refused.value.reason == "consultant_not_found"
    assert (found(service, colleague, assigned_to_me=True), found(service, firm, assigned_to_me=True)) == (["Lønn i mai"], [])
    assigned(service, colleague, PAYROLL, version=2)
    assert thread(service, firm, opened.thread_id).assigned_membership_id == colleague.membership_id
    assigned(service, colleague, HR, version=3)
    assert thread(service, firm, opened.thread_id).assigned_membership_id == ""
    give(service, firm, opened.thread_id, firm)
    assert give(service, firm, opened.thread_id, None).assigned_to == ""
