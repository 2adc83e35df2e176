"""One part of a service in a process to be killed: `python -m tests.faults.part relay|consumer DATABASE BUS [PREFETCH] [DEADLY]`.

The consumer notes each event it handles; handling the event DEADLY kills its process, as running out of memory would.
"""

import os
import signal
import sys
from functools import partial
from pathlib import Path

from kontor.events.v1.envelope_pb2 import Envelope
from kontor.messaging.v1.events_pb2 import MessageSent

from chassis import rabbit
from chassis.bus import RabbitBus
from chassis.db import Database, Transaction
from chassis.outbox import Inbox, Relay
from tests.chassis import sample
from tests.servers.program import Program

HANDLED = MessageSent.DESCRIPTOR.full_name


def program(part: str, database: str, bus: str, directory: Path) -> Program:
    """That process, not started yet; it answers once it works."""
    directory.mkdir()
    made = Program(
        name=part,
        url="",
        command=command(part, database, bus),
        directory=directory,
        environment={"PYTHONPATH": str(Path(__file__).parents[2])},
        answers=lambda: (directory / "up").read_text() == str(made.pid),
    )
    return made


def command(part: str, database: str, bus: str, *, prefetch: int = rabbit.PREFETCH, deadly: str = "") -> list[str]:
    """What starts that process."""
    return [sys.executable, "-m", "tests.faults.part", part, database, bus, str(prefetch), deadly]


def main(part: str, database_url: str, bus_url: str, prefetch: str, deadly: str) -> None:
    """Relay or handle until killed."""
    database = Database(database_url, service="emitting" if part == "relay" else "handling")
    bus = RabbitBus(bus_url, consumers=1 if deadly else 2, prefetch=int(prefetch))
    if part == "consumer":
        bus.subscribe("handling", Inbox(database, {HANDLED: partial(handle, deadly)}))
        bus.start()
    if not deadly:
        Path("up").write_text(str(os.getpid()))
    if part == "relay":
        Relay(database, bus).run()
    signal.pause()


def handle(deadly: str, tx: Transaction, event: MessageSent, envelope: Envelope) -> None:
    """Note that it was handled; die of the deadly one."""
    sample.note(tx, event.message_id)
    if event.message_id == deadly:
        tx.flush()
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
