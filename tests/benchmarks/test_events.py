"""What an event costs: from its commit to its handler, and in thousands from outbox to broker and from broker to handler."""

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import kombu
import pytest
from kontor.documents.v1 import events_pb2
from kontor.events.v1.envelope_pb2 import Envelope
from sqlalchemy import text

from chassis import clock, outbox, rabbit
from chassis.bus import RabbitBus
from chassis.db import Database, Transaction
from chassis.outbox import BATCH, Inbox, Relay
from tests.benchmarks.measure import report, side_by_side

EVENT = events_pb2.DocumentReceived
EVENTS, ONE_BY_ONE = 5_000, 500


@dataclass
class Line:
    """A service's database, and the bus that brings its events to itself."""

    database: Database
    bus: RabbitBus
    url: str
    handled: "threading.Semaphore"

    def fill(self) -> None:
        """Have an outbox of as many events as are relayed at a time, and nothing at the broker."""
        self.empty()
        rows = [{"id": each.id, "envelope": each.SerializeToString(), "written_at": clock.now(), "sent_at": None} for each in envelopes()]
        with self.database.begin() as connection:
            connection.execute(outbox.outbox.delete())
            connection.execute(outbox.outbox.insert(), rows)

    def relay(self) -> None:
        """Bring them all to the broker."""
        relay = Relay(self.database, self.bus)
        assert sum(iter(relay.relay, 0)) == EVENTS

    def empty(self) -> None:
        """Throw away what waits in the queue."""
        with rabbit.connected(self.url) as connection:
            rabbit.service_queue("bench", [EVENT.DESCRIPTOR.full_name])(connection.default_channel).purge()


@pytest.fixture
def line(new_database: Callable[[str], str], rabbitmq_url: str) -> Iterator[Line]:
    """With an empty queue, which nobody reads before the bus is started."""
    database = Database(new_database("events"), service="bench")
    outbox.tables.create_all(database.engine)
    handled = threading.Semaphore(0)

    def handle(tx: Transaction, event: events_pb2.DocumentReceived, envelope: Envelope) -> None:
        tx.execute(text("select 1"))
        handled.release()

    bus = RabbitBus(rabbitmq_url)
    bus.subscribe("bench", Inbox(database, {EVENT.DESCRIPTOR.full_name: handle}))
    bus.declare()
    made = Line(database, bus, rabbitmq_url, handled)
    made.empty()
    yield made
    bus.stop()
    database.close()


def test_commit_to_handler(line: Line) -> None:
    """T10, T11: one event at a time, committed here and handled there, against a bare commit."""
    numbers = itertools.count()
    line.bus.start()
    relay = Relay(line.database, line.bus)
    thread = threading.Thread(target=relay.run)
    thread.start()

    def commit() -> None:
        with line.database.transaction() as tx:
            tx.execute(text("select 1"))

    def event() -> None:
        with line.database.transaction() as tx:
            tx.emit(EVENT(document_id="d"), about=next(numbers))
        assert line.handled.acquire(timeout=30)

    timings = side_by_side(100, bare_commit=commit, commit_to_handler=event)
    relay.stop()
    thread.join()
    assert report("An event from commit to handler", timings)


def test_the_relay_against_bare_publishing(line: Line) -> None:
    """T10: quorum queue, mandatory, confirmed; in batches of as many as the relay takes, and one by one."""
    events = envelopes()
    with rabbit.connected(line.url) as connection, kombu.Connection(line.url, transport_options={"confirm_publish": True}) as single:
        publisher, producer = rabbit.Publisher(connection), kombu.Producer(single.default_channel, rabbit.EXCHANGE, auto_declare=False)

        def batches() -> None:
            for start in range(0, EVENTS, BATCH):
                assert len(publisher.publish([(each, True) for each in events[start : start + BATCH]])) == BATCH

        def one_by_one() -> None:
            for each in events[:ONE_BY_ONE]:
                producer.publish(each.SerializeToString(), routing_key=each.type, delivery_mode=2, mandatory=True)

        bare, relayed = side_by_side(1, between=line.fill, bare_batches=batches, relay=line.relay)
        (single_,) = side_by_side(1, one_by_one=one_by_one)
    line.empty()
    assert report(f"Relay of {EVENTS:,} events in batches of {BATCH}", [bare, relayed], each=EVENTS)
    assert report(f"{ONE_BY_ONE:,} events confirmed one by one", [single_], each=ONE_BY_ONE)


def test_the_consumer_against_bare_consuming(line: Line) -> None:
    """T11: each event once, with its attempts counted, by the threads of one process."""
    publisher = rabbit.Publisher(rabbit.connect(line.url))

    def publish() -> None:
        line.empty()
        fresh = envelopes()
        for start in range(0, EVENTS, BATCH):
            publisher.publish([(each, True) for each in fresh[start : start + BATCH]])

    def consume() -> None:
        bus = RabbitBus(line.url)
        bus._inboxes = line.bus._inboxes
        bus.start()
        for _ in range(EVENTS):
            assert line.handled.acquire(timeout=120)
        bus.stop()

    timings = side_by_side(1, between=publish, bare=lambda: _drain(line.url), consumer=consume)
    publisher.connection.collect()
    assert report(f"{EVENTS:,} events consumed", timings, each=EVENTS)


def envelopes() -> list[Envelope]:
    """New events, of things that are each another's business."""
    told = (EVENT(document_id=str(number)) for number in range(EVENTS))
    return [outbox.wrap(event, source="bench", about=event.document_id, version=1, organisation="") for event in told]


def _drain(url: str) -> None:
    """Take them off the queue, each acknowledged by itself."""
    left, stop = itertools.count(EVENTS - 1, -1), threading.Event()

    def received(messages: list[kombu.Message]) -> None:
        for message in messages:
            message.ack()
            if next(left) == 0:
                stop.set()

    with rabbit.connected(url) as connection:
        queue = rabbit.service_queue("bench", [EVENT.DESCRIPTOR.full_name])
        rabbit.consume(connection, queue, received, stop=stop, prefetch=rabbit.PREFETCH)
