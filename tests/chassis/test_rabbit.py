"""RabbitMQ that refuses, freezes, fills up or dies: nothing hangs, nothing is believed that was not confirmed, and it goes on by itself."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import kombu
import pytest
from kontor.events.v1.envelope_pb2 import Envelope
from kontor.messaging.v1 import events_pb2

from chassis import rabbit
from chassis.bus import RabbitBus
from chassis.db import Database
from chassis.errors import Unavailable
from chassis.outbox import Inbox, wrap
from tests.chassis import sample
from tests.chassis.sample import notes
from tests.servers.container import Container
from tests.servers.program import Program
from tests.servers.rabbitmq import manage, wait_until_on_disk
from tests.waiting import eventually

SENT = events_pb2.MessageSent.DESCRIPTOR.full_name


@pytest.fixture
def database(new_database: Callable[[str], str]) -> Iterator[Database]:
    made = Database(new_database("rabbit"), service="sample")
    sample.make_tables(made)
    yield made
    made.close()


def sent(identifier: str) -> Envelope:
    return wrap(events_pb2.MessageSent(message_id=identifier), source="test", about=identifier, version=1, organisation="o1")


@contextmanager
def subscribed(url: str, database: Database, *, start: bool = True) -> Iterator[RabbitBus]:
    bus = RabbitBus(url)
    bus.subscribe("sample", Inbox(database, {SENT: sample.hear}))
    bus.declare()
    if start:
        bus.start()
    yield bus
    bus.stop()


def test_confirms_are_matched_by_tag_and_the_refused_are_named(new_vhost: Callable[[], str]) -> None:
    """A queue that is full refuses some of a batch: exactly those are brought again."""
    url = new_vhost()
    with rabbit.connected(url) as connection:
        arguments = {"x-max-length": 3, "x-overflow": "reject-publish"}
        binding = kombu.binding(rabbit.EXCHANGE, routing_key=SENT)
        queue = kombu.Queue("small", bindings=[binding], queue_arguments=arguments)
        rabbit.declare(connection, queue)
        publisher = rabbit.Publisher(connection)
        batch = [sent(f"m{number}") for number in range(10)]
        taken = publisher.publish([(envelope, True) for envelope in batch])
        held: list[str] = []
        bound = queue(connection.default_channel)
        while (message := bound.get()) is not None:
            message.ack()
            held.append(Envelope.FromString(message.body).id)
        assert set(held) <= taken
        assert len(taken) < len(batch)
        assert taken == {envelope.id for envelope in batch if envelope.id in held}
        assert publisher.publish([(batch[-1], True)]) == {batch[-1].id}


def test_what_is_bound_nowhere_is_named_among_those_that_are(new_vhost: Callable[[], str], database: Database) -> None:
    nowhere = sent("m2")
    nowhere.type = sample.NOBODYS.DESCRIPTOR.full_name
    batch = [sent("m1"), nowhere, sent("m3")]
    with subscribed(new_vhost(), database, start=False) as bus:
        assert bus.publish(batch) == {batch[0].id, batch[2].id}


def test_what_is_no_event_goes_to_the_dead_letters(new_vhost: Callable[[], str], database: Database) -> None:
    url = new_vhost()
    with subscribed(url, database) as bus, rabbit.connected(url) as connection:
        producer = kombu.Producer(connection.default_channel, rabbit.EXCHANGE)
        producer.publish(b"\xff\xff", routing_key=SENT, content_type="x", content_encoding="binary")
        bus.publish([sent("m1")])
        dead = kombu.Queue("kontor.dead", no_declare=True)(connection.default_channel)
        assert eventually(dead.get).body == b"\xff\xff"
        eventually(lambda: notes(database) == ["heard m1"])


def test_events_wait_where_they_are_while_their_database_is_away(new_vhost: Callable[[], str], own_postgres: Program) -> None:
    """P22: a long outage must not use up the broker's delivery limit."""
    database, url = Database(own_postgres.url, service="sample"), new_vhost()
    sample.make_tables(database)
    with subscribed(url, database) as bus:
        own_postgres.kill()
        bus.publish([sent("m1"), sent("m2")])
        with pytest.raises(AssertionError, match="not within"):
            eventually(lambda: _redelivered(url) > 0, seconds=2.5)
        own_postgres.start()
        eventually(lambda: sorted(notes(database)) == ["heard m1", "heard m2"], seconds=60, retry_on=(AssertionError, Unavailable))
    database.close()


def _redelivered(url: str) -> int:
    queue: Any = manage(url, "GET", f"/queues/{url.rpartition('/')[2]}/kontor.sample")
    return int(queue.get("message_stats", {}).get("redeliver", 0))


@pytest.mark.timeout(180)
def test_a_frozen_broker_ends_every_wait_and_goes_on_when_it_thaws(rabbit_node: Program | Container, database: Database) -> None:
    """P22, P23."""
    with subscribed(rabbit_node.url, database) as bus:
        assert bus.publish([sent("m1")])
        eventually(lambda: notes(database) == ["heard m1"])
        rabbit_node.freeze()
        for act in (lambda: bus.publish([sent("m2")]), bus.check):
            with pytest.raises(Unavailable):
                act()
        rabbit_node.thaw()
        envelope = sent("m3")
        assert eventually(lambda: bus.publish([envelope]), seconds=60, retry_on=(Unavailable,)) == {envelope.id}
        eventually(lambda: "heard m3" in notes(database), seconds=60)


@pytest.mark.timeout(180)
def test_a_broker_out_of_memory_ends_every_wait(rabbit_node: Program | Container, database: Database) -> None:
    """P22: RabbitMQ then stops to read from those who publish."""
    with subscribed(rabbit_node.url, database) as bus:
        bus.publish([sent("m1")])
        _control(rabbit_node, "set_vm_memory_high_watermark", "absolute", "1")
        envelope = sent("m2")
        with pytest.raises(Unavailable):
            bus.publish([envelope])
        _control(rabbit_node, "set_vm_memory_high_watermark", "0.9")
        assert eventually(lambda: bus.publish([envelope]), seconds=60, retry_on=(Unavailable,)) == {envelope.id}
        eventually(lambda: "heard m2" in notes(database), seconds=60)


@pytest.mark.timeout(180)
def test_a_killed_broker_has_what_it_confirmed(rabbit_node: Program | Container, database: Database) -> None:
    """P20, P22."""
    with subscribed(rabbit_node.url, database, start=False) as bus:
        wait_until_on_disk(rabbit_node, "kontor.sample")
        confirmed = bus.publish([sent(f"m{number}") for number in range(100)])
        assert len(confirmed) == 100
        rabbit_node.kill()
        with pytest.raises(Unavailable):
            bus.publish([sent("x")])
        rabbit_node.start()
        bus.start()
        eventually(lambda: len(notes(database)) == 100, seconds=60)


def _control(node: Program | Container, *arguments: str) -> None:
    if isinstance(node, Container):
        node.run(" ".join(["rabbitmqctl", *arguments]))
        return
    # Debian's own refuses every user but root and rabbitmq; this is the program behind it.
    behind = Path("/usr/lib/rabbitmq/bin/rabbitmqctl")
    program = behind if behind.exists() else "rabbitmqctl"
    subprocess.run([program, *arguments], env={**os.environ, **node.environment}, check=True, capture_output=True, timeout=60)
