"""Remember who is a member of which organisation, and how people are called: events may arrive late and in any order."""

from collections.abc import Sequence
from datetime import UTC, datetime

from kontor.events.v1.envelope_pb2 import Envelope
from sqlalchemy import ColumnElement, any_, case, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from chassis.db import Transaction
from services.messaging import rules
from services.messaging.models import Member, Participant, Person


def moment(envelope: Envelope) -> datetime:
    """When the event happened."""
    return envelope.time.ToDatetime(UTC)


def add(tx: Transaction, *, membership_id: str, user_id: str, organisation_id: str, name: str) -> None:
    """Remember the member as entered, unless removed already, and let the person see the threads of an earlier membership (ACC-84)."""
    added = insert(Member).values(
        membership_id=membership_id, user_id=user_id, organisation_id=organisation_id, removed_at=None, name=name,
        name_key=rules.name_key(name),
    )  # fmt: skip
    if tx.execute(added.on_conflict_do_nothing().returning(Member.membership_id)).first() is None:
        return
    # Ids are UUIDv7: the newest membership has the greatest.
    earlier = (Participant.user_id == user_id, Participant.organisation_id == organisation_id, Participant.membership_id < membership_id)
    tx.execute(update(Participant).where(*earlier).values(membership_id=membership_id))


def remove(tx: Transaction, *, membership_id: str, user_id: str, organisation_id: str, at: datetime) -> None:
    """The membership has ended: nothing is written to it any more. With a person's last one the name is forgotten."""
    # Of two that end at once the second waits here, and then sees that the first has.
    tx.execute(select(Member.membership_id).where(Member.user_id == user_id).order_by(Member.membership_id).with_for_update())
    gone = insert(Member).values(membership_id=membership_id, user_id=user_id, organisation_id=organisation_id, removed_at=at)
    tx.execute(gone.on_conflict_do_update(index_elements=["membership_id"], set_={"removed_at": gone.excluded.removed_at}))
    other = aliased(Member)
    living = exists().where(other.user_id == user_id, other.removed_at.is_(None))
    tx.execute(delete(Person).where(Person.user_id == user_id, ~living))
    tx.execute(update(Member).where(Member.user_id == user_id, ~living).values(name="", name_key=""))


def call(tx: Transaction, user_id: str, *, name: str, came_in: Sequence[str], at: datetime) -> None:
    """How a person is called in these memberships, unless something newer is known."""
    called = insert(Person).values(user_id=user_id, name=name, name_key=rules.name_key(name), came_in=list(came_in), as_of=at)
    tx.execute(
        called.on_conflict_do_update(
            index_elements=["user_id"],
            set_={column: called.excluded[column] for column in ("name", "name_key", "came_in", "as_of")},
            where=Person.as_of < called.excluded.as_of,
        )
    )


def called(member: type[Member] = Member) -> ColumnElement[str]:
    """What a member is called where they are one; needs that person beside. As entered, until the person comes in (NET-09, P5)."""
    return func.coalesce(case((_known(member), Person.name), else_=member.name), "")


def sorted_as(member: type[Member] = Member) -> ColumnElement[str]:
    """The same, as it is sorted and searched."""
    return func.coalesce(case((_known(member), Person.name_key), else_=member.name_key), "")


def _known(member: type[Member]) -> ColumnElement[bool]:
    return or_(member.membership_id == any_(Person.came_in), member.name == "")
