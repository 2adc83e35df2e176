"""Documents will be deleted: a notice, and unless that is switched off a mail to each person with all of that hour (ACC-46, BEY-02)."""

from collections.abc import Collection
from datetime import UTC, timedelta

from kontor.documents.v1 import events_pb2
from kontor.events.v1.envelope_pb2 import Envelope
from kontor.notify.v1.notify_pb2 import NOTICE_CATEGORY_DELETION, NOTICE_CHANNEL_EMAIL, NOTICE_KIND_DOCUMENTS_EXPIRING
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from chassis import clock
from chassis.db import Transaction
from services.notify import expiry, notices, people, switches
from services.notify.models import DUE, EXPIRY, Delivery, Membership, Person

EVENT = events_pb2.DocumentsExpiring
# What is announced for other folders in the same hour comes within this time, and goes with the same mail.
TOGETHER = timedelta(minutes=2)


def handle(tx: Transaction, event: events_pb2.DocumentsExpiring, envelope: Envelope) -> None:
    """One that wants no mail is reached by the notice itself."""
    at = people.moment(envelope)
    expiry.keep(tx, event, at=at, expires_at=event.expires_at.ToDatetime(UTC))
    news = notices.News(
        kind=NOTICE_KIND_DOCUMENTS_EXPIRING, organisation_id=event.organisation_id, subject_id=event.batch_id,
        service_area=event.service_area, at=at, folder_id=event.folder_id,
    )  # fmt: skip
    told = notices.post(tx, news, event.reader_membership_ids)
    by_mail = switches.wants(Membership.membership_id, NOTICE_CATEGORY_DELETION, NOTICE_CHANNEL_EMAIL).label("by_mail")
    members = select(Membership.membership_id, Membership.user_id, by_mail).where(Membership.membership_id.in_(told))
    # Whose access and mails have ended is reached neither way.
    here = (Membership.removed_at.is_(None), ~switches.emails_stopped(Membership.membership_id))
    rows = tx.execute(members.where(*here).order_by(Membership.membership_id)).all()
    _mail(tx, {row.user_id for row in rows if row.by_mail}, window=event.batch_id)
    for row in [row for row in rows if not row.by_mail][:1]:
        expiry.reached(tx, [event.batch_id], membership_id=row.membership_id)


def _mail(tx: Transaction, users: Collection[str], *, window: str) -> None:
    """A mail that waits already tells this too, and waits for what else is announced in this hour; who has none gets one."""
    now = clock.now()
    # Of several folders announced at once, each waits here for the other's mail.
    tx.execute(select(Person.user_id).where(Person.user_id.in_(users)).order_by(Person.user_id).with_for_update())
    waiting = update(Delivery).where(Delivery.recipient_id.in_(users), Delivery.kind == EXPIRY, Delivery.state == DUE)
    held = tx.scalars(waiting.values(due_at=now + TOGETHER).returning(Delivery.recipient_id)).all()
    mail = {"kind": EXPIRY, "window": window, "until": now, "state": DUE, "due_at": now + TOGETHER, "attempts": 0, "created_at": now}
    rows = [mail | {"recipient_id": user_id} for user_id in sorted(set(users) - set(held))]
    if rows:
        tx.execute(insert(Delivery).on_conflict_do_nothing(), rows)
