"""Delete what its time is over for: never without a notice that somebody got a week before, and never on hold (ACC-45, BEY-02)."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, or_, select
from sqlalchemy.orm import aliased

from chassis import clock
from chassis.db import Database, Transaction
from chassis.errors import Internal
from chassis.service import Job
from services.documents import holds, rules
from services.documents.endings import Why, end_document, end_version, tell_of_version
from services.documents.jobs.announce_expiry import ends
from services.documents.models import Document, Id, Moment, Version
from services.documents.models_retention import Announcement
from services.documents.rules import Status

EVERY = timedelta(minutes=10)
ROWS = 200
ROUNDS = 10


def run(database: Database, remove: Job, *_: str) -> None:
    """Put tombstones in the place of what may go, one transaction each; the job ``remove`` then removes the bytes."""
    for _round in range(ROUNDS):
        rows = database.read(_READY, {**_moments(), "limit": ROWS})
        # Once its earlier versions have ended, a document's newest may end in the next round.
        if not [row.id for row in rows if _end(database, row.id, row.organisation_id, remove)]:
            return


def _end(database: Database, version_id: str, organisation_id: str, remove: Job) -> bool:
    with database.transaction() as tx:
        holds.keep_out(tx, organisation_id)
        document = tx.scalar(_DOCUMENT, {"version": version_id})
        # Asked again, now that nobody can hold, replace or move it.
        version = tx.scalar(_CLAIM, {**_moments(), "version": version_id})
        if document is None or version is None:
            return False
        present, why = version.id == document.version_id, Why(notice=_notice(tx, version_id))
        end_version(tx, document, version, why)
        if present:
            end_document(tx, document, version, why)
        else:
            tell_of_version(tx, document, version_id)
        tx.start(remove)
    return True


def _notice(tx: Transaction, version_id: str) -> Announcement:
    """The notice that makes it permissible: the first that was delivered."""
    notice = tx.scalar(_NOTICE, {**_moments(), "version": version_id})
    if notice is None:
        raise Internal("no_notice", f"nobody was told of version {version_id}")
    return notice


def _moments() -> dict[str, datetime]:
    now = clock.now()
    return {"now": now, "told": now - rules.TOLD_BEFORE}


_version = bindparam("version", type_=Id)
_now = bindparam("now", type_=Moment)
_was_told = Announcement.delivered_at <= bindparam("told", type_=Moment)
_other = aliased(Version)


def _may_go() -> tuple[ColumnElement[bool], ...]:
    earlier = Version.id != Document.version_id
    last = ~exists().where(_other.document_id == Document.id, _other.id != Version.id)
    return (
        Version.expires_at <= _now, ends <= _now, Version.status != Status.SCANNING,
        exists().where(Announcement.version_id == Version.id, _was_told),
        ~holds.HELD, Version.store_hold.in_((holds.FREE, holds.CANNOT)),
        # The newest version goes last, and the document with it.
        or_(earlier, last),
    )  # fmt: skip


_READY: Any = (
    select(Version.id, Document.organisation_id)
    .join(Document, Document.id == Version.document_id)
    .where(*_may_go())
    .order_by(Version.expires_at, Version.id)
    .limit(bindparam("limit"))
)
_of_version = select(Version.document_id).where(Version.id == _version).scalar_subquery()
_DOCUMENT = select(Document).where(Document.id == _of_version).with_for_update()
_CLAIM = (
    select(Version)
    .join(Document, Document.id == Version.document_id)
    .where(Version.id == _version, *_may_go())
    .with_for_update(of=Version)
)  # fmt: skip
_NOTICE = select(Announcement).where(Announcement.version_id == _version, _was_told).order_by(Announcement.delivered_at).limit(1)
