"""One mail a person for all that happens within some minutes: many files at once are one mail, not many."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from kontor.notify.v1.notify_pb2 import NOTICE_CHANNEL_EMAIL
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from chassis import clock
from chassis.db import Transaction
from services.notify import switches
from services.notify.models import DUE, SENT, Delivery, Membership, Person

# What comes within this time after the last goes with the same mail; but no mail waits longer than the other.
TOGETHER, LONGEST = timedelta(minutes=2), timedelta(minutes=15)
HOUR = timedelta(hours=1)


def gather(tx: Transaction, kind: str, users: Collection[str], *, window: str, apart: timedelta = timedelta(0)) -> None:
    """A mail of this kind that waits already tells this too; who has none gets one, at least so long after the last that left."""
    now = clock.now()
    # Of several things at once, each waits here for the other's mail.
    tx.execute(select(Person.user_id).where(Person.user_id.in_(users)).order_by(Person.user_id).with_for_update())
    waiting = update(Delivery).where(Delivery.recipient_id.in_(users), Delivery.kind == kind, Delivery.state == DUE)
    later = func.greatest(Delivery.due_at, func.least(now + TOGETHER, Delivery.created_at + LONGEST))
    held = tx.scalars(waiting.values(due_at=later).returning(Delivery.recipient_id)).all()
    new = sorted(set(users) - set(held))
    last = _last(tx, kind, new, since=now - apart)
    mail = {"kind": kind, "window": window, "until": now, "state": DUE, "attempts": 0, "created_at": now}
    rows = [mail | {"recipient_id": each, "due_at": max(now + TOGETHER, last.get(each, now - apart) + apart)} for each in new]
    if rows:
        tx.execute(insert(Delivery).on_conflict_do_nothing(), rows)


def by_mail(tx: Transaction, membership_ids: Collection[str], category: int) -> set[str]:
    """The persons behind these members who want mails of the category."""
    wanted = switches.wants(Membership.membership_id, category, NOTICE_CHANNEL_EMAIL)
    members = select(Membership.user_id).where(Membership.membership_id.in_(membership_ids), Membership.removed_at.is_(None), wanted)
    return set(tx.scalars(members))


def first_of_each(deliveries: Sequence[Delivery]) -> Mapping[int, str]:
    """Delivery to person: of two mails to one person the first tells everything."""
    first = {delivery.recipient_id: delivery.id for delivery in sorted(deliveries, key=lambda each: each.id, reverse=True)}
    return {delivery_id: user_id for user_id, delivery_id in first.items()}


def _last(tx: Transaction, kind: str, users: Collection[str], *, since: datetime) -> dict[str, datetime]:
    sent = (Delivery.recipient_id.in_(users), Delivery.kind == kind, Delivery.state == SENT, Delivery.ended_at > since)
    rows: Sequence[Any] = tx.execute(
        select(Delivery.recipient_id, func.max(Delivery.ended_at).label("at")).where(*sent).group_by(Delivery.recipient_id)
    ).all()
    return {row.recipient_id: row.at for row in rows}
