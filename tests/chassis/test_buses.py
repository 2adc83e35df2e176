"""Events reach their handlers, once in effect, over RabbitMQ and in one process alike."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from google.protobuf.message import Message
from kontor.events.v1.envelope_pb2 import Envelope
from kontor.messaging.v1 import events_pb2
from kontor.notify.v1 import events_pb2 as notices_pb2
from sqlalchemy import func, select

from chassis import outbox
from chassis.bus import Bus, LocalBus, RabbitBus
from chassis.db import Database, Transaction
from chassis.outbox import Inbox, Relay
from tests.chassis import sample
from tests.chassis.sample import notes
from tests.waiting import eventually

SENT = events_pb2.MessageSent.DESCRIPTOR.full_name


@dataclass
class Wired:
    """An emitting service, a handling one, and the bus between them; each with its own database."""

    bus: Bus
    emitting: Database
    handling: Database
    failing: dict[str, Exception] = field(default_factory=dict)
    tried: Counter[str] = field(default_factory=Counter)
    threads: list[threading.Thread] = field(default_factory=list)
    relays: list[Relay] = field(default_factory=list)

    @property
    def inbox(self) -> Inbox:
        """The handling service's inbox."""
        return Inbox(self.handling, {SENT: self.handle})

    def handle(self, tx: Transaction, event: events_pb2.MessageSent, envelope: Envelope) -> None:
        """Note the event, unless it is one to fail on: then note it and fail."""
        self.tried[event.message_id] += 1
        sample.note(tx, event.message_id)
        if event.message_id in self.failing:
            tx.flush()
            raise self.failing[event.message_id]

    def start(self, *, relays: int = 1) -> None:
        """Start to bring events."""
        self.bus.start()
        for _ in range(relays):
            self.relays.append(Relay(self.emitting, self.bus))
            self.threads.append(threading.Thread(target=self.relays[-1].run))
            self.threads[-1].start()

    def emit(self, *identifiers: str) -> None:
        """Emit a message for each, in a transaction of its own."""
        for identifier in identifiers:
            with self.emitting.transaction() as tx:
                tx.emit(events_pb2.MessageSent(message_id=identifier), about=identifier)

    def unsent(self) -> int:
        """How many events still wait in the outbox."""
        unsent = select(func.count()).select_from(outbox.outbox).where(outbox.outbox.c.sent_at.is_(None))
        return int(self.emitting.read(unsent)[0][0])

    def stop(self) -> None:
        """End everything."""
        for relay in self.relays:
            relay.stop()
        for thread in self.threads:
            thread.join()
        self.bus.stop()
        self.emitting.close()
        self.handling.close()


