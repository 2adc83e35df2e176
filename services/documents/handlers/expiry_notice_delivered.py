"""A notice of coming deletion has reached somebody: from now on its documents may go, a week later at the earliest (BEY-02)."""

from datetime import UTC

from kontor.events.v1.envelope_pb2 import Envelope
from kontor.notify.v1 import events_pb2
from sqlalchemy import update

from chassis.db import Transaction
from services.documents.models_retention import Announcement

EVENT = events_pb2.ExpiryNoticeDelivered


def handle(tx: Transaction, event: events_pb2.ExpiryNoticeDelivered, _: Envelope) -> None:
    """Remember when it reached the first. What was announced anew since then waits for its own notice."""
    tx.execute(
        update(Announcement)
        .where(Announcement.batch_id == event.batch_id, Announcement.version_id.in_(event.version_ids))
        .where(Announcement.delivered_at.is_(None))
        .values(delivered_at=event.delivered_at.ToDatetime(UTC))
    )
