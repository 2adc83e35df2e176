"""What a scan's verdict does to a document: shared as a new version, or kept from everybody."""

from kontor.documents.v1.events_pb2 import DocumentPublished, DocumentQuarantined
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from chassis import clock
from chassis.db import Transaction
from chassis.errors import Conflict
from services.documents import access, rules
from services.documents.inspector import Inspection
from services.documents.models import Change, Document, Feed, Folder, Version
from services.documents.rules import SHARED, Status
from services.documents.verdict import CLEAN

# What the list shows of a document is that of its newest shared version.
_SHOWN = (
    "version_id",
    "size",
    "sha256",
    "content_type",
    "uploaded_by",
    "uploaded_by_firm",
    "uploader_organisation_id",
    "uploaded_at",
    "expires_at",
)


def settle(tx: Transaction, version_id: str, inspection: Inspection, *, scanned_sha256: str) -> None:
    """Give a waiting version its final state. Does nothing if somebody else has, or if what was scanned is not what was received."""
    verdict = inspection.verdict
    status = rules.FAILED.get(verdict.outcome, Status.PUBLISHED)
    decided = (
        update(Version)
        .where(Version.id == version_id, Version.status == Status.SCANNING, Version.sha256 == scanned_sha256)
        .values(status=status, reason=verdict.reason, content_type=inspection.content_type)
        .returning(Version)
    )
    version = tx.scalar(decided)
    if version is None:
        return
    entry = tx.scalars(select(Document).where(Document.id == version.document_id).with_for_update()).one()
    entry.content_type, entry.reason = inspection.content_type, verdict.reason
    if verdict == CLEAN:
        _share(tx, entry, version)
    else:
        _keep_away(tx, entry, version, status)


def _share(tx: Transaction, entry: Document, version: Version) -> None:
    document = _replaced(tx, entry) or entry
    if document is entry:
        entry.replaces = None
    else:
        for column in _SHOWN:
            setattr(document, column, getattr(entry, column))
        entry.merged_into, version.document_id = document.id, document.id
    document.revision += 1
    document.version += 1
    entry.status = document.status = rules.shared_status(document.version)
    version.number = document.version
    tx.flush()
    _announce(tx, document, version)


def _replaced(tx: Transaction, entry: Document) -> Document | None:
    """The document whose next version this is: the one it was sent to replace, or whoever took that one's place when it failed."""
    if entry.replaces is None:
        return None
    target = tx.scalars(select(Document).where(Document.id == entry.replaces).with_for_update()).one()
    if target.status in SHARED:
        return target
    place = select(Document).where(
        Document.folder_id == entry.folder_id, Document.name_key == entry.name_key,
        Document.period == entry.period, Document.year == entry.year, access.HOLDS_PLACE,
    )  # fmt: skip
    holder = tx.scalars(place.with_for_update()).one_or_none()
    if holder is not None and holder.status == Status.SCANNING:
        raise Conflict("place_taken", "Another upload has this place and is not settled yet.")
    return holder


def _announce(tx: Transaction, document: Document, version: Version) -> None:
    area = tx.scalars(select(Folder.service_area).where(Folder.id == document.folder_id)).one()
    tx.emit(
        DocumentPublished(
            document_id=document.id, organisation_id=document.organisation_id, folder_id=document.folder_id, version=document.version,
            service_area=area,  # type: ignore[arg-type]  # the number of the enum
            uploaded_by_membership_id=version.uploader_membership_id, uploaded_by_firm=document.uploaded_by_firm,
            reader_membership_ids=access.readers(tx, document.folder_id),
        ),
        about=document.id, version=document.revision, organisation=document.organisation_id,
    )  # fmt: skip
    tx.record(
        "document.publish",
        organisation=document.organisation_id,
        subject=document.id,
        version=str(document.version),
        sha256=document.sha256,
    )
    newest = insert(Feed).values(organisation_id=document.organisation_id, position=1)
    claimed = newest.on_conflict_do_update(index_elements=["organisation_id"], set_={"position": Feed.position + 1})
    position = tx.execute(claimed.returning(Feed.position)).scalar_one()
    change = {"organisation_id": document.organisation_id, "position": position, "document_id": document.id, "at": clock.now()}
    tx.execute(insert(Change).values(type=DocumentPublished.DESCRIPTOR.full_name, **change))


def _keep_away(tx: Transaction, entry: Document, version: Version, status: Status) -> None:
    entry.status = status
    entry.revision += 1
    tx.emit(
        DocumentQuarantined(
            document_id=entry.id, organisation_id=entry.organisation_id, folder_id=entry.folder_id,
            uploaded_by_membership_id=version.uploader_membership_id, reason=entry.reason, unscannable=status == Status.UNSCANNABLE,
        ),
        about=entry.id, version=entry.revision, organisation=entry.organisation_id,
    )  # fmt: skip
    tx.record("document.quarantine", organisation=entry.organisation_id, subject=entry.id, reason=entry.reason)
