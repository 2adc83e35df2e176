"""Rows read and turned into messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from kontor.identity.v1 import identity_pb2 as pb
from sqlalchemy import bindparam, case, func, or_, select
from sqlalchemy.engine import Row

from chassis import clock
from chassis.db import Database
from chassis.errors import NotFound
from services.identity import identifiers, invitations, rules, tokens
from services.identity.actions import validity
from services.identity.actions.members import ROLES
from services.identity.actions.organisations import KINDS
from services.identity.invitation_rows import Invitation
from services.identity.models import Membership, Organisation, Session, User

ORGANISATION = (
    Organisation.id.label("organisation_id"), Organisation.kind, Organisation.name.label("organisation_name"), Organisation.number,
    Organisation.country, Organisation.time_zone, Organisation.firm_id,
)  # fmt: skip
PERSON = (
    User.id.label("user_id"), User.email, User.first_name, User.last_name, User.language, User.operator, User.beta, User.system_id,
    User.terms_version,
)  # fmt: skip
INVITED = (
    Invitation.id.label("invited"), Invitation.sent_at, Invitation.expires_at, Invitation.tries, Invitation.entered_at, Invitation.sms_sent,
    Invitation.completed_at, Invitation.cancelled_at,
)  # fmt: skip
INVITATION_STATES = {name.removeprefix("INVITATION_STATE_").lower(): value for name, value in pb.InvitationState.items()}
MEMBERSHIP = (Membership.id.label("membership_id"), Membership.role, Membership.programmes, Membership.first_day, Membership.last_day)
# Somebody who had an account before is shown as entered until coming in (NET-09, P5).
_came_in = Membership.entered.is_(None)
SHOWN = (
    func.coalesce(Membership.entered[1], User.email).label("email"),
    func.coalesce(Membership.entered[2], User.first_name).label("first_name"),
    func.coalesce(Membership.entered[3], User.last_name).label("last_name"),
)  # fmt: skip
ACTIVATED = _came_in & User.opened_at.is_not(None)
_last_seen = select(func.max(Session.seen_at)).where(Session.membership_id == Membership.id).scalar_subquery()
MEMBERS = (
    select(User.id.label("user_id"), *SHOWN, *MEMBERSHIP, Membership.organisation_id, Membership.added_at, Membership.stop_emails)
    .add_columns(ACTIVATED.label("activated"), _last_seen.label("last_seen_at"), *INVITED)
    .add_columns(Organisation.time_zone, case((ACTIVATED, User.system_id), else_="").label("system_id"))
    .join(User, User.id == Membership.user_id)
    .join(Organisation, Organisation.id == Membership.organisation_id)
    .outerjoin(Invitation, (Invitation.membership_id == Membership.id) & invitations.LATEST)
    .where(Membership.organisation_id == bindparam("organisation"), Membership.removed_at.is_(None))
)
_opened_by = (
    select(Session.identifier_id)
    .where(or_(Session.id == bindparam("session", type_=Session.id.type), Session.token == bindparam("token", type_=Session.token.type)))
    .scalar_subquery()
)
_profile = (
    select(*PERSON, *MEMBERSHIP, *ORGANISATION)
    .select_from(User)
    .outerjoin(Membership, (Membership.user_id == User.id) & Membership.removed_at.is_(None) & identifiers.reached(_opened_by))
    .outerjoin(Organisation, Organisation.id == Membership.organisation_id)
    .where(User.id == bindparam("user"))
    .order_by(Organisation.name, Membership.id)
)
_organisation = select(*ORGANISATION).where(Organisation.id == bindparam("organisation"))
_member = MEMBERS.where(Membership.id == bindparam("membership"))


def profile(database: Database, user_id: str, *, session_id: str = "", token: str = "") -> pb.Profile:
    """A person with the organisations they may work in now, as far as the session reaches: by its id, or by the token just handed out."""
    asked = {"user": user_id, "session": session_id or None, "token": tokens.digest(token) if token else None}
    return to_profile(database.read(_profile, asked))


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


def invitation_state(row: Row[Any]) -> pb.InvitationState.ValueType:
    """What became of the last invitation by code."""
    if not row.invited:
        return pb.INVITATION_STATE_UNSPECIFIED
    state = rules.invitation_state(
        sent=row.sent_at, expires=row.expires_at, tries=row.tries, entered=row.entered_at, sms=row.sms_sent, completed=row.completed_at,
        cancelled=row.cancelled_at, now=clock.now(),
    )  # fmt: skip
    return INVITATION_STATES[state]


def to_profile(rows: Sequence[Row[Any]]) -> pb.Profile:
    """One row for each membership; a single row without one for a person who belongs nowhere."""
    first = rows[0]
    return pb.Profile(
        user_id=first.user_id, email=first.email, first_name=first.first_name, last_name=first.last_name, language=first.language,
        system_id=identifiers.written(first.system_id), beta=first.beta,
        memberships=[to_membership(row) for row in rows if in_force(row)],
        terms_due="" if first.terms_version == rules.TERMS_VERSION else rules.TERMS_VERSION,
    )  # fmt: skip


def in_force(row: Row[Any]) -> bool:
    """Whether the row has a membership whose days include today (NET-13)."""
    if not row.membership_id:
        return False
    return rules.in_force(row.first_day, row.last_day, today=rules.today(row.time_zone, clock.now()))


def to_membership(row: Row[Any]) -> pb.Membership:
    """A membership as the switch at the top right shows it."""
    return pb.Membership(
        membership_id=row.membership_id, organisation_id=row.organisation_id, organisation_name=row.organisation_name,
        kind=KINDS[row.kind], role=ROLES[row.role], programmes=row.programmes,
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
        membership_id=row.membership_id, user_id=row.user_id if row.activated else "", organisation_id=row.organisation_id, email=row.email,
        first_name=row.first_name, last_name=row.last_name, role=ROLES[row.role], added_at=moment(row.added_at), activated=row.activated,
        last_seen_at=moment(row.last_seen_at) if row.last_seen_at else None, validity=validity.written(row), in_force=in_force(row),
        invitation=invitation_state(row), system_id=identifiers.written(row.system_id) if row.system_id else "", programmes=row.programmes,
    )  # fmt: skip


def to_session(row: Row[Any], *, present: bool) -> pb.SessionInfo:
    """Where somebody is signed in."""
    return pb.SessionInfo(
        session_id=row.id, user_agent=row.user_agent, signed_in_at=moment(row.created_at), seen_at=moment(row.seen_at), present=present,
        address=row.address, device_id=row.device_id or "",
    )  # fmt: skip


def moment(at: datetime) -> Timestamp:
    """A timestamp."""
    stamp = Timestamp()
    stamp.FromDatetime(at)
    return stamp
