"""What a member is told of and where: what was chosen, else the default (ACC-68, AMI-08)."""

from collections.abc import Collection, Mapping
from typing import Any

from kontor.notify.v1.notify_pb2 import NOTICE_CHANNEL_EMAIL, NOTICE_CHANNEL_PORTAL
from sqlalchemy import ColumnElement, Select, and_, exists, select
from sqlalchemy.dialects.postgresql import insert

from chassis.db import Transaction
from services.notify import rules
from services.notify.models import EmailStop, Switch


def wants(membership_id: Any, category: int, channel: int) -> ColumnElement[bool]:
    """Whether a member, a column of the query around it, is told of this category on this channel."""
    chosen = exists().where(Switch.membership_id == membership_id, Switch.category == category, Switch.channel == channel)
    wanted = ~chosen.where(~Switch.on) if rules.on_unless_chosen(category, channel) else chosen.where(Switch.on)
    return and_(wanted, ~emails_stopped(membership_id)) if channel == NOTICE_CHANNEL_EMAIL else wanted


def emails_stopped(membership_id: Any) -> ColumnElement[bool]:
    """Whether e-mails to the member have stopped with the access (NET-14)."""
    return exists().where(EmailStop.membership_id == membership_id, EmailStop.stopped)


def out_of_force(membership_id: Any) -> ColumnElement[bool]:
    """Whether the member's access has ended, so that nothing in the portal is seen (NET-13)."""
    return exists().where(EmailStop.membership_id == membership_id, ~EmailStop.in_force)


def hidden(membership_id: Any) -> Select[int]:
    """The categories that a member has switched off in the portal, where all are on unless chosen otherwise."""
    return select(Switch.category).where(Switch.membership_id == membership_id, Switch.channel == NOTICE_CHANNEL_PORTAL, ~Switch.on)


def without(membership_ids: Collection[str], category: int) -> Select[str]:
    """Those of the members who have the category switched off in the portal."""
    off = (Switch.category == category, Switch.channel == NOTICE_CHANNEL_PORTAL, ~Switch.on)
    return select(Switch.membership_id).where(Switch.membership_id.in_(membership_ids), *off)


def choose(tx: Transaction, membership_ids: Collection[str], wanted: Mapping[rules.Cell, bool]) -> None:
    """These from now on, for each of the members; other switches stay."""
    rows = [
        {"membership_id": member, "category": category, "channel": channel, "on": on}
        for member in sorted(membership_ids)
        for (category, channel), on in sorted(wanted.items())
    ]
    if rows:
        chosen = insert(Switch)
        key = ["membership_id", "category", "channel"]
        tx.execute(chosen.on_conflict_do_update(index_elements=key, set_={"on": chosen.excluded.on}), rows)
