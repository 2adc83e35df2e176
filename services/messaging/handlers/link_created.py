"""A firm works for a client: the client's people read its news (ACC-66)."""

from kontor.events.v1.envelope_pb2 import Envelope
from kontor.linking.v1 import events_pb2

from chassis.db import Transaction
from services.messaging.actions.client_firms import ALL, keep_link

EVENT = events_pb2.LinkCreated


def handle(tx: Transaction, event: events_pb2.LinkCreated, envelope: Envelope) -> None:
    """With what the firm does for the client; all areas where that is not said."""
    keep_link(
        tx, organisation_id=event.organisation_id, firm_id=event.firm_id, service_areas=event.service_areas or ALL,
        version=envelope.aggregate_version,
    )  # fmt: skip
