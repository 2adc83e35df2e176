"""A person changed name or language: mails follow (ACC-71)."""

from kontor.events.v1.envelope_pb2 import Envelope
from kontor.identity.v1 import events_pb2

from chassis.db import Transaction
from services.notify import people

EVENT = events_pb2.ProfileChanged


def handle(tx: Transaction, event: events_pb2.ProfileChanged, envelope: Envelope) -> None:
    """Remember what is newest."""
    people.rename(tx, event, at=people.moment(envelope))
