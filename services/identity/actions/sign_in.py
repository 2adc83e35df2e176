"""Sign in: a password opens an attempt, a second proof turns the attempt into a session (ACC-21, ACC-25)."""

from dataclasses import dataclass

import uuid_utils.compat as uuid
from kontor.identity.v1 import identity_pb2 as pb
from sqlalchemy import select, update
from sqlalchemy.engine import Row

from chassis import clock, telemetry
from chassis.db import Database, Transaction
from chassis.errors import Conflict, Denied, Failure, Invalid, Unauthenticated
from services.identity import addresses, enrolment, held, history, proofs, rules, throttle, tokens, totp
from services.identity.actions import bindings, sessions
from services.identity.held import Methods
from services.identity.models import Attempt, User
from services.identity.passwords import Passwords
from services.identity.proofs import Given
from services.identity.sealing import Keyring
from services.identity.telephone import Sent, Telephone

_attempt = select(Attempt.id, Attempt.user_id, Attempt.enrolment_secret, User.email, User.language).join(User, User.id == Attempt.user_id)


@dataclass(frozen=True)
class Begun:
    """An attempt that waits for its second proof. `secret` is the key to enrol, where the account has no second factor yet."""

    attempt_id: str
    token: str
    email: str
    secret: str | None
    methods: Methods


@dataclass(frozen=True)
class Finished:
    """A session, or after a vouched code the attempt that goes on with enrolling."""

    user_id: str
    session: str = ""
    begun: Begun | None = None


def start(database: Database, passwords: Passwords, keyring: Keyring, request: pb.StartSignInRequest) -> Begun:
    """Check address and password. Raises Unauthenticated `wrong_credentials`, TooMany, and Denied as `begin` answers."""
    address = addresses.typed(request.email)
    user = proofs.password(database, passwords, address, request.password)
    wrong = Unauthenticated("wrong_credentials", "Address and password do not belong together.")
    with database.transaction() as tx:
        outcome = begin(tx, keyring, user.id, user.email) if user and _unchanged(tx, user) else wrong
        if user and outcome is not wrong:
            tries = throttle.forgive(tx, address)
            history.record(tx, "sign_in.start", user_id=user.id, subject=user.id, **({"tries": str(tries)} if tries > 1 else {}))
    if isinstance(outcome, Failure):
        telemetry.log(__name__).warning("sign-in refused", reason=outcome.reason, user_id=user.id if user else "")
        raise outcome
    return outcome


def _unchanged(tx: Transaction, user: Row[str, str, str | None, str]) -> bool:
    """The password may have been changed while it was checked; changing it takes this lock first."""
    same = select(User.id).where(User.id == user.id, User.password_hash == user.password_hash).with_for_update(read=True)
    return tx.scalar(same) is not None


def begin(tx: Transaction, keyring: Keyring, user_id: str, email: str) -> Begun | Denied:
    """An attempt of somebody whose first proof was right. Denied `provider_needed` where that would be the only one.

    Who has come in without a factor of ours did so through a provider: a password, which a mailbox is enough to set, must not enrol one.
    """
    methods = held.methods(tx, keyring, user_id)
    if not methods.usable and tx.scalar(select(User.opened_at).where(User.id == user_id)):
        return Denied("provider_needed", "Sign in through the provider as before, or with a code that an administrator has made.")
    begun = Begun(str(uuid.uuid7()), tokens.new(), email, None if methods.usable else totp.new_secret(), methods)
    tx.add(
        Attempt(
            id=begun.attempt_id, token=tokens.digest(begun.token), user_id=user_id, tries=0, replaces=False,
            enrolment_secret=keyring.seal(begun.secret, bound_to=user_id) if begun.secret else None,
            expires_at=clock.now() + rules.ATTEMPT_LIFE,
        )
    )  # fmt: skip
    return begun


def send_code(database: Database, telephone: Telephone, request: pb.SendSmsCodeRequest) -> Sent:
    """Send the attempt's code by SMS; to a number of the person's choice only while there is no second factor (ACC-24, ACC-26).

    Raises Unauthenticated `attempt_over`, Conflict `method_not_here`, and as `Telephone.number` and `Telephone.send`.
    """
    live = (Attempt.token == tokens.digest(request.attempt), Attempt.ended_at.is_(None), Attempt.expires_at > clock.now())
    with database.transaction() as tx:
        attempt = tx.execute(_attempt.where(*live, Attempt.tries < rules.ATTEMPT_TRIES)).one_or_none()
        if attempt is None:
            raise Unauthenticated("attempt_over", "This sign-in is over; start again.")
        phone = "" if attempt.enrolment_secret else held.phone(tx, telephone.keyring, attempt.user_id)
    if attempt.enrolment_secret:
        if not request.phone_number.strip():
            raise Invalid("phone_number_invalid", "To which number?", fields={"phone_number": "phone_number_invalid"})
        phone = telephone.number(request.phone_number, country=request.country)
    language = attempt.language or request.language
    return telephone.send(database, about=attempt.id, user_id=attempt.user_id, phone=phone, language=language)


