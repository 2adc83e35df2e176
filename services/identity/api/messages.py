"""Rows read and turned into messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from kontor.identity.v1 import identity_pb2 as pb
from sqlalchemy import bindparam, exists, select
from sqlalchemy.engine import Row

from chassis.db import Database
from chassis.errors import NotFound
from services.identity.actions.members import ROLES
from services.identity.actions.organisations import KINDS
from services.identity.models import ApiKey, Factor, Membership, Organisation, User

ORGANISATION = (
    Organisation.id.label("organisation_id"), Organisation.kind, Organisation.name.label("organisation_name"), Organisation.number,
    Organisation.country, Organisation.time_zone, Organisation.firm_id,
)  # fmt: skip
PERSON = (User.id.label("user_id"), User.email, User.first_name, User.last_name, User.language, User.operator)
MEMBERSHIP = (Membership.id.label("membership_id"), Membership.role)
_activated = User.verified_at.is_not(None) & User.password_hash.is_not(None) & exists().where(Factor.user_id == User.id)
MEMBERS = (
    select(*PERSON, *MEMBERSHIP, Membership.organisation_id, Membership.added_at, _activated.label("activated"))
    .join(User, User.id == Membership.user_id)
    .where(Membership.organisation_id == bindparam("organisation"), Membership.removed_at.is_(None))
)
_profile = (
    select(*PERSON, *MEMBERSHIP, *ORGANISATION)
    .select_from(User)
    .outerjoin(Membership, (Membership.user_id == User.id) & Membership.removed_at.is_(None))
    .outerjoin(Organisation, Organisation.id == Membership.organisation_id)
    .where(User.id == bindparam("user"))
    .order_by(Organisation.name, Membership.id)
)
_organisation = select(*ORGANISATION).where(Organisation.id == bindparam("organisation"))
_member = MEMBERS.where(Membership.id == bindparam("membership"))


def profile(database: Database, user_id: str) -> pb.Profile:
    """A person with the organisations they belong to."""
    return to_profile(database.read(_profile, {"user": user_id}))


def organisation(database: Database, organisation_id: str) -> pb.Organisation:
    """One organisation. Raises NotFound."""
    for row in database.read(_organisation, {"organisation": organisation_id}):
        return to_organisation(row)
    raise organisation_not_found()


def organisation_not_found() -> NotFound:
    """What is answered for an organisation that is not there, or that the caller may not know of."""
    return NotFound("organisation_not_found", "There is no such organisation.")


def member(database: Database, organisation_id: str, membership_id: str) -> pb.Member:
    """One member of this organisation. Raises NotFound, also for a member of another."""
    for row in database.read(_member, {"organisation": organisation_id, "membership": membership_id}):
        return to_member(row)
    raise NotFound("member_not_found", "There is no such member.")


def to_profile(rows: Sequence[Row[Any]]) -> pb.Profile:
    """One row for each membership; a single row without one for a person who belongs nowhere."""
    first = rows[0]
    return pb.Profile(
        user_id=first.user_id, email=first.email, first_name=first.first_name, last_name=first.last_name, language=first.language,
        memberships=[to_membership(row) for row in rows if row.membership_id],
    )  # fmt: skip


def to_membership(row: Row[Any]) -> pb.Membership:
    """A membership as the switch at the top right shows it."""
    return pb.Membership(
        membership_id=row.membership_id, organisation_id=row.organisation_id, organisation_name=row.organisation_name,
        kind=KINDS[row.kind], role=ROLES[row.role],
    )  # fmt: skip


def to_organisation(row: Row[Any]) -> pb.Organisation:
    """An organisation."""
    return pb.Organisation(
        organisation_id=row.organisation_id, kind=KINDS[row.kind], name=row.organisation_name, organisation_number=row.number,
        country=row.country, time_zone=row.time_zone, firm_id=row.firm_id or "",
    )  # fmt: skip


def to_member(row: Row[Any]) -> pb.Member:
    """A member of an organisation."""
    return pb.Member(
        membership_id=row.membership_id, user_id=row.user_id, organisation_id=row.organisation_id, email=row.email,
        first_name=row.first_name, last_name=row.last_name, role=ROLES[row.role], added_at=moment(row.added_at), activated=row.activated,
    )  # fmt: skip


def to_api_key(key: ApiKey | Row[Any]) -> pb.ApiKey:
    """A key without its secret."""
    return pb.ApiKey(
        api_key_id=key.id, label=key.label, prefix=key.prefix, created_at=moment(key.created_at), expires_at=moment(key.expires_at),
        last_used_at=moment(key.used_at) if key.used_at else None,
    )  # fmt: skip


def moment(at: datetime) -> Timestamp:
    """A timestamp."""
    stamp = Timestamp()
    stamp.FromDatetime(at)
    return stamp
