"""A person's own second factors: add or change one, choose the preferred one, remove one, make recovery codes (ACC-22, BEY-05)."""

from dataclasses import dataclass

import uuid_utils.compat as uuid
from kontor.identity.v1 import identity_pb2 as pb
from sqlalchemy import ColumnElement, delete, insert, select, update

from chassis import clock
from chassis.caller import Caller
from chassis.db import Database, Transaction
from chassis.errors import Conflict, Failure, Invalid, NotFound
from services.identity import enrolment, history, letters, proofs, rules, tokens, totp
from services.identity.actions import sessions
from services.identity.actions.step_up import two_fresh_proofs
from services.identity.models import Factor, FactorSetup, RecoveryCode, User
from services.identity.proofs import Given
from services.identity.sealing import Keyring
from services.identity.telephone import Sent, Telephone


@dataclass(frozen=True)
class Setup:
    """A factor about to be added: the app's key, or where the code was sent."""

    token: str
    secret: str = ""
    sent: Sent | None = None


def start_factor(database: Database, telephone: Telephone, caller: Caller, request: pb.StartFactorRequest) -> Setup:
    """Show a new key, or send a code to a new number; `setup` of an earlier answer sends another. Nothing has changed before `confirm`.

    Raises Denied `step_up_needed`, Conflict `setup_over`, and as `Telephone.number` and `Telephone.send`.
    """
    with database.transaction() as tx:
        two_fresh_proofs(tx, caller)
    if request.method == pb.METHOD_TOTP:
        secret = totp.new_secret()
        return Setup(_begin(database, telephone.keyring, caller, proofs.TOTP, secret)[0], secret)
    if request.setup:
        token, (about, phone) = request.setup, _begun(database, telephone.keyring, caller, request.setup)
    else:
        phone = telephone.number(request.phone_number, country=request.country)
        token, about = _begin(database, telephone.keyring, caller, proofs.SMS, phone)
    return Setup(token, sent=telephone.send(database, about=about, user_id=caller.user_id, phone=phone, language=caller.language))


def _begin(database: Database, keyring: Keyring, caller: Caller, kind: str, secret: str) -> tuple[str, str]:
    token, about = tokens.new(), str(uuid.uuid7())
    sealed, expires = keyring.seal(secret, bound_to=caller.user_id), clock.now() + rules.SETUP_LIFE
    with database.transaction() as tx:
        setup = FactorSetup(id=about, token=tokens.digest(token), user_id=caller.user_id, kind=kind, secret=sealed, expires_at=expires)
        tx.add(setup)
        history.record(tx, "factor.start", user_id=caller.user_id, subject=about, kind=kind)
    return token, about


def _begun(database: Database, keyring: Keyring, caller: Caller, token: str) -> tuple[str, str]:
    with database.transaction() as tx:
        live = (FactorSetup.kind == proofs.SMS, FactorSetup.tries < rules.SETUP_TRIES, *_live(caller, token))
        setup = tx.execute(select(FactorSetup.id, FactorSetup.secret).where(*live)).one_or_none()
    if setup is None:
        raise Conflict("setup_over", "This took too long; start again.")
    return setup.id, keyring.unseal(setup.secret, bound_to=caller.user_id)


def confirm_factor(database: Database, keyring: Keyring, caller: Caller, request: pb.ConfirmFactorRequest) -> None:
    """Keep the new factor once a code of it is right; other sessions end.

    Raises Denied `step_up_needed`, Invalid `wrong_code` or `code_over`, Conflict `setup_over`.
    """
    with database.transaction() as tx:
        outcome = _confirm(tx, keyring, caller, request)
    if outcome:
        # Raised only now: the try has been counted and committed.
        raise outcome


def _confirm(tx: Transaction, keyring: Keyring, caller: Caller, request: pb.ConfirmFactorRequest) -> Failure | None:
    own = two_fresh_proofs(tx, caller)
    live = (*_live(caller, request.setup), FactorSetup.tries < rules.SETUP_TRIES)
    claim = update(FactorSetup).where(*live).values(tries=FactorSetup.tries + 1)
    setup = tx.execute(claim.returning(FactorSetup.id, FactorSetup.kind, FactorSetup.secret)).one_or_none()
    if setup is None:
        return Conflict("setup_over", "This took too long; start again.")
    secret = keyring.unseal(setup.secret, bound_to=caller.user_id)
    shown = proofs.new_factor(tx, keyring, secret=secret, given=Given(setup.kind, request.code, setup.id))
    if isinstance(shown, str):
        history.record(tx, "session.refuse", user_id=caller.user_id, subject=own, method=setup.kind)
        return Invalid(shown, "The code is not right.", fields={"code": shown})
    tx.execute(update(FactorSetup).where(FactorSetup.id == setup.id).values(ended_at=clock.now()))
    sessions.end_all(tx, caller.user_id, but=own)
    enrolment.one_more(tx, keyring, caller.user_id, shown)
    return None


def prefer_factor(tx: Transaction, caller: Caller, request: pb.PreferFactorRequest) -> None:
    """Ask for this one first from now on (ACC-26). Raises NotFound."""
    two_fresh_proofs(tx, caller)
    mine = (Factor.id == request.factor_id, Factor.user_id == caller.user_id)
    if tx.execute(update(Factor).where(*mine).values(preferred_at=clock.now()).returning(Factor.id)).scalar() is None:
        raise NotFound("factor_not_found", "There is no such factor.")
    history.record(tx, "factor.prefer", user_id=caller.user_id, subject=request.factor_id)


def remove_factor(tx: Transaction, caller: Caller, request: pb.RemoveFactorRequest) -> None:
    """Remove one, never the last (ACC-21), and end the other sessions: one may have been opened with it.

    Raises NotFound, Conflict `last_factor`.
    """
    sessions.end_all(tx, caller.user_id, but=two_fresh_proofs(tx, caller))
    refused = enrolment.remove(tx, caller.user_id, request.factor_id)
    if refused == "factor_not_found":
        raise NotFound(refused, "There is no such factor.")
    if refused:
        raise Conflict(refused, "One second factor always stays.")


def regenerate_recovery_codes(tx: Transaction, caller: Caller) -> list[str]:
    """Ten new ones, which are nowhere kept; older ones end. The person is told."""
    two_fresh_proofs(tx, caller)
    user = tx.scalars(select(User).where(User.id == caller.user_id).with_for_update(key_share=True)).one()
    codes = [tokens.written_code(rules.RECOVERY_GROUPS) for _ in range(rules.RECOVERY_CODES)]
    tx.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    tx.execute(insert(RecoveryCode), [{"digest": tokens.digest(tokens.read_code(code)), "user_id": user.id} for code in codes])
    letters.tell(tx, user.id, letters.RECOVERY_CODES_MADE)
    history.record(tx, "recovery_codes.make", user_id=user.id, subject=user.id)
    return codes


def _live(caller: Caller, token: str) -> tuple[ColumnElement[bool], ...]:
    mine = (FactorSetup.token == tokens.digest(token), FactorSetup.user_id == caller.user_id)
    return (*mine, FactorSetup.ended_at.is_(None), FactorSetup.expires_at > clock.now())
