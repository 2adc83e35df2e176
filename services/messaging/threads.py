"""Which threads somebody sees, and to whom what is written in one goes."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Select, Uuid, and_, any_, exists, func, literal, or_, select

from chassis.caller import Caller
from chassis.db import Transaction
from chassis.errors import NotFound
from services.messaging.models import ConsultantAccess, Member, Participant, Thread

_IDS = ARRAY(Uuid(as_uuid=False))


def is_firm(caller: Caller) -> bool:
    """Whether the caller is one of a firm's people."""
    return caller.organisation_kind == "firm"


def visible(caller: Caller) -> ColumnElement[bool]:
    """The threads that the caller sees."""
    if is_firm(caller):
        return seen_at_firm(caller.membership_id or None, literal(list(caller.clients), _IDS))
    return seen_at_client(caller.user_id or None, caller.membership_id or None, caller.organisation_id or None)


def within(clients: ColumnElement[Any]) -> ColumnElement[bool]:
    """At a client that the caller's API key reaches: one of these, or any where there are none."""
    return or_(func.cardinality(clients) == 0, ConsultantAccess.organisation_id == any_(clients))


def seen_at_firm(membership: Any, clients: ColumnElement[Any]) -> ColumnElement[bool]:
    """Those of the areas in which this member of the firm serves the client (ACC-11)."""
    return exists().where(
        ConsultantAccess.membership_id == membership, ConsultantAccess.organisation_id == Thread.organisation_id,
        Thread.service_area == any_(ConsultantAccess.service_areas), within(clients),
    )  # fmt: skip


def seen_at_client(user: Any, membership: Any, organisation: Any) -> ColumnElement[bool]:
    """Those in which this person takes part; none for a membership that has ended."""
    part = exists().where(Participant.thread_id == Thread.id, Participant.user_id == user)
    return and_(Thread.organisation_id == organisation, part, ~ended(membership))


def ended(membership: Any) -> ColumnElement[bool]:
    """Whether this membership is known to have ended, whatever its assertion still says (P7)."""
    return exists().where(Member.membership_id == membership, Member.removed_at.is_not(None))


def serving(organisation_id: str, area: int) -> Select[str]:
    """Memberships at the firm that serve the client in this area."""
    return (
        select(ConsultantAccess.membership_id)
        .where(ConsultantAccess.organisation_id == organisation_id, literal(area) == any_(ConsultantAccess.service_areas))
        .order_by(ConsultantAccess.membership_id)
    )


def serves(membership: Any, organisation: Any, clients: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether this member of the firm serves the client in any area."""
    return exists().where(
        ConsultantAccess.membership_id == membership, ConsultantAccess.organisation_id == organisation,
        func.cardinality(ConsultantAccess.service_areas) > 0, within(clients),
    )  # fmt: skip


def taking_part(tx: Transaction, thread_id: str) -> Sequence[str]:
    """Memberships of the client's people who see the thread, without those known to have ended."""
    known = (
        select(Participant.membership_id)
        .outerjoin(Member, Member.membership_id == Participant.membership_id)
        .where(Participant.thread_id == thread_id, Member.removed_at.is_(None))
        .order_by(Participant.membership_id)
    )
    return tx.scalars(known).all()


def no_thread() -> NotFound:
    """Also where there is one that the caller may not know of."""
    return NotFound("thread_not_found", "There is no such conversation that you take part in.")


def no_organisation() -> NotFound:
    """Also where there is one that the caller may not know of."""
    return NotFound("organisation_not_found", "There is no such organisation whose messages you could read or write.")
