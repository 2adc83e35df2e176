"""What due mails say: looked up just before they leave, so that what was read, withdrawn or switched off meanwhile is not in them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from kontor.notify.v1.notify_pb2 import (
    NOTICE_CATEGORY_DELETION,
    NOTICE_CATEGORY_DOCUMENTS,
    NOTICE_CATEGORY_MESSAGES,
    NOTICE_CATEGORY_SECURITY,
    NOTICE_CHANNEL_EMAIL,
    NOTICE_KIND_ANSWER,
    NOTICE_KIND_DOCUMENT_DELETED,
    NOTICE_KIND_DOCUMENT_QUARANTINED,
    NOTICE_KIND_MESSAGE,
)
from sqlalchemy import BigInteger, DateTime, Executable, Uuid, and_, any_, bindparam, column, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Row

from chassis.db import Database
from services.notify import expiry_mails, rules, switches
from services.notify.gathering import first_of_each
from services.notify.letters import Writer
from services.notify.mail import Letter
from services.notify.models import (
    ANSWER,
    DELETED,
    DIGEST,
    EXPIRY,
    MESSAGE,
    STOPPED,
    Delivery,
    Membership,
    Notice,
    Organisation,
    Person,
)

# What the links in mails of a kind switch off; those about safety have none.
CATEGORIES = {
    DIGEST: NOTICE_CATEGORY_DOCUMENTS, MESSAGE: NOTICE_CATEGORY_MESSAGES, ANSWER: NOTICE_CATEGORY_MESSAGES,
    EXPIRY: NOTICE_CATEGORY_DELETION, DELETED: NOTICE_CATEGORY_DELETION,
}  # fmt: skip


@dataclass(frozen=True)
class Found:
    """To whom a delivery goes, what its templates ask for, and the notices that it tells."""

    user_id: str
    email: str
    language: str
    first_name: str
    facts: Mapping[str, Any]
    notice_ids: Sequence[str] = ()


def look_up(database: Database, deliveries: Sequence[Delivery]) -> dict[int, Found]:
    """What each says, by its id. One that has nothing left to tell is missing; one whose reader is not known yet has no address."""
    found: dict[int, Found] = {}
    for kind, of_kind in _KINDS.items():
        wanted = [delivery for delivery in deliveries if delivery.kind == kind]
        if wanted:
            found |= of_kind(database, wanted)
    return found


def write(writer: Writer, delivery: Delivery, found: Found, *, unsubscribe: str) -> Letter:
    """The mail. `unsubscribe` is the token of its link."""
    return writer.write(
        delivery.kind, to=found.email, language=found.language, first_name=rules.called(found.first_name), unsubscribe=unsubscribe,
        key=rules.message_key(delivery.kind, delivery.recipient_id, delivery.window), **found.facts,
    )  # fmt: skip


def digests(database: Database, deliveries: Sequence[Delivery]) -> dict[int, Found]:
    """One mail over all of a person's organisations, collapsed to so many files an organisation and area (BEY-10)."""
    asked = [(delivery.id, delivery.recipient_id, delivery.until) for delivery in deliveries]
    return digests_of(database, asked)


def digests_of(database: Database, asked: Sequence[tuple[int, str, datetime]]) -> dict[int, Found]:
    """The digest of each person with what was posted until a moment, by the number that it is asked for with."""
    ids, users, untils = zip(*asked, strict=True)
    rows = database.read(_digest, {"ids": ids, "users": users, "untils": untils})
    return {number: _collapsed(list(told)) for number, told in groupby(rows, key=lambda row: row.id)}


def messages(database: Database, deliveries: Sequence[Delivery]) -> dict[int, Found]:
    """That a message has come, from whom and about what area; never its text."""
    return {row.id: _found(row, number=row.service_area) for row in database.read(_message, _of_members(deliveries))}


def answers(database: Database, deliveries: Sequence[Delivery]) -> dict[int, Found]:
    """What the firm has answered, with its text, also where an open page has shown it already: the mail is promised (ACC-35, ACC-64)."""
    said = {each.id: each for each in deliveries}
    return {row.id: _found(row, **_said(said[row.id])) for row in database.read(_message, _of_members(deliveries))}


def expiries(database: Database, deliveries: Sequence[Delivery]) -> dict[int, Found]:
    """Which documents will be deleted when, over all of a person's organisations (ACC-46)."""
    told = expiry_mails.look_up(database, deliveries)
    return {
        number: _found(each.person, notice_ids=each.notice_ids, organisations=each.organisations, total=each.total)
        for number, each in told.items()
    }


def stops(database: Database, deliveries: Sequence[Delivery]) -> dict[int, Found]:
    """How many of a person's uploads the scan has stopped, an organisation (ACC-57)."""
    return _gathered(database, _stopped, deliveries)


def deletions(database: Database, deliveries: Sequence[Delivery]) -> dict[int, Found]:
    """How many files the firm has deleted that a person could see, an organisation and area (ACC-44)."""
    return _gathered(database, _deleted, deliveries)


def _gathered(database: Database, query: Executable, deliveries: Sequence[Delivery]) -> dict[int, Found]:
    rows = database.read(query, {"users": [delivery.recipient_id for delivery in deliveries]})
    by_person = {user_id: _collapsed(list(told)) for user_id, told in groupby(rows, key=lambda row: row.user_id)}
    return {delivery_id: by_person[user_id] for delivery_id, user_id in first_of_each(deliveries).items() if user_id in by_person}


def _said(delivery: Delivery) -> dict[str, Any]:
    return {"topic": delivery.subject or "", "by": rules.called(delivery.sent_by or ""), "lines": (delivery.text or "").split("\n")}


