"""Every secret that people prove themselves with is checked here and nowhere else, and counted before it is looked at."""

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.engine import Row

from chassis import clock
from chassis.db import Database, Transaction
from services.identity import budgets, device_keys, history, invitations, letters, passkeys, rules, sms_codes, throttle, tokens, totp
from services.identity.device_rows import Device, WebSignIn
from services.identity.invitation_rows import Invitation, InvitationCode
from services.identity.models import Factor, RecoveryCode, User, VouchedCode
from services.identity.passkey_rows import Passkey, PasskeyChallenge
from services.identity.passkeys import Registered, RelyingParty
from services.identity.passwords import Passwords
from services.identity.sealing import Keyring

TOTP, SMS, RECOVERY, VOUCHED, PASSKEY, PIN = "totp", "sms", "recovery_code", "vouched_code", "passkey", "pin"
WEB_CODE = "web sign-in code"
_user = select(User.id, User.email, User.password_hash, User.language)
_device = select(Device.id, Device.user_id, Device.public_key, Device.pin).where(Device.ended_at.is_(None))
_passkey = select(Passkey.id, Passkey.user_id, Passkey.public_key, Passkey.sign_count)


@dataclass(frozen=True)
class Given:
    """What somebody typed as second proof. `about` is the attempt or session for which an SMS would have been sent."""

    method: str
    code: str
    about: str


@dataclass(frozen=True)
class Shown:
    """A new second factor that its owner has shown to hold. The first code of an app counts as used (P2)."""

    kind: str
    secret: str
    last_step: int


def password(database: Database, passwords: Passwords, address: str, typed: str) -> Row[str, str, str | None, str] | None:
    """The account of the address if this is its password, else None. Raises TooMany while the address has to wait.

    An unknown address, one without a password and one with another cost the same work (P5). The count starts over with `throttle.forgive`.
    """
    with passwords.turn():
        # Counted inside the turn: at most as many guesses are on their way at once as passwords are checked at once.
        with database.transaction() as tx:
            throttle.count_guess(tx, address)
            user = tx.execute(_user.where(User.email == address)).one_or_none()
        right = passwords.matches(user.password_hash if user else None, typed)
    if user and right:
        return user
    with database.transaction() as tx:
        throttle.hold_back(tx, address)
    return None


def second_factor(tx: Transaction, keyring: Keyring, user_id: str, given: Given) -> str | None:
    """None when it is right, else the reason. The counts must be committed either way.

    Raises TooMany and Denied `factor_disabled` where nothing was looked at.
    """
    check = {TOTP: _totp, SMS: _sms, RECOVERY: _recovery, VOUCHED: _vouched}[given.method]
    return check(tx, keyring, user_id, given)


def new_factor(tx: Transaction, keyring: Keyring, *, secret: str, given: Given) -> Shown | str:
    """What is to be enrolled, once its first code is right; else the reason. `secret` is an app's key; a code by SMS knows its number."""
    if given.method == SMS:
        try:
            phone = sms_codes.sent_to(tx, keyring, about=given.about, code=given.code)
        except LookupError:
            return "code_over"
        return Shown(SMS, phone, 0) if phone else "wrong_code"
    step = totp.step_of(secret, given.code, at=clock.now())
    return Shown(TOTP, secret, step) if step is not None else "wrong_code"


def passkey(tx: Transaction, party: RelyingParty, credential: str, *, user_id: str, about: str) -> tuple[str, str | None]:
    """Whose passkey answered, and None or the reason why that does not count. Of `user_id` for the attempt `about`, or of anybody, alone.

    It cannot be guessed, and so is not counted; any answer uses up the question. Alone it is two factors, where the device knew its owner.
    """
    asked = _asked(tx, credential, about)
    if asked is None:
        return "", "passkey_over"
    held = _passkey.where(Passkey.credential_id == passkeys.credential_id(credential), *([Passkey.user_id == user_id] if about else []))
    row = tx.execute(held.with_for_update()).one_or_none()
    used = party.used(credential, asked, public_key=row.public_key, sign_count=row.sign_count) if row else None
    if row is None or used is None:
        return "", "passkey_refused"
    if not about and not used.verified:
        return "", "passkey_unverified"
    fresh = {"sign_count": used.sign_count, "backed_up": used.backed_up, "used_at": clock.now()}
    tx.execute(update(Passkey).where(Passkey.id == row.id).values(fresh))
    return row.user_id, None


def new_passkey(tx: Transaction, party: RelyingParty, credential: str, *, about: str) -> Registered | str:
    """What is to be kept of a new passkey, else the reason. `about` is the session that asked for it."""
    asked = _asked(tx, credential, about)
    if asked is None:
        return "passkey_over"
    return party.registered(credential, asked) or "passkey_refused"


