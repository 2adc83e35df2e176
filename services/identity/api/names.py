"""Names for the ids in an audit trail, as far as its reader may know them."""

from typing import Any

from kontor.identity.v1 import identity_pb2 as pb
from sqlalchemy import Row, any_, bindparam, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from chassis.caller import Caller
from chassis.db import Database
from services.identity.api import messages
from services.identity.api_key_rows import ApiKey
from services.identity.models import Membership, Organisation, User

_ids = bindparam("ids", type_=ARRAY(Membership.id.type))
_own = aliased(Organisation)
# Also who was removed: what they did stays.
_people = (
    select(User.id.label("user_id"), Membership.id.label("membership_id"), *messages.SHOWN, Organisation.name)
    .add_columns((Organisation.id == _own.id).label("own"))
    .select_from(_own)
    .join(Organisation, or_(Organisation.id == _own.id, Organisation.id == _own.firm_id, Organisation.firm_id == _own.id))
    .join(Membership, Membership.organisation_id == Organisation.id)
    .join(User, User.id == Membership.user_id)
    .where(_own.id == bindparam("organisation"), or_(User.id == any_(_ids), Membership.id == any_(_ids)))
    .order_by((Organisation.id == _own.id).desc(), Membership.id)
)
_keys = select(ApiKey.id, ApiKey.label).where(ApiKey.id == any_(_ids), ApiKey.organisation_id == bindparam("organisation"))


def resolve_names(database: Database, caller: Caller, request: pb.ResolveNamesRequest) -> list[pb.ResolvedName]:
    """Each id once; who belongs to several organisations is named as one of the caller's own where that is so."""
    ids = [each.lower() for each in request.ids]
    asked = {"ids": ids, "organisation": caller.organisation_id}
    named: dict[str, pb.ResolvedName] = {}
    for row in database.read(_people, asked):
        for name in (_named(row.user_id, row), _named(row.membership_id, row)):
            named.setdefault(name.id, name)
    named |= {row.id: pb.ResolvedName(id=row.id, name=row.label) for row in database.read(_keys, asked)}
    return [named[each] for each in dict.fromkeys(ids) if each in named]


def _named(identifier: str, row: Row[Any]) -> pb.ResolvedName:
    elsewhere = "" if row.own else row.name
    return pb.ResolvedName(id=identifier, name=f"{row.first_name} {row.last_name}", organisation_name=elsewhere)
