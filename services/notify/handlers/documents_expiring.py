"""Documents will be deleted: a notice, and unless that is switched off a mail to each person with all of that hour (ACC-46, BEY-02)."""

from datetime import UTC

from kontor.documents.v1 import events_pb2
from kontor.events.v1.envelope_pb2 import Envelope
from kontor.notify.v1.notify_pb2 import NOTICE_CATEGORY_DELETION, NOTICE_CHANNEL_EMAIL, NOTICE_KIND_DOCUMENTS_EXPIRING
from sqlalchemy import select

from chassis.db import Transaction
from services.notify import expiry, gathering, notices, people, switches
from services.notify.models import EXPIRY, Membership

EVENT = events_pb2.DocumentsExpiring


def handle(tx: Transaction, event: events_pb2.DocumentsExpiring, envelope: Envelope) -> None:
    """One that wants no mail is reached by the notice itself, while their access is in force: else they cannot see it (NET-13)."""
    at = people.moment(envelope)
    expiry.keep(tx, event, at=at, expires_at=event.expires_at.ToDatetime(UTC))
    news = notices.News(
        kind=NOTICE_KIND_DOCUMENTS_EXPIRING, organisation_id=event.organisation_id, subject_id=event.batch_id,
        service_area=event.service_area, at=at, folder_id=event.folder_id,
    )  # fmt: skip
    told = notices.post(tx, news, event.reader_membership_ids)
    by_mail = switches.wants(Membership.membership_id, NOTICE_CATEGORY_DELETION, NOTICE_CHANNEL_EMAIL).label("by_mail")
    in_portal = (~switches.out_of_force(Membership.membership_id)).label("in_portal")
    members = select(Membership.membership_id, Membership.user_id, by_mail, in_portal).where(Membership.membership_id.in_(told))
    rows = tx.execute(members.where(Membership.removed_at.is_(None)).order_by(Membership.membership_id)).all()
    # What is announced for other folders in the same hour goes with the same mail.
    gathering.gather(tx, EXPIRY, {row.user_id for row in rows if row.by_mail}, window=event.batch_id)
    for row in [row for row in rows if row.in_portal and not row.by_mail][:1]:
        expiry.reached(tx, [event.batch_id], membership_id=row.membership_id)
