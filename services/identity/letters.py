"""Mail that a person must get: written down with the change that causes it, sent by a job, never lost when the mail server is away."""

import uuid_utils.compat as uuid
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis import clock
from chassis.db import Transaction
from services.identity.models import Letter

WELCOME, ADDED, PASSWORD, PASSWORD_CHANGED = "welcome", "added_to_organisation", "password", "password_changed"


def write(tx: Transaction, kind: str, *, email: str, membership_id: str | None = None, inviter_name: str = "", language: str = "") -> None:
    """Make a letter due now. Of password letters one waits for an address at a time, however often it is asked for."""
    now = clock.now()
    statement = upsert(Letter).values(
        id=str(uuid.uuid7()), kind=kind, email=email, membership_id=membership_id, inviter_name=inviter_name[:200], language=language,
        created_at=now, due_at=now, attempts=0,
    )  # fmt: skip
    tx.execute(statement.on_conflict_do_nothing())


def drop_for(tx: Transaction, membership_id: str) -> None:
    """Send nothing more about this membership."""
    waiting = (Letter.membership_id == membership_id, Letter.sent_at.is_(None), Letter.dropped_at.is_(None))
    tx.execute(update(Letter).where(*waiting).values(dropped_at=clock.now()))
