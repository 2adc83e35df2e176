"""Scan what has arrived, and share what is clean."""

from dataclasses import dataclass
from datetime import timedelta
from threading import Semaphore

from kontor.documents.v1.events_pb2 import DocumentQuarantined
from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from chassis import clock, telemetry
from chassis.db import Database, Transaction
from chassis.errors import Conflict, Failure, Unavailable
from services.documents import access, rules, sharing
from services.documents.examination import examine
from services.documents.inspector import Inspection
from services.documents.models import Document, Id, Moment, Version
from services.documents.rules import SHARED, Status
from services.documents.scanner import Scanner
from services.documents.vault import Vault
from services.documents.verdict import CLEAN, unscannable

EVERY = timedelta(seconds=2)
# Nobody else takes a version while it is scanned; a process that dies over it gives it back after this.
_LEASE = timedelta(minutes=10)
# A scan that breaks off by a fault of ours is tried so often, some half an hour. What was in vain because something did not answer counts
# for a third of that at most: else, after a night without scanner, the first fault would be the last.
ATTEMPTS = 30
_IN_VAIN = 10
_UNKNOWN = "application/octet-stream"

_earlier = aliased(Document)
# Uploads to one place are settled in the order they came: an older one must never replace a newer one.
_overtakes = (
    select(_earlier.id)
    .where(_earlier.status == Status.SCANNING, _earlier.id < Document.id)
    .where(_earlier.folder_id == Document.folder_id, _earlier.name_key == Document.name_key)
    .where(_earlier.period == Document.period, _earlier.year == Document.year)
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
    .values(due_at=bindparam("again", type_=Moment), attempts=bindparam("counted"))
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
    """Settle one, or leave it for later; whatever one file does to its scan, the others are scanned."""
    try:
        inspection = examine(vault, scanner, waiting.version_id, name=waiting.name, sha256=waiting.sha256)
        with database.transaction() as tx:
            settle(tx, waiting.version_id, inspection, scanned_sha256=waiting.sha256)
    except Failure as why:
        _release(database, waiting, counted=min(waiting.attempts, _IN_VAIN))
        if isinstance(why, Unavailable):
            raise
        telemetry.log(__name__).error("scan failed", version_id=waiting.version_id, reason=why.reason, error=why.message)
    except Exception:  # noqa: BLE001 - one file that no rule foresaw must not keep all others waiting
        telemetry.log(__name__).exception("scan broke off", version_id=waiting.version_id, attempts=waiting.attempts)
        _broke_off(database, waiting)


def _release(database: Database, waiting: Waiting, *, counted: int) -> None:
    again = clock.now() + rules.wait_before_retry(waiting.attempts)
    with database.transaction() as tx:
        tx.execute(_RELEASE, {"version": waiting.version_id, "again": again, "counted": counted})


def _broke_off(database: Database, waiting: Waiting) -> None:
    """Leave it for later; after so many times nobody can vouch for it (BEY-03)."""
    if waiting.attempts < ATTEMPTS:
        _release(database, waiting, counted=waiting.attempts)
        return
    with database.transaction() as tx:
        settle(tx, waiting.version_id, Inspection(unscannable("damaged"), _UNKNOWN), scanned_sha256=waiting.sha256)


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
        sharing.raise_version(entry)
    else:
        sharing.become_version(entry, of=document)
    version.document_id, version.number = document.id, document.version
    try:
        tx.flush()
    except IntegrityError as error:
        raise _taken() from error
    sharing.announce(tx, document, by_membership_id=version.uploader_membership_id)


def _replaced(tx: Transaction, entry: Document) -> Document | None:
    """The document whose next version this is: whichever has the place it was sent to, for the one to replace may have failed or moved."""
    if entry.replaces is None:
        return None
    place = select(Document).where(
        Document.folder_id == entry.folder_id, Document.name_key == entry.name_key,
        Document.period == entry.period, Document.year == entry.year, access.HOLDS_PLACE,
    )  # fmt: skip
    holder = tx.scalars(place.with_for_update()).one_or_none()
    if holder is None or holder.status in SHARED:
        return holder
    if holder.id < entry.id:
        raise _taken()
    # It came later, when the place seemed free: its turn is after this one.
    holder.replaces = entry.id
    tx.flush()
    return None


def _taken() -> Conflict:
    return Conflict("place_taken", "Another upload has this place and is not settled yet.")


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
