"""Settings are strict, assertions are believed only as signed, the trail cannot be changed unseen, and logs keep secrets."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from chassis import audit, caller, clock, outbox, telemetry
from chassis.caller import Signer, Verifier
from chassis.config import BadSettings, Process, Secret, describe, load, peer_targets
from chassis.db import Database
from chassis.errors import Denied, Unauthenticated
from chassis.jobs import slot_of, win
from chassis.testing import at_once, person


@dataclass(frozen=True)
class Sample:
    """Settings to try."""

    url: Secret  # where it is
    limit: int = 5  # how much
    fast: bool = False  # whether
    names: tuple[str, ...] = ()  # who


def test_every_mistake_is_reported_at_once() -> None:
    """An operator corrects all settings in one go; the values of secrets are never shown."""
    wrong = {"KONTOR_X_LIMIT": "many", "KONTOR_X_FAST": "perhaps", "KONTOR_X_SPEED": "9", "KONTOR_Y_OTHER": "fine", "HOME": "/"}
    with pytest.raises(BadSettings) as raised:
        load(Sample, "KONTOR_X_", wrong)
    told = str(raised.value)
    assert [name in told for name in ("X_URL is missing", "X_LIMIT", "X_FAST", "X_SPEED is not a setting", "Y_OTHER")] == [True] * 4 + [
        False
    ]


def test_a_secret_may_lie_in_a_file_and_is_never_printed(tmp_path: Path) -> None:
    """Twelve-factor with mounted secrets: NAME_FILE, and never both."""
    (tmp_path / "url").write_text("postgresql://secret\n")
    held = load(Sample, "KONTOR_X_", {"KONTOR_X_URL_FILE": str(tmp_path / "url"), "KONTOR_X_NAMES": "a, b,"})
    assert (held.url, held.names, "secret" in repr(held)) == ("postgresql://secret", ("a", "b"), False)
    with pytest.raises(BadSettings, match="not both"):
        load(Sample, "KONTOR_X_", {"KONTOR_X_URL_FILE": str(tmp_path / "url"), "KONTOR_X_URL": "x"})


def test_settings_describe_themselves() -> None:
    """The generated documentation takes the comment beside each field."""
    assert describe(Sample, "KONTOR_X_")[:2] == [("KONTOR_X_URL", "required", "where it is"), ("KONTOR_X_LIMIT", "5", "how much")]
    assert all(meaning for _, _, meaning in describe(Process, "KONTOR_"))
    with pytest.raises(BadSettings, match="name=target"):
        peer_targets(Process(peers=("identity",)))


def test_an_assertion_is_believed_only_by_whom_it_is_meant_for_and_only_for_a_minute() -> None:
    """P10: signature, audience and age; another key, another service, a minute later: refused."""
    private, public = caller.new_keys("identity")
    _, others = caller.new_keys("identity")
    who = person(1, 2, name="Ingrid")
    token = Signer(private, issuer="identity").sign(who, audience=["documents"])
    assert Verifier(public, audience="documents").verify(token) == who
    for verifier in (Verifier(others, audience="documents"), Verifier(public, audience="notify")):
        with pytest.raises(Unauthenticated):
            verifier.verify(token)
    with clock.moved(timedelta(seconds=61)), pytest.raises(Unauthenticated):
        Verifier(public, audience="documents").verify(token)


@given(position=st.integers(0, 10_000), other=st.sampled_from("AQgw-_"))
def test_a_changed_assertion_is_refused(position: int, other: str) -> None:
    """P10: whatever character is changed, somebody else is never believed."""
    private, public = caller.new_keys("identity")
    who = person(1)
    token = Signer(private, issuer="identity").sign(who, audience=["documents"])
    place = position % len(token)
    changed = token[:place] + other + token[place + 1 :]
    try:
        assert Verifier(public, audience="documents").verify(changed) == who
    except Unauthenticated:
        assert changed != token


def test_a_service_can_assert_only_itself() -> None:
    """notify's key would not make anybody identity."""
    private, public = caller.new_keys("linking")
    forged = Signer(private, issuer="linking").sign(caller.Caller(service="identity"), audience=["notify"])
    with pytest.raises(Denied):
        Verifier(public, audience="notify").verify(forged)


def test_a_second_factor_is_fresh_for_a_quarter_of_an_hour() -> None:
    """NET-05: step-up."""
    who = person()
    assert who.stepped_up()
    assert not replace(who, authenticated_at=who.authenticated_at - 16 * 60).stepped_up()


@pytest.fixture
def database(new_database: Callable[[str], str]) -> Iterator[Database]:
    """An empty database with the chassis' tables."""
    made = Database(new_database("trail"), service="sample")
    outbox.tables.create_all(made.engine)
    yield made
    made.close()


def test_the_trail_is_one_chain_under_concurrent_writes_and_shows_what_was_changed(database: Database) -> None:
    """P29, BEY-09: a flipped value, a removed row: the verifier names the row."""

    def record(number: int) -> None:
        with database.transaction() as tx:
            tx.record("member.add", organisation="o", subject=str(number), role="write")

    at_once([lambda number=number: record(number) for number in range(4)])  # type: ignore[misc]
    for number in range(4, 12):
        record(number)
    assert audit.first_broken(_trail(database)) is None
    with database.engine.begin() as connection:
        connection.execute(text("""update audit set facts = '{"role": "administrator"}' where number = 7"""))
    assert audit.first_broken(_trail(database)) == 7
    rows = _trail(database)
    assert audit.first_broken(rows[:3] + rows[4:]) == 4


def _trail(database: Database) -> list[dict[str, Any]]:
    rows = database.read(select(outbox.trail).where(outbox.trail.c.organisation_id == "o").order_by(outbox.trail.c.number))
    return [dict(row._mapping) for row in rows]


def test_a_slot_is_won_once_by_any_number_of_replicas(database: Database) -> None:
    """P25: no leader, no lock: forty slots, three replicas, forty winners."""
    won = []
    for slot in range(40):
        with clock.moved(timedelta(minutes=slot)):
            won += at_once([lambda: win(database, "sample.tick", timedelta(minutes=1))] * 3)
    assert won.count(True) == 40


@given(st.datetimes(timezones=st.just(clock.now().tzinfo)), st.integers(1, 10_000))
def test_a_moment_lies_in_its_slot(moment: Any, seconds: int) -> None:
    """P25: slots cover time without gaps."""
    every = timedelta(seconds=seconds)
    assert timedelta(0) <= moment - slot_of(moment, every) < every + timedelta(milliseconds=1)


def test_logs_carry_the_request_and_no_secret() -> None:
    """P28: keys that name secrets, our tokens, and what looks like a personal number."""
    number = "130" + "585" + "12345"
    root = logging.getLogger()
    before, written = (root.handlers[:], root.level), io.StringIO()
    try:
        with redirect_stderr(written), telemetry.request("r-1"):
            telemetry.log_as("json", "info")
            telemetry.log("sample").info("signed in", password="hunter2", link="x" * 43, note=f"for {number}", kind="ok")
    finally:
        root.handlers[:], root.level = before
    line = json.loads(written.getvalue().splitlines()[-1])
    assert (line["request_id"], line["kind"]) == ("r-1", "ok")
    assert not any(secret in written.getvalue() for secret in ("hunter2", "x" * 43, number))
