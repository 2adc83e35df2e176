"""A person's own notices: mark them as read."""

from kontor.notify.v1 import notify_pb2 as pb
from sqlalchemy import or_, update

from chassis import clock
from chassis.caller import Caller
from chassis.db import Transaction
from services.notify.models import Notice
from services.notify.notices import shown


def mark_read(tx: Transaction, caller: Caller, request: pb.MarkReadRequest) -> None:
    """Those that are named, and those about the documents and conversations that are; all that are shown when nothing is named.

    What is not the caller's own is passed over.
    """
    unread = update(Notice).where(Notice.membership_id == caller.membership_id, Notice.read_at.is_(None))
    named = {Notice.id: request.notice_ids, Notice.subject_id: request.subject_ids, Notice.thread_id: request.thread_ids}
    # What was opened is seen, also where its notice stands nowhere and waits for the digest alone.
    these = or_(*(column.in_(ids) for column, ids in named.items() if ids)) if any(named.values()) else shown(caller.membership_id)
    marked = tx.scalars(unread.where(these).values(read_at=clock.now()).returning(Notice.id)).all()
    if marked:
        tx.record("notice.read", organisation=caller.organisation_id, subject=caller.membership_id, count=str(len(marked)))
