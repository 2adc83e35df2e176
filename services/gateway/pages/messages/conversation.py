"""One conversation: read it, answer it, and at the firm say who takes care of it and when it is done."""

import uuid
from concurrent.futures import wait
from typing import Any

from flask import g, redirect, render_template, request, url_for
from kontor.messaging.v1 import messaging_pb2, messaging_pb2_grpc
from kontor.messaging.v1.messaging_pb2 import Thread
from werkzeug.wrappers import Response

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway import seen
from services.gateway.pages.messages.conversations import Conversations
from services.gateway.pages.messages.guard import Guard
from services.gateway.reasons import problems

PAGE = 50
# The page sends this beside itself and looks at its bell afterwards: worth a moment.
PATIENCE = 1.0
Answer = str | Response | tuple[str, int]


class Conversation:
    """The page of one thread."""

    def __init__(self, peers: Peers, conversations: Conversations, guard: Guard) -> None:
        self._messages = messaging_pb2_grpc.MessagesStub(peers.channel("messaging"))
        self._threads = messaging_pb2_grpc.ThreadsStub(peers.channel("messaging"))
        self._conversations, self._guard = conversations, guard

    def show(self, thread: uuid.UUID) -> str:
        """The thread with its newest messages."""
        page = self._shown(str(thread))
        seen.thread(str(thread))
        return page

    def latest(self, thread: uuid.UUID) -> str:
        """The messages alone, fetched again when something came."""
        return render_template("messages/entries.html", **self._entries(self._conversations.one(str(thread))))

    def answer(self, thread: uuid.UUID) -> Answer:
        """Send an answer; what cannot be sent stays in its field."""
        body, mask = request.form.get("body", "").strip(), "mask" in request.form
        try:
            self._threads.Answer(messaging_pb2.AnswerRequest(thread_id=str(thread), body=body, mask=mask))
        except Failure as failure:
            given = self._guard.refused(failure) or {"problems": problems(failure, "body")}
            return self._shown(str(thread), written=body, **given), failure.http_status
        return self._back(thread, sent="1")

    def read(self, thread: uuid.UUID) -> Response:
        """What is shown has been read: the page says so itself, once it is open, for looking alone changes nothing."""
        up_to = request.form.get("up_to", "")
        position = int(up_to) if up_to.isdecimal() and len(up_to) < len("1000000000") else 1
        self._threads.MarkThreadRead(messaging_pb2.MarkThreadReadRequest(thread_id=str(thread), up_to=max(position, 1)))
        told = seen.thread(str(thread))
        if request.headers.get("HX-Request"):
            if told:
                wait([told], timeout=PATIENCE)
            return Response("", 204, {"HX-Trigger": "kontor:messages, kontor:notices"})
        return self._back(thread)

    def take(self, thread: uuid.UUID) -> Response:
        """The reader takes care of it from now on."""
        mine = g.held.current.membership_id
        self._threads.AssignThread(messaging_pb2.AssignThreadRequest(thread_id=str(thread), membership_id=mine))
        return self._back(thread)

    def release(self, thread: uuid.UUID) -> Response:
        """Nobody in particular takes care of it."""
        self._threads.AssignThread(messaging_pb2.AssignThreadRequest(thread_id=str(thread)))
        return self._back(thread)

    def close(self, thread: uuid.UUID) -> Response:
        """Nothing is left to do."""
        self._threads.CloseThread(messaging_pb2.CloseThreadRequest(thread_id=str(thread)))
        return self._back(thread)

    def reopen(self, thread: uuid.UUID) -> Response:
        """Something is left to do after all."""
        self._threads.ReopenThread(messaging_pb2.ReopenThreadRequest(thread_id=str(thread)))
        return self._back(thread)

    def _shown(self, thread_id: str, **given: Any) -> str:
        thread = self._conversations.one(thread_id)
        entries = self._entries(thread)
        return render_template("messages/thread.html", **self._conversations.listed(), **entries, **given)

    def _entries(self, thread: Thread) -> dict[str, Any]:
        token = request.args.get("before", "")
        asked = messaging_pb2.ListMessagesRequest(
            organisation_id=thread.organisation_id, thread_id=thread.thread_id, page_size=PAGE, page_token=token
        )
        found = self._messages.ListMessages(asked)
        return {"thread": thread, "entries": found.messages[::-1], "earlier": found.next_page_token}

    @staticmethod
    def _back(thread: uuid.UUID, *, sent: str | None = None) -> Response:
        return redirect(url_for("messages.thread", thread=thread, client=request.args.get("client"), sent=sent))
