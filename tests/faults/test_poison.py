"""An event that kills whoever handles it is set aside, alone; those that were fetched along with it are handled."""

import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator

import kombu
import pytest
from kontor.messaging.v1.events_pb2 import MessageSent

from chassis import rabbit
from chassis.bus import RabbitBus
from chassis.db import Database
from chassis.outbox import ATTEMPTS, Inbox, wrap
from tests.chassis import sample
from tests.faults import part
from tests.waiting import eventually

EVENTS = [f"event {number:02}" for number in range(50)]
DEADLY = EVENTS[25]


@pytest.fixture
def handling(new_database: Callable[[str], str]) -> Iterator[Database]:
    made = Database(new_database("poison"), service="handling")
    sample.make_tables(made)
    yield made
    made.close()


def published(bus: RabbitBus, inbox: Inbox) -> None:
    """Fifty events wait in the queue of the handling service."""
    bus.subscribe("handling", inbox)
    bus.declare()
    envelopes = [wrap(MessageSent(message_id=name), source="test", about=name, version=1, organisation="") for name in EVENTS]
    assert bus.publish(envelopes) == {each.id for each in envelopes}


@pytest.mark.timeout(180)
@pytest.mark.xdist_group("faults")
@pytest.mark.parametrize("prefetch", [1, 10, 50])
def test_poison_is_parked_alone_however_many_were_fetched_with_it(
    handling: Database, new_vhost: Callable[[], str], prefetch: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """P21."""
    url, inbox = new_vhost(), Inbox(handling, {part.HANDLED: sample.hear})
    bus = RabbitBus(url)
    published(bus, inbox)
    command = part.command("consumer", handling.url, url, prefetch=prefetch, deadly=DEADLY)
    deaths = [subprocess.run(command, check=False, timeout=60).returncode for _ in range(ATTEMPTS)]
    with subprocess.Popen(command) as survivor:
        eventually(inbox.parked, seconds=60)
        eventually(lambda: len(sample.notes(handling)) >= len(EVENTS) - 1, seconds=60)
        survivor.kill()
    handled, ((parked, _, error),) = Counter(sample.notes(handling)), inbox.parked()
    with capsys.disabled():
        counts = f"published {len(EVENTS)}, deaths {len(deaths)}, handled {len(handled)}, parked 1, dead letters {_dead(url)}"
        print(f"\nP21, prefetch {prefetch}: {counts}")
    assert handled == Counter(name for name in EVENTS if name != DEADLY)
    assert (deaths, error, _dead(url)) == ([-signal.SIGKILL] * ATTEMPTS, "the process died while handling it", 0)
    assert inbox.redrive(parked)
    assert (f"heard {DEADLY}" in sample.notes(handling), inbox.parked()) == (True, [])
    bus.stop()


def test_events_that_were_fetched_by_many_who_died_are_not_given_up(handling: Database, new_vhost: Callable[[], str]) -> None:
    """P20, P21: a consumer that cannot start well is started again and again; the broker counts that against what it had fetched."""
    url, inbox = new_vhost(), Inbox(handling, {part.HANDLED: sample.hear})
    bus = RabbitBus(url)
    published(bus, inbox)
    for _ in range(30):
        _fetch_all_and_die(url)
    bus.start()
    eventually(lambda: len(sample.notes(handling)) + _dead(url) >= len(EVENTS), seconds=60)
    bus.stop()
    assert (len(set(sample.notes(handling))), _dead(url)) == (len(EVENTS), 0)


def _fetch_all_and_die(url: str) -> None:
    fetched = Counter[str]()
    with rabbit.connected(url) as connection:
        queue = kombu.Queue("kontor.handling", no_declare=True)
        note = lambda message: fetched.update([message.properties["message_id"]])  # noqa: E731
        with kombu.Consumer(connection.default_channel, [queue], on_message=note, accept=None, auto_declare=False, prefetch_count=50):
            while len(fetched) < len(EVENTS):
                connection.drain_events(timeout=60)
            connection.collect()


def _dead(url: str) -> int:
    with rabbit.connected(url) as connection:
        return int(kombu.Queue("kontor.dead", no_declare=True)(connection.default_channel).queue_declare(passive=True).message_count)
