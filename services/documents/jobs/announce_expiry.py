"""Tell people in good time which documents will be deleted: 30, 7 and 1 days before (ACC-46, BEY-02)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import uuid_utils.compat as uuid
from kontor.documents.v1.events_pb2 import DocumentsExpiring
from sqlalchemy import Row, Select, and_, any_, bindparam, case, exists, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.types import SmallInteger

from chassis import clock, telemetry
from chassis.db import Database, Transaction
from services.documents import access, holds, rules, sharing
from services.documents.models import Client, Document, Id, Moment, Version
from services.documents.models_retention import Announcement
from services.documents.rules import SHARED, Status

EVERY = timedelta(hours=1)
ROWS = 5000
TOGETHER = 500
_ENDED = (*SHARED, Status.QUARANTINE, Status.UNSCANNABLE)


@dataclass(frozen=True)
class Together:
    """What is told in one notice: one folder, one audience, one stage, one day where the client is."""

    organisation_id: str
    folder_id: str
    # The only side that knows of what was never shared; everybody with the folder knows of the rest.
    side: str
    days: int
    day: str


def run(database: Database, *_: str) -> None:
    """Announce what is due, a page at a time, until there is no more. Each stage of a version is claimed once, whoever else is at it."""
    while rows := database.read(_DUE, _moments(clock.now())):
        if not sum(_announce(database, together, versions) for together, versions in _grouped(rows)):
            return


def _grouped(rows: Iterable[Row[Any]]) -> Iterator[tuple[Together, Sequence[Row[Any]]]]:
    for together, found in groupby(sorted(rows, key=_key), key=_together):
        all_of_them = list(found)
        for start in range(0, len(all_of_them), TOGETHER):
            yield together, all_of_them[start : start + TOGETHER]


def _together(row: Row[Any]) -> Together:
    day = row.ends.astimezone(rules.zone(row.time_zone or "UTC")).date().isoformat()
    return Together(row.organisation_id, row.folder_id, "" if row.status in SHARED else row.uploader_organisation_id, row.days, day)


def _key(row: Row[Any]) -> tuple[str, ...]:
    together = _together(row)
    return together.folder_id, together.side, str(together.days), together.day, row.ends.isoformat(), row.id


def _announce(database: Database, together: Together, rows: Sequence[Row[Any]]) -> int:
    """Claim this stage of these versions and tell everybody of those that were won; answers how many."""
    batch_id, now = str(uuid.uuid7()), clock.now()
    with database.transaction() as tx:
        holds.keep_out(tx, together.organisation_id)
        asked = {"ids": [row.id for row in rows], "batch": batch_id, "stage": together.days, "now": now}
        won = set(tx.scalars(_CLAIM, {**_moments(now), **asked}))
        told = [row for row in rows if row.id in won]
        if told:
            _tell(tx, together, told, batch_id)
    return len(told)


def _tell(tx: Transaction, together: Together, rows: Sequence[Row[Any]], batch_id: str) -> None:
    readers = access.readers(tx, together.folder_id, side=together.side)
    if not readers:
        # Nothing of this goes before somebody was told, so somebody has to be given the folder or the area.
        telemetry.log(__name__).warning("nobody to tell of coming deletion", folder=together.folder_id, versions=len(rows))
    event = DocumentsExpiring(
        batch_id=batch_id, organisation_id=together.organisation_id, folder_id=together.folder_id,
        service_area=sharing.area(tx, together.folder_id),  # type: ignore[arg-type]  # the number of the enum
        days=together.days, expires_at=min(row.ends for row in rows), reader_membership_ids=readers,
        versions=[DocumentsExpiring.Version(document_id=row.document_id, version_id=row.id, version=row.number or 0) for row in rows],
    )  # fmt: skip
    tx.emit(event, about=batch_id, organisation=together.organisation_id)


def _moments(now: datetime) -> dict[str, Any]:
    within = {f"within_{days}": now + timedelta(days=days) for days in rules.STAGES}
    return {**within, "again": now - rules.TOLD_BEFORE, "limit": ROWS}


def _within(days: int) -> Any:
    return bindparam(f"within_{days}", type_=Moment)


_FIRST, _SECOND, _LAST = rules.STAGES
_present = Version.id == Document.version_id
# A document ends when its newest version does; an earlier version on its own clock.
ends = case((_present, Document.expires_at), else_=Version.expires_at)
_stage = case((ends <= _within(_LAST), _LAST), (ends <= _within(_SECOND), _SECOND), else_=_FIRST)
# One that has reached nobody for a week does not count, and is told again.
_counts = or_(Announcement.delivered_at.is_not(None), Announcement.announced_at > bindparam("again", type_=Moment))
_of_version = and_(Announcement.version_id == Version.id, _counts)
# Of an earlier version people are told once: at the next stage they would take it for the document.
_told = or_(exists().where(_of_version, Announcement.days == _stage), and_(~_present, exists().where(_of_version)))


def _due(*columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .join(Document, Document.id == Version.document_id)
        .where(Version.expires_at <= _within(_FIRST), ends <= _within(_FIRST), Version.status.in_(_ENDED), ~_told, ~holds.HELD)
    )


_DUE = (
    _due(
        Version.id, Version.document_id, Version.number, Version.status, Version.uploader_organisation_id, Document.organisation_id,
        Document.folder_id, Client.time_zone, ends.label("ends"), _stage.label("days"),
    )
    .outerjoin(Client, Client.organisation_id == Document.organisation_id)
    .order_by(Version.expires_at, Version.id)
    .limit(bindparam("limit"))
)  # fmt: skip
_chosen = _due(
    Version.id, bindparam("stage", type_=SmallInteger), bindparam("batch", type_=Id), bindparam("now", type_=Moment), literal(None, Moment)
).where(Version.id == any_(bindparam("ids", type_=ARRAY(Id))), _stage == bindparam("stage", type_=SmallInteger))
_columns = ["version_id", "days", "batch_id", "announced_at", "delivered_at"]
_claim = insert(Announcement.metadata.tables["announcements"]).from_select(_columns, _chosen)
_CLAIM = _claim.on_conflict_do_update(
    index_elements=["version_id", "days"],
    set_={"batch_id": _claim.excluded.batch_id, "announced_at": _claim.excluded.announced_at},
    where=and_(Announcement.delivered_at.is_(None), Announcement.announced_at <= bindparam("again", type_=Moment)),
).returning(Announcement.version_id)
