"""Mailed links: shown without being used up, used once by the person who presses the button (BEY-01, ACC-16, ACC-17)."""

from typing import Any

from kontor.identity.v1 import identity_pb2 as pb
from sqlalchemy import func, select, update
from sqlalchemy.engine import Row

from chassis import clock
from chassis.db import Database, Transaction
from chassis.errors import Conflict, NotFound
from services.identity import addresses, budgets, history, letters, rules, throttle, tokens
from services.identity.actions import sessions
from services.identity.actions.account import accepted_password, cancel_password_links
from services.identity.models import Link, Organisation, User
from services.identity.passwords import Passwords

_link = (
    select(
        Link.kind, Link.used_at, Link.cancelled_at, Link.expires_at, Link.user_id, User.email, User.first_name, User.last_name,
        Organisation.name.label("organisation_name"),
    )
    .join(User, User.id == Link.user_id)
    .outerjoin(Organisation, Organisation.id == Link.organisation_id)
)  # fmt: skip


def request_password_link(tx: Transaction, request: pb.RequestPasswordLinkRequest, *, address: str) -> None:
    """Write down that a password letter is wanted. Whether there is an account is looked up only when it is sent (P5). Raises TooMany."""
    budgets.ask(tx, "password link", address=address)
    letters.write(tx, letters.PASSWORD, email=addresses.typed(request.email), language=request.language)


def find(database: Database, token: str) -> Row[Any]:
    """The link as it stands; changes nothing. Raises NotFound for one that was never made, or ended over 30 days ago."""
    for row in database.read(_link.where(Link.token == tokens.digest(token))):
        return row
    raise NotFound("link_not_found", "There is no such link.")


def state(link: Row[Any]) -> str:
    """Open, used, cancelled or expired."""
    return rules.link_state(used=link.used_at, cancelled=link.cancelled_at, expires=link.expires_at, now=clock.now())


def verify_account(database: Database, request: pb.VerifyAccountRequest) -> str:
    """Use a welcome link: the address is proved. Answers the address. Raises as `_claim`."""
    link = find(database, request.token)
    with database.transaction() as tx:
        _claim(tx, request.token, kind="welcome", found=link)
        tx.execute(update(User).where(User.id == link.user_id).values(verified_at=func.coalesce(User.verified_at, clock.now())))
        history.record(tx, "account.verify", user_id=link.user_id, subject=link.user_id)
    return str(link.email)


def set_password(database: Database, passwords: Passwords, request: pb.SetPasswordRequest) -> None:
    """Use a password link. The link proves the mailbox, so the address is verified by it too. Nobody is signed in by it (P9).

    The account's other open password links are good for nothing afterwards: one who found an older mail cannot set another password.

    Raises Invalid for the password, before the link is used up, and as `_claim`.
    """
    link = find(database, request.token)
    _refuse_unless_open(link, kind="password")
    accepted_password(request.password, request.password_again, person=link)
    hashed = passwords.hash(request.password)
    with database.transaction() as tx:
        _claim(tx, request.token, kind="password", found=link)
        proved = func.coalesce(User.verified_at, clock.now())
        tx.execute(update(User).where(User.id == link.user_id).values(password_hash=hashed, verified_at=proved))
        cancel_password_links(tx, link.user_id)
        sessions.end_all(tx, link.user_id)
        throttle.forgive(tx, link.email)
        letters.tell(tx, link.user_id, letters.PASSWORD_CHANGED)
        history.record(tx, "password.set", user_id=link.user_id, subject=link.user_id)


def _claim(tx: Transaction, token: str, *, kind: str, found: Row[Any]) -> None:
    """Use the link up: of any number of requests one does. Raises Conflict `link_used`, `link_expired` or `link_cancelled`, NotFound."""
    now = clock.now()
    named = (Link.token == tokens.digest(token), Link.kind == kind)
    still_open = (Link.used_at.is_(None), Link.cancelled_at.is_(None), Link.expires_at > now)
    if tx.execute(update(Link).where(*named, *still_open).values(used_at=now).returning(Link.id)).scalar() is None:
        _refuse_unless_open(found, kind=kind)
        raise Conflict("link_used", "This link was used.")


def _refuse_unless_open(link: Row[Any], *, kind: str) -> None:
    if link.kind != kind:
        raise NotFound("link_not_found", "There is no such link.")
    if state(link) != "open":
        raise Conflict(f"link_{state(link)}", "This link cannot be used any more.")
