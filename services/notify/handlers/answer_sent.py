"""The firm wrote to people of a client: a notice, and its text by mail at once unless that is switched off (ACC-35, ACC-64)."""

from kontor.events.v1.envelope_pb2 import Envelope
from kontor.messaging.v1 import events_pb2
from kontor.notify.v1.notify_pb2 import NOTICE_KIND_ANSWER
from sqlalchemy.dialects.postgresql import insert

from chassis import clock
from chassis.db import Transaction
from chassis.service import Job
from services.notify import notices, people, rules
from services.notify.models import ANSWER, DUE, Delivery

EVENT = events_pb2.AnswerSent


def handle(tx: Transaction, event: events_pb2.AnswerSent, envelope: Envelope, *, send: Job) -> None:
    """The text waits in the row of its mail and goes with it."""
    news = notices.News(
        kind=NOTICE_KIND_ANSWER, organisation_id=event.organisation_id, subject_id=event.message_id, service_area=event.service_area,
        at=people.moment(envelope), thread_id=event.thread_id or None,
    )  # fmt: skip
    told = notices.post(tx, news, event.to_membership_ids)
    if told:
        now = clock.now()
        mail = {
            "kind": ANSWER, "window": event.message_id, "until": now, "state": DUE, "due_at": now, "attempts": 0, "created_at": now,
            "subject": rules.one_line(event.subject)[:200], "text": "\n".join(rules.lines(event.text)),
            "sent_by": rules.one_line(event.sent_by)[:300],
        }  # fmt: skip
        tx.execute(insert(Delivery).on_conflict_do_nothing(), [mail | {"recipient_id": reader} for reader in told])
        tx.start(send)
