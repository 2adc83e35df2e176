"""What a person must be told: written down with the change that causes it, sent by jobs, never lost when the mail server is away."""

import uuid_utils.compat as uuid
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis import clock
from chassis.db import Transaction
from services.identity.models import Factor, Letter, User
from services.identity.warning_rows import SmsWarning

WELCOME, ADDED, PASSWORD = "welcome", "added_to_organisation", "password"
# The person's account has changed, above all how they prove who they are: told on every channel.
PASSWORD_CHANGED, SESSIONS_ENDED, MEMBERSHIP_REMOVED = "password_changed", "sessions_ended", "membership_removed"
APP_ADDED, SMS_ADDED, APP_REMOVED, SMS_REMOVED = "app_added", "sms_added", "app_removed", "sms_removed"
PASSKEY_ADDED, PASSKEY_REMOVED = "passkey_added", "passkey_removed"
PROVIDER_BOUND, PROVIDER_UNBOUND = "provider_bound", "provider_unbound"
RECOVERY_CODES_MADE, RECOVERY_CODE_USED = "recovery_codes_made", "recovery_code_used"
INVITATION = "invitation"  # with a code of 16 digits, made in the moment of sending
ADDRESS_REPLACING, ADDRESS_REPLACED = "address_replacing", "address_replaced"
VOUCHED, VOUCHED_CODE_USED, FACTOR_DISABLED = "vouched", "vouched_code_used", "factor_disabled"
API_KEY_MADE = "api_key_made"

DEVICE_ADDED, DEVICE_PIN_FORGOTTEN, DEVICES_ENDED = "device_added", "device_pin_forgotten", "devices_ended"
BROWSER_LET_IN, DEVICE_COPIED = "browser_let_in", "device_copied"


def tell(tx: Transaction, user_id: str, change: str, *, membership_id: str | None = None, inviter_name: str = "") -> None:
    """Tell the person of a change by mail, and by SMS where a number is on record now: of a number that goes, tell before it goes."""
    write(tx, change, email=tx.get_one(User, user_id).email, membership_id=membership_id, inviter_name=inviter_name)
    phone, now = tx.scalar(select(Factor.secret).where(Factor.user_id == user_id, Factor.kind == "sms")), clock.now()
    if phone:
        row = {"user_id": user_id, "phone": phone, "change": change, "membership_id": membership_id, "created_at": now, "due_at": now}
        tx.add(SmsWarning(id=str(uuid.uuid7()), attempts=0, **row))


def write(tx: Transaction, kind: str, *, email: str, membership_id: str | None = None, inviter_name: str = "", language: str = "") -> str:
    """Make a letter due now, and answer its id. Of password letters one waits for an address at a time, however often it is asked for."""
    now, letter_id = clock.now(), str(uuid.uuid7())
    statement = upsert(Letter).values(
        id=letter_id, kind=kind, email=email, membership_id=membership_id, inviter_name=inviter_name[:200], language=language,
        created_at=now, due_at=now, attempts=0,
    )  # fmt: skip
    tx.execute(statement.on_conflict_do_nothing())
    return letter_id


def drop_for(tx: Transaction, membership_id: str) -> None:
    """Send nothing more about this membership."""
    waiting = (Letter.membership_id == membership_id, Letter.sent_at.is_(None), Letter.dropped_at.is_(None))
    tx.execute(update(Letter).where(*waiting).values(dropped_at=clock.now()))
