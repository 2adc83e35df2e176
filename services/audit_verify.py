"""Check an export of the audit trail without the server that made it: `kontor audit verify FILE` names the first row that is not right.

One JSON object a line, in canonical form: first the head of each service's chain, then every row, last the SHA-256 of all lines above.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis import audit

ROW = {"service", "number", "at", "caller", "action", "subject", "facts", "previous", "digest"}
HEADER = {"kontor", "organisation_id", "made_at", "heads"}


@dataclass(frozen=True)
class Finding:
    """The first thing that is wrong."""

    place: str
    what: str


def verify(export: bytes, *, earlier: bytes = b"") -> Finding | None:
    """None when every row is there, in its place, as it was written; and where an `earlier` export ended, it is the same."""
    lines = export.split(b"\n")
    header = _read(lines[0], HEADER)
    if header is None:
        return Finding("line 1", "altered: not the head of an export")
    rows = [_read(line, ROW) for line in lines[1:-2]]
    return _chains(header, rows) or _ending(lines) or _continues(header, rows, earlier)


def _chains(header: Mapping[str, Any], rows: Sequence[Mapping[str, Any] | None]) -> Finding | None:
    """Every chain from its first row to its head."""
    last: dict[str, tuple[int, str]] = dict.fromkeys(header["heads"], (0, audit.FIRST.hex()))
    places = {(row["service"], row["number"]) for row in rows if row}
    for line, row in enumerate(rows, start=2):
        if row is None or row["service"] not in last:
            return Finding(f"line {line}", "altered: not a row of this export")
        number, previous = last[row["service"]]
        if row["number"] != number + 1:
            moved = row["number"] <= number or (row["service"], number + 1) in places
            return Finding(f"{row['service']} row {number + 1}", f"{'reordered' if moved else 'missing'} (line {line})")
        if row["previous"] != previous or row["digest"] != _digest(header["organisation_id"], row):
            return Finding(f"{row['service']} row {row['number']}", f"altered (line {line})")
        last[row["service"]] = row["number"], row["digest"]
    for service, (number, digest) in last.items():
        if [number, digest] != header["heads"][service]:
            return Finding(f"{service} row {number + 1}", "cut: the chain does not end where its head says")
    return None


def _ending(lines: Sequence[bytes]) -> Finding | None:
    """The last line counts all bytes above: it finds what no chain covers."""
    if len(lines) < 3 or lines[-1] != b"":
        return Finding(f"line {len(lines)}", "cut: the end of the export is missing")
    above = b"".join(line + b"\n" for line in lines[:-2])
    if lines[-2] != _canonical({"sha256": hashlib.sha256(above).hexdigest()}):
        return Finding(f"line 1 or {len(lines) - 1}", "altered: all rows hold, but not what is said about them")
    return None


def _continues(header: Mapping[str, Any], rows: Sequence[Mapping[str, Any] | None], earlier: bytes) -> Finding | None:
    """Where an earlier export ended, this one has the same digest: nobody wrote the chain anew in between."""
    if not earlier:
        return None
    before = _read(earlier.split(b"\n")[0], HEADER)
    if before is None or before["organisation_id"] != header["organisation_id"]:
        return Finding("earlier export, line 1", "not an export of the same organisation")
    held = {(row["service"], row["number"]): row["digest"] for row in rows if row}
    for service, (number, digest) in before["heads"].items():
        if number and held.get((service, number)) != digest:
            return Finding(f"{service} row {number}", "another one than in the earlier export")
    return None


def _read(line: bytes, names: set[str]) -> dict[str, Any] | None:
    """The object on a line; None unless it has these names and is written in the one way that there is."""
    try:
        read: Any = json.loads(line)
    except ValueError:
        return None
    known = isinstance(read, dict) and read.keys() == names and _canonical(read) == line
    return read if known and _typed(read) else None


def _typed(read: Mapping[str, Any]) -> bool:
    if "heads" in read:
        heads = read["heads"].values() if isinstance(read["heads"], dict) else [None]
        return all(isinstance(head, list) and len(head) == 2 and isinstance(head[0], int) for head in heads)
    return isinstance(read["number"], int) and isinstance(read["service"], str)


def _digest(organisation_id: str, row: Mapping[str, Any]) -> str:
    """What the row's digest must be; nothing where a value cannot be one."""
    try:
        at = datetime.fromisoformat(row["at"])
        kept = {**row, "organisation_id": organisation_id, "at": at, "previous": bytes.fromhex(row["previous"])}
        return audit.digest(kept).hex() if at.isoformat(timespec="microseconds") == row["at"] else ""
    except (ValueError, TypeError):
        return ""


def _canonical(value: Mapping[str, Any]) -> bytes:
    # A surrogate can stand in JSON and in no row: it becomes something else, and so is noticed.
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")
