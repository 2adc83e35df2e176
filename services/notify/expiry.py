"""Notices that documents will be deleted: what they still speak of, and that they have reached somebody (ACC-46, BEY-02)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from kontor.documents.v1.events_pb2 import DocumentsExpiring
from kontor.notify.v1.events_pb2 import ExpiryNoticeDelivered
from kontor.notify.v1.notify_pb2 import NOTICE_KIND_DOCUMENTS_EXPIRING
from sqlalchemy import ColumnElement, delete, func, insert, select, update

from chassis import clock
from chassis.db import Transaction
from services.notify.models import ExpiringVersion, ExpiryBatch, Notice


def keep(tx: Transaction, event: DocumentsExpiring, *, at: datetime, expires_at: datetime) -> None:
    """Remember what one notice speaks of; notices of earlier stages no longer speak of it."""
    versions = [each.version_id for each in event.versions]
    forget(tx, ExpiringVersion.version_id.in_(versions))
    batch = {"batch_id": event.batch_id, "organisation_id": event.organisation_id, "files": len(versions)}
    tx.execute(insert(ExpiryBatch).values(**batch, expires_at=expires_at, at=at))
    rows = [{"batch_id": event.batch_id, "version_id": each.version_id, "document_id": each.document_id} for each in event.versions]
    tx.execute(insert(ExpiringVersion), rows)


def forget(tx: Transaction, which: ColumnElement[bool]) -> None:
    """These versions were replaced, deleted, moved or held: no notice speaks of them any more, and one that speaks of nothing goes."""
    touched = tx.scalars(delete(ExpiringVersion).where(which).returning(ExpiringVersion.batch_id)).all()
    if not touched:
        return
    left = select(func.count()).where(ExpiringVersion.batch_id == ExpiryBatch.batch_id).scalar_subquery()
    counted = update(ExpiryBatch).where(ExpiryBatch.batch_id.in_(set(touched))).values(files=left)
    rows = tx.execute(counted.returning(ExpiryBatch.batch_id, ExpiryBatch.files).execution_options(synchronize_session=False)).all()
    empty = [row.batch_id for row in rows if not row.files]
    tx.execute(delete(Notice).where(Notice.kind == NOTICE_KIND_DOCUMENTS_EXPIRING, Notice.subject_id.in_(empty)))
    tx.execute(delete(ExpiryBatch).where(ExpiryBatch.batch_id.in_(empty)))


def of_organisation(organisation_id: str) -> ColumnElement[bool]:
    """Everything of a client that notices speak of."""
    return ExpiringVersion.batch_id.in_(select(ExpiryBatch.batch_id).where(ExpiryBatch.organisation_id == organisation_id))


def reached(tx: Transaction, batch_ids: Collection[str], *, membership_id: str) -> None:
    """A notice has reached its first reader: from now on what it speaks of may be deleted, a week later at the earliest."""
    first = update(ExpiryBatch).where(ExpiryBatch.batch_id.in_(batch_ids), ExpiryBatch.delivered_at.is_(None))
    now = clock.now()
    for batch in tx.execute(first.values(delivered_at=now).returning(ExpiryBatch.batch_id, ExpiryBatch.organisation_id)).all():
        versions: Sequence[Any] = tx.scalars(select(ExpiringVersion.version_id).where(ExpiringVersion.batch_id == batch.batch_id)).all()
        moment = Timestamp()
        moment.FromDatetime(now)
        event = ExpiryNoticeDelivered(
            batch_id=batch.batch_id, version_ids=versions, organisation_id=batch.organisation_id, membership_id=membership_id,
            delivered_at=moment,
        )  # fmt: skip
        tx.emit(event, about=batch.batch_id, organisation=batch.organisation_id)


def told(tx: Transaction, notice_ids: Collection[str]) -> None:
    """A mail has left that told these notices: each has reached its reader."""
    rows = tx.execute(select(Notice.subject_id, Notice.membership_id).where(Notice.id.in_(notice_ids))).all()
    by_member: dict[str, list[str]] = {}
    for row in rows:
        by_member.setdefault(row.membership_id, []).append(row.subject_id)
    for membership_id, batch_ids in by_member.items():
        reached(tx, batch_ids, membership_id=membership_id)
