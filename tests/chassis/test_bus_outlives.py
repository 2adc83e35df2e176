"""Consumers outlive what they cannot understand and what is not ready for them."""

import queue
from collections.abc import Callable, Iterator

import kombu
import pytest
from kontor.events.v1.envelope_pb2 import Envelope
from kontor.messaging.v1.events_pb2 import MessageSent
from kontor.notify.v1.events_pb2 import NoticesPosted

from chassis import outbox, rabbit
from chassis.bus import RabbitBus
from chassis.db import Database
from chassis.outbox import Inbox, wrap

TYPE, HINT = MessageSent.DESCRIPTOR.full_name, NoticesPosted.DESCRIPTOR.full_name


@pytest.fixture
def url(new_vhost: Callable[[], str]) -> str:
    return new_vhost()


@pytest.fixture
def bus(url: str) -> Iterator[RabbitBus]:
    made = RabbitBus(url, consumers=1)
    yield made
    made.stop()


def sent(number: int) -> Envelope:
    return wrap(MessageSent(message_id=str(number)), source="test", about=str(number), version=1, organisation="")


def hint(number: int) -> Envelope:
    """An event that may reach nobody."""
    return wrap(NoticesPosted(), source="test", about=str(number), version=1, organisation="")


def test_a_consumer_that_starts_before_its_tables_are_made_handles_what_came_meanwhile(
    bus: RabbitBus, new_database: Callable[[str], str]
) -> None:
    """P20: a worker may start before the migration has run; its thread must not end silently."""
    database, handled, tried = Database(new_database("sample"), service="sample"), queue.Queue[str](), queue.Queue[str]()

    class Impatient(Inbox):
        def receive(self, envelope: Envelope) -> bool:
            tried.put(envelope.id)
            return super().receive(envelope)

    bus.subscribe("sample", Impatient(database, {TYPE: lambda _tx, event, _envelope: handled.put(event.message_id)}))
    bus.declare()
    assert len(bus.publish([sent(1)])) == 1
    bus.start()
    assert tried.get(timeout=60) == tried.get(timeout=60), "it was held, and tried again"
    outbox.tables.create_all(database.engine)
    assert handled.get(timeout=60) == "1"
    bus.stop()
    database.close()


def test_a_watcher_outlives_a_message_that_is_no_event(bus: RabbitBus, url: str) -> None:
    """Open pages go on hearing what happens."""
    heard = queue.Queue[str]()
    bus.watch([HINT], lambda envelope: heard.put(envelope.aggregate_id))
    bus.start()

    def told(number: int) -> str:
        bus.publish([hint(number)])
        return heard.get(timeout=2)  # nobody makes up for what a watcher was too late for

    assert _until(lambda: told(1)) == "1"
    with rabbit.connected(url) as connection:
        producer = kombu.Producer(connection.default_channel, rabbit.EXCHANGE, auto_declare=False)
        for body in (b"\xff\xff\xff", hint(2).SerializeToString()):
            producer.publish(body, routing_key=HINT, content_type="application/protobuf", content_encoding="binary")
        assert heard.get(timeout=60) == "2"
    assert told(3) == "3"


def _until(told: Callable[[], str]) -> str:
    for _ in range(20):
        try:
            return told()
        except queue.Empty:
            continue
    raise AssertionError("nothing was heard")
