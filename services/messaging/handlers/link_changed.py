"""What a firm does for a client has changed: the client's people read its news about those areas (ACC-66, ACC-11)."""

from kontor.events.v1.envelope_pb2 import Envelope
from kontor.linking.v1 import events_pb2

from chassis.db import Transaction
from services.messaging.actions.client_firms import keep_link

EVENT = events_pb2.LinkChanged


def handle(tx: Transaction, event: events_pb2.LinkChanged, envelope: Envelope) -> None:
    """Exactly these areas from now on."""
    keep_link(
        tx, organisation_id=event.organisation_id, firm_id=event.firm_id, service_areas=event.service_areas,
        version=envelope.aggregate_version,
    )  # fmt: skip
