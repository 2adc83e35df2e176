"""The audit trail: append-only, each row carrying the digest of the row before it, one chain per organisation."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain as chain_up
from typing import TYPE_CHECKING, Any

from sqlalchemy import RowMapping, insert
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis import clock, outbox

if TYPE_CHECKING:
    from chassis.db import Transaction

FIRST = bytes(32)


def append(tx: "Transaction", action: str, *, by: str, organisation: str, subject: str, facts: Mapping[str, str]) -> None:
    """Write the next row of the organisation's chain. Its head row is locked until commit."""
    heads = outbox.trail_heads
    first = upsert(heads).values(organisation_id=organisation, number=1, digest=FIRST)
    claim = first.on_conflict_do_update(index_elements=["organisation_id"], set_={"number": heads.c.number + 1})
    head = tx.execute(claim.returning(heads.c.number, heads.c.digest)).one()
    row: dict[str, Any] = {
        "organisation_id": organisation, "number": head.number, "at": clock.now(), "caller": by,
        "action": action, "subject": subject, "facts": dict(facts), "previous": bytes(head.digest),
    }  # fmt: skip
    row["digest"] = digest(row)
    tx.execute(insert(outbox.trail), row)
    tx.execute(heads.update().where(heads.c.organisation_id == organisation).values(digest=row["digest"]))


def digest(row: "Mapping[str, Any] | RowMapping") -> bytes:
    """SHA-256 over the previous digest and the row's content in canonical JSON."""
    moment: datetime = row["at"]
    what = [row[name] for name in ("caller", "action", "subject", "facts")]
    content = [row["organisation_id"], row["number"], moment.isoformat(timespec="microseconds"), *what]
    return hashlib.sha256(bytes(row["previous"]) + _canonical(content)).digest()


@dataclass(frozen=True)
class Chain:
    """An organisation's chain in one service: number and digest of its newest row, and its rows after a number, a page at a time."""

    head: tuple[int, bytes]
    after: Callable[[int], "Sequence[Mapping[str, Any] | RowMapping]"]

    def rows(self) -> "Iterator[Mapping[str, Any] | RowMapping]":
        """Every row up to the head. Where rows are missing at the end, the head says so to whoever compares."""
        number, last = 0, self.head[0]
        while number < last and (page := self.after(number)):
            yield from (row for row in page if row["number"] <= last)
            number = page[-1]["number"]


def export(chains: Mapping[str, Chain], organisation: str) -> Iterator[bytes]:
    """The lines of a file that `kontor audit verify` checks: where each chain ends now, every row, and the SHA-256 of all that."""
    heads = {name: [chain.head[0], chain.head[1].hex()] for name, chain in chains.items()}
    made_at = clock.now().isoformat(timespec="seconds")
    written = hashlib.sha256()
    rows = ({**_shown(row), "service": name} for name, chain in chains.items() for row in chain.rows())
    for each in chain_up([{"kontor": "audit", "organisation_id": organisation, "made_at": made_at, "heads": heads}], rows):
        line = _canonical(each) + b"\n"
        written.update(line)
        yield line
    yield _canonical({"sha256": written.hexdigest()}) + b"\n"


def _shown(row: "Mapping[str, Any] | RowMapping") -> dict[str, Any]:
    plain = {name: row[name] for name in ("number", "caller", "action", "subject", "facts")}
    moment: datetime = row["at"]
    return {**plain, "at": moment.isoformat(timespec="microseconds"), **{name: bytes(row[name]).hex() for name in ("previous", "digest")}}


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


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
