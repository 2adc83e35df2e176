"""Devices: enrolled with a PIN, opened with it or with a passkey, locked, and ended (NET-34, NET-37, NET-39 to NET-41)."""

import secrets
from dataclasses import dataclass

import uuid_utils.compat as uuid
from kontor.identity.v1 import devices_pb2 as pb
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis import clock, telemetry
from chassis.caller import Caller
from chassis.db import Database, Transaction
from chassis.errors import Conflict, Denied, Failure, Invalid, NotFound, Unauthenticated
from services.identity import budgets, history, invitations, letters, proofs, rules, tokens
from services.identity.actions import refresh, sessions
from services.identity.actions.step_up import two_fresh_proofs
from services.identity.device_keys import DeviceKey
from services.identity.device_rows import Device, RefreshToken
from services.identity.models import Session, User
from services.identity.passkey_rows import PasskeyChallenge
from services.identity.passkeys import RelyingParty
from services.identity.passwords import Passwords
from services.identity.sealing import Keyring


@dataclass(frozen=True)
class Opened:
    """A session on a device, and for an app what renews it."""

    user_id: str
    session: str
    refresh_token: str = ""


@dataclass(frozen=True)
class Proving:
    """What it takes to check a device and its owner."""

    keyring: Keyring
    passwords: Passwords
    party: RelyingParty


def start(tx: Transaction, caller: Caller) -> str:
    """A challenge for the key of a device about to be enrolled. Raises Denied `step_up_needed`, `terms_due`, `other_proof_needed`."""
    return ask(tx, _may_enrol(tx, caller).id)


def ask(tx: Transaction, about: str) -> str:
    """A question that takes one answer within 5 minutes."""
    challenge = secrets.token_urlsafe(32)
    tx.add(PasskeyChallenge(digest=tokens.digest(challenge), about=about, expires_at=clock.now() + rules.CHALLENGE_LIFE))
    return challenge


def ask_known(tx: Transaction, request: pb.AskDeviceRequest, *, address: str) -> str:
    """A question for a device, whether or not there is such a one. Raises TooMany where very many come from one address."""
    budgets.ask(tx, "device", address=address)
    return ask(tx, request.device_id)


def enrol(database: Database, proving: Proving, caller: Caller, request: pb.FinishEnrolmentRequest) -> pb.FinishEnrolmentResponse:
    """Keep the device with its key and PIN; the session at hand is its own from now on, and the person is told.

    Raises Invalid `pin_invalid`, `pins_differ`, `device_challenge_over` or `device_refused`, Conflict `too_many_devices`, and as `start`.
    """
    if not rules.pin_valid(request.pin):
        raise Invalid("pin_invalid", "4 to 8 digits.", fields={"pin": "pin_invalid"})
    if request.pin != request.pin_again:
        raise Invalid("pins_differ", "The PINs differ.", fields={"pin_again": "pins_differ"})
    hashed = proving.passwords.hash(request.pin)
    with database.transaction() as tx:
        session = _may_enrol(tx, caller)
        shown = proofs.new_device(tx, request.public_key, challenge=request.challenge, signature=request.signature, about=session.id)
        outcome = _keep(tx, proving.keyring, session, request, shown, hashed) if isinstance(shown, DeviceKey) else Invalid(shown)
    if isinstance(outcome, Failure):
        # Raised only now: the question has been used up, and that is committed.
        telemetry.log(__name__).warning("device refused", reason=outcome.reason)
        raise outcome
    return outcome


def _may_enrol(tx: Transaction, caller: Caller) -> Session:
    """The caller's session, where it is one that devices may be enrolled in."""
    session, user = tx.get_one(Session, two_fresh_proofs(tx, caller)), tx.get_one(User, caller.user_id)
    if user.terms_version != rules.TERMS_VERSION:
        raise Denied("terms_due", "Accept the terms first.")
    if user.devices_ended_at and not rules.proves_anew(session.method):
        raise Denied("other_proof_needed", "Sign in with an app or a passkey, or get a new invitation.")
    return session


def _keep(
    tx: Transaction, keyring: Keyring, session: Session, request: pb.FinishEnrolmentRequest, shown: DeviceKey, hashed: str
) -> pb.FinishEnrolmentResponse | Failure:
    # The person's row is locked, so that no two devices are the twentieth.
    user, now = tx.scalars(select(User).where(User.id == session.user_id).with_for_update(key_share=True)).one(), clock.now()
    same = (Device.user_id == user.id, Device.thumbprint == shown.thumbprint)
    device_id = tx.scalar(select(Device.id).where(*same)) or str(uuid.uuid7())
    others = (Device.user_id == user.id, Device.ended_at.is_(None), Device.id != device_id)
    if (tx.scalar(select(func.count()).select_from(Device).where(*others)) or 0) >= rules.DEVICES_AT_MOST:
        return Conflict("too_many_devices", "Remove one first.")
    fresh = {
        "pin": keyring.seal(hashed, bound_to=device_id), "pin_failures": 0, "name": " ".join(request.name.split()) or "-",
        "user_agent": request.user_agent[:300], "enrolled_at": now, "seen_at": now, "address": session.address, "ended_at": None,
    }  # fmt: skip
    row = {"id": device_id, "user_id": user.id, "thumbprint": shown.thumbprint, "public_key": shown.jwk, **fresh}
    tx.execute(upsert(Device).values(row).on_conflict_do_update(index_elements=["user_id", "thumbprint"], set_=fresh))
    end_sessions(tx, user.id, device_id, but=session.id)
    # What renewed the session was another device's, or of before.
    tx.execute(delete(RefreshToken).where(RefreshToken.session_id == session.id))
    session.device_id = device_id
    user.devices_ended_at = None
    letters.tell(tx, user.id, letters.DEVICE_ADDED)
    invited = invitations.use_activation(tx, request.activation, user_id=user.id) if request.activation else None
    history.record(tx, "device.enrol", user_id=user.id, subject=device_id, **({"invitation": invited} if invited else {}))
    token = refresh.begin(tx, session.id) if request.refresh else ""
    return pb.FinishEnrolmentResponse(device_id=device_id, refresh_token=token, activated=bool(invited))


