"""A client company exists: it can have folders, made by its firm."""

from kontor.events.v1.envelope_pb2 import Envelope
from kontor.identity.v1 import events_pb2
from kontor.identity.v1.identity_pb2 import ORGANISATION_KIND_CLIENT
from sqlalchemy.dialects.postgresql import insert

from chassis.db import Transaction
from services.documents.models import Client

EVENT = events_pb2.OrganisationCreated


def handle(tx: Transaction, event: events_pb2.OrganisationCreated, _: Envelope) -> None:
    """Remember a client, its name and its time zone. Firms have no folders."""
    if event.kind != ORGANISATION_KIND_CLIENT:
        return
    known = {"name": event.name, "time_zone": event.time_zone, "firm_id": event.firm_id or None}
    statement = insert(Client).values(organisation_id=event.organisation_id, **known)
    tx.execute(statement.on_conflict_do_update(index_elements=["organisation_id"], set_=known))
