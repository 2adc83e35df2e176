"""Remember who is a member of which organisation, and how people are called: events may arrive late and in any order."""

from datetime import UTC, datetime

from kontor.events.v1.envelope_pb2 import Envelope
from sqlalchemy import delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from chassis.db import Transaction
from services.messaging import rules
from services.messaging.models import Member, Participant, Person


def moment(envelope: Envelope) -> datetime:
    """When the event happened."""
    return envelope.time.ToDatetime(UTC)


def add(tx: Transaction, *, membership_id: str, user_id: str, organisation_id: str) -> bool:
    """Remember the member, and let the person see the threads of an earlier membership (ACC-84). Answers False for one removed already."""
    added = insert(Member).values(membership_id=membership_id, user_id=user_id, organisation_id=organisation_id, removed_at=None)
    if tx.execute(added.on_conflict_do_nothing().returning(Member.membership_id)).first() is None:
        return False
    # Ids are UUIDv7: the newest membership has the greatest.
    earlier = (Participant.user_id == user_id, Participant.organisation_id == organisation_id, Participant.membership_id < membership_id)
    tx.execute(update(Participant).where(*earlier).values(membership_id=membership_id))
    return True


def remove(tx: Transaction, *, membership_id: str, user_id: str, organisation_id: str, at: datetime) -> None:
    """The membership has ended: nothing is written to it any more."""
    gone = insert(Member).values(membership_id=membership_id, user_id=user_id, organisation_id=organisation_id, removed_at=at)
    tx.execute(gone.on_conflict_do_update(index_elements=["membership_id"], set_={"removed_at": gone.excluded.removed_at}))
    # A statement sees what was committed before it began. Waiting for the person's row first, the next one sees a membership just added.
    tx.execute(select(Person.user_id).where(Person.user_id == user_id).with_for_update())
    member = exists().where(Member.user_id == user_id, Member.removed_at.is_(None))
    tx.execute(delete(Person).where(Person.user_id == user_id, ~member))


def call(tx: Transaction, user_id: str, *, name: str, at: datetime) -> None:
    """How a person is called, unless something newer is known."""
    called = insert(Person).values(user_id=user_id, name=name, name_key=rules.name_key(name), as_of=at)
    tx.execute(
        called.on_conflict_do_update(
            index_elements=["user_id"],
            set_={column: called.excluded[column] for column in ("name", "name_key", "as_of")},
            where=Person.as_of < called.excluded.as_of,
        )
    )
