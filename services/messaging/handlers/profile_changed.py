"""A person changed name: lists of people to write to follow."""

from kontor.events.v1.envelope_pb2 import Envelope
from kontor.identity.v1 import events_pb2

from chassis.db import Transaction
from services.messaging.actions import members

EVENT = events_pb2.ProfileChanged


def handle(tx: Transaction, event: events_pb2.ProfileChanged, envelope: Envelope) -> None:
    """Remember what is newest."""
    members.call(tx, event.user_id, name=f"{event.first_name} {event.last_name}".strip(), at=members.moment(envelope))
