"""A firm works for a client: it may make folders there."""

from kontor.events.v1.envelope_pb2 import Envelope
from kontor.linking.v1 import events_pb2
from sqlalchemy.dialects.postgresql import insert

from chassis.db import Transaction
from services.documents.models import Client

EVENT = events_pb2.LinkCreated


def handle(tx: Transaction, event: events_pb2.LinkCreated, _: Envelope) -> None:
    """Remember the firm; the client itself may become known later."""
    statement = insert(Client).values(organisation_id=event.organisation_id, firm_id=event.firm_id, name="", time_zone="")
    tx.execute(statement.on_conflict_do_update(index_elements=["organisation_id"], set_={"firm_id": event.firm_id}))
