"""Codes by SMS: 6 digits, good for 5 minutes and 5 tries, and for the one thing they were sent for; the next replaces the last (P3)."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis import clock
from chassis.db import Transaction
from services.identity import rules, tokens
from services.identity.models import SmsCode
from services.identity.sealing import Keyring


def replace(tx: Transaction, keyring: Keyring, *, about: str, phone: str) -> str:
    """A new code for this attempt, session or setup; the one before ends."""
    code = tokens.sms_code()
    fresh = {
        "phone": keyring.seal(phone, bound_to=about), "digest": keyring.digests(code, bound_to=about)[0], "tries": 0,
        "expires_at": clock.now() + rules.SMS_CODE_LIFE, "ended_at": None,
    }  # fmt: skip
    tx.execute(upsert(SmsCode).values(about=about, **fresh).on_conflict_do_update(index_elements=["about"], set_=fresh))
    return code


def sent_to(tx: Transaction, keyring: Keyring, *, about: str, code: str) -> str | None:
    """Use the code up and answer the number it was sent to; None for a wrong one. Counted before it is looked at.

    Raises LookupError when there is nothing to compare with: none was sent, or it expired, was used, or was missed five times.
    """
    now = clock.now()
    live = (SmsCode.about == about, SmsCode.ended_at.is_(None), SmsCode.expires_at > now, SmsCode.tries < rules.SMS_CODE_TRIES)
    count = update(SmsCode).where(*live).values(tries=SmsCode.tries + 1).returning(SmsCode.digest, SmsCode.phone)
    held = tx.execute(count).one_or_none()
    if held is None:
        raise LookupError
    if held.digest not in keyring.digests("".join(code.split()), bound_to=about):
        return None
    # The row is ours until commit: of any number of requests with the code, this one has it.
    _end(tx, about, now)
    return keyring.unseal(held.phone, bound_to=about)


def _end(tx: Transaction, about: str, now: datetime) -> None:
    tx.execute(update(SmsCode).where(SmsCode.about == about).values(ended_at=now))
