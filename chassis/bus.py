"""Carries events between services: RabbitMQ between processes, plain calls inside one. Both at least once, both confirmed."""

import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import kombu
from amqp.exceptions import AMQPError
from google.protobuf import symbol_database
from kombu.exceptions import KombuError, OperationalError
from kontor.events.v1 import envelope_pb2
from kontor.events.v1.envelope_pb2 import Envelope

from chassis import telemetry
from chassis.errors import Unavailable
from chassis.outbox import Inbox

EXCHANGE = kombu.Exchange("kontor.events", "topic", durable=True)
DEAD = kombu.Exchange("kontor.dead", "fanout", durable=True)
CONFIRM_SECONDS = 10
PREFETCH = 50
BROKEN = (AMQPError, KombuError, OperationalError, OSError)

Watcher = Callable[[Envelope], None]


class Bus(Protocol):
    """What the relay and the services need of a bus."""

    def publish(self, envelopes: Sequence[Envelope]) -> set[str]:
        """Carry the events; answers the ids that are safe with their receivers. The others must be brought again."""

    def subscribe(self, service: str, inbox: Inbox) -> None:
        """Bring the service every event its inbox handles, from before and from now on."""

    def watch(self, types: Iterable[str], watcher: Watcher) -> None:
        """Tell `watcher` of events while it lives; what happens while it does not is not made up for."""

    def declare(self) -> None:
        """Make the queues of everything subscribed, so that what is published from now on waits in them."""

    def start(self) -> None:
        """Begin to bring events."""

    def stop(self) -> None:
        """Stop bringing events; the handler at work finishes."""

    def check(self) -> None:
        """Raises Unavailable unless the bus works."""


def is_hint(event_type: str) -> bool:
    """Whether the event only concerns watchers and may reach nobody."""
    descriptor = symbol_database.Default().GetSymbol(event_type).DESCRIPTOR
    return bool(descriptor.GetOptions().Extensions[envelope_pb2.hint])


class LocalBus:
    """The bus of a single process: an event is accepted when every handler of it has committed."""

    def __init__(self) -> None:
        self._inboxes: list[Inbox] = []
        self._watchers: list[tuple[frozenset[str], Watcher]] = []

    def publish(self, envelopes: Sequence[Envelope]) -> set[str]:
        """Call the handlers, in order; an event that one of them could not handle is not accepted."""
        return {envelope.id for envelope in envelopes if self._deliver(envelope)}

    def subscribe(self, service: str, inbox: Inbox) -> None:
        """Add a service's inbox."""
        self._inboxes.append(inbox)

    def watch(self, types: Iterable[str], watcher: Watcher) -> None:
        """Add a watcher."""
        self._watchers.append((frozenset(types), watcher))

    def declare(self) -> None:
        """Nothing to make: there are no queues."""

    def start(self) -> None:
        """Nothing to begin: the relay's thread calls the handlers."""

    def stop(self) -> None:
        """Nothing to end."""

    def check(self) -> None:
        """A process can always reach itself."""

    def _deliver(self, envelope: Envelope) -> bool:
        done = [inbox.receive(envelope) for inbox in self._inboxes if envelope.type in inbox.types]
        if all(done):
            for types, watcher in self._watchers:
                if envelope.type in types:
                    watcher(envelope)
        return all(done)


class RabbitBus:
    """The bus between processes: RabbitMQ, a topic exchange, one quorum queue a service, batched confirms.

    Uses nothing newer than RabbitMQ 3.10 and declares every argument, so that 3.10 and 4.x behave alike.
    """

    def __init__(self, url: str, *, consumers: int = 2) -> None:
        self._url, self._consumers = url, consumers
        self._publisher: _Publisher | None = None
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._loops: list[Callable[[], None]] = []
        self._queues: list[kombu.Queue] = []

    def publish(self, envelopes: Sequence[Envelope]) -> set[str]:
        """Publish and wait for the broker's confirms, matched by delivery tag."""
        with self._lock:
            try:
                if self._publisher is None:
                    self._publisher = _Publisher(connect(self._url))
                return self._publisher.publish(envelopes)
            except BROKEN as why:
                # After any error a late confirm could be credited to another message: the connection is thrown away.
                if self._publisher is not None:
                    self._publisher.throw_away()
                    self._publisher = None
                raise Unavailable("bus_unavailable", "The message broker does not answer.") from why

    def subscribe(self, service: str, inbox: Inbox) -> None:
        """Consume the service's queue, in `consumers` threads, each with its own connection."""
        queue = service_queue(service, inbox.types)
        self._queues.append(queue)
        self._loops += [lambda: self._consume(queue, _receiver(inbox))] * self._consumers

    def watch(self, types: Iterable[str], watcher: Watcher) -> None:
        """Consume an exclusive queue that goes with its connection."""
        wanted = tuple(types)

        def receive(message: Any) -> None:
            message.ack()
            watcher(Envelope.FromString(message.body))

        self._loops.append(lambda: self._consume(_watch_queue(wanted), receive))

    def declare(self) -> None:
        """Make the queues now. Raises Unavailable when the broker does not answer."""
        try:
            with connect(self._url) as connection:
                for queue in self._queues:
                    declare(connection, queue)
        except BROKEN as why:
            raise Unavailable("bus_unavailable", "The message broker does not answer.") from why

    def start(self) -> None:
        """Start the consuming threads."""
        for number, loop in enumerate(self._loops):
            thread = threading.Thread(target=loop, name=f"bus-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Let each thread finish the event at hand, then close."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=30)
        with self._lock:
            if self._publisher is not None:
                self._publisher.throw_away()
                self._publisher = None

    def check(self) -> None:
        """Raises Unavailable unless the broker accepts a connection."""
        try:
            connection = connect(self._url)
            connection.connect()
            connection.collect()
        except BROKEN as why:
            raise Unavailable("bus_unavailable", "The message broker does not answer.") from why

    def _consume(self, queue: kombu.Queue, receive: Callable[[Any], None]) -> None:
        log = telemetry.log("chassis.bus")
        while not self._stop.is_set():
            connection = connect(self._url, heartbeat=20)
            try:
                declare(connection, queue)
                with kombu.Consumer(connection.default_channel, [queue], on_message=receive, prefetch_count=PREFETCH, accept=None):
                    self._drain(connection)
            except BROKEN as why:
                log.warning("consumer reconnects", queue=queue.name, error=type(why).__name__)
                self._stop.wait(0.5)
            finally:
                connection.collect()

    def _drain(self, connection: kombu.Connection) -> None:
        while not self._stop.is_set():
            try:
                connection.drain_events(timeout=1)
            except (TimeoutError, socket.timeout):
                connection.heartbeat_check()


