"""Jobs run when they are asked for and when their slot has come, over RabbitMQ and in one process alike."""

import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from chassis import clock, outbox
from chassis.caller import current
from chassis.db import Database
from chassis.errors import Unavailable
from chassis.jobs import Jobs, slot_of, win
from chassis.service import Job
from chassis.testing import at_once
from tests.chassis import sample
from tests.servers.program import free_ports


@pytest.fixture(params=["in-process", "rabbitmq"])
def broker_url(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "in-process" else str(request.getfixturevalue("new_vhost")())


@pytest.fixture
def database(new_database: Callable[[str], str]) -> Iterator[Database]:
    made = Database(new_database("jobs"), service="sample")
    outbox.tables.create_all(made.engine)
    yield made
    made.close()


@contextmanager
def working(broker_url: str, database: Database, *of: Job) -> Iterator[Jobs]:
    service = sample.build_on(database, jobs=of)
    made = Jobs(broker_url, [service])
    made.start()
    try:
        yield made
    finally:
        made.stop()


def test_a_job_asked_for_in_a_transaction_runs_after_its_commit_as_its_service(broker_url: str, database: Database) -> None:
    done = queue.Queue[tuple[str, str]]()
    job = Job("sample.scan", lambda version: done.put((version, current().label)))
    with working(broker_url, database, job):
        with database.transaction() as tx:
            tx.start(job, "v1")
            tx.execute(select(1))
            assert done.empty()
        assert done.get(timeout=60) == ("v1", "service:sample")


def test_a_request_that_cannot_be_passed_on_does_not_stop_the_others(broker_url: str, database: Database) -> None:
    """Or nothing that is due would ever run in this process again."""
    done = queue.Queue[str]()
    with working(broker_url, database, Job("sample.scan", done.put)) as jobs:
        jobs.start_job("sample.scan", (object(),))  # type: ignore[arg-type]  # nothing that can be written down
        jobs.start_job("sample.scan", ("meant",))
        assert done.get(timeout=60) == "meant"


def test_what_is_rolled_back_starts_nothing(broker_url: str, database: Database) -> None:
    done = queue.Queue[str]()
    job = Job("sample.scan", done.put)
    with working(broker_url, database, job):
        with sample.undone(database) as tx:
            tx.start(job, "undone")
        database.start_job("sample.scan", ("meant",))
        assert done.get(timeout=60) == "meant"


def test_a_process_may_stop_and_start_its_jobs_again(broker_url: str, database: Database) -> None:
    done = queue.Queue[str]()
    for turn in ("first", "second"):
        with working(broker_url, database, Job("sample.scan", done.put)):
            database.start_job("sample.scan", (turn,))
            assert done.get(timeout=60) == turn
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("jobs")] == []


def test_a_job_that_fails_hinders_no_other(broker_url: str, database: Database) -> None:
    done = queue.Queue[str]()
    failures = {"defect": ZeroDivisionError(), "away": Unavailable("scanner_away", "away")}

    def scan(what: str) -> None:
        if what in failures:
            raise failures[what]
        done.put(what)

    with working(broker_url, database, Job("sample.scan", scan)):
        for what in ("defect", "away", "fine"):
            database.start_job("sample.scan", (what,))
        assert done.get(timeout=60) == "fine"


def test_a_request_that_cannot_be_written_down_stops_no_other(broker_url: str, database: Database) -> None:
    done = queue.Queue[str]()
    with working(broker_url, database, Job("sample.scan", done.put)):
        database.start_job("sample.scan", (object(),))  # type: ignore[arg-type]  # what no request can carry
        database.start_job("sample.scan", ("meant",))
        assert done.get(timeout=60) == "meant"


def test_a_stop_lets_the_job_at_hand_finish(broker_url: str, database: Database) -> None:
    entered, go, finished = threading.Event(), threading.Event(), threading.Event()

    def scan() -> None:
        entered.set()
        go.wait(60)
        finished.set()

    with working(broker_url, database, Job("sample.scan", scan)) as made:
        database.start_job("sample.scan", ())
        assert entered.wait(timeout=60)
        stopping = threading.Thread(target=made.stop)
        stopping.start()
        go.set()
        stopping.join(timeout=60)
        assert finished.is_set()


def test_the_clock_runs_what_is_due(broker_url: str, database: Database) -> None:
    done = queue.Queue[str]()
    with working(broker_url, database, Job("sample.sweep", lambda: done.put("swept"), timedelta(seconds=1))):
        assert [done.get(timeout=60) for _ in range(2)] == ["swept"] * 2


def test_asking_never_waits_for_a_broker_that_is_away(database: Database) -> None:
    """P22."""
    (port,) = free_ports(1)
    made = Jobs(f"amqp://guest:guest@127.0.0.1:{port}//", [sample.build_on(database, jobs=(Job("sample.scan", print),))])
    made.start(work=False)

    def ask() -> None:
        for _ in range(5000):
            made.start_job("sample.scan")

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(timeout=60)
    assert not asking.is_alive()
    made.stop()


def test_of_three_replicas_one_runs_each_slot(database: Database) -> None:
    """P25."""
    every, won = timedelta(seconds=5), Counter[datetime]()
    for number in range(50):
        with clock.moved(every * number):
            slot = slot_of(clock.now(), every)
            outcomes = at_once([lambda: win(database, "sample.sweep", every)] * 3)
        won[slot] += outcomes.count(True)
        assert set(outcomes) <= {True, False}
    assert set(won.values()) == {1}
    assert len(won) >= 50


def test_slots_begin_at_the_same_moments_everywhere() -> None:
    assert slot_of(datetime(2026, 5, 3, 10, 7, 31, 250, tzinfo=UTC), timedelta(minutes=5)) == datetime(2026, 5, 3, 10, 5, tzinfo=UTC)
    assert slot_of(datetime(2026, 5, 3, 23, 59, 59, tzinfo=UTC), timedelta(days=1)) == datetime(2026, 5, 3, tzinfo=UTC)


@given(st.datetimes(timezones=st.just(UTC)), st.integers(1, 10_000))
def test_every_moment_lies_in_its_slot(moment: datetime, seconds: int) -> None:
    """P25: slots cover time without gaps."""
    every = timedelta(seconds=seconds)
    assert timedelta(0) <= moment - slot_of(moment, every) < every + timedelta(milliseconds=1)


def test_old_slots_are_forgotten(database: Database) -> None:
    assert win(database, "sample.sweep", timedelta(minutes=1))
    with clock.moved(timedelta(days=3)):
        assert win(database, "sample.sweep", timedelta(minutes=1))
    assert database.read(select(func.count()).select_from(outbox.slots))[0][0] == 1
