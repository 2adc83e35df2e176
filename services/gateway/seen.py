"""What somebody has opened is no news to them any more: their notices of it are read (ACC-67, BEY-10)."""

from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from threading import BoundedSemaphore

from flask import Flask, Response, current_app, g, request
from kontor.access.v1 import access_pb2
from kontor.notify.v1 import notify_pb2, notify_pb2_grpc

from chassis import telemetry
from chassis.errors import Failure
from chassis.service import Peers
from services.gateway.reader import may
from services.gateway.session import QUIET

# Beside the pages of a process: so many at once, so many that wait, and so long for each.
AT_ONCE, WAITING, SECONDS = 2, 100, 2.0
_NAME = "kontor.seen"


class Seen:
    """Tells notify beside the request: no page waits for it, and none fails when it does not answer."""

    def __init__(self, peers: Peers) -> None:
        self._notices = notify_pb2_grpc.NoticesStub(peers.channel("notify"))
        self._threads, self._room = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="seen"), BoundedSemaphore(WAITING)
        self._log = telemetry.log(__name__)

    def tell(self, seen: notify_pb2.MarkReadRequest) -> "Future[None] | None":
        """As the reader at hand; nothing when too many wait: then their notices stay."""
        if not self._room.acquire(blocking=False):
            self._log.warning("notices stay unread", reason="overloaded")
            return None
        told = self._threads.submit(copy_context().run, self._mark, seen)
        told.add_done_callback(lambda _: self._room.release())
        return told

    def close(self) -> None:
        """Finish what is being told, and give up the rest."""
        self._threads.shutdown(cancel_futures=True)

    def _mark(self, seen: notify_pb2.MarkReadRequest) -> None:
        try:
            self._notices.MarkRead(seen, timeout=SECONDS)
        except Failure as why:
            self._log.warning("notices stay unread", reason=why.reason)
        except Exception:  # noqa: BLE001 - nobody asks how this ended: what goes wrong is told here or nowhere
            self._log.exception("notices stay unread")


def install(app: Flask, peers: Peers) -> None:
    """For this application."""
    app.extensions[_NAME] = Seen(peers)
    app.after_request(_dim)


def close(app: Flask) -> None:
    """What waits is given up."""
    held: Seen = app.extensions[_NAME]
    held.close()


def documents(*document_ids: str) -> None:
    """The reader has opened these. A page that fetches itself again is opened by nobody."""
    if document_ids and QUIET not in request.headers:
        _tell(notify_pb2.MarkReadRequest(subject_ids=document_ids))


def thread(thread_id: str) -> "Future[None] | None":
    """The reader has read this conversation."""
    return _tell(notify_pb2.MarkReadRequest(thread_ids=[thread_id]))


def _tell(seen: notify_pb2.MarkReadRequest) -> "Future[None] | None":
    if request.method == "HEAD" or not may(access_pb2.PERMISSION_NOTICE_USE):  # nobody sees what HEAD answers
        return None
    g.seen = True
    held: Seen = current_app.extensions[_NAME]
    return held.tell(seen)


def _dim(response: Response) -> Response:
    """Where only a part of the page is fetched, its bell looks again."""
    if g.get("seen") and request.headers.get("HX-Request"):
        response.headers.setdefault("HX-Trigger-After-Settle", "kontor:notices")
    return response
