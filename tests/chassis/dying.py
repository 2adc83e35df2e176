"""A process with a relay and a consumer that dies on purpose: `python -m tests.chassis.dying EMITTING HANDLING BUS DEADLY WHEN`.

WHEN is `handling`: in the handler of the event DEADLY; or `published`: between publishing it and marking it sent.
"""

import os
import signal
import sys
from collections.abc import Sequence

from kontor.events.v1.envelope_pb2 import Envelope
from kontor.messaging.v1 import events_pb2

from chassis.bus import Bus, LocalBus, RabbitBus
from chassis.db import Database, Transaction
from chassis.outbox import Inbox, Relay, content
from tests.chassis import sample


class Killer(Relay):
    """A relay whose process is killed once DEADLY is published."""

    def __init__(self, database: Database, bus: Bus, deadly: str) -> None:
        super().__init__(database, _DeadlyBus(bus, deadly))


class _DeadlyBus(LocalBus):
    def __init__(self, bus: Bus, deadly: str) -> None:
        super().__init__()
        self._bus, self._deadly = bus, deadly

    def publish(self, envelopes: Sequence[Envelope]) -> set[str]:
        accepted = self._bus.publish(envelopes)
        if any(_identifier(envelope) == self._deadly for envelope in envelopes if envelope.id in accepted):
            os.kill(os.getpid(), signal.SIGKILL)
        return accepted


def main(emitting: str, handling: str, bus_url: str, deadly: str, when: str) -> None:
    """Relay and handle until killed."""
    bus: Bus = RabbitBus(bus_url, consumers=1) if bus_url else LocalBus()

    def handle(tx: Transaction, event: events_pb2.MessageSent, envelope: Envelope) -> None:
        sample.note(tx, event.message_id)
        if (event.message_id, when) == (deadly, "handling"):
            tx.flush()
            os.kill(os.getpid(), signal.SIGKILL)

    bus.subscribe("handling", Inbox(Database(handling, service="handling"), {events_pb2.MessageSent.DESCRIPTOR.full_name: handle}))
    bus.declare()
    bus.start()
    database = Database(emitting, service="emitting")
    (Killer(database, bus, deadly) if when == "published" else Relay(database, bus)).run()


def _identifier(envelope: Envelope) -> str:
    event = content(envelope)
    return event.message_id if isinstance(event, events_pb2.MessageSent) else ""


if __name__ == "__main__":
    main(*sys.argv[1:])
