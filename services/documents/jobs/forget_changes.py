"""Drop what has left the change feed: it is kept for 30 days (BEY-15)."""

from datetime import timedelta

from sqlalchemy import delete

from chassis import clock
from chassis.db import Database
from services.documents.actions.changes import KEPT
from services.documents.models import Change

EVERY = timedelta(days=1)


def run(database: Database, *_: str) -> None:
    """Delete changes past their time; nobody can ask for them any more."""
    with database.transaction() as tx:
        tx.execute(delete(Change).where(Change.at < clock.now() - KEPT))
