"""Scan what has arrived, and share what is clean."""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from tempfile import SpooledTemporaryFile
from threading import Semaphore
from typing import BinaryIO, cast

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import aliased

from chassis import clock, telemetry
from chassis.db import Database
from chassis.errors import Failure, Unavailable
from services.documents import rules
from services.documents.inspector import Inspection, inspect
from services.documents.jobs.scan_waiting import publishing
from services.documents.models import Document, Id, Moment, Version
from services.documents.rules import Status
from services.documents.scanner import Scanner
from services.documents.sealing import Tampered
from services.documents.vault import Vault
from services.documents.verdict import CLEAN, quarantined

EVERY = timedelta(seconds=2)
# Nobody else takes a version while it is scanned; a process that dies over it gives it back after this.
_LEASE = timedelta(minutes=10)
_IN_MEMORY = 8 * 1024 * 1024

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
        inspection = _judge(vault, scanner, waiting)
        with database.transaction() as tx:
            publishing.settle(tx, waiting.version_id, inspection, scanned_sha256=waiting.sha256)
    except Failure as why:
        again = clock.now() + rules.wait_before_retry(waiting.attempts)
        with database.transaction() as tx:
            tx.execute(_RELEASE, {"version": waiting.version_id, "again": again})
        if isinstance(why, Unavailable):
            raise
        telemetry.log(__name__).error("scan failed", version_id=waiting.version_id, reason=why.reason, error=why.message)


def _judge(vault: Vault, scanner: Scanner, waiting: Waiting) -> Inspection:
    """Inspect and scan the assembled whole, and nothing else than what was received."""
    with SpooledTemporaryFile(_IN_MEMORY) as spooled:
        file = cast(BinaryIO, spooled)
        try:
            digest = sha256()
            for piece in vault.read(waiting.version_id):
                digest.update(piece)
                file.write(piece)
        except Tampered as why:
            telemetry.log(__name__).error("stored file was changed", version_id=waiting.version_id, error=why.message)
            return Inspection(quarantined("tampered"), "application/octet-stream")
        if digest.hexdigest() != waiting.sha256:
            return Inspection(quarantined("tampered"), "application/octet-stream")
        inspection = inspect(file, waiting.name)
        if inspection.verdict != CLEAN:
            return inspection
        return Inspection(scanner.scan(file), inspection.content_type)
