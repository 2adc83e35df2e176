"""Let a computer in by telephone: it asks, the telephone sees who asks and confirms, the computer takes its session (NET-38)."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass

import uuid_utils.compat as uuid
from kontor.identity.v1 import devices_pb2 as pb
from sqlalchemy import ColumnElement, exists, func, select, update

from chassis import clock, telemetry
from chassis.caller import Caller
from chassis.db import Database, Transaction
from chassis.errors import Failure, NotFound, TooMany, Unauthenticated
from services.identity import budgets, history, letters, proofs, rules, tokens
from services.identity.actions import devices, sessions
from services.identity.actions.devices import Proving
from services.identity.device_rows import WebSignIn
from services.identity.models import Session
from services.identity.sealing import Keyring

QR = "qr"
_BOUND_TO = "web sign-in"


@dataclass(frozen=True)
class Asked:
    """What the browser keeps, what its QR code says, and what stands beside it."""

    row: WebSignIn
    browser: str
    token: str
    code: str


@dataclass(frozen=True)
class Claimed:
    """What became of it, and the session once."""

    state: "pb.WebSignInState.ValueType"
    user_id: str = ""
    session: str = ""


def start(tx: Transaction, keyring: Keyring, request: pb.StartWebSignInRequest) -> Asked:
    """Begin. Raises TooMany where very many come from one address."""
    now, made = clock.now(), str(uuid.uuid7())
    lately = (WebSignIn.address == request.address, WebSignIn.started_at > now - rules.WEB_SIGN_INS_PERIOD)
    if (tx.scalar(select(func.count()).select_from(WebSignIn).where(*lately)) or 0) >= rules.WEB_SIGN_INS_AT_MOST:
        raise TooMany("too_many_attempts", "Too many at once.", facts={"retry_after": str(int(rules.WEB_SIGN_INS_PERIOD.total_seconds()))})
    browser, code, token = tokens.new(), tokens.written_code(rules.WEB_SIGN_IN_GROUPS), _tokens(keyring, made)[0]
    row = WebSignIn(
        id=made, browser=tokens.digest(browser), token=tokens.digest(token), code=_codes(keyring, code)[0],
        user_agent=request.user_agent[:300], address=request.address, started_at=now, expires_at=now + rules.WEB_SIGN_IN_LIFE, denied=False,
    )  # fmt: skip
    tx.add(row)
    return Asked(row, browser, token, code)


def show(tx: Transaction, token: str) -> WebSignIn:
    """Who asks. Changes nothing. Raises NotFound once it is confirmed, denied or over."""
    row = tx.scalars(select(WebSignIn).where(WebSignIn.token == tokens.digest(token), *_open())).one_or_none()
    if row is None:
        raise _over()
    return row


def find(database: Database, keyring: Keyring, caller: Caller, request: pb.FindWebSignInRequest) -> tuple[WebSignIn, str]:
    """The same by the short code, with the token. Each try is counted before it is looked at. Raises NotFound, TooMany."""
    sessions.needed(caller)
    with database.transaction() as tx:
        budgets.try_once(tx, f"web sign-in:{caller.user_id}", rules.FINDS_AT_MOST, rules.FINDS_PERIOD)
    with database.transaction() as tx:
        found = proofs.web_code(tx, keyring, request.code)
    if found is None:
        raise _over()
    token = next(each for each in _tokens(keyring, found.id) if tokens.digest(each) == found.token)
    return found, token


def confirm(database: Database, proving: Proving, request: pb.ConfirmWebSignInRequest) -> None:
    """Let the browser in as whoever proves it now. Raises NotFound `web_sign_in_over`, and as `devices.open_session`."""
    with proving.passwords.turn(), database.transaction() as tx:
        show(tx, request.token)
        proved = _proved(tx, proving, request)
        outcome = _confirm(tx, proved, request.token) if isinstance(proved, str) else proved
    if isinstance(outcome, Failure):
        # Raised only now: the try has been counted, the question used up, and that is committed.
        telemetry.log(__name__).warning("web sign-in refused", reason=outcome.reason)
        raise outcome


def _proved(tx: Transaction, proving: Proving, request: pb.ConfirmWebSignInRequest) -> str | Failure:
    if request.device_id:
        return devices.prove(tx, proving, request, purpose=f"web {request.token}")
    owner, reason = proofs.passkey(tx, proving.party, request.credential, user_id="", about="")
    return Unauthenticated(reason, "The passkey was not accepted.") if reason else owner


def _confirm(tx: Transaction, user_id: str, token: str) -> Failure | None:
    this = update(WebSignIn).where(WebSignIn.token == tokens.digest(token), *_open())
    done = tx.execute(this.values(user_id=user_id, confirmed_at=clock.now()).returning(WebSignIn.id)).scalar()
    if done is None:
        return _over()
    history.record(tx, "web_sign_in.confirm", user_id=user_id, subject=done)
    return None


def deny(tx: Transaction, request: pb.DenyWebSignInRequest) -> None:
    """Refuse it. Raises NotFound."""
    this = update(WebSignIn).where(WebSignIn.token == tokens.digest(request.token), *_open())
    if tx.execute(this.values(ended_at=clock.now(), denied=True).returning(WebSignIn.id)).scalar() is None:
        raise _over()


def claim(tx: Transaction, request: pb.ClaimWebSignInRequest) -> Claimed:
    """What became of it; the session of one that was confirmed is opened in this moment, once, for the browser that asked."""
    now, mine = clock.now(), WebSignIn.browser == tokens.digest(request.browser)
    ready = (WebSignIn.confirmed_at.is_not(None), WebSignIn.ended_at.is_(None), WebSignIn.expires_at + rules.WEB_SIGN_IN_LIFE > now)
    taken = update(WebSignIn).where(mine, *ready).values(ended_at=now).returning(WebSignIn.user_id, WebSignIn.user_agent)
    confirmed = tx.execute(taken).one_or_none()
    if confirmed:
        return Claimed(pb.WEB_SIGN_IN_STATE_CONFIRMED, confirmed.user_id, _let_in(tx, confirmed.user_id, confirmed.user_agent))
    row = tx.scalars(select(WebSignIn).where(mine)).one_or_none()
    if row is None or (row.ended_at and not row.denied) or (now >= row.expires_at and not row.denied):
        return Claimed(pb.WEB_SIGN_IN_STATE_OVER)
    return Claimed(pb.WEB_SIGN_IN_STATE_DENIED if row.denied else pb.WEB_SIGN_IN_STATE_WAITING)


def _let_in(tx: Transaction, user_id: str, user_agent: str) -> str:
    """A session in a browser, and a letter where its like was not seen lately."""
    seen = select(exists().where(Session.user_id == user_id, Session.user_agent == user_agent))
    if not tx.scalar(seen):
        letters.tell(tx, user_id, letters.BROWSER_LET_IN)
    return sessions.open_session(tx, user_id, user_agent=user_agent, method=QR, password=False)


def _open() -> tuple[ColumnElement[bool], ...]:
    return (WebSignIn.confirmed_at.is_(None), WebSignIn.ended_at.is_(None), WebSignIn.expires_at > clock.now())


def _over() -> NotFound:
    return NotFound("web_sign_in_over", "Nobody asks with this any more.")


def _tokens(keyring: Keyring, made: str) -> list[str]:
    """What the QR code says, by each key of the ring: made anew for whoever typed the code, and stored nowhere."""
    return [urlsafe_b64encode(each).rstrip(b"=").decode() for each in keyring.digests(made, bound_to=_BOUND_TO)]


def _codes(keyring: Keyring, code: str) -> list[bytes]:
    return keyring.digests(tokens.read_code(code), bound_to=proofs.WEB_CODE)
