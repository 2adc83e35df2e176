"""A consultant's areas at a client changed: what they see there changes at once (ACC-11)."""

from kontor.events.v1.envelope_pb2 import Envelope
from kontor.linking.v1 import events_pb2
from sqlalchemy.dialects.postgresql import insert

from chassis.db import Transaction
from services.documents.models import Consultant

EVENT = events_pb2.ConsultantAssigned


def handle(tx: Transaction, event: events_pb2.ConsultantAssigned, envelope: Envelope) -> None:
    """Keep exactly these areas, unless a newer assignment is known already."""
    told = {"service_areas": sorted(event.service_areas), "version": envelope.aggregate_version}
    statement = insert(Consultant).values(membership_id=event.membership_id, organisation_id=event.organisation_id, **told)
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=["membership_id", "organisation_id"], set_=told, where=Consultant.version <= envelope.aggregate_version
        )
    )
