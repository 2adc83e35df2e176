"""Forget what is long over: sign-ins, sessions, links, sent letters, counters."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete

from chassis import clock
from chassis.db import Database
from services.identity import rules
from services.identity.models import Attempt, Letter, Link, Model, PasswordCounter, Session

EVERY = timedelta(hours=1)
# After its end a link still says what became of it (BEY-01); sessions and letters are kept as long for questions asked later.
KEPT = timedelta(days=30)


def run(database: Database) -> None:
    """Delete by the rows' own times; running it twice changes nothing."""
    now = clock.now()
    over: list[tuple[type[Model], ColumnElement[Any]]] = [
        (Attempt, Attempt.expires_at < now - timedelta(days=1)),
        (Session, Session.seen_at < now - rules.SESSION_LIFE - KEPT),
        (Link, Link.expires_at < now - KEPT),
        (Letter, (Letter.created_at < now - KEPT) & (Letter.sent_at.is_not(None) | Letter.dropped_at.is_not(None))),
        (PasswordCounter, PasswordCounter.counted_at < now - timedelta(days=1)),
    ]
    for table, condition in over:
        with database.transaction() as tx:
            tx.execute(delete(table).where(condition))
