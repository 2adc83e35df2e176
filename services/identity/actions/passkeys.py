"""A person's own passkeys, and signing in with one, after the password or alone (BEY-16)."""

import secrets
from dataclasses import dataclass

import uuid_utils.compat as uuid
from kontor.identity.v1 import passkeys_pb2 as pb
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis import clock, telemetry
from chassis.caller import Caller
from chassis.db import Database, Transaction
from chassis.errors import Conflict, Failure, Invalid, NotFound, Unauthenticated
from services.identity import budgets, history, letters, passkeys, proofs, rules, tokens
from services.identity.actions import bindings, sessions
from services.identity.actions.step_up import two_fresh_proofs
from services.identity.models import Attempt, User
from services.identity.passkey_rows import Passkey, PasskeyChallenge
from services.identity.passkeys import Registered, RelyingParty

CHALLENGE_BYTES = 32


@dataclass(frozen=True)
class SignedIn:
    """A session."""

    user_id: str
    session: str


def start(tx: Transaction, party: RelyingParty, caller: Caller) -> str:
    """What the browser is to be asked. Raises Denied `step_up_needed`, Conflict `passkeys_not_here` or `too_many_passkeys`."""
    own = two_fresh_proofs(tx, caller)
    _offered(party)
    held = _held(tx, caller.user_id)
    if len(held) >= rules.PASSKEYS_AT_MOST:
        raise _too_many()
    user = tx.get_one(User, caller.user_id)
    name = f"{user.first_name} {user.last_name}"
    return party.creation(_ask(tx, own), user_id=user.id, email=user.email, name=name, held=held)


def add(database: Database, party: RelyingParty, caller: Caller, request: pb.AddPasskeyRequest) -> None:
    """Keep the new one; other sessions end, and the person is told. Raises Invalid `passkey_over` or `passkey_refused`, and as `start`."""
    with database.transaction() as tx:
        own = two_fresh_proofs(tx, caller)
        made = proofs.new_passkey(tx, party, request.credential, about=own)
        outcome = _keep(tx, caller, request.label, made, own=own) if isinstance(made, Registered) else Invalid(made, "It was not accepted.")
    if outcome:
        # Raised only now: the question has been used up, and that is committed.
        telemetry.log(__name__).warning("passkey refused", reason=outcome.reason)
        raise outcome


def _keep(tx: Transaction, caller: Caller, label: str, made: Registered, *, own: str) -> Failure | None:
    user = tx.scalars(select(User).where(User.id == caller.user_id).with_for_update(key_share=True)).one()
    if len(_held(tx, user.id)) >= rules.PASSKEYS_AT_MOST:
        return _too_many()
    row = {
        "id": str(uuid.uuid7()), "user_id": user.id, "credential_id": made.credential_id, "public_key": made.public_key,
        "sign_count": made.sign_count, "backup_eligible": made.backup_eligible, "backed_up": made.backed_up,
        "label": " ".join(label.split()) or "-", "added_at": clock.now(),
    }  # fmt: skip
    # One that is known already, whosever it is, must not change hands.
    if tx.execute(upsert(Passkey).values(row).on_conflict_do_nothing().returning(Passkey.id)).scalar() is None:
        return Invalid("passkey_refused", "It was not accepted.")
    sessions.end_all(tx, user.id, but=own)
    letters.tell(tx, user.id, letters.PASSKEY_ADDED)
    history.record(tx, "passkey.add", user_id=user.id, subject=str(row["id"]))
    return None


def rename(tx: Transaction, caller: Caller, request: pb.RenamePasskeyRequest) -> None:
    """Call it something else. Raises NotFound."""
    sessions.needed(caller)
    mine = (Passkey.id == request.passkey_id, Passkey.user_id == caller.user_id)
    label = " ".join(request.label.split()) or "-"
    if tx.execute(update(Passkey).where(*mine).values(label=label).returning(Passkey.id)).scalar() is None:
        raise NotFound("passkey_not_found", "There is no such passkey.")
    history.record(tx, "passkey.rename", user_id=caller.user_id, subject=request.passkey_id)


def remove(tx: Transaction, caller: Caller, request: pb.RemovePasskeyRequest) -> None:
    """End it at once, and the other sessions: one may have been opened with it. The person is told. Raises NotFound."""
    sessions.end_all(tx, caller.user_id, but=two_fresh_proofs(tx, caller))
    gone = delete(Passkey).where(Passkey.id == request.passkey_id, Passkey.user_id == caller.user_id).returning(Passkey.id)
    if tx.execute(gone).scalar() is None:
        raise NotFound("passkey_not_found", "There is no such passkey.")
    letters.tell(tx, caller.user_id, letters.PASSKEY_REMOVED)
    history.record(tx, "passkey.remove", user_id=caller.user_id, subject=request.passkey_id)


