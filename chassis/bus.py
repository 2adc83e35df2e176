"""Carries events between services: RabbitMQ between processes, plain calls inside one. Both at least once, both confirmed."""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Protocol

import kombu
from google.protobuf import symbol_database
from google.protobuf.message import DecodeError
from kontor.events.v1 import envelope_pb2
from kontor.events.v1.envelope_pb2 import Envelope

from chassis import rabbit, telemetry
from chassis.errors import Failure, Unavailable
from chassis.outbox import Inbox

# Between the attempts at one event, and while a database is away.
PAUSE_SECONDS = 0.5

Watcher = Callable[[Envelope], None]


class Bus(Protocol):
    """What the relay and the services need of a bus."""

    def publish(self, envelopes: Sequence[Envelope]) -> set[str]:
        """Carry the events; answers the ids that are safe with their receivers. The others must be brought again.

        Safe is what every service that handles it has, or has a queue for; a hint, which may reach nobody, always is.
        """

    def subscribe(self, service: str, inbox: Inbox) -> None:
        """Bring the service every event its inbox handles, from before and from now on."""

    def watch(self, types: Iterable[str], watcher: Watcher) -> None:
        """Tell `watcher` of events while it lives; what happens while it does not is not made up for."""

    def declare(self) -> list[str]:
        """Make the queues of everything subscribed, so that what is published from now on waits in them; answers their names."""

    def start(self) -> None:
        """Begin to bring events."""

    def stop(self) -> None:
        """Stop bringing events; the handler at work finishes."""

    def check(self) -> None:
        """Raises Unavailable unless the bus works."""


class LocalBus:
    """The bus of a single process: an event is accepted when every handler of it has committed."""

    def __init__(self) -> None:
        self._inboxes: dict[str, Inbox] = {}
        self._watchers: list[tuple[frozenset[str], Watcher]] = []
        self._running = False
        self._log = telemetry.log("chassis.bus")

    def publish(self, envelopes: Sequence[Envelope]) -> set[str]:
        """Call the handlers, in order; an event that one of them could not handle is not accepted."""
        return {envelope.id for envelope in envelopes if self._running and self._deliver(envelope)}

    def subscribe(self, service: str, inbox: Inbox) -> None:
        """Add a service's inbox."""
        self._inboxes[service] = inbox

    def watch(self, types: Iterable[str], watcher: Watcher) -> None:
        """Add a watcher."""
        self._watchers.append((frozenset(types), watcher))

    def declare(self) -> list[str]:
        """There are no queues to make: what waits, waits in the outbox."""
        return []

    def start(self) -> None:
        """Accept events; the relay's thread calls the handlers."""
        self._running = True

    def stop(self) -> None:
        """Accept no more."""
        self._running = False

    def check(self) -> None:
        """Raises Unavailable before `start` and after `stop`."""
        if not self._running:
            raise Unavailable("bus_unavailable", "The bus is not started.")

    def _deliver(self, envelope: Envelope) -> bool:
        concerned = [inbox for inbox in self._inboxes.values() if envelope.type in inbox.types]
        if not concerned and not is_hint(envelope.type):
            self._log.error("event has no queue", type=envelope.type)
            return False
        done = [self._bring(inbox, envelope) for inbox in concerned]
        if all(done):
            for types, watcher in self._watchers:
                if envelope.type in types:
                    _tell(watcher, envelope)
        return all(done)

    def _bring(self, inbox: Inbox, envelope: Envelope) -> bool:
        try:
            return inbox.receive(envelope)
        except Exception as why:  # noqa: BLE001 - as in RabbitBus: the database is away, or not migrated yet
            self._log.warning("event waits", type=envelope.type, error=type(why).__name__)
            return False


