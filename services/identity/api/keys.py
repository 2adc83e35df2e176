"""API keys as they are looked up and listed."""

from collections.abc import Sequence
from typing import Any

from kontor.identity.v1 import identity_pb2 as pb
from sqlalchemy import any_, bindparam, select
from sqlalchemy.engine import Row

from chassis import clock
from chassis.db import Database
from chassis.errors import Unauthenticated
from services.identity import rules, tokens
from services.identity.actions import api_keys
from services.identity.api import messages
from services.identity.api_key_rows import ApiKey
from services.identity.models import Membership, Organisation, User

_key = (
    select(
        ApiKey.id.label("key_id"), ApiKey.label, ApiKey.permissions, ApiKey.clients, ApiKey.certificate, ApiKey.used_at, ApiKey.used_from,
        ApiKey.revoked_at, ApiKey.expires_at, Membership.removed_at, *messages.PERSON, *messages.MEMBERSHIP, *messages.ORGANISATION,
    )
    .join(Membership, Membership.id == ApiKey.membership_id)
    .join(User, User.id == Membership.user_id)
    .join(Organisation, Organisation.id == Membership.organisation_id)
    .where(ApiKey.digest == bindparam("digest"))
)  # fmt: skip
_keys = (
    select(*ApiKey.__table__.c, User.first_name, User.last_name)
    .join(Membership, Membership.id == ApiKey.membership_id)
    .join(User, User.id == Membership.user_id)
    .where(ApiKey.organisation_id == bindparam("organisation"))
    .order_by(ApiKey.id)
)
_living = _keys.where(ApiKey.revoked_at.is_(None), ApiKey.expires_at > bindparam("now"), Membership.removed_at.is_(None))
_one = _keys.where(ApiKey.id == bindparam("key"))
_reached = (
    select(ApiKey.id, Organisation.id.label("organisation_id"), Organisation.name)
    .join(Organisation, Organisation.id == any_(ApiKey.clients))
    .where(ApiKey.organisation_id == bindparam("organisation"), ApiKey.revoked_at.is_(None), ApiKey.expires_at > bindparam("now"))
    .order_by(Organisation.name, Organisation.id)
)


def working(database: Database, secret: str, *, certificate: str, address: str) -> Row[Any]:
    """The key with its member and organisation, and its use noted. Raises Unauthenticated, the same for all keys that do not work."""
    rows, now = database.read(_key, {"digest": tokens.digest(secret)}), clock.now()
    if not rows:
        raise _unknown()
    (row,) = rows
    in_force = messages.in_force(row)
    fault = rules.key_fault(revoked=row.revoked_at, expires=row.expires_at, removed=row.removed_at, in_force=in_force, now=now)
    if fault:
        api_keys.note_refusal(database, row, fault, address)
        raise _unknown()
    if row.certificate and row.certificate != certificate:
        api_keys.note_refusal(database, row, "certificate", address)
        raise Unauthenticated("certificate_needed", "This key works over gRPC only, on a channel that shows its certificate.")
    api_keys.note_use(database, row, address)
    return row


def listed(database: Database, organisation_id: str) -> list[pb.ApiKey]:
    """The firm's keys that still work, oldest first."""
    asked = {"organisation": organisation_id, "now": clock.now()}
    rows, reached = database.read(_living, asked), database.read(_reached, asked)
    return [_message(row, [each for each in reached if each.id == row.id]) for row in rows]


def one(database: Database, organisation_id: str, key_id: str) -> pb.ApiKey:
    """One of them, just made."""
    asked = {"organisation": organisation_id, "now": clock.now()}
    (row,) = database.read(_one, {**asked, "key": key_id})
    return _message(row, [each for each in database.read(_reached, asked) if each.id == key_id])


def _message(row: Row[Any], clients: Sequence[Row[Any]]) -> pb.ApiKey:
    return pb.ApiKey(
        api_key_id=row.id, label=row.label, prefix=row.prefix, created_at=messages.moment(row.created_at),
        expires_at=messages.moment(row.expires_at), last_used_at=messages.moment(row.used_at) if row.used_at else None,
        last_used_from=row.used_from or "", permissions=row.permissions, all_clients=row.clients is None,
        clients=[pb.ApiKeyClient(organisation_id=each.organisation_id, name=each.name) for each in clients],
        created_by=f"{row.first_name} {row.last_name}", certificate_sha256=row.certificate or "",
    )  # fmt: skip


def _unknown() -> Unauthenticated:
    return Unauthenticated("api_key_unknown", "This key is not valid.")
