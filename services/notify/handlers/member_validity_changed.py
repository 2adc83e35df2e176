"""A member's access began or ended: e-mails stop with it only where that was wished, else they go on (NET-13, NET-14)."""

from kontor.events.v1.envelope_pb2 import Envelope
from kontor.identity.v1 import events_pb2
from sqlalchemy.dialects.postgresql import insert

from chassis.db import Transaction
from services.notify import people
from services.notify.models import EmailStop

EVENT = events_pb2.MemberValidityChanged


def handle(tx: Transaction, event: events_pb2.MemberValidityChanged, envelope: Envelope) -> None:
    """Keep the newest; what was overtaken changes nothing."""
    said = {"stopped": event.emails_stopped, "in_force": event.in_force, "as_of": people.moment(envelope)}
    told = insert(EmailStop).values(membership_id=event.membership_id, **said)
    newer = {column: told.excluded[column] for column in said}
    tx.execute(told.on_conflict_do_update(index_elements=["membership_id"], set_=newer, where=EmailStop.as_of <= told.excluded.as_of))