def device(tx: Transaction, device_id: str, *, purpose: str, challenge: str, signature: str) -> Row[str, str, str, str | None] | str:
    """The device whose key signed the question, for this purpose alone; else the reason. It cannot be guessed, and so is not counted."""
    if not _answered(tx, tokens.digest(challenge), device_id):
        return "device_challenge_over"
    held = tx.execute(_device.where(Device.id == device_id).with_for_update()).one_or_none()
    right = held is not None and device_keys.signed(held.public_key, signed_text(purpose, challenge), signature)
    return held if held is not None and right else "device_refused"


def new_device(tx: Transaction, public_key: str, *, challenge: str, signature: str, about: str) -> device_keys.DeviceKey | str:
    """The key of a device about to be enrolled, which its owner has shown to hold; else the reason. `about` is the session that asked."""
    if not _answered(tx, tokens.digest(challenge), about):
        return "device_challenge_over"
    key = device_keys.read(public_key)
    return key if key and device_keys.signed(key.jwk, signed_text("enrol", challenge), signature) else "device_refused"


def pin(tx: Transaction, keyring: Keyring, passwords: Passwords, device_id: str, typed: str) -> tuple[str, int] | None:
    """None when it is right, else the reason and how many tries are left; the count must be committed either way. Call it in `turn`.

    Ask for the device's key first: who does not hold the device never gets to try its PIN.
    """
    tried = throttle.count_pin(tx, device_id)
    if tried is None:
        return "pin_forgotten", 0
    if tried.pin and passwords.matches(keyring.unseal(tried.pin, bound_to=device_id), typed):
        tx.execute(update(Device).where(Device.id == device_id).values(pin_failures=0))
        return None
    left = rules.PIN_TRIES - tried.pin_failures
    return ("wrong_pin" if left else "pin_forgotten"), left


def web_code(tx: Transaction, keyring: Keyring, typed: str) -> WebSignIn | None:
    """The computer whose short code was typed, while it waits. Counted by whoever calls: it is of no account yet."""
    waiting = (WebSignIn.confirmed_at.is_(None), WebSignIn.ended_at.is_(None), WebSignIn.expires_at > clock.now())
    digests = keyring.digests(tokens.read_code(typed), bound_to=WEB_CODE)
    return tx.scalars(select(WebSignIn).where(WebSignIn.code.in_(digests), *waiting)).one_or_none()


def signed_text(purpose: str, challenge: str) -> str:
    """What a device signs: the question, and what the answer is for."""
    return f"kontor {purpose} {challenge}"


def _asked(tx: Transaction, credential: str, about: str) -> bytes | None:
    """The question that this answers, which is used up by it; None where nobody asked it, or it was answered already."""
    challenge = passkeys.challenge(credential)
    return challenge if _answered(tx, passkeys.digest(challenge), about) else None


def _answered(tx: Transaction, asked: bytes, about: str) -> bool:
    """Whether this was asked, and not answered before; it is from now on."""
    mine = (PasskeyChallenge.digest == asked, PasskeyChallenge.about.is_not_distinct_from(about or None))
    still_open = (PasskeyChallenge.used_at.is_(None), PasskeyChallenge.expires_at > clock.now())
    used = update(PasskeyChallenge).where(*mine, *still_open).values(used_at=clock.now()).returning(PasskeyChallenge.digest)
    return tx.execute(used).scalar() is not None


def _totp(tx: Transaction, keyring: Keyring, user_id: str, given: Given) -> str | None:
    factor = throttle.count_code(tx, user_id, TOTP)
    if factor is None:
        return "method_not_here"
    step = totp.step_of(keyring.unseal(factor.secret, bound_to=user_id), given.code, at=clock.now())
    if step is not None:
        # A code belongs to one time step, and steps only move forward: the same code never counts twice (RFC 6238 § 5.2).
        forward = update(Factor).where(Factor.id == factor.id, Factor.last_step < step).values(last_step=step, failures=0, open_at=None)
        if tx.execute(forward.returning(Factor.id)).scalar():
            return None
    return _missed(tx, user_id, factor)


def _sms(tx: Transaction, keyring: Keyring, user_id: str, given: Given) -> str | None:
    factor = throttle.count_code(tx, user_id, SMS)
    if factor is None:
        return "method_not_here"
    try:
        phone = sms_codes.sent_to(tx, keyring, about=given.about, code=given.code)
    except LookupError:
        _missed(tx, user_id, factor)
        return "code_over"
    # The number may have been changed since the code was sent.
    if phone is None or phone != keyring.unseal(factor.secret, bound_to=user_id):
        return _missed(tx, user_id, factor)
    tx.execute(update(Factor).where(Factor.id == factor.id).values(failures=0, open_at=None))
    budgets.forgive(tx, user_id)
    return None


