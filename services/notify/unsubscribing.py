"""Links in mails that switch their category off without signing in (RFC 8058): 256 random bits, of which only the SHA-256 is kept."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import LargeBinary, bindparam, insert, select
from sqlalchemy.engine import Row

from chassis import clock
from chassis.db import Database, Transaction
from chassis.errors import NotFound
from services.notify.models import Person, UnsubscribeLink


def make(tx: Transaction, readers: Sequence[tuple[str, int]]) -> list[str]:
    """A new token for each person and category, in their order. Those of earlier mails go on working."""
    tokens = [secrets.token_urlsafe(32) for _ in readers]
    if tokens:
        now = clock.now()
        rows = [
            {"token": digest(token), "user_id": user_id, "category": category, "made_at": now}
            for token, (user_id, category) in zip(tokens, readers, strict=True)
        ]
        tx.execute(insert(UnsubscribeLink), rows)
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


_found = (
    select(UnsubscribeLink.user_id, UnsubscribeLink.category, UnsubscribeLink.made_at, Person.language)
    .join(Person, Person.user_id == UnsubscribeLink.user_id)
    .where(UnsubscribeLink.token == bindparam("token", type_=LargeBinary))
)
