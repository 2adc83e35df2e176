"""Scan what has arrived, and share what is clean."""

from dataclasses import dataclass
from datetime import timedelta
from threading import Semaphore

from kontor.documents.v1.events_pb2 import DocumentPublished, DocumentQuarantined
from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from chassis import clock, telemetry
from chassis.db import Database, Transaction
from chassis.errors import Conflict, Failure, Unavailable
from services.documents import access, rules
from services.documents.examination import examine
from services.documents.inspector import Inspection
from services.documents.models import Change, Document, Feed, Folder, Id, Moment, Version
from services.documents.rules import SHARED, Status
from services.documents.scanner import Scanner
from services.documents.vault import Vault
from services.documents.verdict import CLEAN

EVERY = timedelta(seconds=2)
# Nobody else takes a version while it is scanned; a process that dies over it gives it back after this.
_LEASE = timedelta(minutes=10)

_earlier = aliased(Document)
# Uploads to one place are settled in the order they came: an older one must never replace a newer one.
_overtakes = (
    select(_earlier.id)
    .where(_earlier.status == Status.SCANNING, _earlier.id < Document.id)
    .where((_earlier.id == Document.replaces) | (_earlier.replaces == Document.replaces))
    .correlate(Document)
    .exists()
)
_next = (
    select(Version.id)
    .join(Document, Document.id == Version.document_id)
    .where(Version.status == Status.SCANNING, Version.due_at <= bindparam("now", type_=Moment), ~_overtakes)
    .order_by(Version.due_at)
    .limit(1)
    .with_for_update(of=Version, skip_locked=True)
    .correlate(None)
)
_CLAIM = (
    update(Version)
    .where(Version.id == _next.scalar_subquery())
    .values(due_at=bindparam("until", type_=Moment), attempts=Version.attempts + 1)
    .returning(Version.id, Version.sha256, Version.attempts, Document.name)
    .where(Document.id == Version.document_id)
)
_RELEASE = (
    update(Version)
    .where(Version.id == bindparam("version", type_=Id), Version.status == Status.SCANNING)
    .values(due_at=bindparam("again", type_=Moment))
)
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


@dataclass(frozen=True)
class Waiting:
    """A version this process has taken, for a while."""

    version_id: str
    name: str
    sha256: str
    attempts: int


def run(database: Database, vault: Vault, scanner: Scanner, places: Semaphore, *_: str) -> None:
    """Scan until nothing waits. ``places`` bounds how many scan at once in this process; without one there is nothing to do here.

    Raises Unavailable if scanner or store do not answer: what waits goes on waiting, never becomes clean, and is found again (P13).
    """
    if not places.acquire(blocking=False):
        return
    try:
        while waiting := claim(database):
            _scan(database, vault, scanner, waiting)
    finally:
        places.release()


def claim(database: Database) -> Waiting | None:
    """Take the next version that is due, if there is one."""
    now = clock.now()
    with database.transaction() as tx:
        row = tx.execute(_CLAIM, {"now": now, "until": now + _LEASE}).one_or_none()
    return Waiting(row.id, row.name, row.sha256, row.attempts) if row else None


def _scan(database: Database, vault: Vault, scanner: Scanner, waiting: Waiting) -> None:
    try:
        inspection = examine(vault, scanner, waiting.version_id, name=waiting.name, sha256=waiting.sha256)
        with database.transaction() as tx:
            settle(tx, waiting.version_id, inspection, scanned_sha256=waiting.sha256)
    except Failure as why:
        again = clock.now() + rules.wait_before_retry(waiting.attempts)
        with database.transaction() as tx:
            tx.execute(_RELEASE, {"version": waiting.version_id, "again": again})
        if isinstance(why, Unavailable):
            raise
        telemetry.log(__name__).error("scan failed", version_id=waiting.version_id, reason=why.reason, error=why.message)


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
