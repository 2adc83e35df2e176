"""A file arrived: have it scanned now rather than at the next round."""

from kontor.documents.v1 import events_pb2
from kontor.events.v1.envelope_pb2 import Envelope

from chassis.db import Transaction
from chassis.service import Job

EVENT = events_pb2.DocumentReceived


def handle(tx: Transaction, _: events_pb2.DocumentReceived, __: Envelope, *, scan: Job) -> None:
    """Ask for a round of scanning. What is waiting stands in the rows, not in this request."""
    tx.start(scan)