def finish(database: Database, keyring: Keyring, request: pb.FinishSignInRequest, *, method: str) -> Finished:
    """Check the second proof of an attempt.

    Raises Unauthenticated `wrong_code`, `code_over` or `attempt_over`, Conflict `method_not_here`, TooMany, and Denied `factor_disabled`.
    """
    with database.transaction() as tx:
        outcome = _finish(tx, keyring, request, method)
    if isinstance(outcome, Failure):
        # Raised only now: the try has been counted and committed.
        telemetry.log(__name__).warning("second factor refused", reason=outcome.reason, method=method)
        raise outcome
    return outcome


def _finish(tx: Transaction, keyring: Keyring, request: pb.FinishSignInRequest, method: str) -> Finished | Failure:
    claim = (
        update(Attempt)
        .where(
            Attempt.token == tokens.digest(request.attempt), Attempt.ended_at.is_(None), Attempt.tries < rules.ATTEMPT_TRIES,
            Attempt.expires_at > clock.now(),
        )
        .values(tries=Attempt.tries + 1)
        .returning(Attempt.id, Attempt.user_id, Attempt.enrolment_secret, Attempt.replaces, Attempt.tries)
    )  # fmt: skip
    attempt = tx.execute(claim).one_or_none()
    if attempt is None:
        return Unauthenticated("attempt_over", "This sign-in is over; start again.")
    method = method or (proofs.TOTP if attempt.enrolment_secret else held.methods(tx, keyring, attempt.user_id).preferred)
    given = Given(method, request.code, attempt.id)
    prove = _enrol if attempt.enrolment_secret else _prove
    reason = prove(tx, keyring, attempt, given)
    if reason == "method_not_here":
        return Conflict(reason, "This method is not set up.")
    if reason:
        history.record(tx, "sign_in.refuse", user_id=attempt.user_id, subject=attempt.user_id, method=method)
        return Unauthenticated(reason, "The code is not right.", facts={"tries_left": str(rules.ATTEMPT_TRIES - attempt.tries)})
    if method == proofs.VOUCHED:
        return Finished(attempt.user_id, begun=_go_on_enrolling(tx, keyring, attempt, request.attempt))
    # The attempt's row is ours until commit: no other request can turn it into a second session.
    tx.execute(update(Attempt).where(Attempt.id == attempt.id).values(ended_at=clock.now()))
    first = bindings.completed(tx, attempt.id)
    session = sessions.open_session(
        tx, attempt.user_id, user_agent=request.user_agent, method=method, password=first.password, identifier_id=first.identifier_id
    )
    return Finished(attempt.user_id, session=session)


def _prove(tx: Transaction, keyring: Keyring, attempt: Row[str, str, str | None, bool, int], given: Given) -> str | None:
    return proofs.second_factor(tx, keyring, attempt.user_id, given)


def _enrol(tx: Transaction, keyring: Keyring, attempt: Row[str, str, str | None, bool, int], given: Given) -> str | None:
    """Make what was shown or sent with this attempt the person's second factor (ACC-23, ACC-24)."""
    if given.method not in (proofs.TOTP, proofs.SMS):
        return "method_not_here"
    shown = proofs.new_factor(tx, keyring, secret=keyring.unseal(attempt.enrolment_secret or "", bound_to=attempt.user_id), given=given)
    if isinstance(shown, str):
        return shown
    if attempt.replaces:
        sessions.end_all(tx, attempt.user_id)
        enrolment.instead_of_all(tx, keyring, attempt.user_id, shown)
        return None
    return None if enrolment.first(tx, keyring, attempt.user_id, shown) else "attempt_over"


def _go_on_enrolling(tx: Transaction, keyring: Keyring, attempt: Row[str, str, str | None, bool, int], token: str) -> Begun:
    """A vouched code does not sign in by itself: it stands for the factors that were lost, once, while new ones are enrolled (BEY-05)."""
    secret, user = totp.new_secret(), tx.get_one(User, attempt.user_id)
    goes_on = {
        "enrolment_secret": keyring.seal(secret, bound_to=user.id), "replaces": True, "tries": 0,
        "expires_at": clock.now() + rules.ATTEMPT_LIFE,
    }  # fmt: skip
    tx.execute(update(Attempt).where(Attempt.id == attempt.id).values(goes_on))
    return Begun(attempt.id, token, user.email, secret, Methods())
