"""Record that a firm works for a client, and what it does there."""

from collections.abc import Iterable

import uuid_utils.compat as uuid
from kontor.linking.v1.events_pb2 import LinkChanged, LinkCreated
from sqlalchemy import Select, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningInsert

from chassis import clock
from chassis.caller import Caller
from chassis.db import Transaction
from chassis.errors import NotFound
from services.linking import rules
from services.linking.actions.consultants import assign_consultant
from services.linking.models import Link


def create_link(tx: Transaction, caller: Caller, *, organisation_id: str, client_name: str, service_areas: Iterable[int] = ()) -> Link:
    """The caller's firm works for this client from now on, and the caller helps it with the portal, so that somebody does.

    Recorded once: asked again, the same link comes back as it is.
    """
    areas = rules.firm_areas(service_areas)
    link = tx.scalar(_claim(caller.organisation_id, organisation_id, client_name, areas))
    if link is None:
        return tx.scalars(_held(caller, organisation_id)).one()
    event = LinkCreated(
        link_id=link.id, firm_id=link.firm_id, organisation_id=link.organisation_id, service_areas=areas,  # type: ignore[arg-type]
    )  # fmt: skip
    tx.emit(event, about=link.id, version=link.version, organisation=link.organisation_id)
    tx.record("link.create", organisation=link.organisation_id, subject=link.id, firm=link.firm_id, areas=",".join(map(str, areas)))
    assign_consultant(
        tx, caller, organisation_id=organisation_id, membership_id=caller.membership_id, service_areas=[rules.PORTAL_SUPPORT]
    )
    return link


def update_link(tx: Transaction, caller: Caller, *, organisation_id: str, service_areas: Iterable[int]) -> Link:
    """The firm does exactly this for the client from now on. Raises NotFound for a client of others."""
    areas = rules.areas_in_order(service_areas)
    changed = update(Link).where(
        Link.firm_id == caller.organisation_id, Link.organisation_id == organisation_id, Link.service_areas != areas
    )  # fmt: skip
    link: Link | None = tx.scalar(changed.values(service_areas=areas, version=Link.version + 1).returning(Link))
    if link is None:
        return _unchanged(tx, caller, organisation_id)
    event = LinkChanged(
        link_id=link.id, firm_id=link.firm_id, organisation_id=link.organisation_id, service_areas=areas,  # type: ignore[arg-type]
    )  # fmt: skip
    tx.emit(event, about=link.id, version=link.version, organisation=link.organisation_id)
    tx.record("link.update", organisation=link.organisation_id, subject=link.id, areas=",".join(map(str, areas)))
    return link


def _claim(firm_id: str, organisation_id: str, client_name: str, areas: list[int]) -> ReturningInsert[Link]:
    fresh = insert(Link).values(
        id=str(uuid.uuid7()), firm_id=firm_id, organisation_id=organisation_id, client_name=client_name,
        name_key=rules.name_key(client_name), created_at=clock.now(), service_areas=areas, version=1,
    )  # fmt: skip
    return fresh.on_conflict_do_nothing(index_elements=["organisation_id", "firm_id"]).returning(Link)


def _held(caller: Caller, organisation_id: str) -> Select[Link]:
    return select(Link).where(Link.firm_id == caller.organisation_id, Link.organisation_id == organisation_id)


def _unchanged(tx: Transaction, caller: Caller, organisation_id: str) -> Link:
    held = tx.scalar(_held(caller, organisation_id))
    if held is None:
        raise NotFound("client_not_found", "Your firm works for no such client.")
    return held
