"""Add, change and remove the members of an organisation (ACC-77, ACC-05, ACC-82)."""

from dataclasses import dataclass

import uuid_utils.compat as uuid
from kontor.identity.v1 import events_pb2
from kontor.identity.v1 import identity_pb2 as pb
from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis import clock
from chassis.caller import Caller
from chassis.db import Transaction
from chassis.errors import Conflict, Invalid, NotFound
from services.identity import addresses, letters, rules
from services.identity.models import Link, Membership, Organisation, Session, User

ROLES = {
    rules.ADMINISTRATOR: pb.ROLE_ADMINISTRATOR, rules.WRITE: pb.ROLE_WRITE,
    rules.READ: pb.ROLE_READ, rules.CONSULTANT: pb.ROLE_CONSULTANT,
}  # fmt: skip
_NAMES = {number: name for name, number in ROLES.items()}


@dataclass(frozen=True)
class Invited:
    """Somebody as an administrator wrote them down. `field` is where the address stood in the request."""

    email: str
    first_name: str
    last_name: str
    language: str
    field: str = "email"


def add_member(tx: Transaction, caller: Caller, request: pb.AddMemberRequest) -> str:
    """Add somebody to the caller's organisation; answers the membership's id.

    Raises Conflict `already_member`, Invalid `email_invalid` or `role_not_here`.
    """
    organisation = tx.get_one(Organisation, caller.organisation_id)
    role = _role(organisation, request.role) if request.role else rules.first_role(organisation.kind)
    invited = Invited(request.email, request.first_name, request.last_name, request.language)
    return join(tx, caller, organisation, invited, role=role)


def change_role(tx: Transaction, caller: Caller, request: pb.ChangeRoleRequest) -> None:
    """Give a member another role. Raises NotFound, Conflict `last_administrator`, Invalid `role_not_here`."""
    organisation = _locked(tx, caller)
    membership = _own_member(tx, caller, request.membership_id)
    role = _role(organisation, request.role)
    if role == membership.role:
        return
    _keep_an_administrator(tx, membership, new_role=role)
    was, membership.role, membership.version = membership.role, role, membership.version + 1
    event = events_pb2.MemberRoleChanged(membership_id=membership.id, organisation_id=organisation.id, role=ROLES[role])
    tx.emit(event, about=membership.id, version=membership.version, organisation=organisation.id)
    tx.record("member.change_role", organisation=organisation.id, subject=membership.id, was=was, role=role)


def remove_member(tx: Transaction, caller: Caller, request: pb.RemoveMemberRequest) -> None:
    """Remove a member at once: sessions lose the organisation, the account and what it did stay (ACC-82..85).

    Raises NotFound, Conflict `last_administrator`.
    """
    organisation, now = _locked(tx, caller), clock.now()
    membership = _own_member(tx, caller, request.membership_id)
    _keep_an_administrator(tx, membership, new_role=None)
    membership.removed_at, membership.version = now, membership.version + 1
    # The sessions keep what they chose: to slip them into another organisation unasked would misfile what is uploaded next.
    here = or_(Session.membership_id == membership.id, Session.membership_id.is_(None))
    sessions = tx.scalars(select(Session.id).where(Session.user_id == membership.user_id, Session.ended_at.is_(None), here)).all()
    welcome = (Link.user_id == membership.user_id, Link.organisation_id == organisation.id)
    tx.execute(update(Link).where(*welcome, Link.used_at.is_(None), Link.cancelled_at.is_(None)).values(cancelled_at=now))
    letters.drop_for(tx, membership.id)
    event = events_pb2.MemberRemoved(membership_id=membership.id, organisation_id=organisation.id, user_id=membership.user_id)
    tx.emit(event, about=membership.id, version=membership.version, organisation=organisation.id)
    if sessions:
        tx.emit(events_pb2.SessionsEnded(user_id=membership.user_id, session_ids=sessions), about=membership.user_id)
    tx.record("member.remove", organisation=organisation.id, subject=membership.id)


def join(tx: Transaction, caller: Caller, organisation: Organisation, invited: Invited, *, role: str) -> str:
    """Make the person a member; an address that has an account is linked, its names stay its owner's (ACC-32)."""
    user = _account(tx, invited)
    membership = upsert(Membership).values(
        id=str(uuid.uuid7()), organisation_id=organisation.id, user_id=user.id, role=role, version=1, added_at=clock.now()
    )
    living = {"index_elements": ["organisation_id", "user_id"], "index_where": Membership.removed_at.is_(None)}
    membership_id = tx.execute(membership.on_conflict_do_nothing(**living).returning(Membership.id)).scalar()  # type: ignore[arg-type]
    if membership_id is None:
        raise Conflict("already_member", "This person is a member already.", fields={invited.field: "already_member"})
    language = user.language or rules.language(organisation.country)
    event = events_pb2.MemberAdded(
        membership_id=membership_id, organisation_id=organisation.id, organisation_name=organisation.name, role=ROLES[role],
        user_id=user.id, email=user.email, first_name=user.first_name, last_name=user.last_name,
        language=language, time_zone=organisation.time_zone,
    )  # fmt: skip
    tx.emit(event, about=membership_id, organisation=organisation.id)
    kind = letters.ADDED if user.verified_at else letters.WELCOME
    letters.write(tx, kind, email=user.email, membership_id=membership_id, inviter_name=caller.name, language=language)
    tx.record("member.add", organisation=organisation.id, subject=membership_id, role=role, user=user.id)
    return membership_id


def _account(tx: Transaction, invited: Invited) -> User:
    email = addresses.normalised(invited.email, field=invited.field)
    new = upsert(User).values(
        id=str(uuid.uuid7()), email=email, first_name=invited.first_name.strip(), last_name=invited.last_name.strip(),
        language=invited.language, operator=False, created_at=clock.now(),
    )  # fmt: skip
    tx.execute(new.on_conflict_do_nothing(index_elements=["email"]))
    return tx.scalars(select(User).where(User.email == email)).one()


def _role(organisation: Organisation, number: pb.Role.ValueType) -> str:
    role = _NAMES[number]
    if role not in rules.roles(organisation.kind):
        raise Invalid("role_not_here", "There is no such role in this kind of organisation.", fields={"role": "role_not_here"})
    return role


def _locked(tx: Transaction, caller: Caller) -> Organisation:
    """The caller's organisation, locked until commit: of two who demote or remove at once the second sees what the first did (ACC-05)."""
    statement = select(Organisation).where(Organisation.id == caller.organisation_id).with_for_update(key_share=True)
    return tx.scalars(statement).one()


def _own_member(tx: Transaction, caller: Caller, membership_id: str) -> Membership:
    living = (Membership.id == membership_id, Membership.organisation_id == caller.organisation_id, Membership.removed_at.is_(None))
    membership = tx.scalars(select(Membership).where(*living)).one_or_none()
    if membership is None:
        raise NotFound("member_not_found", "There is no such member.")
    return membership


def _keep_an_administrator(tx: Transaction, membership: Membership, *, new_role: str | None) -> None:
    others = (
        Membership.organisation_id == membership.organisation_id, Membership.id != membership.id,
        Membership.role == rules.ADMINISTRATOR, Membership.removed_at.is_(None),
    )  # fmt: skip
    count = tx.scalar(select(func.count()).select_from(Membership).where(*others)) or 0
    if rules.leaves_no_administrator(membership.role, new_role, other_administrators=count):
        raise Conflict("last_administrator", "An organisation needs an administrator.")
