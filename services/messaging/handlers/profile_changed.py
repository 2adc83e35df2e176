"""A person changed name, or came in somewhere: lists of people to write to follow."""

from kontor.events.v1.envelope_pb2 import Envelope
from kontor.identity.v1 import events_pb2

from chassis.db import Transaction
from services.messaging.actions import members

EVENT = events_pb2.ProfileChanged


def handle(tx: Transaction, event: events_pb2.ProfileChanged, envelope: Envelope) -> None:
    """Remember what is newest."""
    name = f"{event.first_name} {event.last_name}".strip()
    members.call(tx, event.user_id, name=name, came_in=event.membership_ids, at=members.moment(envelope))
