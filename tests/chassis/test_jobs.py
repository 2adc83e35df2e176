"""Jobs run when they are asked for and when their slot has come, over RabbitMQ and in one process alike."""

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select

from chassis import outbox
from chassis.caller import current
from chassis.db import Database
from chassis.jobs import Jobs
from chassis.service import Job
from tests.chassis import sample


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
    yield made
    made.stop()


def test_a_job_asked_for_in_a_transaction_runs_after_its_commit(broker_url: str, database: Database) -> None:
    done = queue.Queue[tuple[str, str]]()
    job = Job("sample.scan", lambda version: done.put((version, current().label)))
    with working(broker_url, database, job), database.transaction() as tx:
        tx.start(job, "v1")
        assert done.empty()
        tx.execute(select(1))
    with working(broker_url, database, job):
        with database.transaction() as tx:
            tx.start(job, "v2")
        assert done.get(timeout=20) in {("v1", "service:sample"), ("v2", "service:sample")}


def test_a_request_that_cannot_be_passed_on_does_not_stop_the_others(broker_url: str, database: Database) -> None:
    """Or nothing that is due would ever run in this process again."""
    done = queue.Queue[str]()
    with working(broker_url, database, Job("sample.scan", done.put)) as jobs:
        jobs.start_job("sample.scan", (object(),))  # type: ignore[arg-type]  # nothing that can be written down
        jobs.start_job("sample.scan", ("meant",))
        assert done.get(timeout=20) == "meant"


def test_what_is_rolled_back_starts_nothing(broker_url: str, database: Database) -> None:
    done = queue.Queue[str]()
    job = Job("sample.scan", done.put)
    with working(broker_url, database, job):
        with pytest.raises(ZeroDivisionError), database.transaction() as tx:  # noqa: PT012 - the transaction is what fails
            tx.start(job, "undone")
            raise ZeroDivisionError
        database.start_job("sample.scan", ("meant",))
        assert done.get(timeout=20) == "meant"
