"""Sign in: a password opens an attempt, a code from the authenticator turns the attempt into a session (ACC-21, ACC-25)."""

from dataclasses import dataclass

import uuid_utils.compat as uuid
from kontor.identity.v1 import identity_pb2 as pb
from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.engine import Row

from chassis import clock, telemetry
from chassis.db import Database, Transaction
from chassis.errors import Denied, Failure, Unauthenticated
from services.identity import addresses, rules, throttle, tokens, totp
from services.identity.actions import sessions
from services.identity.models import Attempt, Factor, User
from services.identity.passwords import Passwords

_user = select(User.id, User.email, User.password_hash)


@dataclass(frozen=True)
class Begun:
    """An attempt that waits for its code. `secret` is the key to enrol, where the account has no second factor yet."""

    token: str
    email: str
    secret: str | None


def start(database: Database, passwords: Passwords, request: pb.StartSignInRequest) -> Begun:
    """Check address and password. Raises Unauthenticated `wrong_credentials`, TooMany.

    An unknown address, one without a password and one with another cost the same work and get the same answer (P5).
    """
    address = addresses.typed(request.email)
    with passwords.turn():
        # Counted inside the turn: at most as many guesses are on their way at once as passwords are checked at once.
        with database.transaction() as tx:
            throttle.count_password(tx, address)
            user = tx.execute(_user.where(User.email == address)).one_or_none()
        right = passwords.matches(user.password_hash if user else None, request.password)
    with database.transaction() as tx:
        begun = _begin(tx, user) if user and right else None
        if begun:
            throttle.forgive(tx, address)
        else:
            throttle.hold_back(tx, address)
    if begun is None:
        telemetry.log(__name__).warning("sign-in refused", user_id=user.id if user else "")
        raise Unauthenticated("wrong_credentials", "Address and password do not belong together.")
    return begun


def _begin(tx: Transaction, user: Row[str, str, str | None]) -> Begun | None:
    # The password may have been changed while it was checked; changing it takes this lock first.
    unchanged = (
        select(exists().where(Factor.user_id == User.id))
        .where(User.id == user.id, User.password_hash == user.password_hash)
        .with_for_update(read=True, of=User)
    )
    enrolled = tx.scalar(unchanged)
    if enrolled is None:
        return None
    begun = Begun(token=tokens.new(), email=user.email, secret=None if enrolled else totp.new_secret())
    tx.add(
        Attempt(
            id=str(uuid.uuid7()), token=tokens.digest(begun.token), user_id=user.id, enrolment_secret=begun.secret, tries=0,
            expires_at=clock.now() + rules.ATTEMPT_LIFE,
        )
    )  # fmt: skip
    tx.record("sign_in.start", organisation=user.id, subject=user.id)
    return begun


def finish(database: Database, request: pb.FinishSignInRequest) -> tuple[str, str]:
    """Check the code of an attempt; answers the session's token and the person's id.

    Raises Unauthenticated `wrong_code` or `attempt_over`, TooMany, and Denied `factor_disabled`.
    """
    with database.transaction() as tx:
        outcome = _finish(tx, request)
    if isinstance(outcome, Failure):
        # Raised only now: the try has been counted and committed.
        telemetry.log(__name__).warning("second factor refused", reason=outcome.reason)
        raise outcome
    return outcome


def _finish(tx: Transaction, request: pb.FinishSignInRequest) -> tuple[str, str] | Failure:
    claim = (
        update(Attempt)
        .where(
            Attempt.token == tokens.digest(request.attempt), Attempt.ended_at.is_(None), Attempt.tries < rules.ATTEMPT_TRIES,
            Attempt.expires_at > clock.now(),
        )
        .values(tries=Attempt.tries + 1)
        .returning(Attempt.id, Attempt.user_id, Attempt.enrolment_secret, Attempt.tries)
    )  # fmt: skip
    attempt = tx.execute(claim).one_or_none()
    if attempt is None:
        return Unauthenticated("attempt_over", "This sign-in is over; start again.")
    prove = _enrol if attempt.enrolment_secret else _prove
    reason = prove(tx, attempt, request.code)
    if reason:
        return Unauthenticated(reason, "The code is not right.", facts={"tries_left": str(rules.ATTEMPT_TRIES - attempt.tries)})
    # The attempt's row is ours until commit: no other request can turn it into a second session.
    tx.execute(update(Attempt).where(Attempt.id == attempt.id).values(ended_at=clock.now()))
    return sessions.open_session(tx, attempt.user_id, user_agent=request.user_agent), attempt.user_id


def _prove(tx: Transaction, attempt: Row[str, str, str | None, int], code: str) -> str | None:
    """Check a code against the person's authenticator; None, or the reason why it does not count. Counted before it is looked at."""
    now, mine = clock.now(), Factor.user_id == attempt.user_id
    count = (
        update(Factor)
        .where(mine, Factor.disabled_at.is_(None), Factor.open_at.is_(None) | (Factor.open_at <= now))
        .values(failures=Factor.failures + 1)
        .returning(Factor.id, Factor.secret, Factor.failures)
    )
    factor = tx.execute(count).one_or_none()
    if factor is None:
        held = tx.execute(select(Factor.disabled_at, Factor.open_at).where(mine)).one()
        # Raised inside the transaction, so that a try which was not looked at does not count for the attempt either.
        raise throttle.too_many(held.open_at) if held.disabled_at is None else Denied("factor_disabled", "Too many wrong codes in a row.")
    step = totp.step_of(factor.secret, code, at=now)
    if step is not None:
        # A code belongs to one time step, and steps only move forward: the same code never counts twice (RFC 6238 § 5.2).
        forward = update(Factor).where(Factor.id == factor.id, Factor.last_step < step).values(last_step=step, failures=0, open_at=None)
        if tx.execute(forward.returning(Factor.id)).scalar():
            return None
    over, wait = factor.failures >= rules.DISABLED_AFTER, rules.wait_after(factor.failures)
    slower = {"open_at": now + wait if wait else None, "disabled_at": now if over else None}
    tx.execute(update(Factor).where(Factor.id == factor.id).values(slower))
    if over:
        tx.record("factor.disable", organisation=attempt.user_id, subject=factor.id)
    return "wrong_code"


def _enrol(tx: Transaction, attempt: Row[str, str, str | None, int], code: str) -> str | None:
    """Make the authenticator that was shown with this attempt the person's second factor (ACC-23). Its first code counts as used."""
    now = clock.now()
    step = totp.step_of(attempt.enrolment_secret or "", code, at=now)
    if step is None:
        return "wrong_code"
    factor = (
        upsert(Factor)
        .values(
            id=str(uuid.uuid7()), user_id=attempt.user_id, kind="totp", secret=attempt.enrolment_secret, last_step=step, failures=0,
            confirmed_at=now,
        )
        .on_conflict_do_nothing(index_elements=["user_id", "kind"])
        .returning(Factor.id)
    )  # fmt: skip
    made = tx.execute(factor).scalar()
    if made is None:
        return "attempt_over"
    tx.record("factor.enrol", organisation=attempt.user_id, subject=made, kind="totp")
    return None