def open_session(database: Database, proving: Proving, request: pb.SignInWithDeviceRequest) -> Opened:
    """A session for the device's key with PIN or passkey; earlier ones of the device end.

    Raises Unauthenticated `device_challenge_over`, `device_refused`, `wrong_pin`, `pin_forgotten`, or as a passkey alone.
    """
    with proving.passwords.turn(), database.transaction() as tx:
        proved = prove(tx, proving, request, purpose="sign-in")
        outcome = proved if isinstance(proved, Failure) else _open(tx, proved, request)
    if isinstance(outcome, Failure):
        telemetry.log(__name__).warning("device refused", reason=outcome.reason)
        raise outcome
    return outcome


def _open(tx: Transaction, user_id: str, request: pb.SignInWithDeviceRequest) -> Opened:
    end_sessions(tx, user_id, request.device_id)
    token = sessions.open_session(
        tx, user_id, user_agent=request.user_agent, method=_method(request), device_id=request.device_id, password=False
    )
    tx.execute(update(Device).where(Device.id == request.device_id).values(seen_at=clock.now()))
    tx.flush()
    opened = tx.scalar(select(Session.id).where(Session.token == tokens.digest(token)))
    return Opened(user_id, token, refresh.begin(tx, opened or "") if request.refresh else "")


def prove(
    tx: Transaction, proving: Proving, request: pb.SignInWithDeviceRequest | pb.ConfirmWebSignInRequest, *, purpose: str
) -> str | Failure:
    """Whose device it is, once its key has signed and PIN or passkey is right; else the failure, to be raised after commit."""
    held = proofs.device(tx, request.device_id, purpose=purpose, challenge=request.challenge, signature=request.signature)
    if isinstance(held, str):
        return Unauthenticated(held, "The device was not accepted.")
    if request.credential:
        owner, reason = proofs.passkey(tx, proving.party, request.credential, user_id="", about="")
        if reason or owner != held.user_id:  # somebody else's passkey opens somebody else's account, not this device
            return Unauthenticated(reason or "passkey_refused", "The passkey was not accepted.")
        return owner
    missed = proofs.pin(tx, proving.keyring, proving.passwords, held.id, request.pin)
    if missed is None:
        return str(held.user_id)
    reason, left = missed
    history.record(tx, "device.refuse", user_id=held.user_id, subject=held.id)
    if held.pin and not left:
        forget_pin(tx, held.user_id, held.id)
    return Unauthenticated(reason, "The PIN is not right.", facts={"tries_left": str(left)}, fields={"pin": reason})


def forget_pin(tx: Transaction, user_id: str, device_id: str) -> None:
    """Five wrong ones in a row: the device must be signed in fully, and the person is told."""
    tx.execute(update(Device).where(Device.id == device_id).values(pin=None))
    end_sessions(tx, user_id, device_id)
    letters.tell(tx, user_id, letters.DEVICE_PIN_FORGOTTEN)
    history.record(tx, "device.disable", user_id=user_id, subject=device_id)


def end_sessions(tx: Transaction, user_id: str, device_id: str, *, but: str = "") -> None:
    """End those on this device; its PIN stays."""
    others = [Session.device_id == device_id, Session.ended_at.is_(None), *([Session.id != but] if but else [])]
    for each in tx.scalars(select(Session.id).where(*others)).all():
        sessions.end_one(tx, user_id, each, lock=True)


def lock(tx: Transaction, caller: Caller) -> None:
    """End the session; PIN or passkey opens the device again (NET-41). Raises Conflict `device_needed`."""
    own = sessions.needed(caller)
    if tx.get_one(Session, own).device_id is None:
        raise Conflict("device_needed", "This session is on no enrolled device.")
    sessions.end_one(tx, caller.user_id, own, lock=True)


def remove(tx: Transaction, caller: Caller, request: pb.RemoveDeviceRequest) -> None:
    """End the device for good, and what is open on it. Raises NotFound."""
    sessions.needed(caller)
    mine = (Device.id == request.device_id, Device.user_id == caller.user_id, Device.ended_at.is_(None))
    gone = update(Device).where(*mine).values(ended_at=clock.now(), pin=None).returning(Device.id)
    if tx.execute(gone).scalar() is None:
        raise NotFound("device_not_found", "There is no such device.")
    end_sessions(tx, caller.user_id, request.device_id)
    history.record(tx, "device.end", user_id=caller.user_id, subject=request.device_id)


def sign_out_everywhere(tx: Transaction, caller: Caller) -> None:
    """End every session and every device of the person; the next device takes another proven factor, or a new invitation (NET-41)."""
    sessions.needed(caller)
    now, user = clock.now(), tx.scalars(select(User).where(User.id == caller.user_id).with_for_update(key_share=True)).one()
    sessions.end_all(tx, user.id)
    ended = tx.scalars(update(Device).where(Device.user_id == user.id, Device.ended_at.is_(None)).values(ended_at=now).returning(Device.id))
    user.devices_ended_at = now
    letters.tell(tx, user.id, letters.DEVICES_ENDED)
    history.record(tx, "device.end_all", user_id=user.id, subject=user.id, devices=str(len(ended.all())))


def _method(request: pb.SignInWithDeviceRequest) -> str:
    return proofs.PASSKEY if request.credential else proofs.PIN
