"""Sessions: opened by a sign-in, seen at each request, turned to another organisation, ended."""

from datetime import datetime

import uuid_utils.compat as uuid
from kontor.identity.v1 import events_pb2
from kontor.identity.v1 import identity_pb2 as pb
from sqlalchemy import select, update

from chassis import clock
from chassis.caller import Caller
from chassis.db import Database, Transaction
from chassis.errors import Denied, NotFound
from services.identity import rules, tokens
from services.identity.models import Attempt, Membership, Session


def open_session(tx: Transaction, user_id: str, *, user_agent: str) -> str:
    """Begin a session and answer its token. Who belongs to one organisation is in it; others choose (ACC-29)."""
    now, token = clock.now(), tokens.new()
    belongs = tx.scalars(select(Membership.id).where(Membership.user_id == user_id, Membership.removed_at.is_(None)).limit(2)).all()
    session = Session(
        id=str(uuid.uuid7()), token=tokens.digest(token), user_id=user_id, membership_id=belongs[0] if len(belongs) == 1 else None,
        user_agent=user_agent[:300], created_at=now, seen_at=now, authenticated_at=now,
    )  # fmt: skip
    tx.add(session)
    tx.record("session.open", organisation=user_id, subject=session.id)
    return token


def see(database: Database, session_id: str, seen_at: datetime) -> None:
    """Note that the session is in use, at most once a minute."""
    now = clock.now()
    if now < seen_at + rules.SEEN_EVERY:
        return
    with database.transaction() as tx:
        # Of several requests at once, one writes.
        tx.execute(update(Session).where(Session.id == session_id, Session.seen_at == seen_at).values(seen_at=now))


def choose_organisation(tx: Transaction, caller: Caller, request: pb.ChooseOrganisationRequest) -> None:
    """Work in another organisation from now on, in the session at hand only (ACC-30). Raises NotFound where the caller does not belong."""
    own = needed(caller)
    belongs = select(Membership.id, Membership.organisation_id).where(
        Membership.id == request.membership_id, Membership.user_id == caller.user_id, Membership.removed_at.is_(None)
    )
    membership = tx.execute(belongs).one_or_none()
    if membership is None:
        raise NotFound("membership_not_found", "You are not a member there.")
    tx.execute(update(Session).where(Session.id == own).values(membership_id=membership.id))
    tx.record("session.choose", organisation=membership.organisation_id, subject=membership.id)


def sign_out(tx: Transaction, caller: Caller) -> None:
    """End the caller's session on the server (ACC-28). Ending it again changes nothing."""
    own = (Session.id == needed(caller), Session.user_id == caller.user_id, Session.ended_at.is_(None))
    if tx.execute(update(Session).where(*own).values(ended_at=clock.now()).returning(Session.id)).scalar():
        tx.emit(events_pb2.SessionsEnded(user_id=caller.user_id, session_ids=[caller.session_id]), about=caller.user_id)
        tx.record("session.end", organisation=caller.user_id, subject=caller.session_id)


def end_all(tx: Transaction, user_id: str, *, but: str = "") -> None:
    """End a person's sessions and half-done sign-ins, except session `but`.

    Attempts first: one that is being finished right now makes this wait, and its session is then there to be ended.
    """
    tx.execute(update(Attempt).where(Attempt.user_id == user_id, Attempt.ended_at.is_(None)).values(ended_at=clock.now()))
    others = [Session.user_id == user_id, Session.ended_at.is_(None), *([Session.id != but] if but else [])]
    ended = tx.scalars(update(Session).where(*others).values(ended_at=clock.now()).returning(Session.id)).all()
    if ended:
        tx.emit(events_pb2.SessionsEnded(user_id=user_id, session_ids=ended), about=user_id)
        tx.record("session.end", organisation=user_id, subject=user_id, sessions=str(len(ended)))


def needed(caller: Caller) -> str:
    """The caller's session. Raises Denied for an API key: what concerns a person's account needs the person."""
    if not caller.session_id:
        raise Denied("session_needed", "This needs a person who is signed in.")
    return caller.session_id