def _of_members(deliveries: Sequence[Delivery]) -> dict[str, Any]:
    return {
        "ids": [each.id for each in deliveries], "members": [each.recipient_id for each in deliveries],
        "subjects": [each.window for each in deliveries],
    }  # fmt: skip


def _collapsed(rows: Sequence[Row[Any]]) -> Found:
    groups = groupby(rows, key=lambda row: (row.organisation_id, row.name))
    organisations = [(rules.one_line(name or ""), [(row.service_area, row.files) for row in areas]) for (_, name), areas in groups]
    told = [notice_id for row in rows for notice_id in row.notice_ids]
    return _found(rows[0], notice_ids=told, organisations=organisations, total=sum(row.files for row in rows))


def _found(row: Row[Any], *, notice_ids: Sequence[str] = (), **facts: Any) -> Found:
    if "organisations" not in facts:
        facts["organisation"] = rules.one_line(row.name or "")
    return Found(row.user_id or "", row.email or "", row.language or "", row.first_name or "", facts, notice_ids)


_KINDS: dict[str, Callable[[Database, Sequence[Delivery]], dict[int, Found]]] = {
    DIGEST: digests, MESSAGE: messages, ANSWER: answers, EXPIRY: expiries, STOPPED: stops, DELETED: deletions,
}  # fmt: skip
_ID = Uuid(as_uuid=False)
_person = (Person.user_id, Person.email, Person.language, Person.first_name)
_numbered = func.unnest(bindparam("ids", type_=ARRAY(BigInteger)), bindparam("users", type_=ARRAY(_ID)),
                        bindparam("untils", type_=ARRAY(DateTime(timezone=True))))  # fmt: skip
_asked = _numbered.table_valued(
    column("id", BigInteger), column("user_id", _ID), column("until", DateTime(timezone=True)), name="asked"
).render_derived()
_news = (
    Notice.membership_id == Membership.membership_id, Notice.category == NOTICE_CATEGORY_DOCUMENTS, Notice.read_at.is_(None),
    Notice.digested_at.is_(None), Notice.at < _asked.c.until,
)  # fmt: skip
_digest = (
    select(
        _asked.c.id, Notice.organisation_id, Organisation.name, Notice.service_area, *_person,
        func.count(Notice.subject_id.distinct()).label("files"), func.array_agg(Notice.id, type_=ARRAY(_ID)).label("notice_ids"),
    )
    .select_from(_asked)
    .join(Person, Person.user_id == _asked.c.user_id)
    .join(Membership, and_(Membership.user_id == Person.user_id, Membership.removed_at.is_(None)))
    .join(Notice, and_(*_news))
    .outerjoin(Organisation, Organisation.organisation_id == Notice.organisation_id)
    .where(switches.wants(Membership.membership_id, NOTICE_CATEGORY_DOCUMENTS, NOTICE_CHANNEL_EMAIL))
    .group_by(_asked.c.id, Notice.organisation_id, Organisation.name, Notice.service_area, *_person)
    .order_by(_asked.c.id, Organisation.name, Notice.organisation_id, Notice.service_area)
)  # fmt: skip


def _unread(kind: int, category: int) -> Any:
    """Notices of one kind that a person has not seen, neither here nor in a mail."""
    news = (
        Notice.membership_id == Membership.membership_id, Notice.kind == kind, Notice.read_at.is_(None), Notice.digested_at.is_(None),
    )  # fmt: skip
    return (
        select(
            Notice.organisation_id, Organisation.name, Notice.service_area, *_person,
            func.count(Notice.subject_id.distinct()).label("files"), func.array_agg(Notice.id, type_=ARRAY(_ID)).label("notice_ids"),
        )
        .select_from(Person)
        .join(Membership, and_(Membership.user_id == Person.user_id, Membership.removed_at.is_(None)))
        .join(Notice, and_(*news))
        .outerjoin(Organisation, Organisation.organisation_id == Notice.organisation_id)
        .where(Person.user_id == any_(bindparam("users", type_=ARRAY(_ID))))
        .where(switches.wants(Membership.membership_id, category, NOTICE_CHANNEL_EMAIL))
        .group_by(Notice.organisation_id, Organisation.name, Notice.service_area, *_person)
        .order_by(Person.user_id, Organisation.name, Notice.organisation_id, Notice.service_area)
    )  # fmt: skip


_stopped = _unread(NOTICE_KIND_DOCUMENT_QUARANTINED, NOTICE_CATEGORY_SECURITY)
_deleted = _unread(NOTICE_KIND_DOCUMENT_DELETED, NOTICE_CATEGORY_DELETION)
_told = func.unnest(bindparam("ids", type_=ARRAY(BigInteger)), bindparam("members", type_=ARRAY(_ID)),
                    bindparam("subjects", type_=ARRAY(_ID)))  # fmt: skip
_each = _told.table_valued(
    column("id", BigInteger), column("membership_id", _ID), column("subject_id", _ID), name="asked"
).render_derived()
_message = (
    select(_each.c.id, Notice.service_area, Organisation.name, *_person)
    .select_from(_each)
    .join(Notice, and_(Notice.membership_id == _each.c.membership_id, Notice.subject_id == _each.c.subject_id))
    .outerjoin(Membership, Membership.membership_id == Notice.membership_id)
    .outerjoin(Person, Person.user_id == Membership.user_id)
    .outerjoin(Organisation, Organisation.organisation_id == Notice.organisation_id)
    .where(
        Notice.kind.in_((NOTICE_KIND_MESSAGE, NOTICE_KIND_ANSWER)), or_(Notice.kind == NOTICE_KIND_ANSWER, Notice.read_at.is_(None)),
        switches.wants(Notice.membership_id, NOTICE_CATEGORY_MESSAGES, NOTICE_CHANNEL_EMAIL),
    )
)  # fmt: skip
