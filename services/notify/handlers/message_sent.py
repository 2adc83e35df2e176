"""A client wrote: a notice and, unless switched off, a mail at once to those who serve it in that area (ACC-63, AMI-08)."""

from kontor.events.v1.envelope_pb2 import Envelope
from kontor.messaging.v1 import events_pb2
from kontor.notify.v1.notify_pb2 import NOTICE_KIND_MESSAGE
from sqlalchemy.dialects.postgresql import insert

from chassis import clock
from chassis.db import Transaction
from chassis.service import Job
from services.notify import notices, people
from services.notify.models import DUE, MESSAGE, Delivery

EVENT = events_pb2.MessageSent


def handle(tx: Transaction, event: events_pb2.MessageSent, envelope: Envelope, *, send: Job) -> None:
    """The mail itself is written when it leaves, so that a switch or an assignment changed meanwhile counts."""
    news = notices.News(
        kind=NOTICE_KIND_MESSAGE, organisation_id=event.organisation_id, subject_id=event.message_id, service_area=event.service_area,
        at=people.moment(envelope), thread_id=event.thread_id or None,
    )  # fmt: skip
    told = notices.post(tx, news, set(event.reader_membership_ids) - {event.sent_by_membership_id})
    if told:
        now = clock.now()
        mail = {"kind": MESSAGE, "window": event.message_id, "until": now, "state": DUE, "due_at": now, "attempts": 0, "created_at": now}
        tx.execute(insert(Delivery).on_conflict_do_nothing(), [mail | {"recipient_id": reader} for reader in told])
        tx.start(send)