@pytest.fixture(params=["in-process", "rabbitmq"])
def wired(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> Iterator[Wired]:
    emitting, handling = (Database(new_database("bus"), service=name) for name in ("emitting", "handling"))
    sample.make_tables(emitting)
    sample.make_tables(handling)
    bus = LocalBus() if request.param == "in-process" else RabbitBus(request.getfixturevalue("new_vhost")())
    made = Wired(bus, emitting, handling)
    yield made
    made.stop()


def test_events_are_handled_once_each_with_two_relays(wired: Wired) -> None:
    """P20."""
    identifiers = [f"m{number:03}" for number in range(200)]
    wired.bus.subscribe("handling", wired.inbox)
    wired.bus.declare()
    wired.start(relays=2)
    wired.emit(*identifiers)
    eventually(lambda: len(notes(wired.handling)) == len(identifiers), seconds=60)
    assert sorted(notes(wired.handling)) == identifiers
    assert wired.tried == Counter(identifiers)
    eventually(lambda: wired.unsent() == 0)


def test_every_service_that_handles_an_event_gets_it(wired: Wired, new_database: Callable[[str], str]) -> None:
    """P20."""
    second = Database(new_database("bus"), service="second")
    sample.make_tables(second)
    wired.bus.subscribe("handling", wired.inbox)
    wired.bus.subscribe("second", Inbox(second, {SENT: sample.hear}))
    wired.bus.declare()
    wired.start()
    wired.emit("m1", "m2")
    eventually(lambda: (sorted(notes(wired.handling)), sorted(notes(second))) == (["m1", "m2"], ["heard m1", "heard m2"]))
    wired.bus.stop()
    second.close()


def test_an_event_brought_again_has_no_second_effect(wired: Wired) -> None:
    """P20: a relay that dies between publishing and marking brings everything again."""
    wired.bus.subscribe("handling", wired.inbox)
    wired.bus.declare()
    wired.emit("m1", "m2")
    wired.bus.start()
    envelopes = [Envelope.FromString(row[0]) for row in wired.emitting.read(select(outbox.outbox.c.envelope))]
    for _ in range(3):
        assert wired.bus.publish(envelopes) == {envelope.id for envelope in envelopes}
    wired.start()
    wired.emit("m3")
    eventually(lambda: len(notes(wired.handling)) == 3)
    assert sorted(notes(wired.handling)) == ["m1", "m2", "m3"]


def test_poison_is_parked_alone_after_three_attempts(wired: Wired) -> None:
    """P21."""
    wired.failing["m25"] = ZeroDivisionError("secret")
    wired.bus.subscribe("handling", wired.inbox)
    wired.bus.declare()
    wired.start()
    wired.emit(*(f"m{number}" for number in range(50)))
    ((parked, kind, error),) = eventually(wired.inbox.parked, seconds=60)
    eventually(lambda: len(notes(wired.handling)) == 49, seconds=60)
    assert (kind, error, wired.tried["m25"]) == (SENT, "ZeroDivisionError", 3)
    # Those that came together with it once more: alone.
    assert {times for name, times in wired.tried.items() if name != "m25"} <= {1, 2}
    assert "m25" not in notes(wired.handling)
    eventually(lambda: wired.unsent() == 0)
    wired.failing.clear()
    assert wired.inbox.redrive(parked)
    assert "m25" in notes(wired.handling)
    assert wired.inbox.parked() == []


def test_a_handler_that_fails_once_is_tried_again(wired: Wired) -> None:
    wired.failing["m1"] = OSError("away")
    wired.bus.subscribe("handling", wired.inbox)
    wired.bus.declare()
    wired.start()
    wired.emit("m1")
    eventually(lambda: wired.tried["m1"] == 1)
    wired.failing.clear()
    eventually(lambda: notes(wired.handling) == ["m1"])


def test_an_event_waits_in_the_outbox_until_somebody_has_a_queue_for_it(wired: Wired) -> None:
    wired.emit("m1")
    wired.start()
    assert eventually(Relay(wired.emitting, wired.bus).relay) == 1
    assert wired.unsent() == 1
    wired.bus.subscribe("handling", wired.inbox)
    wired.bus.declare()
    eventually(lambda: wired.unsent() == 0)


def test_what_cannot_be_delivered_does_not_hold_up_the_rest(wired: Wired) -> None:
    with wired.emitting.transaction() as tx:
        for number in range(1200):
            tx.emit(sample.NOBODYS(), about=number)
    wired.bus.subscribe("handling", wired.inbox)
    wired.bus.declare()
    wired.start()
    wired.emit("m1")
    eventually(lambda: notes(wired.handling) == ["m1"], seconds=60)
    eventually(lambda: wired.unsent() == 1200)  # what was handled is marked as sent a moment later


def test_a_hint_may_reach_nobody_and_reaches_who_watches(wired: Wired) -> None:
    """ACC-67: an open page hears of new notices while it is open."""
    seen: list[Message] = []
    lit = notices_pb2.NoticesPosted(membership_ids=["a"])
    wired.bus.watch([lit.DESCRIPTOR.full_name], lambda envelope: seen.append(outbox.content(envelope)))
    wired.bus.subscribe("handling", wired.inbox)
    wired.bus.declare()
    wired.start()

    def hint() -> bool:
        with wired.emitting.transaction() as tx:
            tx.emit(lit, about="a")
        return bool(seen)

    eventually(hint)
    wired.emit("m1")
    eventually(lambda: notes(wired.handling) == ["m1"])
    assert {str(each) for each in seen} == {str(lit)}
    eventually(lambda: wired.unsent() == 0)


def test_a_watcher_that_fails_harms_nobody(wired: Wired) -> None:
    told = threading.Event()

    def fail(envelope: Envelope) -> None:
        told.set()
        raise ZeroDivisionError

    wired.bus.subscribe("handling", wired.inbox)
    wired.bus.declare()
    wired.bus.watch([SENT], fail)
    wired.start()
    numbers = iter(range(1000))

    def sent() -> bool:
        wired.emit(f"m{next(numbers)}")
        return told.is_set()

    eventually(sent)
    wired.emit("last")
    eventually(lambda: "last" in notes(wired.handling))
