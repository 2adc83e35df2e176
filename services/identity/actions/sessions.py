"""Sessions: opened by a sign-in, seen at each request, turned to another organisation, ended."""

from datetime import datetime
from typing import Protocol

import uuid_utils.compat as uuid
from kontor.identity.v1 import events_pb2
from kontor.identity.v1 import identity_pb2 as pb
from sqlalchemy import ColumnElement, Uuid, literal, select, update

from chassis import clock
from chassis.caller import STEP_UP_AGE, Caller
from chassis.db import Database, Transaction
from chassis.errors import Denied, NotFound
from services.identity import history, identifiers, letters, rules, tokens
from services.identity.actions import coming_in, replacing
from services.identity.device_rows import Device, WebSignIn
from services.identity.models import Attempt, Membership, Organisation, Session


def open_session(
    tx: Transaction, user_id: str, *, user_agent: str, method: str = "", device_id: str | None = None, password: bool = True,
    identifier_id: str | None = None,
) -> str:  # fmt: skip
    """Begin a session and answer its token. Who belongs to one organisation is in it; others choose (ACC-29).

    `method` is the second factor it was proved with, `device_id` the enrolled device it is opened on. Where no `password` was given, what
    demands it asks for it. One that a number opens which is not proven, `identifier_id`, reaches what was entered with that number only.
    """
    first = coming_in.open_account(tx, user_id, identifier_id=identifier_id)
    if identifier_id is None:
        replacing.complete(tx, user_id)
    now, token = clock.now(), tokens.new()
    belongs = _usable(tx, user_id, identifiers.reached(literal(identifier_id, Uuid(as_uuid=False))))
    alone = belongs[0] if len(belongs) == 1 else None
    session = Session(
        id=str(uuid.uuid7()), token=tokens.digest(token), user_id=user_id, membership_id=alone.id if alone else None,
        user_agent=user_agent[:300], created_at=now, seen_at=now, authenticated_at=now,
        password_at=now if password else now - STEP_UP_AGE, method=method, device_id=device_id, identifier_id=identifier_id,
    )  # fmt: skip
    tx.add(session)
    if alone:
        coming_in.come_in(tx, alone, first=first)
    history.record(tx, "session.open", user_id=user_id, subject=session.id)
    return token


class Seen(Protocol):
    """A session as it was found: where and when it was used last, and on which device."""

    session_id: str
    seen_at: datetime
    address: str
    device_id: str | None


def see(database: Database, held: Seen, address: str) -> None:
    """Note that the session is in use, and from where: at most once a minute, or from another address."""
    now, elsewhere = clock.now(), bool(address) and address != held.address
    if now < held.seen_at + rules.SEEN_EVERY and not elsewhere:
        return
    use = {"seen_at": now, **({"address": address} if elsewhere else {})}
    with database.transaction() as tx:
        # Of several requests at once, one writes.
        mine = (Session.id == held.session_id, Session.seen_at == held.seen_at)
        written = tx.execute(update(Session).where(*mine).values(use).returning(Session.id)).scalar()
        if written and held.device_id:
            tx.execute(update(Device).where(Device.id == held.device_id).values(use))


def choose_organisation(tx: Transaction, caller: Caller, request: pb.ChooseOrganisationRequest) -> None:
    """Work in another organisation from now on, in the session at hand only (ACC-30).

    Raises NotFound where the caller does not belong, or not today.
    """
    own = needed(caller)
    usable = _usable(tx, caller.user_id, identifiers.reached(identifiers.of_session(own)))
    membership = next((each for each in usable if each.id == request.membership_id.lower()), None)
    if membership is None:
        raise NotFound("membership_not_found", "You are not a member there.")
    coming_in.come_in(tx, membership)
    tx.execute(update(Session).where(Session.id == own).values(membership_id=membership.id))
    tx.record("session.choose", organisation=membership.organisation_id, subject=membership.id)


def _usable(tx: Transaction, user_id: str, reached: ColumnElement[bool]) -> list[Membership]:
    """The memberships in which the person may work today (NET-13), of those that the session reaches."""
    here = select(Membership, Organisation.time_zone).join(Organisation, Organisation.id == Membership.organisation_id)
    living, now = (Membership.user_id == user_id, Membership.removed_at.is_(None), reached), clock.now()
    rows = tx.execute(here.where(*living))
    return [each for each, zone in rows if rules.in_force(each.first_day, each.last_day, today=rules.today(zone, now))]


def sign_out(tx: Transaction, caller: Caller) -> None:
    """End the caller's session on the server (ACC-28), and forget the PIN of the device it is on (NET-40). Again changes nothing."""
    end_one(tx, caller.user_id, needed(caller))


def end_one(tx: Transaction, user_id: str, session_id: str, *, lock: bool = False) -> bool:
    """End a session, if it was not over. Its device needs a full sign-in then, or after `lock` its PIN or a passkey (NET-41)."""
    named = (Session.id == session_id, Session.user_id == user_id, Session.ended_at.is_(None))
    ended = tx.execute(update(Session).where(*named).values(ended_at=clock.now()).returning(Session.id, Session.device_id)).one_or_none()
    if ended is None:
        return False
    tx.emit(events_pb2.SessionsEnded(user_id=user_id, session_ids=[session_id]), about=user_id)
    history.record(tx, "session.lock" if lock else "session.end", user_id=user_id, subject=session_id)
    if ended.device_id and not lock:
        tx.execute(update(Device).where(Device.id == ended.device_id).values(pin=None))
    return True


def end_sessions(tx: Transaction, caller: Caller, request: pb.EndSessionsRequest) -> None:
    """End one of the caller's own, or all but the present one. One that is over already, or somebody else's, changes nothing."""
    own = needed(caller)
    ended = end_one(tx, caller.user_id, request.session_id) if request.session_id else end_all(tx, caller.user_id, but=own)
    if ended:
        letters.tell(tx, caller.user_id, letters.SESSIONS_ENDED)


def end_all(tx: Transaction, user_id: str, *, but: str = "") -> int:
    """End a person's sessions and half-done sign-ins, except session `but`, and forget the PINs of other devices than its own.

    Answers how many sessions there were. Attempts first: one that is being finished makes this wait, and its session is then there.
    """
    now = clock.now()
    tx.execute(update(Attempt).where(Attempt.user_id == user_id, Attempt.ended_at.is_(None)).values(ended_at=now))
    own = tx.scalar(select(Session.device_id).where(Session.id == but)) if but else None
    tx.execute(update(Device).where(Device.user_id == user_id, Device.id.is_distinct_from(own)).values(pin=None))
    tx.execute(update(WebSignIn).where(WebSignIn.user_id == user_id, WebSignIn.ended_at.is_(None)).values(ended_at=now))
    others = [Session.user_id == user_id, Session.ended_at.is_(None), *([Session.id != but] if but else [])]
    ended = tx.scalars(update(Session).where(*others).values(ended_at=clock.now()).returning(Session.id)).all()
    if ended:
        tx.emit(events_pb2.SessionsEnded(user_id=user_id, session_ids=ended), about=user_id)
        history.record(tx, "session.end", user_id=user_id, subject=user_id, sessions=str(len(ended)))
    return len(ended)


def needed(caller: Caller) -> str:
    """The caller's session. Raises Denied for an API key: what concerns a person's account needs the person."""
    if not caller.session_id:
        raise Denied("session_needed", "This needs a person who is signed in.")
    return caller.session_id
