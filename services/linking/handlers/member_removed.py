"""A member was removed: what a consultant did for clients ends with the membership."""

from kontor.events.v1.envelope_pb2 import Envelope
from kontor.identity.v1 import events_pb2
from kontor.linking.v1.events_pb2 import ConsultantAssigned

from chassis.db import Transaction
from services.linking.actions.consultants import ended

EVENT = events_pb2.MemberRemoved


def handle(tx: Transaction, event: events_pb2.MemberRemoved, envelope: Envelope) -> None:
    """End every assignment of the membership."""
    del envelope
    for gone in tx.scalars(ended(event.membership_id)).all():
        ending = ConsultantAssigned(firm_id=gone.firm_id, organisation_id=gone.organisation_id, membership_id=gone.membership_id)
        tx.emit(ending, about=gone.aggregate, version=gone.version, organisation=gone.organisation_id)
        tx.record("consultant.assign", organisation=gone.organisation_id, subject=gone.membership_id, areas="", why="member removed")
