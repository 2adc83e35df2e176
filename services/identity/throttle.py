"""Slows guessing down without ever locking the owner out: one counter for each authenticator, counted before it is checked."""

import math
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis import clock
from chassis.db import Transaction
from chassis.errors import TooMany
from services.identity import rules, tokens
from services.identity.models import PasswordCounter


def count_password(tx: Transaction, address: str) -> None:
    """Count a try of the address's password, before it is looked at. Raises TooMany while the address has to wait.

    Right passwords are counted too until `forgive`: honest sign-ins at the same moment neither fail nor slow each other down,
    as only `hold_back` makes anybody wait.
    """
    now, row = clock.now(), {"address": tokens.digest(address)}
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


def hold_back(tx: Transaction, address: str) -> None:
    """The counted try was wrong: from the fifth in a row the address has to wait."""
    mine = PasswordCounter.address == tokens.digest(address)
    # The UPDATE takes the row's lock, so that of two wrong tries the later one sets the longer wait.
    wrong = update(PasswordCounter).where(mine).values(counted_at=clock.now()).returning(PasswordCounter.failures)
    wait = rules.wait_after(tx.execute(wrong).scalar() or 0)
    if wait:
        tx.execute(update(PasswordCounter).where(mine).values(open_at=clock.now() + wait))


def forgive(tx: Transaction, address: str) -> None:
    """The password was right, or a new one was made: the count starts over."""
    tx.execute(delete(PasswordCounter).where(PasswordCounter.address == tokens.digest(address)))


def too_many(open_at: datetime | None) -> TooMany:
    """Too many tries, with the seconds to wait."""
    seconds = max(1, math.ceil((open_at - clock.now()).total_seconds())) if open_at else 1
    return TooMany("too_many_attempts", "Too many tries; wait a little.", facts={"retry_after": str(seconds)})
