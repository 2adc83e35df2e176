"""Record that a firm works for a client."""

import uuid_utils.compat as uuid
from kontor.linking.v1.events_pb2 import LinkCreated
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from chassis import clock
from chassis.caller import Caller
from chassis.db import Transaction
from services.linking import rules
from services.linking.models import Link


def create_link(tx: Transaction, caller: Caller, *, organisation_id: str, client_name: str) -> Link:
    """The caller's firm works for this client from now on. Recorded once: asked again, the same link comes back."""
    claim = (
        insert(Link)
        .values(
            id=str(uuid.uuid7()), firm_id=caller.organisation_id, organisation_id=organisation_id, client_name=client_name,
            name_key=rules.name_key(client_name), created_at=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["organisation_id", "firm_id"])
        .returning(Link)
    )  # fmt: skip
    link = tx.scalar(claim)
    if link is None:
        return tx.scalars(select(Link).where(Link.firm_id == caller.organisation_id, Link.organisation_id == organisation_id)).one()
    tx.emit(
        LinkCreated(link_id=link.id, firm_id=link.firm_id, organisation_id=organisation_id), about=link.id, organisation=organisation_id
    )
    tx.record("link.create", organisation=organisation_id, subject=link.id, firm=link.firm_id)
    return link
