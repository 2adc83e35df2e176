"""What is committed is told, once in effect, whatever dies in between; and what is old and done goes away."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import prometheus_client
import pytest
from kontor.events.v1.envelope_pb2 import Envelope
from kontor.messaging.v1 import events_pb2
from sqlalchemy import func, select

from chassis import caller, clock, outbox
from chassis.bus import LocalBus
from chassis.caller import Caller
from chassis.db import Database, Transaction
from chassis.errors import NotFound, Unavailable
from chassis.outbox import Inbox, Relay, purge_events, wrap
from chassis.testing import at_once
from tests.chassis import sample
from tests.chassis.sample import notes
from tests.servers.program import Program
from tests.waiting import eventually

SENT = events_pb2.MessageSent.DESCRIPTOR.full_name


@pytest.fixture
def database(new_database: Callable[[str], str]) -> Iterator[Database]:
    made = Database(new_database("outbox"), service="sample")
    sample.make_tables(made)
    yield made
    made.close()


def emit(database: Database, *identifiers: str) -> None:
    for identifier in identifiers:
        with database.transaction() as tx:
            tx.emit(events_pb2.MessageSent(message_id=identifier), about=identifier, version=7, organisation="o1")


def sent(identifier: str) -> Envelope:
    return wrap(events_pb2.MessageSent(message_id=identifier), source="test", about=identifier, version=1, organisation="o1")


def count(database: Database, table: str) -> int:
    return int(database.read(select(func.count()).select_from(outbox.tables.tables[table]))[0][0])


def fail(tx: Transaction, event: events_pb2.MessageSent, envelope: Envelope) -> None:
    raise ZeroDivisionError


def unsent(database: Database) -> int:
    return int(database.read(select(func.count()).where(outbox.outbox.c.sent_at.is_(None)))[0][0])


def handling(database: Database, *events: outbox.Handle) -> Inbox:
    return Inbox(database, {SENT: events[0] if events else sample.hear})


def test_what_is_rolled_back_is_not_told(database: Database) -> None:
    with sample.undone(database) as tx:
        tx.emit(events_pb2.MessageSent(message_id="m1"), about="m1")
    assert count(database, "outbox") == 0


def test_an_envelope_says_what_who_and_when(database: Database) -> None:
    with caller.acting(Caller(user_id="u1", name="Ingrid"), {}):
        emit(database, "m1")
    (envelope,) = [Envelope.FromString(row[0]) for row in database.read(select(outbox.outbox.c.envelope))]
    assert (envelope.type, envelope.source, envelope.caller, envelope.organisation_id) == (SENT, "sample", "user:u1", "o1")
    assert (envelope.aggregate_id, envelope.aggregate_version) == ("m1", 7)
    assert abs(envelope.time.ToDatetime(clock.now().tzinfo) - clock.now()) < timedelta(minutes=1)
    assert "Ingrid" not in str(envelope)


def test_a_handler_knows_who_caused_the_event(database: Database) -> None:
    causes: list[Caller] = []
    inbox = handling(database, lambda tx, event, envelope: causes.append(caller.current()))
    for who in (Caller(user_id="u1", permissions=(1,)), Caller(service="identity"), caller.NOBODY):
        with caller.acting(who, {"*": "token"}):
            assert inbox.receive(sent("m"))
    assert causes == [Caller(user_id="u1"), Caller(service="identity"), caller.NOBODY]


@pytest.mark.parametrize("simultaneous", [1, 8])
def test_the_same_event_has_one_effect_however_often_it_arrives(database: Database, simultaneous: int) -> None:
    """P20."""
    inbox, envelope = handling(database), sent("m1")
    for _ in range(3):
        outcomes = at_once([lambda: inbox.receive(envelope)] * simultaneous)
        assert set(outcomes) <= {True}
    assert notes(database) == ["heard m1"]
    assert inbox.parked() == []


def test_a_parked_event_is_redriven_by_hand(database: Database) -> None:
    """P21."""
    broken = handling(database, fail)
    envelope = sent("m1")
    assert [broken.receive(envelope) for _ in range(4)] == [False, False, True, True]
    assert [row[0] for row in broken.parked()] == [envelope.id]
    assert not broken.redrive(envelope.id)
    mended = handling(database)
    assert mended.redrive(envelope.id)
    assert notes(database) == ["heard m1"]
    with pytest.raises(NotFound):
        mended.redrive(envelope.id)


def test_an_event_this_version_does_not_know_is_parked_not_lost(database: Database) -> None:
    inbox, envelope = Inbox(database, {"kontor.gone.v1.Gone": sample.hear}), sent("m1")
    envelope.type = "kontor.gone.v1.Gone"
    assert [inbox.receive(envelope) for _ in range(3)] == [False, False, True]
    assert [row[1] for row in inbox.parked()] == ["kontor.gone.v1.Gone"]


def test_the_operator_sees_what_waits_and_what_is_parked(database: Database) -> None:
    emit(database, "m1", "m2")
    broken = handling(database, fail)
    envelope = sent("m3")
    for _ in range(3):
        broken.receive(envelope)
    Relay(database, LocalBus()).measure()
    metrics = prometheus_client.generate_latest().decode()
    assert 'kontor_outbox_waiting{service="sample"} 2.0' in metrics
    assert 'kontor_events_parked{service="sample"} 1.0' in metrics


def test_a_relay_outlives_its_database(own_postgres: Program) -> None:
    """P22."""
    database = Database(own_postgres.url, service="sample")
    sample.make_tables(database)
    bus = LocalBus()
    bus.subscribe("sample", handling(database))
    bus.start()
    with relaying(Relay(database, bus)):
        emit(database, "m1")
        eventually(lambda: notes(database) == ["heard m1"])
        own_postgres.kill()
        with pytest.raises(Unavailable):
            emit(database, "lost, and said so")
        own_postgres.start()
        emit(database, "m2")
        eventually(lambda: notes(database) == ["heard m1", "heard m2"], retry_on=(AssertionError, Unavailable))
    database.close()


@contextmanager
def relaying(relay: Relay) -> Iterator[None]:
    thread = threading.Thread(target=relay.run)
    thread.start()
    yield
    relay.stop()
    thread.join()


def test_old_and_done_is_purged_and_nothing_else(database: Database) -> None:
    inbox, bus = handling(database), LocalBus()
    bus.subscribe("sample", inbox)
    bus.start()
    emit(database, "m1")
    Relay(database, bus).relay()
    emit(database, "unsent")
    broken = handling(database, fail)
    parked = sent("parked")
    for _ in range(3):
        broken.receive(parked)
    left = []
    for days in (13, 15, 31):
        with clock.moved(timedelta(days=days)):
            purge_events(database)
        left.append((count(database, "outbox"), count(database, "inbox")))
    assert left == [(2, 2), (2, 1), (1, 1)]
    assert [row[0] for row in inbox.parked()] == [parked.id]


@pytest.mark.parametrize("kind", ["in-process", "rabbitmq"])
@pytest.mark.parametrize(("when", "deaths"), [("published", 1), ("handling", 3)])
def test_a_process_killed_at_the_worst_moment_loses_and_repeats_nothing(
    request: pytest.FixtureRequest, new_database: Callable[[str], str], kind: str, when: str, deaths: int
) -> None:
    """P20, P21: between publishing and marking, and in a handler; an event that always kills is parked, alone."""
    emitting, handled = (Database(new_database("dying"), service=name) for name in ("emitting", "handling"))
    for each in (emitting, handled):
        sample.make_tables(each)
    bus_url = "" if kind == "in-process" else request.getfixturevalue("new_vhost")()
    identifiers = [f"m{number:02}" for number in range(20)]
    emit(emitting, *identifiers)
    command = [sys.executable, "-m", "tests.chassis.dying", emitting.url, handled.url, bus_url, "m04"]
    for _ in range(deaths):
        assert subprocess.run([*command, when], check=False, timeout=60).returncode == -9
    survivor = subprocess.Popen([*command, when if when == "handling" else "never"])
    expected = [name for name in identifiers if (name, when) != ("m04", "handling")]
    try:
        eventually(lambda: len(notes(handled)) == len(expected), seconds=60)
        eventually(lambda: unsent(emitting) == 0, seconds=60)
    finally:
        survivor.kill()
        survivor.wait()
    assert sorted(notes(handled)) == expected
    assert len(handling(handled).parked()) == len(identifiers) - len(expected)
    emitting.close()
    handled.close()
