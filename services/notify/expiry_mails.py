"""What the mail about coming deletion says: one to a person, over all organisations, so many files a folder and day (ACC-46)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_date
from kontor.notify.v1.notify_pb2 import NOTICE_CATEGORY_DELETION, NOTICE_CHANNEL_EMAIL, NOTICE_KIND_DOCUMENTS_EXPIRING
from sqlalchemy import Uuid, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Row

from chassis.db import Database
from chassis.language import offered
from services.notify import rules, switches
from services.notify.gathering import first_of_each
from services.notify.models import Delivery, ExpiryBatch, Membership, Notice, Organisation, Person

# English as it is written in the Nordic countries: the day first.
_LOCALES = {"en": "en_GB"}


@dataclass(frozen=True)
class Group:
    """Files of one folder that end together, and the address of their list."""

    area: int
    files: int
    day: str
    query: str


@dataclass(frozen=True)
class Told:
    """What one mail says, to whom, and the notices that it tells."""

    person: Row[Any]
    organisations: list[tuple[str, list[Group]]]
    total: int
    notice_ids: list[str]


def look_up(database: Database, deliveries: Sequence[Delivery]) -> dict[int, Told]:
    """By delivery. Missing is one whose notices have all gone, were told by another mail, or are not wanted by mail any more."""
    rows = database.read(_expiring, {"users": [delivery.recipient_id for delivery in deliveries]})
    by_person = {user_id: _told(list(group)) for user_id, group in groupby(rows, key=lambda row: row.user_id)}
    return {delivery_id: by_person[user_id] for delivery_id, user_id in first_of_each(deliveries).items() if user_id in by_person}


def _told(rows: Sequence[Row[Any]]) -> Told:
    by_organisation = groupby(rows, key=lambda row: (row.organisation_id, row.name))
    organisations = [(rules.one_line(name or ""), [_group(row) for row in group]) for (_, name), group in by_organisation]
    return Told(rows[0], organisations, sum(row.files for row in rows), [notice_id for row in rows for notice_id in row.notice_ids])


def _group(row: Row[Any]) -> Group:
    query = urlencode({"client": row.organisation_id, "folder": row.folder_id, "sort": "oldest"})
    return Group(row.service_area, row.files, _day(row.expires_at, row.time_zone, row.language), query)


def _day(at: datetime, time_zone: str, language: str) -> str:
    """The day where the reader is, in words."""
    here = at.astimezone(ZoneInfo(rules.known_zone(time_zone)))
    spoken = offered(language)
    return str(format_date(here.date(), "long", locale=_LOCALES.get(spoken, spoken)))


_ID = Uuid(as_uuid=False)
_person = (Person.user_id, Person.email, Person.language, Person.first_name, Person.time_zone)
_expiring = (
    select(
        *_person, Notice.organisation_id, Organisation.name, Notice.service_area, Notice.folder_id,
        func.sum(ExpiryBatch.files).label("files"), func.min(ExpiryBatch.expires_at).label("expires_at"),
        func.array_agg(Notice.id, type_=ARRAY(_ID)).label("notice_ids"),
    )
    .join(Membership, Membership.user_id == Person.user_id)
    .join(Notice, Notice.membership_id == Membership.membership_id)
    .join(ExpiryBatch, ExpiryBatch.batch_id == Notice.subject_id)
    .outerjoin(Organisation, Organisation.organisation_id == Notice.organisation_id)
    .where(
        Person.user_id == any_(bindparam("users", type_=ARRAY(_ID))), Membership.removed_at.is_(None), Notice.digested_at.is_(None),
        Notice.kind == NOTICE_KIND_DOCUMENTS_EXPIRING,
        switches.wants(Membership.membership_id, NOTICE_CATEGORY_DELETION, NOTICE_CHANNEL_EMAIL),
    )
    .group_by(
        *_person, Notice.organisation_id, Organisation.name, Notice.service_area, Notice.folder_id,
        func.date_trunc("day", ExpiryBatch.expires_at, Person.time_zone),
    )
    .order_by(Person.user_id, Organisation.name, Notice.organisation_id, func.min(ExpiryBatch.expires_at), Notice.service_area)
)  # fmt: skip
