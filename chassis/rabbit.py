"""RabbitMQ as the bus needs it: connections that cannot hang, confirms by delivery tag, queues that neither drop nor loop.

Uses nothing newer than RabbitMQ 3.10 and declares every argument, so that 3.10 and 4.x behave alike.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import kombu
from amqp.exceptions import AMQPError  # type: ignore[import-untyped]
from kombu.exceptions import KombuError
from kontor.events.v1.envelope_pb2 import Envelope

from chassis import telemetry

EXCHANGE = kombu.Exchange("kontor.events", "topic", durable=True)
DEAD = kombu.Exchange("kontor.dead", "fanout", durable=True)
CONFIRM_SECONDS = 10
HEARTBEAT_SECONDS = 20
PREFETCH = 50
# How long a message that has come waits for the next, so that both are handled together.
LINGER_SECONDS = 0.002
# The inbox counts attempts; the broker counts deliveries, also of what was only fetched by a consumer that then died: out of reach for it.
DELIVERIES = 10_000
# What a watcher has not looked at by then is old news.
WATCHED = 10_000
BROKEN = (AMQPError, KombuError, OSError)


class Publisher:
    """One channel in confirm mode. py-amqp does not match confirms to messages; this does, by delivery tag."""

    def __init__(self, connection: kombu.Connection) -> None:
        self.connection = connection
        self._channel = cast("Any", connection.default_channel)
        EXCHANGE(self._channel).declare()
        self._channel.confirm_select()
        self._open: dict[int, str] = {}
        self._failed: set[str] = set()
        self._tag = 0
        for name, heard in {"basic_ack": self._acked, "basic_nack": self._nacked, "basic_return": self._returned}.items():
            self._channel.events[name].add(heard)

    def publish(self, messages: Sequence[tuple[Envelope, bool]]) -> set[str]:
        """Publish events, each with whether it must reach a queue; answers the ids of those that the broker has safe."""
        self._failed.clear()
        producer = kombu.Producer(self._channel, EXCHANGE, auto_declare=False)
        for envelope, mandatory in messages:
            self._tag += 1
            self._open[self._tag] = envelope.id
            producer.publish(
                envelope.SerializeToString(), routing_key=envelope.type, content_type="application/protobuf", content_encoding="binary",
                delivery_mode=2, message_id=envelope.id, mandatory=mandatory,
                headers={"traceparent": envelope.traceparent, "ce-type": envelope.type, "ce-source": envelope.source},
            )  # fmt: skip
        while self._open:
            self._channel.connection.drain_events(timeout=CONFIRM_SECONDS)
        return {envelope.id for envelope, _ in messages} - self._failed

    def _acked(self, tag: int, multiple: bool) -> None:  # noqa: FBT001 - called by py-amqp
        for done in self._meant(tag, multiple):
            del self._open[done]

    def _nacked(self, tag: int, multiple: bool) -> None:  # noqa: FBT001 - called by py-amqp
        self._failed |= {self._open[held] for held in self._meant(tag, multiple)}
        self._acked(tag, multiple)

    def _meant(self, tag: int, multiple: bool) -> list[int]:  # noqa: FBT001 - as above
        return [held for held in self._open if held <= tag] if multiple else [tag] if tag in self._open else []

    def _returned(self, _error: Any, _exchange: str, routing_key: str, message: Any) -> None:
        # No queue is bound: a service has not declared its queue yet. The event stays in the outbox until one has.
        self._failed.add(message.properties["message_id"])
        telemetry.log("chassis.bus").error("event has no queue", type=routing_key)


@contextmanager
def connected(url: str, *, heartbeat: int = 0) -> Iterator[kombu.Connection]:
    """A connection for the block, dropped at its end without the farewell that a frozen broker would never answer."""
    connection = connect(url, heartbeat=heartbeat)
    try:
        yield connection
    finally:
        connection.collect()


def connect(url: str, *, heartbeat: int = 0) -> kombu.Connection:
    """An open connection with time limits everywhere: under a memory alarm RabbitMQ would otherwise hold a publisher for ever."""
    options = {"read_timeout": CONFIRM_SECONDS, "write_timeout": CONFIRM_SECONDS, "connect_timeout": 5}
    connection = kombu.Connection(url, heartbeat=heartbeat, transport_options=options, connect_timeout=5)
    connection.connect()  # once; left to itself kombu tries again, for ever
    return connection


def consume(
    connection: kombu.Connection, queue: kombu.Queue, receive: Callable[[list[Any]], None], *, stop: threading.Event, prefetch: int
) -> None:
    """Hand the messages of the queue to `receive`, as many at once as have come, until `stop`.

    Raises one of BROKEN when the connection is lost.
    """
    declare(connection, queue)
    come, take = list[Any](), {"prefetch_count": prefetch, "accept": None, "auto_declare": False}
    with kombu.Consumer(connection.default_channel, [queue], on_message=come.append, **take):
        while not stop.is_set():
            try:
                connection.drain_events(timeout=LINGER_SECONDS if come else 1)
                waiting = len(come) < prefetch
            except TimeoutError:
                connection.heartbeat_check()
                waiting = not come
            if not waiting:
                receive(come[:])
                come.clear()


def declare(connection: kombu.Connection, queue: kombu.Queue) -> None:
    """Make the exchanges, the dead-letter queue and this queue, if they are not there."""
    channel = connection.default_channel
    EXCHANGE(channel).declare()
    kombu.Queue("kontor.dead", DEAD, durable=True, queue_arguments={"x-queue-type": "quorum"})(channel).declare()
    queue(channel).declare()


def service_queue(service: str, types: Iterable[str]) -> kombu.Queue:
    """The durable queue of a service: replicated, never dropping, poison set aside by the inbox long before the broker would."""
    arguments = {
        "x-queue-type": "quorum", "x-delivery-limit": DELIVERIES, "x-overflow": "reject-publish",
        "x-dead-letter-exchange": DEAD.name, "x-dead-letter-strategy": "at-least-once",
    }  # fmt: skip
    return kombu.Queue(f"kontor.{service}", bindings=_bindings(types), durable=True, queue_arguments=arguments)


def watch_queue(types: Iterable[str]) -> kombu.Queue:
    """A queue for one connection, gone with it."""
    # A new name each time: the broker may not yet have noticed that the last connection is gone.
    name, arguments = f"kontor.watch.{kombu.uuid()}", {"x-max-length": WATCHED}
    return kombu.Queue(name, bindings=_bindings(types), durable=False, exclusive=True, auto_delete=True, queue_arguments=arguments)


def _bindings(types: Iterable[str]) -> list[kombu.binding]:
    return [kombu.binding(EXCHANGE, routing_key=name) for name in sorted(types)]