class RabbitBus:
    """The bus between processes: RabbitMQ, a topic exchange, one quorum queue a service, batched confirms."""

    def __init__(self, url: str, *, consumers: int = 2, prefetch: int = rabbit.PREFETCH) -> None:
        self._url, self._consumers, self._prefetch = url, consumers, prefetch
        self._publisher: rabbit.Publisher | None = None
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._threads: list[threading.Thread] = []
        self._inboxes: dict[str, Inbox] = {}
        self._watchers: list[tuple[frozenset[str], Watcher]] = []
        self._log = telemetry.log("chassis.bus")

    def publish(self, envelopes: Sequence[Envelope]) -> set[str]:
        """Publish and wait for the broker's confirms, matched by delivery tag."""
        with self._lock, _unavailable():
            try:
                if self._publisher is None:
                    self._publisher = rabbit.Publisher(rabbit.connect(self._url))
                return self._publisher.publish([(each, not is_hint(each.type)) for each in envelopes])
            except rabbit.BROKEN:
                # After any error a late confirm could be credited to another message: the connection is thrown away.
                self._throw_away()
                raise

    def subscribe(self, service: str, inbox: Inbox) -> None:
        """Consume the service's queue, in `consumers` threads, each with its own connection."""
        self._inboxes[service] = inbox

    def watch(self, types: Iterable[str], watcher: Watcher) -> None:
        """Consume an exclusive queue that goes with its connection."""
        self._watchers.append((frozenset(types), watcher))

    def declare(self) -> list[str]:
        """Make the queues now. Raises Unavailable when the broker does not answer."""
        queues = [rabbit.service_queue(service, inbox.types) for service, inbox in self._inboxes.items()]
        with _unavailable(), rabbit.connected(self._url) as connection:
            for queue in queues:
                rabbit.declare(connection, queue)
        return [queue.name for queue in queues]

    def start(self) -> None:
        """Start the consuming threads."""
        work = [
            partial(self._consume, partial(rabbit.service_queue, service, inbox.types), partial(self._receive, inbox))
            for service, inbox in self._inboxes.items()
            for _ in range(self._consumers)
        ]
        work += [partial(self._consume, partial(rabbit.watch_queue, types), partial(_pass, watcher)) for types, watcher in self._watchers]
        for number, loop in enumerate(work):
            self._threads.append(threading.Thread(target=loop, name=f"bus-{number}", daemon=True))
            self._threads[-1].start()

    def stop(self) -> None:
        """Let each thread finish the event at hand, then close."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=30)
        with self._lock:
            self._throw_away()

    def check(self) -> None:
        """Raises Unavailable unless the broker accepts a connection."""
        with _unavailable(), rabbit.connected(self._url):
            return

    def _consume(self, queue: Callable[[], kombu.Queue], receive: Callable[[kombu.Connection, Any], None]) -> None:
        while not self._stop.is_set():
            try:
                with rabbit.connected(self._url, heartbeat=rabbit.HEARTBEAT_SECONDS) as connection:
                    rabbit.consume(connection, queue(), partial(receive, connection), stop=self._stop, prefetch=self._prefetch)
            except Exception as why:  # noqa: BLE001 - whatever it is, what was not acknowledged comes again, and this loop outlives it
                self._log.warning("consumer reconnects", error=type(why).__name__, exc_info=None if isinstance(why, rabbit.BROKEN) else why)
                self._stop.wait(PAUSE_SECONDS)

    def _receive(self, inbox: Inbox, connection: kombu.Connection, messages: list[Any]) -> None:
        # What was brought before may be what took a process with it: that is handled by itself.
        fresh = [message for message in messages if not message.delivery_info["redelivered"]]
        handled: set[str] = set()
        with suppress(Exception):  # whatever it is: each is now received by itself, and what is wrong with it is told there
            handled = inbox.receive_together([Envelope.FromString(message.body) for message in fresh]) if len(fresh) > 1 else handled
        for message in messages:
            if message.properties.get("message_id") in handled:
                message.ack()
            else:
                self._receive_one(inbox, connection, message)

    def _receive_one(self, inbox: Inbox, connection: kombu.Connection, message: Any) -> None:
        try:
            envelope = Envelope.FromString(message.body)
        except DecodeError:
            self._log.exception("not an event")
            message.reject()
            return
        while not self._stop.is_set():
            try:
                done = inbox.receive(envelope)
            except Exception as why:  # noqa: BLE001 - what a handler raises ends in the inbox: this is the database, away or not yet migrated
                # The event is held here: each time it is given back would count towards the broker's limit.
                unforeseen = None if isinstance(why, Failure) else why
                self._log.warning("event waits", type=envelope.type, error=type(why).__name__, exc_info=unforeseen)
                self._stop.wait(PAUSE_SECONDS)
                connection.heartbeat_check()
                continue
            if done:
                message.ack()
            else:
                self._stop.wait(PAUSE_SECONDS)
                # reject, never nack: since RabbitMQ 4.3 only a reject counts towards the delivery limit.
                message.reject(requeue=True)
            return

    def _throw_away(self) -> None:
        if self._publisher is not None:
            self._publisher.connection.collect()
            self._publisher = None


def is_hint(event_type: str) -> bool:
    """Whether the event only concerns watchers and may reach nobody."""
    try:
        options = symbol_database.Default().GetSymbol(event_type).DESCRIPTOR.GetOptions()
    except KeyError:
        return False  # written by another version of the service
    return bool(options.Extensions[envelope_pb2.hint])


def _tell(watcher: Watcher, envelope: Envelope) -> None:
    try:
        watcher(envelope)
    except Exception:  # noqa: BLE001 - what goes wrong there is its own: the event has been handled
        telemetry.log("chassis.bus").exception("watcher failed", type=envelope.type)


def _pass(watcher: Watcher, _: kombu.Connection, messages: list[Any]) -> None:
    for message in messages:
        message.ack()
        with suppress(DecodeError):  # whoever handles it sets it aside, and says so
            _tell(watcher, Envelope.FromString(message.body))


@contextmanager
def _unavailable() -> Any:
    try:
        yield
    except rabbit.BROKEN as why:
        raise Unavailable("bus_unavailable", "The message broker does not answer.") from why
