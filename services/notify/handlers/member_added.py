"""Somebody became a member: the address book learns how to reach them."""

from kontor.events.v1.envelope_pb2 import Envelope
from kontor.identity.v1 import events_pb2
from sqlalchemy.dialects.postgresql import insert

from chassis.db import Transaction
from services.notify import people
from services.notify.models import Membership, Organisation

EVENT = events_pb2.MemberAdded


def handle(tx: Transaction, event: events_pb2.MemberAdded, _: Envelope) -> None:
    """Remember member and person, unless the removal has arrived first."""
    added = insert(Membership).values(
        membership_id=event.membership_id, user_id=event.user_id, organisation_id=event.organisation_id, removed_at=None
    )
    if tx.execute(added.on_conflict_do_nothing().returning(Membership.membership_id)).first() is None:
        return
    named = insert(Organisation).values(organisation_id=event.organisation_id, name=event.organisation_name)
    tx.execute(named.on_conflict_do_update(index_elements=["organisation_id"], set_={"name": named.excluded.name}))
    people.introduce(tx, event)