class _Publisher:
    """One channel in confirm mode. py-amqp does not match confirms to messages; this does, by delivery tag."""

    def __init__(self, connection: kombu.Connection) -> None:
        self._connection = connection
        self._channel = connection.default_channel
        EXCHANGE(self._channel).declare()
        self._channel.confirm_select()
        self._open: dict[int, str] = {}
        self._failed: set[str] = set()
        self._tag = 0
        self._channel.events["basic_ack"].add(self._acked)
        self._channel.events["basic_nack"].add(self._nacked)
        self._channel.events["basic_return"].add(self._returned)

    def publish(self, envelopes: Sequence[Envelope]) -> set[str]:
        self._failed.clear()
        producer = kombu.Producer(self._channel, EXCHANGE, auto_declare=False)
        for envelope in envelopes:
            self._tag += 1
            self._open[self._tag] = envelope.id
            producer.publish(
                envelope.SerializeToString(), routing_key=envelope.type, content_type="application/protobuf", content_encoding="binary",
                delivery_mode=2, message_id=envelope.id, mandatory=not is_hint(envelope.type),
                headers={"traceparent": envelope.traceparent, "ce-type": envelope.type, "ce-source": envelope.source},
            )  # fmt: skip
        while self._open:
            self._channel.connection.drain_events(timeout=CONFIRM_SECONDS)
        return {envelope.id for envelope in envelopes} - self._failed

    def throw_away(self) -> None:
        self._connection.collect()

    def _acked(self, tag: int, multiple: bool) -> None:
        for done in [held for held in self._open if held == tag or (multiple and held <= tag)]:
            del self._open[done]

    def _nacked(self, tag: int, multiple: bool) -> None:
        self._failed |= {self._open[held] for held in self._open if held == tag or (multiple and held <= tag)}
        self._acked(tag, multiple)

    def _returned(self, error: Any, exchange: str, routing_key: str, message: Any) -> None:
        # No queue is bound: a service has not declared its queue yet. The event stays in the outbox until one has.
        self._failed.add(message.properties["message_id"])
        telemetry.log("chassis.bus").error("event has no queue", type=routing_key)


def connect(url: str, *, heartbeat: int = 0) -> kombu.Connection:
    """A connection with time limits everywhere: under a memory alarm RabbitMQ would otherwise hold a publisher for ever."""
    options = {"read_timeout": CONFIRM_SECONDS, "write_timeout": CONFIRM_SECONDS, "connect_timeout": 5}
    return kombu.Connection(url, heartbeat=heartbeat, transport_options=options, connect_timeout=5)


def service_queue(service: str, types: Iterable[str]) -> kombu.Queue:
    """The durable queue of a service: replicated, never dropping, poison set aside by the inbox long before the broker would."""
    arguments = {
        "x-queue-type": "quorum", "x-delivery-limit": 20, "x-overflow": "reject-publish",
        "x-dead-letter-exchange": DEAD.name, "x-dead-letter-strategy": "at-least-once",
    }  # fmt: skip
    bindings = [kombu.binding(EXCHANGE, routing_key=name) for name in sorted(types)]
    return kombu.Queue(f"kontor.{service}", bindings=bindings, durable=True, queue_arguments=arguments)


def declare(connection: kombu.Connection, queue: kombu.Queue) -> None:
    """Make the exchanges, the dead-letter queue and this queue, if they are not there."""
    channel = connection.default_channel
    EXCHANGE(channel).declare()
    kombu.Queue("kontor.dead", DEAD, durable=True, queue_arguments={"x-queue-type": "quorum"})(channel).declare()
    queue(channel).declare()


def _watch_queue(types: Iterable[str]) -> kombu.Queue:
    bindings = [kombu.binding(EXCHANGE, routing_key=name) for name in types]
    return kombu.Queue("", bindings=bindings, durable=False, exclusive=True, auto_delete=True)


def _receiver(inbox: Inbox) -> Callable[[Any], None]:
    def receive(message: Any) -> None:
        if inbox.receive(Envelope.FromString(message.body)):
            message.ack()
        else:
            # reject, never nack: since RabbitMQ 4.3 only a reject counts towards the delivery limit.
            message.reject(requeue=True)

    return receive
