"""A member was removed: nobody writes to them any more (ACC-82)."""

from kontor.events.v1.envelope_pb2 import Envelope
from kontor.identity.v1 import events_pb2

from chassis.db import Transaction
from services.messaging.actions import members, read_news

EVENT = events_pb2.MemberRemoved


def handle(tx: Transaction, event: events_pb2.MemberRemoved, envelope: Envelope) -> None:
    """End the membership and what it has read, and forget the person with the last one."""
    members.remove(
        tx, membership_id=event.membership_id, user_id=event.user_id, organisation_id=event.organisation_id, at=members.moment(envelope)
    )
    read_news.forget(tx, event.membership_id)
