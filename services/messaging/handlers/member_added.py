"""Somebody became a member: the firm's people can write to them, and see who they are."""

from kontor.events.v1.envelope_pb2 import Envelope
from kontor.identity.v1 import events_pb2

from chassis.db import Transaction
from services.messaging.actions import members

EVENT = events_pb2.MemberAdded


def handle(tx: Transaction, event: events_pb2.MemberAdded, _: Envelope) -> None:
    """Remember the member by the name that was entered, unless the removal has arrived first."""
    members.add(
        tx, membership_id=event.membership_id, user_id=event.user_id, organisation_id=event.organisation_id,
        name=f"{event.first_name} {event.last_name}".strip(),
    )  # fmt: skip
