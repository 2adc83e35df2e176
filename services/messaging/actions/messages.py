"""Send a message to those at the firm who serve a client in one area."""

import uuid_utils.compat as uuid
from kontor.messaging.v1.events_pb2 import MessageSent
from kontor.messaging.v1.messaging_pb2 import SendMessageRequest
from sqlalchemy import Select, any_, literal, select

from chassis import clock
from chassis.caller import Caller
from chassis.db import Transaction
from chassis.errors import Invalid, NotFound
from services.messaging import rules
from services.messaging.models import ConsultantAccess, Message


def send_message(tx: Transaction, caller: Caller, request: SendMessageRequest) -> Message:
    """Keep the message and tell its readers at once (ACC-63). Where nobody serves the area yet it waits for whoever will.

    Raises NotFound for a client that the caller has nothing to do with, Invalid where no text is left without control characters.
    """
    readers = tx.scalars(_serving(request.organisation_id, request.service_area)).all()
    own = request.organisation_id == caller.organisation_id
    if not rules.may_write(is_firm=caller.organisation_kind == "firm", own_organisation=own, serves_area=caller.membership_id in readers):
        raise NotFound("organisation_not_found", "There is no such organisation that you could write for.")
    message = _written(caller, request)
    tx.add(message)
    event = MessageSent(
        message_id=message.id, organisation_id=message.organisation_id, service_area=request.service_area,
        sent_by_membership_id=caller.membership_id, reader_membership_ids=readers,
    )  # fmt: skip
    tx.emit(event, about=message.id, organisation=message.organisation_id)
    tx.record("message.send", organisation=message.organisation_id, subject=message.id, area=str(message.service_area))
    return message


def _serving(organisation_id: str, area: int) -> Select[str]:
    return (
        select(ConsultantAccess.membership_id)
        .where(ConsultantAccess.organisation_id == organisation_id, literal(area) == any_(ConsultantAccess.service_areas))
        .order_by(ConsultantAccess.membership_id)
    )


def _written(caller: Caller, request: SendMessageRequest) -> Message:
    subject, body = rules.one_line(request.subject), rules.plain_text(request.body)
    empty = {name: "has no text" for name, text in (("subject", subject), ("body", body)) if not text}
    if empty:
        raise Invalid("message_empty", "A message needs a subject and a text.", fields=empty)
    return Message(
        id=str(uuid.uuid7()), organisation_id=request.organisation_id, service_area=request.service_area, subject=subject, body=body,
        document_ids=list(request.document_ids), sent_by_user_id=caller.user_id, sent_by_membership_id=caller.membership_id,
        sent_by=caller.name, sent_at=clock.now(),
    )  # fmt: skip
