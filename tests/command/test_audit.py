"""An export of the audit trail is checked without the server that made it, and the first wrong row is named."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from chassis import audit
from services.__main__ import cli
from services.audit_verify import verify

FACTS = {"name": "Lønn"}
HOME = "0192f0c1-7d5e-7000-8000-000000000001"


def line(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def chain(service: str, length: int) -> list[dict[str, Any]]:
    """Rows as a service writes them."""
    rows, previous = [], audit.FIRST
    for number in range(1, length + 1):
        at = datetime(2026, 5, 31, 12, tzinfo=UTC) + timedelta(seconds=number)
        row: dict[str, Any] = {"number": number, "caller": "user:u1", "action": "folder.create", "subject": f"f{number}", "facts": FACTS}
        found = audit.digest({**row, "at": at, "organisation_id": HOME, "previous": previous})
        bound = {"previous": previous.hex(), "digest": found.hex()}
        rows.append({**row, **bound, "service": service, "at": at.isoformat(timespec="microseconds")})
        previous = found
    return rows


def written(rows: list[dict[str, Any]], heads: dict[str, list[Any]]) -> bytes:
    """An export with everything in it that nothing but the chains can show to be wrong."""
    above = line({"kontor": "audit", "organisation_id": HOME, "made_at": "2026-06-01T08:00:00+00:00", "heads": heads})
    above += b"".join(map(line, rows))
    return above + line({"sha256": hashlib.sha256(above).hexdigest()})


ROWS = chain("identity", 4) + chain("documents", 3)
HEADS: dict[str, list[Any]] = {"identity": [4, ROWS[3]["digest"]], "documents": [3, ROWS[6]["digest"]], "linking": [0, "00" * 32]}
WHOLE = written(ROWS, HEADS)


def test_a_whole_export_holds() -> None:
    """BEY-09, P29."""
    assert verify(WHOLE) is None
    assert verify(written([], {"identity": [0, "00" * 32]})) is None


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_one_flipped_byte_anywhere_is_noticed_and_its_row_named(place: int, mask: int) -> None:
    """P29, BEY-09."""
    export = bytearray(WHOLE)
    export[place] ^= mask
    found = verify(bytes(export))
    assert found is not None
    number = WHOLE[:place].count(b"\n") + 1
    if 2 <= number <= len(ROWS) + 1 and WHOLE[place] != ord("\n"):
        row = ROWS[number - 2]
        assert f"line {number}" in f"{found.place} {found.what}" or found.place == f"{row['service']} row {row['number']}"


@given(st.integers(0, len(ROWS) - 1))
def test_a_row_that_is_taken_out_is_named(gone: int) -> None:
    """P29: also by somebody who writes the last line anew."""
    found = verify(written(ROWS[:gone] + ROWS[gone + 1 :], HEADS))
    assert found is not None
    assert found.place == f"{ROWS[gone]['service']} row {ROWS[gone]['number']}"
    assert found.what.startswith("cut" if gone in (3, 6) else "missing")


@given(st.permutations(range(4)).filter(lambda order: order != sorted(order)))
def test_rows_in_another_order_are_named(order: list[int]) -> None:
    """P29."""
    found = verify(written([ROWS[each] for each in order] + ROWS[4:], HEADS))
    first = next(place for place, each in enumerate(order) if place != each)
    assert found is not None
    assert (found.place, found.what.split()[0]) == (f"identity row {first + 1}", "reordered")


@given(st.integers(0, len(WHOLE) - 1))
def test_an_export_that_was_cut_off_is_noticed(length: int) -> None:
    """P29, BEY-09."""
    assert verify(WHOLE[:length]) is not None


FORGED: dict[str, Callable[[dict[str, Any]], object]] = {
    "another caller": lambda row: row.update(caller="user:u2"),
    "another moment": lambda row: row.update(at="2026-05-31T12:00:09.000000+00:00"),
    "no moment": lambda row: row.update(at="yesterday"),
    "other facts": lambda row: row["facts"].update(name="HR"),
    "no digest": lambda row: row.update(digest=7),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=list(FORGED))
def test_a_forged_row_is_named(forge: Callable[[dict[str, Any]], object]) -> None:
    """P29."""
    rows = json.loads(json.dumps(ROWS))
    forge(rows[2])
    found = verify(written(rows, HEADS))
    assert found is not None
    assert (found.place, found.what) == ("identity row 3", "altered (line 4)")


def test_a_chain_written_anew_differs_from_an_earlier_export() -> None:
    """BEY-09: what one holds oneself shows what the other side did to the whole chain."""
    earlier = written(ROWS[:2], {"identity": [2, ROWS[1]["digest"]]})
    assert verify(WHOLE, earlier=earlier) is None
    another = written(ROWS[:2], {"identity": [2, "11" * 32]})
    found = verify(WHOLE, earlier=another)
    assert found is not None
    assert found.place == "identity row 2"


def test_the_command_says_what_is_wrong_and_ends_with_1(tmp_path: Path) -> None:
    """BEY-09."""
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    good.write_bytes(WHOLE)
    bad.write_bytes(WHOLE.replace("Lønn".encode(), b"Lonn", 1))
    assert CliRunner().invoke(cli, ["audit", "verify", str(good)]).exit_code == 0
    assert CliRunner().invoke(cli, ["audit", "verify", str(good), "--earlier", str(good)]).exit_code == 0
    refused = CliRunner().invoke(cli, ["audit", "verify", str(bad)])
    assert (refused.exit_code, refused.output) == (1, "identity row 1: altered (line 2)\n")
