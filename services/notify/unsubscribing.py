"""Links in mails that switch their category off without signing in (RFC 8058): 256 random bits, kept as SHA-256 once the mail has left."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import cast

from sqlalchemy import LargeBinary, Table, bindparam, insert, select, update
from sqlalchemy.engine import Row

from chassis import clock
from chassis.db import Database, Transaction
from chassis.errors import NotFound
from services.notify.models import Delivery, Person, UnsubscribeLink


def make(tx: Transaction, readers: Mapping[int, tuple[str, int]]) -> dict[int, str]:
    """A new token for each delivery, kept with it while it waits, for its person and category. Those of earlier mails go on working."""
    tokens = {delivery_id: secrets.token_urlsafe(32) for delivery_id in readers}
    if tokens:
        now = clock.now()
        rows = [
            {"token": digest(tokens[delivery_id]), "user_id": user_id, "category": category, "made_at": now}
            for delivery_id, (user_id, category) in readers.items()
        ]
        tx.execute(insert(UnsubscribeLink), rows)
        tx.execute(_kept, [{"delivery": delivery_id, "kept": token} for delivery_id, token in tokens.items()])
    return tokens


def find(database: Database, token: str, *, keep: timedelta) -> Row[tuple[str, int, str]]:
    """Whom the link is for, its category, and the person's language. Raises NotFound for one not made here, or older than `keep`."""
    for row in database.read(_found, {"token": digest(token)}):
        if row.made_at > clock.now() - keep:
            return row
    raise NotFound("link_not_found", "There is no such link.")


def digest(token: str) -> bytes:
    """What is stored of a token and looked up by. Plain SHA-256: 256 random bits need no salt and no slowness."""
    return hashlib.sha256(token.encode()).digest()


_deliveries = cast(Table, Delivery.__table__)
_kept = update(_deliveries).where(_deliveries.c.id == bindparam("delivery")).values(token=bindparam("kept"))
_found = (
    select(UnsubscribeLink.user_id, UnsubscribeLink.category, UnsubscribeLink.made_at, Person.language)
    .join(Person, Person.user_id == UnsubscribeLink.user_id)
    .where(UnsubscribeLink.token == bindparam("token", type_=LargeBinary))
)
