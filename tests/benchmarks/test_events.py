"""How long an event takes from its commit to its handler, over RabbitMQ."""

import itertools
import threading
from collections.abc import Callable

from kontor.documents.v1 import events_pb2
from kontor.events.v1.envelope_pb2 import Envelope
from sqlalchemy import MetaData, text

from chassis import outbox
from chassis.bus import RabbitBus
from chassis.db import Database, Transaction
from chassis.outbox import Inbox, Relay
from tests.benchmarks.measure import report, side_by_side


def test_commit_to_handler(new_database: Callable[[str], str], rabbitmq_url: str) -> None:
    """T10, T11: one event at a time, committed here and handled there, against a bare commit."""
    database = Database(new_database("events"), service="bench")
    outbox.tables.create_all(database.engine)
    assert isinstance(outbox.tables, MetaData)
    handled, numbers = threading.Event(), itertools.count()

    def handle(tx: Transaction, event: events_pb2.DocumentReceived, envelope: Envelope) -> None:
        tx.execute(text("select 1"))
        handled.set()

    bus = RabbitBus(rabbitmq_url)
    bus.subscribe("bench", Inbox(database, {events_pb2.DocumentReceived.DESCRIPTOR.full_name: handle}))
    bus.declare()
    bus.start()
    relay = Relay(database, bus)
    thread = threading.Thread(target=relay.run)
    thread.start()

    def commit() -> None:
        with database.transaction() as tx:
            tx.execute(text("select 1"))

    def event() -> None:
        handled.clear()
        with database.transaction() as tx:
            tx.emit(events_pb2.DocumentReceived(document_id="d"), about=next(numbers))
        assert handled.wait(timeout=30)

    timings = side_by_side(100, bare_commit=commit, commit_to_handler=event)
    relay.stop()
    thread.join()
    bus.stop()
    database.close()
    assert report("An event from commit to handler", timings)
