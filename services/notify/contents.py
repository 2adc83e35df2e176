"""What a mail that is due says: looked up as it leaves, so that what was read, withdrawn or switched off meanwhile is not in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from kontor.notify.v1.notify_pb2 import NOTICE_KIND_DOCUMENT_PUBLISHED, NOTICE_KIND_MESSAGE
from sqlalchemy import DateTime, Uuid, bindparam, func, select
from sqlalchemy.engine import Row

from chassis.db import Database
from services.notify import rules
from services.notify.letters import Writer
from services.notify.mail import Letter
from services.notify.models import DIGEST, MESSAGE, Delivery, Membership, Notice, Organisation, Person, Settings


class NotYetKnownError(Exception):
    """The person has not arrived in the address book yet."""


@dataclass(frozen=True)
class Composed:
    """A letter, and the notices that have been told with it."""

    letter: Letter
    notice_ids: Sequence[str] = ()


def compose(database: Database, writer: Writer, delivery: Delivery) -> Composed | None:
    """The mail, or None when there is nothing left to tell. Raises NotYetKnownError."""
    return _KINDS[delivery.kind](database, writer, delivery)


def digest(database: Database, writer: Writer, delivery: Delivery) -> Composed | None:
    """One mail over all of a person's organisations, collapsed to so many files an organisation and area (BEY-10)."""
    rows = database.read(_digest, {"user_id": delivery.recipient_id, "until": delivery.until})
    if not rows:
        return None
    groups = groupby(rows, key=lambda row: (row.organisation_id, row.name))
    organisations = [(name or "", [(row.service_area, row.files) for row in areas]) for (_, name), areas in groups]
    letter = _write(writer, delivery, rows[0], organisations=organisations, total=sum(row.files for row in rows))
    return Composed(letter, [notice_id for row in rows for notice_id in row.notice_ids])


def message(database: Database, writer: Writer, delivery: Delivery) -> Composed | None:
    """That a message has come, from whom and about what area; never its text."""
    rows = database.read(_message, {"membership_id": delivery.recipient_id, "message_id": delivery.window})
    if not rows or rows[0].messages_by_email is False:
        return None
    if not rows[0].email:
        raise NotYetKnownError
    return Composed(_write(writer, delivery, rows[0], organisation=rules.one_line(rows[0].name or ""), number=rows[0].service_area))


def _write(writer: Writer, delivery: Delivery, person: Row[Any], **facts: Any) -> Letter:
    key = rules.message_key(delivery.kind, delivery.recipient_id, delivery.window)
    return writer.write(
        delivery.kind, to=person.email, language=person.language, key=key, first_name=rules.called(person.first_name), **facts
    )


_KINDS = {DIGEST: digest, MESSAGE: message}
_ID = Uuid(as_uuid=False)
_person = (Person.email, Person.language, Person.first_name)
_digest = (
    select(
        Notice.organisation_id, Organisation.name, Notice.service_area, *_person,
        func.count(Notice.subject_id.distinct()).label("files"), func.array_agg(Notice.id).label("notice_ids"),
    )
    .join(Membership, Membership.membership_id == Notice.membership_id)
    .join(Settings, Settings.membership_id == Notice.membership_id)
    .join(Person, Person.user_id == Membership.user_id)
    .outerjoin(Organisation, Organisation.organisation_id == Notice.organisation_id)
    .where(
        Membership.user_id == bindparam("user_id", type_=_ID), Membership.removed_at.is_(None), Settings.documents_by_email,
        Notice.kind == NOTICE_KIND_DOCUMENT_PUBLISHED, Notice.read_at.is_(None), Notice.digested_at.is_(None),
        Notice.at < bindparam("until", type_=DateTime(timezone=True)),
    )
    .group_by(Notice.organisation_id, Organisation.name, Notice.service_area, *_person)
    .order_by(Organisation.name, Notice.organisation_id, Notice.service_area)
)  # fmt: skip
_message = (
    select(Notice.service_area, Organisation.name, Settings.messages_by_email, *_person)
    .outerjoin(Membership, Membership.membership_id == Notice.membership_id)
    .outerjoin(Person, Person.user_id == Membership.user_id)
    .outerjoin(Settings, Settings.membership_id == Notice.membership_id)
    .outerjoin(Organisation, Organisation.organisation_id == Notice.organisation_id)
    .where(
        Notice.membership_id == bindparam("membership_id", type_=_ID), Notice.kind == NOTICE_KIND_MESSAGE,
        Notice.subject_id == bindparam("message_id", type_=_ID), Notice.read_at.is_(None),
    )
)  # fmt: skip
