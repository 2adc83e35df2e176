"""Jobs in one process name a host to kombu, which would say at every start that it had to think of one."""

import logging
from collections.abc import Callable

import pytest

from chassis.db import Database
from chassis.jobs import Jobs
from chassis.service import Job
from tests.chassis import sample
from tests.waiting import eventually


def test_a_start_in_one_process_has_nothing_to_warn_of(new_database: Callable[[str], str], caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []
    database = Database(new_database("sample"), service="sample")
    jobs = Jobs("", [sample.build_on(database, jobs=(Job("sample.scan", lambda: done.append("scanned")),))])
    with caplog.at_level(logging.WARNING):
        jobs.start()
        jobs.start_job("sample.scan")
        eventually(lambda: done)
        jobs.stop()
    database.close()
    assert [message for message in caplog.messages if "hostname" in message] == []
