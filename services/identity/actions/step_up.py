"""Confirm a session with a fresh second factor before what could do harm in the wrong hands (NET-05)."""

from kontor.identity.v1 import identity_pb2 as pb
from sqlalchemy import select, update

from chassis import clock, telemetry
from chassis.caller import STEP_UP_AGE, Caller
from chassis.db import Database, Transaction
from chassis.errors import Conflict, Denied, Invalid
from services.identity import held, history, proofs, throttle
from services.identity.actions import sessions
from services.identity.models import Session, User
from services.identity.passwords import Passwords
from services.identity.proofs import Given
from services.identity.telephone import Sent, Telephone


def step_up(
    database: Database, passwords: Passwords, telephone: Telephone, caller: Caller, request: pb.StepUpRequest, *, method: str
) -> None:
    """Renew the session's proofs: the second factor, and the password where it is given.

    Raises Invalid `wrong_password`, `wrong_code` or `code_over`, Conflict `method_not_here`, TooMany, and Denied `factor_disabled`.
    """
    own, now = sessions.needed(caller), clock.now()
    if request.password:
        _password(database, passwords, caller, request.password)
    with database.transaction() as tx:
        method = method or held.methods(tx, telephone.keyring, caller.user_id).preferred
        reason = (
            "method_not_here" if method == proofs.VOUCHED  # it stands for the factors while others are enrolled, and for nothing else
            else proofs.second_factor(tx, telephone.keyring, caller.user_id, Given(method, request.code, own))
        )  # fmt: skip
        if reason is None:
            renewed = {"authenticated_at": now, "method": method, **({"password_at": now} if request.password else {})}
            tx.execute(update(Session).where(Session.id == own, Session.user_id == caller.user_id).values(renewed))
            history.record(tx, "session.step_up", user_id=caller.user_id, subject=own, method=method)
        elif reason != "method_not_here":
            history.record(tx, "session.refuse", user_id=caller.user_id, subject=own, method=method)
    if reason == "method_not_here":
        raise Conflict(reason, "This method is not set up.")
    if reason:
        telemetry.log(__name__).warning("second factor refused", reason=reason, method=method)
        raise Invalid(reason, "The code is not right.", fields={"code": reason})


def send_code(database: Database, telephone: Telephone, caller: Caller) -> Sent:
    """Send a code for this to the number on record. Raises Conflict `method_not_here`, and as `Telephone.send`."""
    own = sessions.needed(caller)
    with database.transaction() as tx:
        phone = held.phone(tx, telephone.keyring, caller.user_id)
    return telephone.send(database, about=own, user_id=caller.user_id, phone=phone, language=caller.language)


def two_fresh_proofs(tx: Transaction, caller: Caller) -> str:
    """The caller's session, where the password too was given in the last 15 minutes (the second factor is the guard's to demand).

    Raises Denied `step_up_needed` with the fact `proofs`.
    """
    own = sessions.needed(caller)
    if not tx.scalar(select(Session.id).where(Session.id == own, Session.password_at > clock.now() - STEP_UP_AGE)):
        raise Denied("step_up_needed", "Confirm with password and a fresh second factor.", facts={"proofs": "password"})
    return own


def _password(database: Database, passwords: Passwords, caller: Caller, typed: str) -> None:
    with database.transaction() as tx:
        email = tx.get_one(User, caller.user_id).email
    if proofs.password(database, passwords, email, typed) is None:
        with database.transaction() as tx:
            history.record(tx, "session.refuse", user_id=caller.user_id, subject=sessions.needed(caller), method="password")
        raise Invalid("wrong_password", "This is not your present password.", fields={"password": "wrong_password"})
    with database.transaction() as tx:
        throttle.forgive(tx, email)
