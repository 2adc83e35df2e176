"""The audit trail: append-only, each row carrying the digest of the row before it, one chain per organisation."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import RowMapping, insert
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis import caller, clock, outbox

if TYPE_CHECKING:
    from chassis.db import Transaction

FIRST = bytes(32)


def append(tx: "Transaction", action: str, *, organisation: str, subject: str, facts: Mapping[str, str]) -> None:
    """Write the next row of the organisation's chain. Its head row is locked until commit."""
    claim = (
        upsert(outbox.trail_heads)
        .values(organisation_id=organisation, number=1, digest=FIRST)
        .on_conflict_do_update(index_elements=["organisation_id"], set_={"number": outbox.trail_heads.c.number + 1})
        .returning(outbox.trail_heads.c.number, outbox.trail_heads.c.digest)
    )
    head = tx.execute(claim).one()
    row: dict[str, Any] = {
        "organisation_id": organisation, "number": head.number, "at": clock.now(), "caller": caller.current().label,
        "action": action, "subject": subject, "facts": dict(facts), "previous": bytes(head.digest),
    }  # fmt: skip
    row["digest"] = digest(row)
    tx.execute(insert(outbox.trail), row)
    tx.execute(outbox.trail_heads.update().where(outbox.trail_heads.c.organisation_id == organisation).values(digest=row["digest"]))


def digest(row: "Mapping[str, Any] | RowMapping") -> bytes:
    """SHA-256 over the previous digest and the row's content in canonical JSON."""
    moment: datetime = row["at"]
    what = [row[name] for name in ("caller", "action", "subject", "facts")]
    content = [row["organisation_id"], row["number"], moment.isoformat(timespec="microseconds"), *what]
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return hashlib.sha256(bytes(row["previous"]) + canonical).digest()


def first_broken(rows: Iterable["Mapping[str, Any] | RowMapping"], *, head: bytes = b"") -> int | None:
    """Number of the first row, in order, whose digest or place in the chain is wrong; None when all hold.

    `head` is the digest in `audit_heads`: with it, rows missing at the end are noticed too.
    """
    previous, expected = FIRST, 1
    for row in rows:
        if row["number"] != expected or bytes(row["previous"]) != previous or bytes(row["digest"]) != digest(row):
            return expected
        previous, expected = bytes(row["digest"]), expected + 1
    return expected if head and head != previous else None
