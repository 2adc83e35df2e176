"""Slows guessing down without ever locking the owner out: one counter for each authenticator, counted before it is checked."""

import math
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.engine import Row

from chassis import clock
from chassis.db import Transaction
from chassis.errors import Denied, TooMany
from services.identity import rules, tokens
from services.identity.device_rows import Device
from services.identity.models import Factor, PasswordCounter


def count_guess(tx: Transaction, subject: str) -> None:
    """Count a try before it is looked at: of an address's password, or of codes that begin alike. Raises TooMany while it has to wait.

    Right ones are counted too until `forgive`: honest sign-ins at the same moment neither fail nor slow each other down,
    as only `hold_back` makes anybody wait.
    """
    now, row = clock.now(), {"address": tokens.digest(subject)}
    statement = (
        upsert(PasswordCounter)
        .values(**row, failures=1, counted_at=now)
        .on_conflict_do_update(
            index_elements=["address"],
            set_={"failures": PasswordCounter.failures + 1, "counted_at": now},
            where=PasswordCounter.open_at.is_(None) | (PasswordCounter.open_at <= now),
        )
        .returning(PasswordCounter.failures)
    )
    if tx.execute(statement).scalar() is None:
        raise too_many(tx.execute(select(PasswordCounter.open_at).filter_by(**row)).scalar())


def hold_back(tx: Transaction, subject: str) -> None:
    """The counted try was wrong: from the fifth in a row the next ones have to wait."""
    mine = PasswordCounter.address == tokens.digest(subject)
    # The UPDATE takes the row's lock, so that of two wrong tries the later one sets the longer wait.
    wrong = update(PasswordCounter).where(mine).values(counted_at=clock.now()).returning(PasswordCounter.failures)
    wait = rules.wait_after(tx.execute(wrong).scalar() or 0)
    if wait:
        tx.execute(update(PasswordCounter).where(mine).values(open_at=clock.now() + wait))


def forgive(tx: Transaction, subject: str) -> int:
    """It was right, or a new password was made: the count starts over. Answers how many tries there were, the right one included."""
    forgotten = delete(PasswordCounter).where(PasswordCounter.address == tokens.digest(subject))
    return tx.execute(forgotten.returning(PasswordCounter.failures)).scalar() or 0


def count_code(tx: Transaction, user_id: str, kind: str) -> Row[str, str, int] | None:
    """Count a try of the person's factor of this kind before it is looked at: id, sealed secret and failures; None where there is none.

    Each factor is counted by itself: wrong codes of one never keep the owner of another out (P4). Raises TooMany while this one has to
    wait, Denied `factor_disabled`.
    """
    now, mine = clock.now(), (Factor.user_id == user_id, Factor.kind == kind)
    count = (
        update(Factor)
        .where(*mine, Factor.disabled_at.is_(None), Factor.open_at.is_(None) | (Factor.open_at <= now))
        .values(failures=Factor.failures + 1)
        .returning(Factor.id, Factor.secret, Factor.failures)
    )
    factor = tx.execute(count).one_or_none()
    if factor is None:
        held = tx.execute(select(Factor.disabled_at, Factor.open_at).where(*mine)).one_or_none()
        # Raised inside the transaction, so that a try which was not looked at does not count for an attempt either.
        if held:
            raise too_many(held.open_at) if held.disabled_at is None else Denied("factor_disabled", "Too many wrong codes in a row.")
    return factor


def hold_back_code(tx: Transaction, factor_id: str, failures: int) -> bool:
    """The counted code was wrong: from the fifth in a row the factor has to wait. Answers whether it is disabled by this one."""
    now, over, wait = clock.now(), failures >= rules.DISABLED_AFTER, rules.wait_after(failures)
    slower = {"open_at": now + wait if wait else None, "disabled_at": now if over else None}
    tx.execute(update(Factor).where(Factor.id == factor_id).values(slower))
    return over


def count_pin(tx: Transaction, device_id: str) -> Row[str | None, int] | None:
    """Count a try of the device's PIN before it is looked at: sealed PIN and failures, this one included; None where it has none.

    The row stays locked until commit, so that however many try at once, each is looked at after the one before.
    """
    mine = (Device.id == device_id, Device.ended_at.is_(None), Device.pin.is_not(None), Device.pin_failures < rules.PIN_TRIES)
    count = update(Device).where(*mine).values(pin_failures=Device.pin_failures + 1)
    return tx.execute(count.returning(Device.pin, Device.pin_failures)).one_or_none()


def too_many(open_at: datetime | None) -> TooMany:
    """Too many tries, with the seconds to wait."""
    seconds = max(1, math.ceil((open_at - clock.now()).total_seconds())) if open_at else 1
    return TooMany("too_many_attempts", "Too many tries; wait a little.", facts={"retry_after": str(seconds)})
