"""A person's own account: name, language, password."""

import unicodedata
from typing import Protocol

from kontor.identity.v1 import identity_pb2 as pb
from sqlalchemy import select, update

from chassis import clock
from chassis.caller import Caller
from chassis.db import Database, Transaction
from chassis.errors import Conflict, Invalid
from services.identity import history, letters, proofs, rules, throttle
from services.identity.actions import coming_in, sessions
from services.identity.models import Link, User
from services.identity.passwords import Passwords

_person = select(User.id, User.email, User.first_name, User.last_name)


class Person(Protocol):
    """What others know of somebody, and would try in a password."""

    email: str
    first_name: str
    last_name: str


def update_profile(tx: Transaction, caller: Caller, request: pb.UpdateProfileRequest) -> None:
    """Change how the person is shown, the language, and whether to take part in the beta programme (ACC-71, ACC-72, AMI-24).

    Empty fields stay; the address has no field at all.
    """
    sessions.needed(caller)
    given = {"first_name": request.first_name.strip(), "last_name": request.last_name.strip(), "language": request.language}
    changes: dict[str, str | bool] = {name: value for name, value in given.items() if value}
    if request.HasField("beta"):
        changes["beta"] = request.beta
    if not changes:
        return
    changed = update(User).where(User.id == caller.user_id).values(**changes).returning(User)
    now = tx.scalars(changed.execution_options(populate_existing=True)).one()
    coming_in.tell(tx, now, language=now.language or caller.language, organisation=caller.organisation_id)
    tx.record("profile.change", organisation=caller.user_id, subject=caller.user_id, fields=",".join(sorted(changes)))


def change_password(database: Database, passwords: Passwords, caller: Caller, request: pb.ChangePasswordRequest) -> None:
    """Change the password with the present one (ACC-73); other sessions end. A wrong one counts like a wrong one at sign-in.

    Raises Invalid `wrong_password` and those of `accepted_password`, TooMany, and Conflict when it was changed at the same moment.
    """
    own = sessions.needed(caller)
    (person,) = database.read(_person.where(User.id == caller.user_id))
    accepted_password(request.password, request.password_again, person=person)
    proved = proofs.password(database, passwords, person.email, request.present_password)
    if proved is None:
        with database.transaction() as tx:
            history.record(tx, "session.refuse", user_id=person.id, subject=own, method="password")
        raise Invalid("wrong_password", "This is not your present password.", fields={"present_password": "wrong_password"})
    hashed = passwords.hash(request.password)
    with database.transaction() as tx:
        same = (User.id == person.id, User.password_hash == proved.password_hash)
        if tx.execute(update(User).where(*same).values(password_hash=hashed).returning(User.id)).scalar() is None:
            raise Conflict("password_changed_meanwhile", "The password was changed a moment ago.")
        cancel_password_links(tx, person.id)
        sessions.end_all(tx, person.id, but=own)
        throttle.forgive(tx, person.email)
        letters.tell(tx, person.id, letters.PASSWORD_CHANGED)
        history.record(tx, "password.change", user_id=person.id, subject=person.id)


def accept_terms(tx: Transaction, caller: Caller, request: pb.AcceptTermsRequest) -> None:
    """Note which terms and conditions the person has accepted, and when (NET-36). Raises Conflict `terms_outdated`."""
    sessions.needed(caller)
    if request.version != rules.TERMS_VERSION:
        raise Conflict("terms_outdated", "These are not the terms of today.")
    due = (User.id == caller.user_id, User.terms_version != request.version)
    accepted = {"terms_version": request.version, "terms_accepted_at": clock.now()}
    if tx.execute(update(User).where(*due).values(accepted).returning(User.id)).scalar():
        history.record(tx, "terms.accept", user_id=caller.user_id, subject=caller.user_id, version=request.version)


def cancel_password_links(tx: Transaction, user_id: str) -> None:
    """End the person's open password links: with a mail from before, nobody sets the password once more."""
    still_open = (Link.user_id == user_id, Link.kind == "password", Link.used_at.is_(None), Link.cancelled_at.is_(None))
    tx.execute(update(Link).where(*still_open).values(cancelled_at=clock.now()))


def accepted_password(password: str, again: str, *, person: Person) -> None:
    """Raises Invalid `password_too_short`, `password_too_long`, `password_too_common` or `passwords_differ` (ACC-18)."""
    text = unicodedata.normalize("NFKC", password)
    fault = rules.password_fault(text, known_words=[person.email, person.first_name, person.last_name])
    if fault:
        raise Invalid(fault, "Choose another password.", fields={"password": fault})
    if password != again:
        raise Invalid("passwords_differ", "The passwords differ.", fields={"password_again": "passwords_differ"})


def rate_password(request: pb.RatePasswordRequest) -> pb.RatePasswordResponse:
    """What `accepted_password` would say, and how good it is, while somebody types."""
    text, words = unicodedata.normalize("NFKC", request.password), list(request.known_words)
    fault = rules.password_fault(text, known_words=words)
    if fault:
        missing = max(rules.PASSWORD_LENGTH.start - len(text), 0)
        return pb.RatePasswordResponse(strength=pb.PASSWORD_STRENGTH_REFUSED, reason=fault, missing=missing)
    strong = rules.is_strong(text, known_words=words)
    return pb.RatePasswordResponse(strength=pb.PASSWORD_STRENGTH_STRONG if strong else pb.PASSWORD_STRENGTH_GOOD)