def _recovery(tx: Transaction, _: Keyring, user_id: str, given: Given) -> str | None:
    mine = (RecoveryCode.digest == tokens.digest(tokens.read_code(given.code)), RecoveryCode.user_id == user_id)
    used = update(RecoveryCode).where(*mine, RecoveryCode.used_at.is_(None)).values(used_at=clock.now()).returning(RecoveryCode.user_id)
    if tx.execute(used).scalar() is None:
        return "wrong_code"
    letters.tell(tx, user_id, letters.RECOVERY_CODE_USED)
    history.record(tx, "recovery_code.use", user_id=user_id, subject=user_id)
    return None


def _vouched(tx: Transaction, keyring: Keyring, user_id: str, given: Given) -> str | None:
    now, digests = clock.now(), keyring.digests(tokens.read_code(given.code), bound_to=user_id)
    mine = (VouchedCode.digest.in_(digests), VouchedCode.user_id == user_id)
    still_open = (VouchedCode.ended_at.is_(None), VouchedCode.expires_at > now)
    used = tx.execute(update(VouchedCode).where(*mine, *still_open).values(ended_at=now).returning(VouchedCode.id)).scalar()
    if used is None:
        return "wrong_code"
    letters.tell(tx, user_id, letters.VOUCHED_CODE_USED)
    history.record(tx, "vouched_code.use", user_id=user_id, subject=used)
    return None


def invitation(tx: Transaction, keyring: Keyring, typed: str) -> str:
    """The id of the invitation whose 16 digits these are, used up by that; else `wrong_code`, or why the right code does not count (P3).

    Wrong ones are counted to all codes that begin with the same eight digits, whether or not there are any (P5). Raises TooMany.
    """
    digits = "".join(typed.replace("-", " ").split())
    subject = f"invitation:{digits[:8]}"
    throttle.count_guess(tx, subject)
    halves, whole = (keyring.digests(part, bound_to=invitations.MAILED) for part in (digits[:8], digits))
    alike = select(InvitationCode.invitation_id).where(InvitationCode.first_half.in_(halves))
    still_open = (Invitation.entered_at.is_(None), Invitation.tries < rules.INVITATION_TRIES, *invitations.living())
    count = update(Invitation).where(Invitation.id.in_(alike), *still_open).values(tries=Invitation.tries + 1).returning(Invitation.id)
    looked_at = set(tx.scalars(count))
    right = tx.scalar(select(InvitationCode.invitation_id).where(InvitationCode.digest.in_(whole)))
    if right in looked_at and right is not None:
        throttle.forgive(tx, subject)
        return right
    held = tx.get(Invitation, right, populate_existing=True) if right else None
    if held is None or (held.entered_at is None and held.tries >= rules.INVITATION_TRIES):
        throttle.hold_back(tx, subject)
        return "wrong_code"
    state = invitations.state(held)
    return f"invitation_{state if state in ('expired', 'cancelled') else 'used'}"


def confirmation(tx: Transaction, keyring: Keyring, held: Invitation, typed: str) -> str | None:
    """None when these are the 6 digits that were sent last, or that an administrator made; else the reason. `held` is locked.

    Each of the two codes is looked at five times at most, and works once.
    """
    digits, now = "".join(typed.split()), clock.now()
    sms = _sms_code(tx, keyring, about=held.id, code=digits)
    live = held.made_code is not None and held.made_tries < rules.CONFIRMATION_TRIES and (held.made_expires_at or now) > now
    if live:
        held.made_tries += 1
    if sms == "right" or (live and held.made_code in keyring.digests(digits, bound_to=held.id)):
        return None
    return "wrong_code" if live or sms == "wrong" else "code_over"


def _sms_code(tx: Transaction, keyring: Keyring, *, about: str, code: str) -> str:
    try:
        return "right" if sms_codes.sent_to(tx, keyring, about=about, code=code) else "wrong"
    except LookupError:
        return "over"


def _missed(tx: Transaction, user_id: str, factor: Row[str, str, int]) -> str:
    if throttle.hold_back_code(tx, factor.id, factor.failures):
        letters.tell(tx, user_id, letters.FACTOR_DISABLED)
        history.record(tx, "factor.disable", user_id=user_id, subject=factor.id)
    return "wrong_code"
