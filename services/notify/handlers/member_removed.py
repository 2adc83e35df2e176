"""A member was removed: nothing of the organisation is told to them any more (ACC-82)."""

from kontor.events.v1.envelope_pb2 import Envelope
from kontor.identity.v1 import events_pb2
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from chassis.db import Transaction
from services.notify import people
from services.notify.models import EmailStop, Membership, Notice, Switch

EVENT = events_pb2.MemberRemoved


def handle(tx: Transaction, event: events_pb2.MemberRemoved, envelope: Envelope) -> None:
    """Drop the membership's notices and switches, and the person with the last membership."""
    gone = insert(Membership).values(
        membership_id=event.membership_id, user_id=event.user_id, organisation_id=event.organisation_id, removed_at=people.moment(envelope)
    )
    tx.execute(gone.on_conflict_do_update(index_elements=["membership_id"], set_={"removed_at": gone.excluded.removed_at}))
    for table in (Notice, Switch, EmailStop):
        tx.execute(delete(table).where(table.membership_id == event.membership_id))
    people.forget_if_gone(tx, event.user_id)
