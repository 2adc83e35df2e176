"""Open pages hear at once that something changed, and only what concerns them."""

import socket
from collections.abc import Iterator

import pytest
from google.protobuf.message import Message
from kontor.documents.v1.events_pb2 import DocumentPublished, DocumentQuarantined, DocumentReceived, FolderCreated
from kontor.events.v1.envelope_pb2 import Envelope
from kontor.identity.v1.events_pb2 import MemberRemoved, SessionsEnded
from kontor.messaging.v1.events_pb2 import ArticlePublished, ThreadChanged
from kontor.notify.v1.events_pb2 import NoticesPosted

from services.gateway import live
from tests.gateway import front as fronts
from tests.gateway.front import TOKEN, Running, until, whole
from tests.waiting import eventually

KINDS = ("notices", "documents", "messages", "news", "session")
NOTICES, DOCUMENTS, MESSAGES, NEWS, SESSION = (f"event: {name}\ndata:\n\n".encode() for name in KINDS)


@pytest.fixture
def gateway() -> Iterator[Running]:
    with fronts.running() as running:
        yield running


def page(gateway: Running) -> socket.socket:
    """An open page of the one session there is."""
    client = gateway.sent(f"GET /live HTTP/1.1\nHost: x\nCookie: session={TOKEN}\n\n")
    until(client, b"retry: 2000\n\n")
    return client


def happened(gateway: Running, event: Message) -> None:
    """The event passes on the bus."""
    gateway.hub.watch(Envelope(type=event.DESCRIPTOR.full_name, data=event.SerializeToString()))


@pytest.mark.parametrize(
    ("event", "heard"),
    [
        (NoticesPosted(membership_ids=["m-0", "m-1"]), NOTICES),
        (DocumentPublished(organisation_id="o-1"), DOCUMENTS),
        (DocumentPublished(organisation_id="o-2", reader_membership_ids=["m-1"]), DOCUMENTS),
        (DocumentQuarantined(organisation_id="o-1"), DOCUMENTS),
        (DocumentQuarantined(organisation_id="o-2", uploaded_by_membership_id="m-1"), DOCUMENTS),
        (DocumentReceived(organisation_id="o-1"), DOCUMENTS),
        (ThreadChanged(organisation_id="o-2", membership_ids=["m-0", "m-1"]), MESSAGES),
        (ArticlePublished(firm_id="f-1"), NEWS),
    ],
)
def test_a_page_hears_what_concerns_it(gateway: Running, event: Message, heard: bytes) -> None:
    """ACC-67, ACC-56: a consultant hears of clients' documents as their reader."""
    client = page(gateway)
    happened(gateway, event)
    assert heard in until(client, b"data:\n\n")


@pytest.mark.parametrize(
    "event",
    [
        NoticesPosted(membership_ids=["m-2"]),
        DocumentPublished(organisation_id="o-2", reader_membership_ids=["m-2"]),
        DocumentReceived(organisation_id="o-2"),
        FolderCreated(organisation_id="o-1"),
        ThreadChanged(organisation_id="o-1", membership_ids=["m-2"]),
        ArticlePublished(firm_id="f-2"),
        SessionsEnded(user_id="u-2"),
    ],
)
def test_a_page_does_not_hear_of_others(gateway: Running, event: Message) -> None:
    """ACC-09: not even that something happened at another company."""
    client = page(gateway)
    happened(gateway, event)
    gateway.hub.publish("member:m-1")
    assert until(client, NOTICES).count(b"event:") == 1
    gateway.sessions.ended = True
    happened(gateway, SessionsEnded(user_id="u-1"))
    assert whole(client).count(b"event:") == 1
    assert gateway.sessions.asked == 2


def test_changes_of_one_kind_are_told_once() -> None:
    """A page that is busy is not flooded."""
    listener = live.Listener(frozenset())
    for _ in range(1000):
        listener.tell("notices")
    assert listener.take() == {"notices"}
    assert listener.take() == set()


@pytest.mark.parametrize(
    "event", [SessionsEnded(user_id="u-1"), SessionsEnded(user_id="u-1", session_ids=["s"]), MemberRemoved(user_id="u-1")]
)
def test_a_page_whose_session_ended_is_told_and_let_go(gateway: Running, event: Message) -> None:
    """ACC-28, ACC-82: at once, not at the next look."""
    client = page(gateway)
    gateway.sessions.ended = True
    happened(gateway, event)
    assert whole(client).endswith(SESSION + b"\r\n0\r\n\r\n")
    eventually(lambda: gateway.pages() == 0)


def test_a_page_of_another_session_of_the_same_person_stays(gateway: Running) -> None:
    """ACC-85: leaving one organisation does not disturb the work in another."""
    client = page(gateway)
    asked = gateway.sessions.asked
    happened(gateway, MemberRemoved(user_id="u-1", membership_id="m-9"))
    eventually(lambda: gateway.sessions.asked > asked)
    gateway.hub.publish("member:m-1")
    assert SESSION not in until(client, NOTICES)


def test_a_page_of_a_removed_member_is_let_go_though_the_session_lives(gateway: Running) -> None:
    """ACC-82: the session goes on in another organisation; this page does not."""
    client = page(gateway)
    gateway.sessions.membership = "m-other"
    happened(gateway, MemberRemoved(user_id="u-1", membership_id="m-1"))
    assert SESSION in whole(client)


def test_a_session_that_ended_unheard_is_noticed_all_the_same(gateway: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bus may have been down: sessions are looked at again."""
    monkeypatch.setattr(live, "CHECK_SECONDS", 0.1)
    client = page(gateway)
    gateway.sessions.ended = True
    assert SESSION in whole(client)


def test_an_open_page_does_not_keep_its_session_going(gateway: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """ACC-28: neither opening the stream nor looking again is a use of the session."""
    monkeypatch.setattr(live, "CHECK_SECONDS", 0.05)
    page(gateway)
    eventually(lambda: gateway.sessions.asked > 2)
    assert set(gateway.sessions.quiet) == {True}


def test_a_page_stays_while_identity_does_not_answer(gateway: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """P23: nobody is signed out because a service restarts."""
    monkeypatch.setattr(live, "CHECK_SECONDS", 0.05)
    client = page(gateway)
    gateway.sessions.away = True
    asked = gateway.sessions.asked
    eventually(lambda: gateway.sessions.asked > asked + 2)
    gateway.hub.publish("member:m-1")
    assert SESSION not in until(client, NOTICES)


def test_silence_is_filled_so_that_no_proxy_hangs_up(gateway: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Comments every 25 seconds."""
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.05)
    until(page(gateway), b":\n\n")


def test_nobody_gets_no_stream(gateway: Running) -> None:
    """ACC-28: and a browser does not try again after 401."""
    for headers in ({}, {"Cookie": "session=" + "f" * 43}):
        answer = gateway.request("GET", "/live", headers=headers)
        assert answer.status == 401
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_page_that_is_closed_is_forgotten(gateway: Running) -> None:
    """No leak for each page ever opened."""
    client = page(gateway)
    assert gateway.pages() == 1
    client.close()
    eventually(lambda: gateway.pages() == 0)
    assert not gateway.hub._topics


def test_too_many_pages_are_told_to_come_back(gateway: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """P23."""
    monkeypatch.setattr(live, "MOST", 1)
    page(gateway)
    assert gateway.request("GET", "/live", headers={"Cookie": f"session={TOKEN}"}).status == 503
