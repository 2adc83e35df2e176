"""End a version: from this moment nobody can read it, and its tombstone says what it was. Its bytes are removed after that."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kontor.documents.v1.events_pb2 import DocumentDeleted, VersionDeleted
from kontor.documents.v1.retention_pb2 import DELETION_CAUSE_REQUEST, DELETION_CAUSE_RETENTION
from sqlalchemy import delete

from chassis import clock
from chassis.db import Transaction
from services.documents import access, sharing
from services.documents.models import Document, Folder, Version
from services.documents.models_retention import Announcement, Tombstone
from services.documents.rules import SHARED, Status


@dataclass(frozen=True)
class Why:
    """What a deletion is for: a notice that somebody got, or the firm's word."""

    notice: Announcement | None = None
    by: str = ""
    by_membership_id: str = ""
    reason: str = ""

    @property
    def cause(self) -> int:
        """As the contract calls it."""
        return DELETION_CAUSE_RETENTION if self.notice else DELETION_CAUSE_REQUEST


def end_version(tx: Transaction, document: Document, version: Version, why: Why) -> Tombstone:
    """Put a tombstone in the place of a version. Who calls this holds the document's row, and has seen that nothing holds the document."""
    now = clock.now()
    folder = tx.get_one(Folder, document.folder_id)
    by_firm = version.uploader_organisation_id != document.organisation_id
    stone = Tombstone(
        id=version.id, document_id=document.id, organisation_id=document.organisation_id, folder_id=folder.id, folder_name=folder.name,
        service_area=folder.service_area, name=document.name, name_key=document.name_key, period=document.period, year=document.year,
        version=version.number or 0, content_type=version.content_type, size=version.size, sha256=version.sha256,
        uploaded_by=version.uploader_organisation_name if by_firm else version.uploader_name, uploaded_by_firm=by_firm,
        uploader_organisation_id=version.uploader_organisation_id, uploaded_at=version.received_at, expires_at=version.expires_at,
        cause=why.cause, withdrawn_at=now, due_at=now, deleted_by=why.by, reason=why.reason, **_notice(why.notice),
    )  # fmt: skip
    tx.add(stone)
    tx.execute(delete(Announcement).where(Announcement.version_id == version.id))
    tx.delete(version)
    tx.flush()
    facts = {"document": document.id, "version": str(stone.version), "sha256": stone.sha256, "cause": _word(why)}
    tx.record("document.delete", organisation=document.organisation_id, subject=version.id, **facts)
    return stone


def end_document(tx: Transaction, document: Document, last: Version, why: Why) -> None:
    """Take a document whose versions have all ended out of its folder, and tell everybody who could see it. ``last`` was the newest."""
    was_shared, readers = document.status in SHARED, access.readers(tx, document.folder_id)
    document.status, document.deleted_at, document.revision = Status.DELETED, clock.now(), document.revision + 1
    event = DocumentDeleted(
        document_id=document.id, organisation_id=document.organisation_id, folder_id=document.folder_id,
        service_area=sharing.area(tx, document.folder_id),  # type: ignore[arg-type]  # the number of the enum
        on_request=why.cause == DELETION_CAUSE_REQUEST, deleted_by_membership_id=why.by_membership_id,
        reader_membership_ids=readers if was_shared else [],
        uploaded_by_membership_id="" if was_shared else last.uploader_membership_id,
    )  # fmt: skip
    tx.flush()
    tx.emit(event, about=document.id, version=document.revision, organisation=document.organisation_id)
    if was_shared:
        sharing.note(tx, document, event)


def tell_of_version(tx: Transaction, document: Document, version_id: str) -> None:
    """An earlier version has ended, and its document stays."""
    document.revision += 1
    event = VersionDeleted(document_id=document.id, version_id=version_id, organisation_id=document.organisation_id)
    tx.emit(event, about=document.id, version=document.revision, organisation=document.organisation_id)


def _notice(notice: Announcement | None) -> dict[str, Any]:
    if notice is None:
        return {}
    at: dict[str, datetime | None] = {"notice_announced_at": notice.announced_at, "notice_delivered_at": notice.delivered_at}
    return {"notice_days": notice.days, "notice_batch_id": notice.batch_id, **at}


def _word(why: Why) -> str:
    return "retention" if why.notice else "request"
