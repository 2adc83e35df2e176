"""Who has opened something has seen it: the notice of it is read, and no page waits for that."""

import threading
from collections.abc import Callable

import pytest
from grpc import ServicerContext
from kontor.access.v1 import access_pb2
from kontor.notify.v1 import notify_pb2, notify_pb2_grpc

from chassis.errors import Unavailable
from chassis.service import Rpc
from chassis.testing import FakePeers
from services.gateway.seen import AT_ONCE, WAITING, Seen
from tests.gateway import desk
from tests.gateway.portal import DOCUMENT, READER, Portal, document, listed, portal
from tests.waiting import eventually

PART = {"HX-Request": "true", "HX-Target": "work"}
QUIET = {**PART, "Kontor-Quiet": "1"}
OPENED = DOCUMENT[:-1] + "1"
DETAILS, PREVIEW, FILE = f"/documents?document={OPENED}", f"/documents/{OPENED}/preview", f"/documents/{OPENED}/file"
ZIP = f"/documents/download.zip?document={OPENED}"
THREAD = f"/messages/{desk.CONVERSATION}"
# What is opened, and how.
WAYS: dict[str, tuple[Callable[[Portal], object], notify_pb2.MarkReadRequest]] = {
    "details": (lambda asked: asked.get(DETAILS), notify_pb2.MarkReadRequest(subject_ids=[OPENED])),
    "preview": (lambda asked: asked.get(PREVIEW), notify_pb2.MarkReadRequest(subject_ids=[OPENED])),
    "download": (lambda asked: asked.get(FILE), notify_pb2.MarkReadRequest(subject_ids=[OPENED])),
    "zip": (lambda asked: asked.get(ZIP), notify_pb2.MarkReadRequest(subject_ids=[OPENED])),
    "conversation": (lambda asked: asked.get(THREAD), notify_pb2.MarkReadRequest(thread_ids=[desk.CONVERSATION])),
    "what came while it was open": (
        lambda asked: asked.post(f"{THREAD}/read", up_to="2"), notify_pb2.MarkReadRequest(thread_ids=[desk.CONVERSATION])
    ),
}  # fmt: skip


def opening(permissions: tuple[int, ...] = (*READER, access_pb2.PERMISSION_MESSAGE_READ)) -> Portal:
    asked = portal(permissions=permissions)
    asked.book.answers |= listed(document()) | desk.answers() | {"GetDocument": document()}
    return asked


@pytest.mark.parametrize("way", WAYS)
def test_what_somebody_opens_is_no_news_to_them_any_more(way: str) -> None:
    """ACC-67, BEY-10: neither in the bell nor in the digest; as the reader, whose notices those are."""
    asked, (opened, told) = opening(), WAYS[way]
    opened(asked)
    (call,) = eventually(lambda: asked.asked("MarkRead"))
    assert (call.request, call.assertion) == (told, "notify-signed")


def test_a_list_that_nobody_opens_or_that_fetches_itself_again_marks_nothing() -> None:
    """BEY-10: a new version that comes in while nobody is at the desk stays news."""
    asked = opening()
    asked.get("/documents")
    asked.get(DETAILS, headers=QUIET)
    asked.get(f"{THREAD}/latest", headers=QUIET)
    asked.app.extensions["kontor.seen"].close()
    assert asked.asked("MarkRead") == []


def test_who_has_no_notices_has_none_to_read() -> None:
    asked = opening((access_pb2.PERMISSION_SESSION_USE, access_pb2.PERMISSION_DOCUMENT_READ))
    assert asked.get(DETAILS).status_code == 200
    asked.app.extensions["kontor.seen"].close()
    assert asked.asked("MarkRead") == []


def test_the_bell_looks_again_where_only_a_part_of_the_page_was_fetched() -> None:
    """ACC-67: the dot goes out with the opening, not with the next page."""
    asked = opening()
    assert asked.get(DETAILS, headers=PART).headers["HX-Trigger-After-Settle"] == "kontor:notices"
    assert "HX-Trigger-After-Settle" not in asked.get("/documents", headers=PART).headers
    read = asked.client.post(f"{THREAD}/read", headers={"HX-Request": "true", "Sec-Fetch-Site": "same-origin"})
    assert read.headers["HX-Trigger"] == "kontor:messages, kontor:notices"


@pytest.mark.parametrize("way", WAYS)
def test_no_page_fails_when_notices_cannot_be_marked(way: str, caplog: pytest.LogCaptureFixture) -> None:
    """P22: and it is said where operators look."""
    asked, (opened, _) = opening(), WAYS[way]
    asked.book.answers["MarkRead"] = Unavailable("database_unavailable", "The database does not answer.")
    answer = opened(asked)
    assert answer.status_code in (200, 302)  # type: ignore[attr-defined]
    eventually(lambda: "notices stay unread" in caplog.text)


class Stuck(notify_pb2_grpc.NoticesServicer):
    """A notify that answers nobody until it is let go."""

    def __init__(self) -> None:
        self.go, self.asked = threading.Event(), 0

    def MarkRead(self, request: notify_pb2.MarkReadRequest, _: ServicerContext) -> notify_pb2.MarkReadResponse:
        del request
        self.asked += 1
        self.go.wait(90)
        return notify_pb2.MarkReadResponse()


def test_no_page_waits_while_notify_stands_still_and_what_waits_is_bounded() -> None:
    """P22, P23."""
    asked, stuck = opening(), Stuck()  # type: ignore[abstract]  # it plays the one part that is asked for
    held = asked.app.extensions["kontor.seen"] = Seen(FakePeers(notify=[Rpc(stuck, notify_pb2_grpc.add_NoticesServicer_to_server)]))
    pages = [asked.get(FILE).status_code for _ in range(WAITING + 20)]
    # All have come, and notify has not even been asked about most of them.
    assert (set(pages), stuck.asked) == ({200}, AT_ONCE)
    assert held.tell(notify_pb2.MarkReadRequest()) is None
    stuck.go.set()
    eventually(lambda: stuck.asked == WAITING)
    held.close()
