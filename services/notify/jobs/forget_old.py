"""What nobody needs any more goes: old notices, mails that have ended, withdrawals that no late event can still meet, links, reports."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, tuple_

from chassis import clock
from chassis.db import Database
from services.notify.models import Delivery, ExpiryBatch, Notice, SmsReport, UnsubscribeLink, Withdrawal

EVERY = timedelta(hours=1)
BATCH = 5000


def run(database: Database, notices: timedelta, mails: timedelta) -> None:
    """Notices older than the one, all else older than the other; in batches, so that nothing waits for it."""
    now = clock.now()
    _forget(database, Notice, Notice.id < _first_id(now - notices))
    _forget(database, ExpiryBatch, ExpiryBatch.at < now - notices)
    _forget(database, Delivery, Delivery.ended_at < now - mails)
    _forget(database, Withdrawal, Withdrawal.at < now - mails)
    _forget(database, SmsReport, SmsReport.at < now - mails)
    _forget(database, UnsubscribeLink, UnsubscribeLink.made_at < now - mails)


def _forget(database: Database, table: Any, old: ColumnElement[bool]) -> None:
    key = tuple(table.__table__.primary_key.columns)
    some = select(*key).where(old).limit(BATCH).with_for_update(skip_locked=True)
    gone = BATCH
    while gone == BATCH:
        with database.transaction() as tx:
            gone = len(tx.execute(delete(table).where(tuple_(*key).in_(some)).returning(*key)).all())


def _first_id(moment: datetime) -> str:
    """The least UUIDv7 of this moment: ids sort by time, so the primary key finds what is older."""
    return str(UUID(int=int(moment.timestamp() * 1000) << 80))
