"""The address book: kept from events, which may arrive late and in any order."""

from datetime import UTC, datetime
from typing import Any

from kontor.events.v1.envelope_pb2 import Envelope
from kontor.identity.v1.events_pb2 import MemberAdded, ProfileChanged
from sqlalchemy import case, delete, exists, select
from sqlalchemy.dialects.postgresql import Insert, insert

from chassis.db import Transaction
from services.notify import rules
from services.notify.models import Membership, Person, UnsubscribeLink

# Nobody has told yet how the person is called.
NEVER = datetime.fromtimestamp(0, UTC)


def moment(envelope: Envelope) -> datetime:
    """When the event happened."""
    return envelope.time.ToDatetime(UTC)


def introduce(tx: Transaction, event: MemberAdded) -> None:
    """A person as a new membership shows them. The address is always taken over; name and language, as entered, serve until any are known.

    So nobody's mails address them by what a stranger wrote who has added them.
    """
    known = insert(Person).values(
        user_id=event.user_id, email=event.email, first_name=event.first_name, language=event.language,
        time_zone=rules.known_zone(event.time_zone), as_of=NEVER,
    )  # fmt: skip
    taken = {column.name: known.excluded[column.name] for column in (Person.email, Person.time_zone)}
    missing = {
        column.name: case((column == "", known.excluded[column.name]), else_=column) for column in (Person.first_name, Person.language)
    }
    tx.execute(known.on_conflict_do_update(index_elements=["user_id"], set_=taken | missing))


def rename(tx: Transaction, event: ProfileChanged, *, at: datetime) -> None:
    """A person's name and language. One who is not known yet has no address until the first membership arrives."""
    known = insert(Person).values(
        user_id=event.user_id, email="", first_name=event.first_name, language=event.language, time_zone="UTC", as_of=at
    )
    tx.execute(known.on_conflict_do_update(index_elements=["user_id"], set_=_newest(known)))


def choose_hour(tx: Transaction, user_id: str, *, hour: int) -> None:
    """The hour of the person's own day at which the digest leaves. One who is not known yet is remembered as in `rename`."""
    known = insert(Person).values(user_id=user_id, email="", first_name="", language="", time_zone="UTC", digest_hour=hour, as_of=NEVER)
    tx.execute(known.on_conflict_do_update(index_elements=["user_id"], set_={"digest_hour": hour}))


def forget_if_gone(tx: Transaction, user_id: str) -> None:
    """Drop the person who is a member nowhere any more, and the links in mails to them."""
    # A statement sees what was committed before it began. Waiting for the person's row first, the next one sees a membership just added.
    tx.execute(select(Person.user_id).where(Person.user_id == user_id).with_for_update())
    member = exists().where(Membership.user_id == user_id, Membership.removed_at.is_(None))
    if tx.execute(delete(Person).where(Person.user_id == user_id, ~member).returning(Person.user_id)).first():
        tx.execute(delete(UnsubscribeLink).where(UnsubscribeLink.user_id == user_id))


def _newest(known: Insert) -> dict[str, Any]:
    newer = known.excluded.as_of > Person.as_of
    columns = (Person.first_name, Person.language, Person.as_of)
    return {column.name: case((newer, known.excluded[column.name]), else_=column) for column in columns}
