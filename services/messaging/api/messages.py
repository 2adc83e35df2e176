"""Messages between clients and the firm, over gRPC."""

from typing import Any
from uuid import UUID

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from kontor.messaging.v1 import messaging_pb2 as pb
from kontor.messaging.v1.messaging_pb2_grpc import MessagesServicer
from sqlalchemy import SmallInteger, Uuid, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from chassis import caller
from chassis.caller import Caller
from chassis.db import Database
from chassis.errors import Invalid
from services.messaging import threads
from services.messaging.actions import read_threads
from services.messaging.actions.messages import send_message
from services.messaging.models import ConsultantAccess, Message

PAGE_SIZE = 50
AFTER_ALL = "ffffffff-ffff-ffff-ffff-ffffffffffff"
# A page ends before its messages are larger than this: gRPC takes no answer of 4 MiB or more.
PAGE_BYTES = 3 * 1024 * 1024
LAST_POSITION = 2**31 - 1


class Messages(MessagesServicer):
    """What clients write to the firm, and the firm reads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def SendMessage(self, request: pb.SendMessageRequest, _: grpc.ServicerContext) -> pb.Message:
        """Accepted also where nobody serves the area yet: nothing is lost."""
        with self._database.transaction() as tx:
            return to_message(send_message(tx, caller.current(), request))

    def ListMessages(self, request: pb.ListMessagesRequest, _: grpc.ServicerContext) -> pb.ListMessagesResponse:
        """A page at a time; the token is the position, or without a thread the id, of the last message of the page before."""
        who, size = caller.current(), request.page_size or PAGE_SIZE
        if request.thread_id:
            rows = self._of_thread(who, request, limit=size + 1)
            messages = _fitting(rows[:size])
            more = str(messages[-1].position) if len(messages) < len(rows) else ""
            return pb.ListMessagesResponse(messages=messages, next_page_token=more)
        page = {"organisation_id": request.organisation_id, "before": _opened(request.page_token), "limit": size + 1}
        rows = self._of_areas(who, page) if threads.is_firm(who) else self._of_oneself(who, page)
        messages = _fitting(rows[:size])
        more = messages[-1].message_id if len(messages) < len(rows) else ""
        return pb.ListMessagesResponse(messages=messages, next_page_token=more)

    def _of_thread(self, who: Caller, request: pb.ListMessagesRequest, *, limit: int) -> Any:
        thread = {"thread_id": request.thread_id, "organisation_id": request.organisation_id}
        if not self._database.read(read_threads.SEEN[threads.is_firm(who)], read_threads.asked_by(who) | thread):
            raise threads.no_thread()
        statement, beginning = (read_threads.OLDEST, 0) if request.oldest_first else (read_threads.NEWEST, LAST_POSITION)
        return self._database.read(statement, thread | {"after": _position(request.page_token, beginning), "limit": limit})

    def _of_areas(self, who: Caller, page: dict[str, Any]) -> Any:
        served = self._database.read(_areas, {"organisation_id": page["organisation_id"], "membership_id": who.membership_id})
        if not served or not who.reaches(page["organisation_id"]):
            raise threads.no_organisation()
        return self._database.read(_received, page | {"areas": served[0].service_areas})

    def _of_oneself(self, who: Caller, page: dict[str, Any]) -> Any:
        if page["organisation_id"] != who.organisation_id:
            raise threads.no_organisation()
        return self._database.read(_sent, page | {"user_id": who.user_id, "membership_id": who.membership_id or None})


def to_message(row: Any) -> pb.Message:
    """A message as it is answered."""
    sent_at = Timestamp()
    sent_at.FromDatetime(row.sent_at)
    return pb.Message(
        message_id=row.id, organisation_id=row.organisation_id, service_area=row.service_area, subject=row.subject, body=row.body,
        sent_by=row.sent_by, sent_at=sent_at, document_ids=row.document_ids, thread_id=row.thread_id, position=row.position,
        by_firm=row.by_firm, sent_by_membership_id=row.sent_by_membership_id,
    )  # fmt: skip


def _fitting(rows: Any) -> list[pb.Message]:
    """As many messages as one answer holds: at least one."""
    messages: list[pb.Message] = []
    taken = 0
    for row in rows:
        message = to_message(row)
        taken += message.ByteSize()
        if messages and taken > PAGE_BYTES:
            break
        messages.append(message)
    return messages


def _opened(token: str) -> str:
    try:
        return str(UUID(token)) if token else AFTER_ALL
    except ValueError as why:
        raise Invalid("bad_page_token", "This page token was not made here.", fields={"page_token": "not made here"}) from why


def _position(token: str, beginning: int) -> int:
    if not token:
        return beginning
    if not (token.isascii() and token.isdigit() and int(token) <= LAST_POSITION):
        raise Invalid("bad_page_token", "This page token was not made here.", fields={"page_token": "not made here"})
    return int(token)


_ID = Uuid(as_uuid=False)
_organisation = bindparam("organisation_id", type_=_ID)
_areas = select(ConsultantAccess.service_areas).where(
    ConsultantAccess.organisation_id == _organisation,
    ConsultantAccess.membership_id == bindparam("membership_id", type_=_ID),
    func.cardinality(ConsultantAccess.service_areas) > 0,
)
_page = (
    select(*Message.__table__.c)
    .where(Message.organisation_id == _organisation, Message.id < bindparam("before", type_=_ID))
    .order_by(Message.id.desc())
    .limit(bindparam("limit"))
)
_sent = _page.where(
    Message.sent_by_user_id == bindparam("user_id", type_=_ID), ~threads.ended(bindparam("membership_id", type_=_ID))
)
_received = _page.where(Message.service_area == any_(bindparam("areas", type_=ARRAY(SmallInteger))))
