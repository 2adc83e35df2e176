"""Renew a device's session with a token that works once; its second use, but for an honest repeat, ends the session (P8)."""

from base64 import urlsafe_b64encode

from kontor.identity.v1 import devices_pb2 as pb
from sqlalchemy import select, update

from chassis import clock, telemetry
from chassis.db import Database, Transaction
from chassis.errors import Failure, Unauthenticated
from services.identity import history, letters, proofs, rules, tokens
from services.identity.actions import sessions
from services.identity.device_rows import RefreshToken
from services.identity.models import Session
from services.identity.sealing import Keyring


def begin(tx: Transaction, session_id: str) -> str:
    """The first token of a session's family."""
    token = tokens.new()
    tx.add(RefreshToken(digest=tokens.digest(token), session_id=session_id, made_at=clock.now()))
    return token


def refresh(database: Database, keyring: Keyring, request: pb.RefreshSessionRequest) -> pb.RefreshSessionResponse:
    """A new session token and a new refresh token. Raises Unauthenticated `device_challenge_over`, `device_refused`, `refresh_over`."""
    with database.transaction() as tx:
        held = proofs.device(tx, request.device_id, purpose="refresh", challenge=request.challenge, signature=request.signature)
        outcome = Unauthenticated(held) if isinstance(held, str) else _refresh(tx, keyring, held.id, request.refresh_token)
    if isinstance(outcome, Failure):
        telemetry.log(__name__).warning("refresh refused", reason=outcome.reason)
        raise outcome
    return outcome


def _refresh(tx: Transaction, keyring: Keyring, device_id: str, presented: str) -> pb.RefreshSessionResponse | Failure:
    now, digest = clock.now(), tokens.digest(presented)
    session = _session(tx, device_id, digest)
    if session is None:
        return Unauthenticated("refresh_over", "Open the device again.")
    claim = update(RefreshToken).where(RefreshToken.digest == digest, RefreshToken.used_at.is_(None)).values(used_at=now)
    if tx.execute(claim.returning(RefreshToken.digest)).scalar() is None:
        return _again(tx, keyring, session, digest, presented)
    next_session, next_token = _derived(keyring, "session", presented)[0], _derived(keyring, "refresh", presented)[0]
    tx.add(RefreshToken(digest=tokens.digest(next_token), session_id=session.id, made_at=now))
    session.token, session.seen_at = tokens.digest(next_session), now
    return pb.RefreshSessionResponse(session=next_session, refresh_token=next_token)


def _session(tx: Transaction, device_id: str, digest: bytes) -> Session | None:
    """The device's session that the token renews, while the day of its PIN lasts; locked, logged out or ended it is none."""
    found = select(Session).join(RefreshToken, RefreshToken.session_id == Session.id).where(RefreshToken.digest == digest)
    living = (Session.device_id == device_id, Session.ended_at.is_(None), Session.created_at > clock.now() - rules.SESSION_LIFE)
    return tx.scalars(found.where(*living).with_for_update(of=Session)).one_or_none()


def _again(tx: Transaction, keyring: Keyring, session: Session, digest: bytes, presented: str) -> pb.RefreshSessionResponse | Failure:
    """The answer may have been lost on its way: for ten seconds it is given once more. Later, one of the two who ask is a thief."""
    used_at = tx.scalars(select(RefreshToken.used_at).where(RefreshToken.digest == digest)).one()
    if used_at and clock.now() < used_at + rules.REFRESH_AGAIN:
        for next_session, next_token in zip(_derived(keyring, "session", presented), _derived(keyring, "refresh", presented), strict=True):
            if tx.scalar(select(RefreshToken.session_id).where(RefreshToken.digest == tokens.digest(next_token))) == session.id:
                return pb.RefreshSessionResponse(session=next_session, refresh_token=next_token)
    sessions.end_one(tx, session.user_id, session.id, lock=True)
    letters.tell(tx, session.user_id, letters.DEVICE_COPIED)
    history.record(tx, "device.copied", user_id=session.user_id, subject=session.device_id or "")
    return Unauthenticated("refresh_over", "Open the device again.")


def _derived(keyring: Keyring, use: str, presented: str) -> list[str]:
    """What follows a token, by each key of the ring: made of both, so that an honest repeat is answered though nothing is stored."""
    return [urlsafe_b64encode(each).rstrip(b"=").decode() for each in keyring.digests(presented, bound_to=f"{use} after")]
