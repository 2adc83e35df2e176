"""Make firms, and clients of firms, each with its first administrator (ACC-06)."""

import uuid_utils.compat as uuid
from kontor.identity.v1 import events_pb2
from kontor.identity.v1 import identity_pb2 as pb
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis import clock
from chassis.caller import Caller
from chassis.db import Transaction
from chassis.errors import Conflict, Denied, Invalid
from services.identity import rules
from services.identity.actions import members
from services.identity.models import Organisation

KINDS = {rules.FIRM: pb.ORGANISATION_KIND_FIRM, rules.CLIENT: pb.ORGANISATION_KIND_CLIENT}


def create_firm(tx: Transaction, caller: Caller, request: pb.CreateFirmRequest) -> str:
    """Make a firm and invite its first administrator. Answers its id. Raises as `_create`."""
    return _create(tx, caller, request, kind=rules.FIRM, firm_id=None)


def create_client(tx: Transaction, caller: Caller, request: pb.CreateClientRequest) -> str:
    """Make a client of the caller's firm and invite its first administrator. Answers its id.

    Raises Denied outside a firm, and as `_create`.
    """
    if caller.organisation_kind != rules.FIRM:
        raise Denied("not_permitted", "Only a firm makes clients.")
    return _create(tx, caller, request, kind=rules.CLIENT, firm_id=caller.organisation_id)


def _create(
    tx: Transaction, caller: Caller, request: pb.CreateFirmRequest | pb.CreateClientRequest, *, kind: str, firm_id: str | None
) -> str:
    """Raises Invalid `organisation_number_invalid` and `email_invalid`, Conflict `organisation_exists`."""
    number = rules.registered_number(request.country, request.organisation_number)
    if number is None:
        fault = "organisation_number_invalid"
        raise Invalid(fault, "This is no organisation number of that country.", fields={"organisation_number": fault})
    values = {
        "id": str(uuid.uuid7()), "kind": kind, "firm_id": firm_id, "name": request.name.strip(), "number": number,
        "country": request.country, "time_zone": rules.time_zone(request.country), "created_at": clock.now(),
    }  # fmt: skip
    made = tx.execute(upsert(Organisation).values(**values).on_conflict_do_nothing().returning(Organisation)).scalar()
    if made is None:
        raise Conflict("organisation_exists", "This organisation is there already.")
    event = events_pb2.OrganisationCreated(
        organisation_id=made.id, kind=KINDS[kind], firm_id=firm_id or "", name=made.name, country=made.country, time_zone=made.time_zone
    )
    tx.emit(event, about=made.id, organisation=made.id)
    tx.record("organisation.create", organisation=made.id, subject=made.id, kind=kind)
    first = request.administrator
    invited = members.Invited(first.email, first.first_name, first.last_name, first.language, field="administrator.email")
    members.join(tx, caller, made, invited, held=members.Held(rules.ADMINISTRATOR))
    return made.id
