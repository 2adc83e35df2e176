"""A consultant's areas at a client have changed: what happened in the others is not told any more (FNK-16, BEY-10)."""

from kontor.access.v1.access_pb2 import SERVICE_AREA_UNSPECIFIED, ServiceArea
from kontor.events.v1.envelope_pb2 import Envelope
from kontor.linking.v1 import events_pb2

from chassis.db import Transaction
from services.notify import notices, people

EVENT = events_pb2.ConsultantAssigned


def handle(tx: Transaction, event: events_pb2.ConsultantAssigned, envelope: Envelope) -> None:
    """Drop the consultant's notices about the client in areas no longer served; those without an area go with the last of them."""
    others = set(ServiceArea.values()) - set(event.service_areas)
    if event.service_areas:
        others.discard(SERVICE_AREA_UNSPECIFIED)
    notices.withdraw_areas(
        tx, event.membership_id, organisation_id=event.organisation_id, areas=sorted(others), at=people.moment(envelope)
    )
