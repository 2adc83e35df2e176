"""Ten thousand events while relay, consumer and broker are killed in turn, one every two seconds.

The suite runs a part of it, as fast and killing as often; ``KONTOR_TEST_KILL_SECONDS=180`` runs it all, as `make promises` does.
"""

import itertools
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import kombu
import pytest
from kontor.messaging.v1.events_pb2 import MessageSent
from sqlalchemy import func, select

from chassis import outbox, rabbit
from chassis.bus import RabbitBus
from chassis.db import Database
from chassis.errors import Failure
from chassis.outbox import Inbox
from tests.chassis import sample
from tests.faults import part
from tests.servers.program import Program
from tests.servers.rabbitmq import Node, wait_until_on_disk
from tests.waiting import eventually

SECONDS = float(os.environ.get("KONTOR_TEST_KILL_SECONDS", "24"))
EVENTS = round(10_000 * SECONDS / 180)
KILL_EVERY = 2.0


@dataclass
class Broken:
    """An emitting and a handling service, the broker between them, and what became of them."""

    emitting: Database
    handling: Database
    victims: dict[str, Node]
    attempted: int = 0
    acknowledged: set[str] = field(default_factory=set)
    kills: Counter[str] = field(default_factory=Counter)
    ended: threading.Event = field(default_factory=threading.Event)

    def emit(self) -> None:
        """Emit all events, evenly over the whole time: no kill finds the pipeline idle. What was committed counts as acknowledged."""
        began = time.monotonic()
        for number in range(EVENTS):
            self.ended.wait(max(0.0, began + number * SECONDS / EVENTS - time.monotonic()))
            identifier = f"event {number:05}"
            self.attempted += 1
            try:
                with self.emitting.transaction() as tx:
                    tx.emit(MessageSent(message_id=identifier), about=identifier)
            except Failure:
                continue
            self.acknowledged.add(identifier)

    def kill(self) -> None:
        """Kill one of them every two seconds, in turn; each comes back as soon as it can, one that is not back yet is left out."""
        turns, coming = itertools.cycle(self.victims), dict[str, threading.Thread]()
        while not self.ended.wait(KILL_EVERY):
            up = (name for name, _ in zip(turns, self.victims, strict=False) if name not in coming or not coming[name].is_alive())
            if (name := next(up, None)) is not None:
                self.victims[name].kill()
                self.kills[name] += 1
                coming[name] = threading.Thread(target=self.victims[name].start)
                coming[name].start()
        for thread in coming.values():
            thread.join()

    def unsent(self) -> int:
        """How many events have not left yet."""
        return int(self.emitting.read(select(func.count()).where(outbox.outbox.c.sent_at.is_(None)))[0][0])


@pytest.fixture
def broken(tmp_path: Path, new_database: Callable[[str], str], rabbit_node: Node) -> Iterator[Broken]:
    """Relay and consumer in processes of their own, on a broker of their own."""
    emitting, handling = (Database(new_database("faults"), service=name) for name in ("emitting", "handling"))
    for database in (emitting, handling):
        sample.make_tables(database)
    bus = RabbitBus(rabbit_node.url)
    bus.subscribe("handling", Inbox(handling, {part.HANDLED: sample.hear}))
    bus.declare()
    wait_until_on_disk(rabbit_node, "kontor.handling")
    parts: dict[str, Program] = {
        "relay": part.program("relay", emitting.url, rabbit_node.url, tmp_path / "relay"),
        "consumer": part.program("consumer", handling.url, rabbit_node.url, tmp_path / "consumer"),
    }
    for program in parts.values():
        program.start()
    yield Broken(emitting, handling, {**parts, "broker": rabbit_node})
    for program in parts.values():
        program.kill()
    emitting.close()
    handling.close()


@pytest.mark.timeout(900)
@pytest.mark.xdist_group("faults")
def test_ten_thousand_events_take_effect_once_each_whatever_is_killed(
    broken: Broken, rabbit_node: Node, capsys: pytest.CaptureFixture[str]
) -> None:
    """P20: all ten thousand in `make promises`; the suite takes as many as go into its shorter time."""
    killing = threading.Thread(target=broken.kill)
    killing.start()
    try:
        broken.emit()
        eventually(lambda: broken.ended.wait(0.1) or sum(broken.kills.values()) >= SECONDS / KILL_EVERY, seconds=SECONDS)
    finally:
        broken.ended.set()
        killing.join()
    eventually(lambda: broken.unsent() == 0, seconds=120)
    inbox = Inbox(broken.handling, {})
    eventually(lambda: len(set(sample.notes(broken.handling))) + len(inbox.parked()) >= len(broken.acknowledged), seconds=120)
    effects = Counter(sample.notes(broken.handling))
    lost = broken.acknowledged - set(effects)
    duplicated = sum(times - 1 for times in effects.values())
    dead = _dead(rabbit_node)
    with capsys.disabled():
        print(
            f"\nP20: kills {dict(broken.kills)}; attempted {broken.attempted}, acknowledged {len(broken.acknowledged)},"
            f" handled {len(effects)}, lost {len(lost)}, duplicated effects {duplicated}, parked {len(inbox.parked())}, dead letters {dead}"
        )
    assert broken.attempted == len(broken.acknowledged) == len(effects) == EVENTS
    assert (lost, duplicated, inbox.parked(), dead) == (set(), 0, [], 0)


def _dead(node: Node) -> int:
    with rabbit.connected(node.url) as connection:
        return int(kombu.Queue("kontor.dead", no_declare=True)(connection.default_channel).queue_declare(passive=True).message_count)
