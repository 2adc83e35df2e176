"""Put notices before people, and take away those about what they may no longer see."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import uuid_utils.compat as uuid
from kontor.notify.v1.events_pb2 import NoticesPosted
from kontor.notify.v1.notify_pb2 import NOTICE_KIND_DOCUMENT_PUBLISHED
from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, union
from sqlalchemy.dialects.postgresql import insert

from chassis.db import Transaction
from services.notify.models import Membership, Notice, Settings, Withdrawal

# The scope of a withdrawal that is a folder has no area.
FOLDER = 0


@dataclass(frozen=True)
class News:
    """What is told: ids and facts of one event."""

    kind: int
    organisation_id: str
    subject_id: str
    service_area: int
    at: datetime
    folder_id: str | None = None
    version: int = 1
    unscannable: bool = False


def post(tx: Transaction, news: News, readers: Iterable[str]) -> Sequence[str]:
    """Give each reader a notice, also those whose membership has not arrived yet; answers who got one.

    Left out are removed members, and those who have lost access since it happened: events may overtake each other.
    """
    wanted = sorted(set(readers))
    barred = set(tx.scalars(_barred(news, wanted)))
    rows = [_row(news, reader) for reader in wanted if reader not in barred]
    if not rows:
        return []
    told = tx.scalars(insert(Notice).on_conflict_do_nothing().returning(Notice.membership_id), rows).all()
    lit = told
    if news.kind == NOTICE_KIND_DOCUMENT_PUBLISHED:
        off = set(tx.scalars(select(Settings.membership_id).where(Settings.membership_id.in_(told), ~Settings.documents_in_portal)))
        lit = [reader for reader in told if reader not in off]
    if lit:
        tx.emit(NoticesPosted(membership_ids=lit), about=news.subject_id, version=news.version, organisation=news.organisation_id)
    return told


def withdraw_folder(tx: Transaction, membership_id: str, *, folder_id: str, at: datetime) -> None:
    """What happened in this folder up to now is not told to the member any more."""
    _lose(tx, membership_id, scope_id=folder_id, areas=[FOLDER], at=at)
    tx.execute(delete(Notice).where(Notice.membership_id == membership_id, Notice.at <= at, Notice.folder_id == folder_id))


def withdraw_areas(tx: Transaction, membership_id: str, *, organisation_id: str, areas: Sequence[int], at: datetime) -> None:
    """What happened at this client in these areas up to now is not told to the member any more."""
    _lose(tx, membership_id, scope_id=organisation_id, areas=areas, at=at)
    about = and_(Notice.organisation_id == organisation_id, Notice.service_area.in_(areas))
    tx.execute(delete(Notice).where(Notice.membership_id == membership_id, Notice.at <= at, about))


def shown(membership_id: Any) -> ColumnElement[bool]:
    """Whether a notice stands in the portal: all do, but those about documents only while the member has them switched on (ACC-68)."""
    off = exists().where(Settings.membership_id == membership_id, ~Settings.documents_in_portal)
    return or_(Notice.kind != NOTICE_KIND_DOCUMENT_PUBLISHED, ~off)


def _lose(tx: Transaction, membership_id: str, *, scope_id: str, areas: Iterable[int], at: datetime) -> None:
    rows = [{"membership_id": membership_id, "scope_id": scope_id, "service_area": area, "at": at} for area in areas]
    if rows:
        lost = insert(Withdrawal)
        key, later = ["membership_id", "scope_id", "service_area"], Withdrawal.at < lost.excluded.at
        tx.execute(lost.on_conflict_do_update(index_elements=key, set_={"at": lost.excluded.at}, where=later), rows)


def _barred(news: News, readers: Sequence[str]) -> Any:
    removed = select(Membership.membership_id).where(Membership.membership_id.in_(readers), Membership.removed_at.is_not(None))
    area = and_(Withdrawal.scope_id == news.organisation_id, Withdrawal.service_area == news.service_area)
    folder = and_(Withdrawal.scope_id == news.folder_id, Withdrawal.service_area == FOLDER)
    scope = or_(area, folder) if news.folder_id else area
    lost = select(Withdrawal.membership_id).where(Withdrawal.membership_id.in_(readers), Withdrawal.at >= news.at, scope)
    return union(removed, lost)


def _row(news: News, reader: str) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid7()), "membership_id": reader, "kind": news.kind, "organisation_id": news.organisation_id,
        "subject_id": news.subject_id, "folder_id": news.folder_id, "service_area": news.service_area, "version": news.version,
        "unscannable": news.unscannable, "at": news.at, "read_at": None, "digested_at": None,
    }  # fmt: skip
