"""What both buses promise: every event reaches every service that handles it, takes effect once, and poison is set aside alone."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kontor.documents.v1.events_pb2 import FolderCreated
from kontor.events.v1.envelope_pb2 import Envelope
from kontor.messaging.v1.events_pb2 import MessageSent
from kontor.notify.v1.events_pb2 import NoticesPosted

from chassis import outbox
from chassis.bus import Bus, LocalBus, RabbitBus
from chassis.db import Database
from chassis.outbox import Inbox, wrap
from tests.waiting import eventually

SENT = MessageSent.DESCRIPTOR.full_name


@pytest.fixture(params=["local", "rabbit"])
def bus(request: pytest.FixtureRequest, receiver: object) -> Iterator[Bus]:
    """A bus of each kind; RabbitMQ at a virtual host of its own. It stops before its receivers close."""
    made: Bus = LocalBus() if request.param == "local" else RabbitBus(request.getfixturevalue("new_vhost")())
    yield made
    made.stop()


class Receiver:
    """A service that counts what it handled, and fails on what it is told to fail on."""

    def __init__(self, url: str, name: str, *, poison: str = "") -> None:
        self.database = Database(url, service=name)
        outbox.tables.create_all(self.database.engine)
        self.inbox = Inbox(self.database, {SENT: self._handle})
        self.handled, self.tried, self._poison = Counter[str](), Counter[str](), poison

    def _handle(self, tx: Any, event: MessageSent, envelope: Envelope) -> None:
        self.tried[event.message_id] += 1
        if event.message_id == self._poison:
            raise ValueError("cannot be handled")
        self.handled[event.message_id] += 1


@pytest.fixture
def receiver(new_database: Callable[[str], str]) -> Iterator[Callable[..., Receiver]]:
    """Make receivers, each on a database of its own."""
    made: list[Receiver] = []

    def make(name: str, **given: Any) -> Receiver:
        made.append(Receiver(new_database("bus"), name, **given))
        return made[-1]

    yield make
    for each in made:
        each.database.close()


def event(message: str) -> Envelope:
    """An event as a service's outbox holds it."""
    return wrap(MessageSent(message_id=message), source="test", about=message, version=1, organisation="")


def carry(bus: Bus, envelopes: list[Envelope]) -> None:
    """Publish as the relay does: what is not accepted is brought again."""

    def all_accepted() -> bool:
        accepted = bus.publish(envelopes)
        envelopes[:] = [envelope for envelope in envelopes if envelope.id not in accepted]
        return not envelopes

    eventually(all_accepted, seconds=20)


def test_every_service_that_handles_an_event_gets_it_once(bus: Bus, receiver: Callable[..., Receiver]) -> None:
    """P20: two services, twenty events, each brought twice: forty effects."""
    services = [receiver("first"), receiver("second")]
    for each in services:
        bus.subscribe(each.database.service, each.inbox)
    bus.declare()
    bus.start()
    events = [event(f"m{number}") for number in range(20)]
    carry(bus, list(events))
    carry(bus, list(events))
    expected = {f"m{number}": 1 for number in range(20)}
    assert eventually(lambda: [dict(each.handled) for each in services] == [expected, expected], seconds=20)


def test_poison_is_parked_alone_after_three_attempts_and_can_be_sent_again(bus: Bus, receiver: Callable[..., Receiver]) -> None:
    """P21: its neighbours are handled; redrive handles it once its cause is gone."""
    service = receiver("service", poison="m7")
    bus.subscribe("service", service.inbox)
    bus.declare()
    bus.start()
    carry(bus, [event(f"m{number}") for number in range(20)])
    eventually(lambda: len(service.handled) == 19 and len(service.inbox.parked()) == 1, seconds=30)
    assert service.tried["m7"] == 3
    service._poison = ""
    assert service.inbox.redrive(service.inbox.parked()[0][0])
    assert (service.handled["m7"], service.inbox.parked()) == (1, [])


def test_a_hint_may_reach_nobody(bus: Bus) -> None:
    """What only open pages care about never waits in an outbox."""
    bus.start()
    hint = wrap(FolderCreated(folder_id="f"), source="test", about="f", version=1, organisation="")
    assert bus.publish([hint]) == {hint.id}


def test_watchers_see_what_passes_and_only_that(bus: Bus, receiver: Callable[..., Receiver]) -> None:
    """ACC-67: an open page hears of new notices while it is open."""
    seen, told = list[str](), threading.Event()

    def watcher(envelope: Envelope) -> None:
        seen.append(envelope.type)
        told.set()

    bus.watch([NoticesPosted.DESCRIPTOR.full_name], watcher)
    service = receiver("service")
    bus.subscribe("service", service.inbox)
    bus.declare()
    bus.start()
    notice = wrap(NoticesPosted(membership_ids=["m"]), source="test", about="m", version=1, organisation="")

    def published() -> bool:
        bus.publish([notice])  # the watcher's queue may be declared a moment later
        return told.wait(0.2)

    eventually(published, seconds=20)
    carry(bus, [event("m1")])
    eventually(lambda: service.handled["m1"] == 1, seconds=20)
    assert set(seen) == {NoticesPosted.DESCRIPTOR.full_name}


def test_an_event_waits_until_its_queue_is_there(new_vhost: Callable[[], str], receiver: Callable[..., Receiver]) -> None:
    """A service that was never started yet loses nothing: without a queue the broker's confirm does not count."""
    url = new_vhost()
    publisher, consumer = RabbitBus(url), RabbitBus(url)
    waiting = event("early")
    assert publisher.publish([waiting]) == set()
    service = receiver("late")
    consumer.subscribe("late", service.inbox)
    consumer.declare()
    consumer.start()
    carry(publisher, [waiting])
    eventually(lambda: service.handled["early"] == 1, seconds=20)
    publisher.stop()
    consumer.stop()
