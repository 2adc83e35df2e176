"""A person's own notices: mark them as read."""

from collections.abc import Sequence

from sqlalchemy import update

from chassis import clock
from chassis.caller import Caller
from chassis.db import Transaction
from services.notify.models import Notice
from services.notify.notices import shown


def mark_read(tx: Transaction, caller: Caller, *, notice_ids: Sequence[str]) -> None:
    """These, or all that are shown when none is named. What is not the caller's own is passed over."""
    unread = update(Notice).where(Notice.membership_id == caller.membership_id, Notice.read_at.is_(None), shown(caller.membership_id))
    if notice_ids:
        unread = unread.where(Notice.id.in_(notice_ids))
    marked = tx.scalars(unread.values(read_at=clock.now()).returning(Notice.id)).all()
    if marked:
        tx.record("notice.read", organisation=caller.organisation_id, subject=caller.membership_id, count=str(len(marked)))