def ask(tx: Transaction, party: RelyingParty, request: pb.AskForPasskeyRequest, *, address: str) -> str:
    """What the browser is to be asked at sign-in. Raises Unauthenticated `attempt_over`, Conflict `method_not_here`, TooMany."""
    _offered(party)
    budgets.ask(tx, "passkey", address=address)
    if not request.attempt:
        return party.request(_ask(tx, None), held=())
    live = (Attempt.token == tokens.digest(request.attempt), Attempt.ended_at.is_(None), Attempt.expires_at > clock.now())
    attempt = tx.execute(select(Attempt.id, Attempt.user_id, Attempt.enrolment_secret).where(*live)).one_or_none()
    if attempt is None:
        raise Unauthenticated("attempt_over", "This sign-in is over; start again.")
    held = _held(tx, attempt.user_id)
    if not held or attempt.enrolment_secret:
        raise Conflict("method_not_here", "There is no passkey.")
    return party.request(_ask(tx, attempt.id), held=held)


def sign_in(database: Database, party: RelyingParty, request: pb.SignInWithPasskeyRequest) -> SignedIn:
    """Check the answer. Raises Unauthenticated `attempt_over`, `passkey_over`, `passkey_refused` or `passkey_unverified`."""
    with database.transaction() as tx:
        outcome = _second(tx, party, request) if request.attempt else _alone(tx, party, request)
    if isinstance(outcome, Failure):
        # Raised only now: the try has been counted, the question used up, and that is committed.
        telemetry.log(__name__).warning("passkey refused", reason=outcome.reason)
        raise outcome
    return outcome


def _second(tx: Transaction, party: RelyingParty, request: pb.SignInWithPasskeyRequest) -> SignedIn | Failure:
    live = (Attempt.token == tokens.digest(request.attempt), Attempt.ended_at.is_(None), Attempt.expires_at > clock.now())
    claim = update(Attempt).where(*live, Attempt.tries < rules.ATTEMPT_TRIES, Attempt.enrolment_secret.is_(None))
    attempt = tx.execute(claim.values(tries=Attempt.tries + 1).returning(Attempt.id, Attempt.user_id)).one_or_none()
    if attempt is None:
        return Unauthenticated("attempt_over", "This sign-in is over; start again.")
    user_id, reason = proofs.passkey(tx, party, request.credential, user_id=attempt.user_id, about=attempt.id)
    if reason:
        history.record(tx, "sign_in.refuse", user_id=attempt.user_id, subject=attempt.user_id, method=proofs.PASSKEY)
        return Unauthenticated(reason, "The passkey was not accepted.")
    tx.execute(update(Attempt).where(Attempt.id == attempt.id).values(ended_at=clock.now()))
    first = bindings.completed(tx, attempt.id)
    session = sessions.open_session(
        tx, user_id, user_agent=request.user_agent, password=first.password, method=proofs.PASSKEY, identifier_id=first.identifier_id
    )
    return SignedIn(user_id, session)


def _alone(tx: Transaction, party: RelyingParty, request: pb.SignInWithPasskeyRequest) -> SignedIn | Failure:
    user_id, reason = proofs.passkey(tx, party, request.credential, user_id="", about="")
    if reason:
        return Unauthenticated(reason, "The passkey was not accepted.")
    session = sessions.open_session(tx, user_id, user_agent=request.user_agent, method=proofs.PASSKEY, password=False)
    return SignedIn(user_id, session)


def _ask(tx: Transaction, about: str | None) -> bytes:
    asked = secrets.token_bytes(CHALLENGE_BYTES)
    tx.add(PasskeyChallenge(digest=passkeys.digest(asked), about=about, expires_at=clock.now() + rules.CHALLENGE_LIFE))
    return asked


def _held(tx: Transaction, user_id: str) -> list[bytes]:
    return list(tx.scalars(select(Passkey.credential_id).where(Passkey.user_id == user_id)))


def _offered(party: RelyingParty) -> None:
    if not party.offered:
        raise Conflict("passkeys_not_here", "Passkeys need a name in the portal's address.")


def _too_many() -> Conflict:
    return Conflict("too_many_passkeys", "Remove one first.")
