"""Documents, or all of a client's, are on legal hold: that they will be deleted is no longer true, and not told any more (BEY-02)."""

from kontor.documents.v1 import events_pb2
from kontor.events.v1.envelope_pb2 import Envelope

from chassis.db import Transaction
from services.notify import expiry
from services.notify.models import ExpiringVersion

EVENT = events_pb2.HoldSet


def handle(tx: Transaction, event: events_pb2.HoldSet, _: Envelope) -> None:
    """When the hold ends they are announced anew."""
    held = ExpiringVersion.document_id.in_(event.document_ids) if event.document_ids else expiry.of_organisation(event.organisation_id)
    expiry.forget(tx, held)
