"""Put notices before people, and take away those about what they may no longer see."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import uuid_utils.compat as uuid
from kontor.notify.v1.events_pb2 import NoticesPosted
from sqlalchemy import ColumnElement, and_, delete, or_, select, union, update
from sqlalchemy.dialects.postgresql import insert

from chassis.db import Transaction
from services.notify import rules, switches
from services.notify.models import Membership, Notice, Withdrawal

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
    thread_id: str | None = None
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
    unlit = set(tx.scalars(switches.without(told, rules.category(news.kind)))) if told else set()
    lit = [reader for reader in told if reader not in unlit]
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


def withdraw_subject(tx: Transaction, subject_id: str, membership_ids: Iterable[str], *, at: datetime) -> None:
    """What happened to this one thing up to now is not told to these members any more."""
    lost = sorted(set(membership_ids))
    for membership_id in lost:
        _lose(tx, membership_id, scope_id=subject_id, areas=[FOLDER], at=at)
    tx.execute(delete(Notice).where(Notice.membership_id.in_(lost), Notice.at <= at, Notice.subject_id == subject_id))


def follow(tx: Transaction, news: News, membership_ids: Iterable[str]) -> None:
    """Notices that stay know where it is now: they go when that is taken away."""
    stay = and_(Notice.membership_id.in_(sorted(set(membership_ids))), Notice.subject_id == news.subject_id, Notice.at <= news.at)
    tx.execute(update(Notice).where(stay).values(folder_id=news.folder_id, service_area=news.service_area))


def shown(membership_id: Any) -> ColumnElement[bool]:
    """Whether a notice stands in the portal: it does while the member has its category switched on (ACC-68)."""
    return Notice.category.not_in(switches.hidden(membership_id))


def _lose(tx: Transaction, membership_id: str, *, scope_id: str, areas: Iterable[int], at: datetime) -> None:
    rows = [{"membership_id": membership_id, "scope_id": scope_id, "service_area": area, "at": at} for area in areas]
    if rows:
        lost = insert(Withdrawal)
        key, later = ["membership_id", "scope_id", "service_area"], Withdrawal.at < lost.excluded.at
        tx.execute(lost.on_conflict_do_update(index_elements=key, set_={"at": lost.excluded.at}, where=later), rows)


def _barred(news: News, readers: Sequence[str]) -> Any:
    removed = select(Membership.membership_id).where(Membership.membership_id.in_(readers), Membership.removed_at.is_not(None))
    area = and_(Withdrawal.scope_id == news.organisation_id, Withdrawal.service_area == news.service_area)
    here = and_(Withdrawal.scope_id.in_([news.folder_id, news.subject_id]), Withdrawal.service_area == FOLDER)
    scope = or_(area, here) if news.folder_id else area
    lost = select(Withdrawal.membership_id).where(Withdrawal.membership_id.in_(readers), Withdrawal.at >= news.at, scope)
    return union(removed, lost)


def _row(news: News, reader: str) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid7()), "membership_id": reader, "kind": news.kind, "category": rules.category(news.kind),
        "organisation_id": news.organisation_id, "subject_id": news.subject_id, "thread_id": news.thread_id, "folder_id": news.folder_id,
        "service_area": news.service_area, "version": news.version,
        "unscannable": news.unscannable, "at": news.at, "read_at": None, "digested_at": None,
    }  # fmt: skip
