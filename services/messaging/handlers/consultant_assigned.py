"""A consultant's areas at a client have changed: they decide whose messages the consultant reads and receives (ACC-11)."""

from kontor.events.v1.envelope_pb2 import Envelope
from kontor.linking.v1 import events_pb2
from sqlalchemy.dialects.postgresql import insert

from chassis.db import Transaction
from services.messaging.models import ConsultantAccess

EVENT = events_pb2.ConsultantAssigned


def handle(tx: Transaction, event: events_pb2.ConsultantAssigned, envelope: Envelope) -> None:
    """Keep what is newest: an event that was overtaken changes nothing."""
    told = insert(ConsultantAccess).values(
        organisation_id=event.organisation_id, membership_id=event.membership_id, service_areas=list(event.service_areas),
        version=envelope.aggregate_version,
    )  # fmt: skip
    tx.execute(
        told.on_conflict_do_update(
            index_elements=["organisation_id", "membership_id"],
            set_={"service_areas": told.excluded.service_areas, "version": told.excluded.version},
            where=ConsultantAccess.version < told.excluded.version,
        )
    )
