"""An earlier version of a document is gone: no notice says any more that it will go."""

from kontor.documents.v1 import events_pb2
from kontor.events.v1.envelope_pb2 import Envelope

from chassis.db import Transaction
from services.notify import expiry
from services.notify.models import ExpiringVersion

EVENT = events_pb2.VersionDeleted


def handle(tx: Transaction, event: events_pb2.VersionDeleted, _: Envelope) -> None:
    """The document's other notices stay."""
    expiry.forget(tx, ExpiringVersion.version_id == event.version_id)
