"""A consultant's areas at a client have changed: they decide whose messages the consultant reads and receives (ACC-11)."""

from kontor.events.v1.envelope_pb2 import Envelope
from kontor.linking.v1 import events_pb2
from sqlalchemy import any_, exists, update
from sqlalchemy.dialects.postgresql import insert

from chassis.db import Transaction
from services.messaging.models import ConsultantAccess, Thread

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
    _take_away(tx, event)


def _take_away(tx: Transaction, event: events_pb2.ConsultantAssigned) -> None:
    """Threads the consultant took care of, in areas not served any more, wait for somebody else."""
    one = (ConsultantAccess.organisation_id == event.organisation_id, ConsultantAccess.membership_id == event.membership_id)
    serves = exists().where(*one, Thread.service_area == any_(ConsultantAccess.service_areas))
    held = (Thread.assigned_membership_id == event.membership_id, Thread.organisation_id == event.organisation_id)
    tx.execute(update(Thread).where(*held, ~serves).values(assigned_membership_id=None))
