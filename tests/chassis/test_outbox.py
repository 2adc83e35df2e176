"""Events leave exactly with the transaction that caused them."""

from collections.abc import Callable, Iterator, Sequence

import pytest
from kontor.events.v1.envelope_pb2 import Envelope
from kontor.messaging.v1.events_pb2 import MessageSent
from sqlalchemy import func, select, update

from chassis import outbox
from chassis.bus import LocalBus
from chassis.db import Database
from chassis.outbox import ATTEMPTS, Inbox, Relay, wrap
from chassis.testing import at_once

SENT = MessageSent.DESCRIPTOR.full_name


class Remembering(LocalBus):
    """Accepts everything and remembers it; `fails` makes it die after taking a batch, before saying so."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.fails = False

    def publish(self, envelopes: Sequence[Envelope]) -> set[str]:
        self.seen += [envelope.aggregate_id for envelope in envelopes]
        if self.fails:
            raise ConnectionError
        return {envelope.id for envelope in envelopes}


@pytest.fixture
def database(new_database: Callable[[str], str]) -> Iterator[Database]:
    """An empty database with the chassis' tables."""
    made = Database(new_database("outbox"), service="sample")
    outbox.tables.create_all(made.engine)
    yield made
    made.close()


def emit(database: Database, *messages: str) -> None:
    """Commit a transaction that publishes these."""
    with database.transaction() as tx:
        for message in messages:
            tx.emit(MessageSent(message_id=message), about=message)


def test_what_is_rolled_back_is_not_published(database: Database) -> None:
    """No event without its effect."""
    with pytest.raises(ZeroDivisionError), database.transaction() as tx:  # noqa: PT012 - the transaction is what fails
        tx.emit(MessageSent(message_id="m"), about="m")
        raise ZeroDivisionError
    bus = Remembering()
    assert (Relay(database, bus).relay(), bus.seen) == (0, [])


def test_a_relay_that_dies_between_publishing_and_marking_publishes_again(database: Database) -> None:
    """P20: at least once; that it takes effect once is the inbox's part."""
    emit(database, "m")
    bus = Remembering()
    bus.fails = True
    with pytest.raises(ConnectionError):
        Relay(database, bus).relay()
    bus.fails = False
    assert Relay(database, bus).relay() == 1
    assert bus.seen == ["m", "m"]


def test_relays_side_by_side_publish_each_event_once(database: Database) -> None:
    """Rows are claimed: four relays, two hundred events, none twice."""
    emit(database, *(f"m{number}" for number in range(200)))
    bus = Remembering()
    at_once([Relay(database, bus).relay] * 4)
    while Relay(database, bus).relay():
        pass
    assert sorted(bus.seen) == sorted(f"m{number}" for number in range(200))


def test_an_event_whose_handler_kills_the_process_is_parked(database: Database) -> None:
    """P21: attempts are counted before they are made, so a death counts; the fourth delivery finds three and parks."""
    inbox = Inbox(database, {SENT: lambda tx, event, envelope: None})
    poison = wrap(MessageSent(message_id="m"), source="test", about="m", version=1, organisation="")
    for _ in range(ATTEMPTS):
        inbox._count(poison)  # as far as a process gets that dies in the handler
    assert inbox.receive(poison)
    assert [row[0] for row in inbox.parked()] == [poison.id]


def test_the_same_event_at_the_same_moment_takes_effect_once(database: Database) -> None:
    """P20: ten deliveries race; the handler's transaction counts one."""
    effects: list[str] = []
    inbox = Inbox(database, {SENT: lambda tx, event, envelope: effects.append(event.message_id)})
    envelope = wrap(MessageSent(message_id="m"), source="test", about="m", version=1, organisation="")
    at_once([lambda: inbox.receive(envelope)] * 3)
    with database.engine.connect() as connection:
        states = connection.execute(select(outbox.inbox.c.state)).scalars().all()
    assert (effects, states) == (["m"], ["handled"])


def test_what_is_long_over_is_forgotten_and_what_is_not_stays(database: Database) -> None:
    """Sent events and handled marks go in time; unsent and parked ones never do."""
    emit(database, "sent", "unsent")
    with database.engine.begin() as connection:
        oldest = select(func.min(outbox.outbox.c.id)).scalar_subquery()
        connection.execute(update(outbox.outbox).where(outbox.outbox.c.id == oldest).values(sent_at=func.now()))
    bus = Remembering()
    Relay(database, bus).relay()
    outbox.purge_events(database)
    with database.engine.connect() as connection:
        left = connection.execute(select(func.count()).select_from(outbox.outbox)).scalar()
    assert (bus.seen, left) == (["unsent"], 2)
