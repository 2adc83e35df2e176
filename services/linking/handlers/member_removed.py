"""A member was removed: what a consultant did for clients ends with the membership, or goes on with the one that takes its place."""

from kontor.events.v1.envelope_pb2 import Envelope
from kontor.identity.v1 import events_pb2
from kontor.linking.v1.events_pb2 import ConsultantAssigned

from chassis.db import Transaction
from services.linking.actions.consultants import ended, removed, take_over, working

EVENT = events_pb2.MemberRemoved


def handle(tx: Transaction, event: events_pb2.MemberRemoved, envelope: Envelope) -> None:
    """End every assignment of the membership; where the person only has a new address, the other membership has the same ones."""
    del envelope
    removed(tx, event.membership_id)
    held = tx.execute(working(event.membership_id)).all() if event.replaced_by else []
    for each in held:
        take_over(tx, each, event.replaced_by)
    for gone in tx.scalars(ended(event.membership_id)).all():
        ending = ConsultantAssigned(firm_id=gone.firm_id, organisation_id=gone.organisation_id, membership_id=gone.membership_id)
        tx.emit(ending, about=gone.aggregate, version=gone.version, organisation=gone.organisation_id)
        tx.record("consultant.assign", organisation=gone.organisation_id, subject=gone.membership_id, areas="", why="member removed")
