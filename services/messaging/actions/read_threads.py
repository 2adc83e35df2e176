"""Read conversations: what stands on a thread's row is enough for every list, so that none looks at messages (T15)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Select,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    func,
    literal,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import aliased

from chassis.caller import Caller
from services.messaging import threads
from services.messaging.actions import members
from services.messaging.models import ConsultantAccess, Member, Message, Participant, Person, ReadMark, Thread
from services.messaging.rules import State

_ID = Uuid(as_uuid=False)
_membership, _user = bindparam("membership_id", type_=_ID), bindparam("user_id", type_=_ID)
_own_organisation, _organisation = bindparam("own_organisation_id", type_=_ID), bindparam("organisation_id", type_=_ID)
_thread, _clients = bindparam("thread_id", type_=_ID), bindparam("clients", type_=ARRAY(_ID))


def asked_by(caller: Caller) -> dict[str, Any]:
    """The parameters that all statements of here share."""
    return {
        "membership_id": caller.membership_id or None, "user_id": caller.user_id or None,
        "own_organisation_id": caller.organisation_id or None, "clients": list(caller.clients),
    }  # fmt: skip


def _unread(*, firm: bool) -> ColumnElement[int]:
    """Messages of others after the caller's mark. To the firm's people nothing in a closed thread is new: nothing is left to do."""
    count = Thread.message_count - func.coalesce(ReadMark.position, 0) - func.coalesce(ReadMark.own, 0)
    return case((Thread.state == State.CLOSED, 0), else_=count) if firm else count


def _shown(*, firm: bool) -> Select[Any]:
    """Threads as they are answered: with the caller's mark, and the name of who takes care of them."""
    assigned = aliased(Member)
    return (
        select(
            *Thread.__table__.c, _unread(firm=firm).label("unread"), func.coalesce(ReadMark.position, 0).label("read_position"),
            members.called(assigned).label("assigned_to"),
        )
        .outerjoin(ReadMark, (ReadMark.thread_id == Thread.id) & (ReadMark.user_id == _user))
        .outerjoin(assigned, assigned.membership_id == Thread.assigned_membership_id)
        .outerjoin(Person, Person.user_id == assigned.user_id)
    )  # fmt: skip


_SEEN = {True: threads.seen_at_firm(_membership, _clients), False: threads.seen_at_client(_user, _membership, _own_organisation)}
# As `threads.seen_at_client`, from the participants' side.
_takes_part = and_(Participant.user_id == _user, Participant.organisation_id == _own_organisation, ~threads.ended(_membership))
# By whether the caller is of a firm; also need `thread_id`.
ONE = {firm: _shown(firm=firm).where(Thread.id == _thread, seen) for firm, seen in _SEEN.items()}
SEEN = {firm: select(Thread.id).where(Thread.id == _thread, Thread.organisation_id == _organisation, seen) for firm, seen in _SEEN.items()}
SERVED = select(literal(1)).where(threads.serves(_membership, _organisation, _clients))
PARTICIPANTS = (
    select(Participant.membership_id, members.called().label("name"))
    .outerjoin(Member, Member.membership_id == Participant.membership_id)
    .outerjoin(Person, Person.user_id == Participant.user_id)
    .where(Participant.thread_id == _thread)
    .order_by(members.sorted_as(), Participant.membership_id)
)
_of_thread = select(*Message.__table__.c).where(Message.thread_id == _thread).limit(bindparam("limit"))
OLDEST = _of_thread.where(Message.position > bindparam("after")).order_by(Message.position)
NEWEST = _of_thread.where(Message.position < bindparam("after")).order_by(Message.position.desc())


def page(
    *, firm: bool, client: bool, state: int, area: int, mine: bool, unread: bool, before: tuple[datetime, str] | None, limit: int
) -> Select[Any]:
    """A page of threads by newest activity; also needs `organisation_id` where it is of one client.

    Each area of each client is walked along its own index and gives no more than a page, so that history costs nothing.
    """
    wanted: list[ColumnElement[bool]] = [Thread.state == state] if state else []
    if area:
        wanted.append(Thread.service_area == area)
    if mine:
        wanted.append(Thread.assigned_membership_id == _membership)
    if unread:
        wanted.append(_unread(firm=firm) > 0)
    some = _at_firm(wanted, client=client, before=before) if firm else _at_client(wanted, before=before)
    found = some.limit(limit).subquery()
    return _shown(firm=firm).join(found, found.c.id == Thread.id).order_by(found.c.last_message_at.desc(), found.c.id.desc())


def _at_firm(wanted: list[ColumnElement[bool]], *, client: bool, before: tuple[datetime, str] | None) -> Select[Any]:
    areas = select(ConsultantAccess.organisation_id, func.unnest(ConsultantAccess.service_areas).label("area"))
    areas = areas.where(ConsultantAccess.membership_id == _membership, threads.within(_clients))
    if client:
        areas = areas.where(ConsultantAccess.organisation_id == _organisation)
    served = areas.subquery("served")
    of_area = _marked(select(Thread.id, Thread.last_message_at)).where(
        Thread.organisation_id == served.c.organisation_id, Thread.service_area == served.c.area, *wanted
    )
    if before is not None:
        of_area = of_area.where(tuple_(Thread.last_message_at, Thread.id) < _moment(before))
    newest = of_area.order_by(Thread.last_message_at.desc(), Thread.id.desc()).limit(bindparam("most"))
    each = newest.correlate(served).lateral("each")
    found = select(each.c.id, each.c.last_message_at).select_from(served).join(each, true())
    return found.order_by(each.c.last_message_at.desc(), each.c.id.desc())


def _at_client(wanted: list[ColumnElement[bool]], *, before: tuple[datetime, str] | None) -> Select[Any]:
    part = select(Participant.thread_id.label("id"), Participant.last_message_at).join(Thread, Thread.id == Participant.thread_id)
    found = _marked(part).where(_takes_part, *wanted)
    if before is not None:
        found = found.where(tuple_(Participant.last_message_at, Participant.thread_id) < _moment(before))
    return found.order_by(Participant.last_message_at.desc(), Participant.thread_id.desc())


def _marked(statement: Select[*tuple[Any, ...]]) -> Select[Any]:
    return statement.outerjoin(ReadMark, (ReadMark.thread_id == Thread.id) & (ReadMark.user_id == _user))


def _moment(before: tuple[datetime, str]) -> ColumnElement[Any]:
    return tuple_(literal(before[0], DateTime(timezone=True)), literal(before[1], _ID))


def counts(*, firm: bool, organisations: Sequence[str]) -> Select[Any]:
    """By organisation, how many threads wait for the firm and how many hold something new; what has neither is left out."""
    waiting, new = Thread.state == State.OPEN, _unread(firm=firm) > 0
    columns = (Thread.organisation_id, func.count().filter(waiting).label("open"), func.count().filter(new).label("unread"))
    if firm:
        live = (Thread.organisation_id == ConsultantAccess.organisation_id) & (Thread.state != State.CLOSED)
        served = live & (Thread.service_area == any_(ConsultantAccess.service_areas))
        found = select(*columns).select_from(ConsultantAccess).join(Thread, served)
        found = found.where(ConsultantAccess.membership_id == _membership, threads.within(_clients))
    else:
        found = select(*columns).select_from(Participant).join(Thread, Thread.id == Participant.thread_id).where(_takes_part)
    if organisations:
        found = found.where(Thread.organisation_id == any_(literal(list(organisations), ARRAY(_ID))))
    return _marked(found).where(waiting | new).group_by(Thread.organisation_id).order_by(Thread.organisation_id)
