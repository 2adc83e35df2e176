"""A member's folder ticks have changed: what was in a folder taken away is not told any more (BEY-10)."""

from kontor.documents.v1 import events_pb2
from kontor.events.v1.envelope_pb2 import Envelope

from chassis.db import Transaction
from services.notify import notices, people

EVENT = events_pb2.FolderAccessChanged


def handle(tx: Transaction, event: events_pb2.FolderAccessChanged, envelope: Envelope) -> None:
    """Drop the member's notices about those folders."""
    for folder_id in event.removed_folder_ids:
        notices.withdraw_folder(tx, event.membership_id, folder_id=folder_id, at=people.moment(envelope))
