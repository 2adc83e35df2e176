"""What people do with their accounts stands in their own chain, and in that of every organisation they have come in to (BEY-09)."""

from sqlalchemy import bindparam, select

from chassis.db import Transaction
from services.identity.models import Membership

# An organisation that has entered an address learns nothing of whose it is before that person comes in (P5).
_belongs = select(Membership.organisation_id).where(
    Membership.user_id == bindparam("user_id"), Membership.removed_at.is_(None), Membership.entered.is_(None)
)


def record(tx: Transaction, action: str, *, user_id: str, subject: str, **facts: str) -> None:
    """Write it down wherever the person belongs. `user` says whose account it is: before a sign-in is finished the caller is anyone."""
    for organisation in (user_id, *tx.scalars(_belongs, {"user_id": user_id})):
        tx.record(action, organisation=organisation, subject=subject, user=user_id, **facts)
