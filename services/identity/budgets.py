"""What SMS may cost: so many for a number, account, organisation and country within a period, each counted in one statement (P6)."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, IPv6Network

from sqlalchemy import delete, select, text

from chassis import clock
from chassis.db import Transaction
from chassis.errors import TooMany
from services.identity import phones, rules, tokens
from services.identity.models import Membership, SmsBudget

# The moments of the last `size` SMS, newest first. One more counts when the oldest of them is out of the period.
_count = text("""
    insert into sms_budgets (subject, recent, counted_at) values (:subject, array[cast(:now as timestamptz)], :now)
    on conflict (subject) do update
    set recent = (array_prepend(cast(:now as timestamptz), sms_budgets.recent))[1:cast(:size as int)], counted_at = :now
    where coalesce(sms_budgets.recent[cast(:size as int)] <= :since, true)
    returning counted_at
""")


@dataclass(frozen=True)
class Budgets:
    """How many SMS within any 24 hours, from the settings."""

    organisation: int
    country: int


def spend(tx: Transaction, budgets: Budgets, *, user_id: str, phone: str) -> None:
    """Count a code before it is sent, whatever becomes of it. Raises TooMany `too_many_codes`; then none of the counts is kept."""
    _spend(tx, f"number:{phone}", rules.SMS_A_NUMBER, rules.SMS_NUMBER_PERIOD)
    _spend(tx, _account(user_id), rules.SMS_AN_ACCOUNT, rules.SMS_ACCOUNT_PERIOD)
    _spend_daily(tx, budgets, user_id, phone)


def spend_warning(tx: Transaction, budgets: Budgets, *, user_id: str, phone: str) -> None:
    """Count one that tells of a change. It takes nothing of what codes to the number may cost, so that nobody is kept out by it."""
    _spend(tx, f"warned:{phone}", rules.WARNINGS_A_NUMBER, rules.SMS_DAY)
    _spend_daily(tx, budgets, user_id, phone)


def _spend_daily(tx: Transaction, budgets: Budgets, user_id: str, phone: str) -> None:
    home = select(Membership.organisation_id).where(Membership.user_id == user_id, Membership.removed_at.is_(None))
    _spend(tx, f"organisation:{tx.scalar(home.order_by(Membership.id).limit(1))}", budgets.organisation, rules.SMS_DAY)
    _spend(tx, f"country:{phones.country(phone)}", budgets.country, rules.SMS_DAY)


def forgive(tx: Transaction, user_id: str) -> None:
    """A code was used: the account's count starts over. What went to the number, and the organisation's total, stay counted."""
    tx.execute(delete(SmsBudget).where(SmsBudget.subject == tokens.digest(_account(user_id))))


def try_once(tx: Transaction, subject: str, size: int, period: timedelta) -> None:
    """Count a try of something else in the same way. Raises TooMany `too_many_attempts`."""
    wait = count(tx, subject, size, period)
    if wait:
        raise TooMany("too_many_attempts", "Too many tries; wait a little.", facts={"retry_after": str(wait)})


def ask(tx: Transaction, what: str, *, address: str) -> None:
    """Count a call for which nobody has to be known, by where it comes from. Raises TooMany `too_many_attempts`."""
    try_once(tx, f"{what} from:{_line(address)}", rules.ASKS_AT_MOST, rules.ASKS_PERIOD)


def count(tx: Transaction, subject: str, size: int, period: timedelta) -> int:
    """Count one more of at most `size` within the period; answers 0, or the seconds until there may be another, and then counts nothing."""
    now, digest = clock.now(), tokens.digest(subject)
    given = {"subject": digest, "now": now, "size": size, "since": now - period}
    if size and tx.execute(_count, given).scalar() is not None:
        return 0
    recent = tx.scalar(select(SmsBudget.recent).where(SmsBudget.subject == digest)) or []
    return _wait(recent[-1] if recent else now, period, now)


def _spend(tx: Transaction, subject: str, size: int, period: timedelta) -> None:
    wait = count(tx, subject, size, period)
    if wait:
        raise TooMany("too_many_codes", "Too many codes by SMS.", facts={"retry_after": str(wait)})


def _wait(oldest: datetime, period: timedelta, now: datetime) -> int:
    return max(1, math.ceil((oldest + period - now).total_seconds()))


def _account(user_id: str) -> str:
    return f"account:{user_id}"


def _line(address: str) -> str:
    """Whose line it is: with IPv6 each has 2^64 addresses of its own."""
    try:
        version6 = IPv6Address(address)
    except ValueError:
        return address
    return str(version6.ipv4_mapped or IPv6Network((version6, 64), strict=False))
