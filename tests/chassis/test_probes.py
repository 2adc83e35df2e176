"""What the operator's probes say: a process leaves the balancer only when it cannot do most of its work."""

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from chassis.bus import LocalBus
from chassis.config import Process
from chassis.db import Database
from chassis.errors import Unavailable
from chassis.jobs import Jobs
from chassis.run import Running
from chassis.service import Service
from chassis.testing import running
from tests.chassis import sample
from tests.servers.program import free_ports


def store_is_away() -> None:
    """A dependency that does not answer."""
    raise Unavailable("storage_unavailable", "The store does not answer.")


@pytest.fixture
def service(new_database: Callable[[str], str]) -> Iterator[Service]:
    database = Database(new_database("sample"), service="sample")
    yield replace(sample.build_on(database), checks=(store_is_away,))
    database.close()


@pytest.fixture
def admin(service: Service) -> Iterator[str]:
    address = f"127.0.0.1:{free_ports(1)[0]}"
    with running(Running(Process(admin_listen=address), [service], LocalBus(), Jobs("", [service]), parts=frozenset({"rpc", "consumer"}))):
        yield address


def said(address: str, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def test_a_service_without_its_store_stays_ready_and_says_what_is_missing(admin: str) -> None:
    """Lists need the database alone: they must not go away with the store."""
    assert said(admin, "/readyz") == (200, "ok")
    assert said(admin, "/dependencies") == (503, "storage_unavailable")
    assert said(admin, "/healthz") == (200, "ok")


def test_a_service_that_stops_is_not_ready(service: Service) -> None:
    stopped = Running(Process(), [service], LocalBus(), Jobs("", [service]), parts=frozenset({"rpc"}))
    assert stopped.check() == ["starting or stopping"]


def test_there_is_nothing_else_to_ask(admin: str) -> None:
    assert said(admin, "/anything")[0] == 404
