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
from chassis.errors import Invalid, NotFound
from services.messaging.actions.messages import send_message
from services.messaging.models import ConsultantAccess, Message

PAGE_SIZE = 50
AFTER_ALL = "ffffffff-ffff-ffff-ffff-ffffffffffff"


class Messages(MessagesServicer):
    """What clients write to the firm, and the firm reads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def SendMessage(self, request: pb.SendMessageRequest, _: grpc.ServicerContext) -> pb.Message:
        """Accepted also where nobody serves the area yet: nothing is lost."""
        with self._database.transaction() as tx:
            return to_message(send_message(tx, caller.current(), request))

    def ListMessages(self, request: pb.ListMessagesRequest, _: grpc.ServicerContext) -> pb.ListMessagesResponse:
        """Newest first, a page at a time; the token is the id of the last message of the page before."""
        who, size = caller.current(), request.page_size or PAGE_SIZE
        page = {"organisation_id": request.organisation_id, "before": _opened(request.page_token), "limit": size + 1}
        rows = self._of_areas(who, page) if who.organisation_kind == "firm" else self._of_oneself(who, page)
        more = rows[size - 1].id if len(rows) > size else ""
        return pb.ListMessagesResponse(messages=[to_message(row) for row in rows[:size]], next_page_token=more)

    def _of_areas(self, who: Caller, page: dict[str, Any]) -> Any:
        served = self._database.read(_areas, {"organisation_id": page["organisation_id"], "membership_id": who.membership_id})
        if not served:
            raise _no_organisation()
        return self._database.read(_received, page | {"areas": served[0].service_areas})

    def _of_oneself(self, who: Caller, page: dict[str, Any]) -> Any:
        if page["organisation_id"] != who.organisation_id:
            raise _no_organisation()
        return self._database.read(_sent, page | {"user_id": who.user_id})


def to_message(row: Any) -> pb.Message:
    """A message as it is answered."""
    sent_at = Timestamp()
    sent_at.FromDatetime(row.sent_at)
    return pb.Message(
        message_id=row.id, organisation_id=row.organisation_id, service_area=row.service_area, subject=row.subject, body=row.body,
        sent_by=row.sent_by, sent_at=sent_at, document_ids=row.document_ids,
    )  # fmt: skip


def _no_organisation() -> NotFound:
    return NotFound("organisation_not_found", "There is no such organisation whose messages you could read.")


def _opened(token: str) -> str:
    try:
        return str(UUID(token)) if token else AFTER_ALL
    except ValueError as why:
        raise Invalid("bad_page_token", "This page token was not made here.", fields={"page_token": "not made here"}) from why


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
_sent = _page.where(Message.sent_by_user_id == bindparam("user_id", type_=_ID))
_received = _page.where(Message.service_area == any_(bindparam("areas", type_=ARRAY(SmallInteger))))
