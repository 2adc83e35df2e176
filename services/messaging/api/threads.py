"""Conversations between clients and the firm, over gRPC."""

import base64
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from kontor.messaging.v1 import messaging_pb2 as pb
from kontor.messaging.v1.messaging_pb2_grpc import ThreadsServicer

from chassis import caller
from chassis.caller import Caller
from chassis.db import Database
from chassis.errors import Invalid
from services.messaging import threads
from services.messaging.actions import read_threads
from services.messaging.actions.messages import answer
from services.messaging.actions.threads import assign_thread, close_thread, mark_read, reopen_thread
from services.messaging.api.messages import to_message

PAGE_SIZE = 50


class Threads(ThreadsServicer):
    """What the two sides write to each other, question and answer together."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def Answer(self, request: pb.AnswerRequest, _: grpc.ServicerContext) -> pb.Message:
        """The next message of a thread."""
        with self._database.transaction() as tx:
            return to_message(answer(tx, caller.current(), request))

    def ListThreads(self, request: pb.ListThreadsRequest, _: grpc.ServicerContext) -> pb.ListThreadsResponse:
        """Newest activity first, a page at a time."""
        who, size = caller.current(), request.page_size or PAGE_SIZE
        self._check(who, request.organisation_id)
        statement = read_threads.page(
            firm=threads.is_firm(who), client=bool(request.organisation_id), state=request.state, area=request.service_area,
            mine=request.assigned_to_me, unread=request.unread, before=_opened(request.page_token), limit=size + 1,
        )  # fmt: skip
        wanted = {"organisation_id": request.organisation_id or None, "most": size + 1}
        rows = self._database.read(statement, read_threads.asked_by(who) | wanted)
        more = _token(rows[size - 1].last_message_at, rows[size - 1].id) if len(rows) > size else ""
        return pb.ListThreadsResponse(threads=[to_thread(row) for row in rows[:size]], next_page_token=more)

    def GetThread(self, request: pb.GetThreadRequest, _: grpc.ServicerContext) -> pb.Thread:
        """With the people at the client who take part."""
        return self._whole(caller.current(), request.thread_id)

    def MarkThreadRead(self, request: pb.MarkThreadReadRequest, _: grpc.ServicerContext) -> pb.Thread:
        """Up to a position, at most the last one."""
        who = caller.current()
        with self._database.transaction() as tx:
            mark_read(tx, who, request)
        return self._whole(who, request.thread_id)

    def AssignThread(self, request: pb.AssignThreadRequest, _: grpc.ServicerContext) -> pb.Thread:
        """Somebody at the firm takes care of it, or nobody any more."""
        who = caller.current()
        with self._database.transaction() as tx:
            assign_thread(tx, who, request)
        return self._whole(who, request.thread_id)

    def CloseThread(self, request: pb.CloseThreadRequest, _: grpc.ServicerContext) -> pb.Thread:
        """Nothing is left to do."""
        who = caller.current()
        with self._database.transaction() as tx:
            close_thread(tx, who, request.thread_id)
        return self._whole(who, request.thread_id)

    def ReopenThread(self, request: pb.ReopenThreadRequest, _: grpc.ServicerContext) -> pb.Thread:
        """Something is left to do after all."""
        who = caller.current()
        with self._database.transaction() as tx:
            reopen_thread(tx, who, request.thread_id)
        return self._whole(who, request.thread_id)

    def CountThreads(self, request: pb.CountThreadsRequest, _: grpc.ServicerContext) -> pb.CountThreadsResponse:
        """What waits, by organisation."""
        who = caller.current()
        statement = read_threads.counts(firm=threads.is_firm(who), organisations=request.organisation_ids)
        rows = self._database.read(statement, read_threads.asked_by(who))
        counts = [pb.ThreadCounts(organisation_id=row.organisation_id, open=row.open, unread=row.unread) for row in rows]
        return pb.CountThreadsResponse(counts=counts)

    def _whole(self, who: Caller, thread_id: str) -> pb.Thread:
        wanted = read_threads.asked_by(who) | {"thread_id": thread_id}
        rows = self._database.read(read_threads.ONE[threads.is_firm(who)], wanted)
        if not rows:
            raise threads.no_thread()
        return to_thread(rows[0], self._database.read(read_threads.PARTICIPANTS, {"thread_id": thread_id}))

    def _check(self, who: Caller, organisation_id: str) -> None:
        """Raises NotFound for an organisation of others."""
        if not organisation_id or organisation_id == who.organisation_id:
            return
        wanted = read_threads.asked_by(who) | {"organisation_id": organisation_id}
        if not threads.is_firm(who) or not self._database.read(read_threads.SERVED, wanted):
            raise threads.no_organisation()


def to_thread(row: Any, participants: Iterable[Any] = ()) -> pb.Thread:
    """A thread as it is answered."""
    started_at, last_message_at = Timestamp(), Timestamp()
    started_at.FromDatetime(row.started_at)
    last_message_at.FromDatetime(row.last_message_at)
    return pb.Thread(
        thread_id=row.id, organisation_id=row.organisation_id, service_area=row.service_area, subject=row.subject,
        started_by=row.started_by, started_at=started_at, state=row.state, assigned_membership_id=row.assigned_membership_id or "",
        assigned_to=row.assigned_to, last_message_at=last_message_at, last_message_by=row.last_message_by,
        message_count=row.message_count, unread=row.unread, document_ids=row.document_ids, started_by_firm=row.started_by_firm,
        last_message_by_firm=row.last_message_by_firm, read_position=row.read_position,
        participants=[pb.Recipient(membership_id=each.membership_id, name=each.name) for each in participants],
    )  # fmt: skip


def _token(at: datetime, thread_id: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([at.isoformat(), thread_id]).encode()).decode()


def _opened(token: str) -> tuple[datetime, str] | None:
    if not token:
        return None
    try:
        at, thread_id = json.loads(base64.urlsafe_b64decode(token.encode()))
        return datetime.fromisoformat(at), str(UUID(thread_id))
    except (ValueError, TypeError, AttributeError) as why:
        raise Invalid("bad_page_token", "This page token was not made here.", fields={"page_token": "not made here"}) from why
