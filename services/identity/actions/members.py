"""Add, change and remove the members of an organisation (ACC-77, ACC-05, ACC-82)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import uuid_utils.compat as uuid
from kontor.identity.v1 import events_pb2
from kontor.identity.v1 import identity_pb2 as pb
from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis import clock
from chassis.caller import Caller
from chassis.db import Transaction
from chassis.errors import Conflict, Invalid, NotFound
from services.identity import addresses, invitations, letters, rules, tokens
from services.identity.actions import power, validity
from services.identity.models import Link, Membership, Organisation, Session, User
from services.identity.replacements import Replacement

ROLES = {
    rules.ADMINISTRATOR: pb.ROLE_ADMINISTRATOR, rules.WRITE: pb.ROLE_WRITE,
    rules.READ: pb.ROLE_READ, rules.CONSULTANT: pb.ROLE_CONSULTANT, rules.PROGRAMME_ADMINISTRATOR: pb.ROLE_PROGRAMME_ADMINISTRATOR,
}  # fmt: skip
_NAMES = {number: name for name, number in ROLES.items()}


@dataclass(frozen=True)
class Held:
    """A role, and of a programme administrator the programmes that are its scope."""

    role: str
    programmes: Sequence[int] = ()


@dataclass(frozen=True)
class Invited:
    """Somebody as an administrator wrote them down. `field` is where the address stood in the request."""

    email: str
    first_name: str
    last_name: str
    language: str
    field: str = "email"


def add_member(tx: Transaction, caller: Caller, request: pb.AddMemberRequest) -> str:
    """Add somebody to the caller's organisation, or to another one that the caller administers; answers the membership's id.

    Raises NotFound `organisation_not_found`, Conflict `already_member`, Invalid `email_invalid`, `role_not_here`, `programmes_missing` or
    `validity_invalid`.
    """
    organisation = organisation_for(tx, caller, request.organisation_id)
    invited = Invited(request.email, request.first_name, request.last_name, request.language)
    membership_id = join(tx, caller, organisation, invited, held=to_hold(organisation, request.role, request.programmes))
    if request.HasField("validity"):
        validity.limit(tx, tx.get_one(Membership, membership_id), organisation, request.validity)
    return membership_id


def change_role(tx: Transaction, caller: Caller, request: pb.ChangeRoleRequest) -> None:
    """Give a member another role, or other programmes.

    Raises NotFound, Conflict `last_administrator`, Invalid `role_not_here` or `programmes_missing`.
    """
    organisation = _locked(tx, caller)
    membership = own_member(tx, caller, request.membership_id)
    held = to_hold(organisation, request.role, request.programmes)
    if held == Held(membership.role, membership.programmes):
        return
    keep_an_administrator(tx, organisation, membership, new_role=held.role)
    was = membership.role
    membership.role, membership.programmes, membership.version = held.role, list(held.programmes), membership.version + 1
    event = events_pb2.MemberRoleChanged(
        membership_id=membership.id, organisation_id=organisation.id, role=ROLES[held.role],
        programmes=held.programmes,  # type: ignore[arg-type]  # numbers of the enum
    )  # fmt: skip
    tx.emit(event, about=membership.id, version=membership.version, organisation=organisation.id)
    tx.record("member.change_role", organisation=organisation.id, subject=membership.id, was=was, role=held.role, **_said(held))


def set_validity(tx: Transaction, caller: Caller, request: pb.SetMemberValidityRequest) -> None:
    """Limit a membership to days, or lift that (NET-12, NET-13).

    Raises NotFound, Conflict `last_administrator`, Invalid `validity_invalid`.
    """
    organisation = _locked(tx, caller)
    membership = own_member(tx, caller, request.membership_id)
    validity.limit(tx, membership, organisation, request.validity)
    if not rules.stays(membership.first_day, membership.last_day, today=rules.today(organisation.time_zone, clock.now())):
        keep_an_administrator(tx, organisation, membership, new_role=None)


def remove_member(tx: Transaction, caller: Caller, request: pb.RemoveMemberRequest) -> None:
    """Remove a member of the caller's organisation at once. Raises NotFound, Conflict `last_administrator`."""
    organisation = _locked(tx, caller)
    remove(tx, organisation, own_member(tx, caller, request.membership_id))


def remove(tx: Transaction, organisation: Organisation, membership: Membership, *, replaced_by: str = "") -> None:
    """Remove a member at once: sessions lose the organisation, the account and what it did stay (ACC-82..85).

    The caller holds the organisation locked. Raises Conflict `last_administrator`, before anything is changed.
    """
    now = clock.now()
    keep_an_administrator(tx, organisation, membership, new_role=None)
    membership.removed_at, membership.version = now, membership.version + 1
    # The sessions keep what they chose: to slip them into another organisation unasked would misfile what is uploaded next.
    here = or_(Session.membership_id == membership.id, Session.membership_id.is_(None))
    sessions = tx.scalars(select(Session.id).where(Session.user_id == membership.user_id, Session.ended_at.is_(None), here)).all()
    welcome = (Link.user_id == membership.user_id, Link.organisation_id == organisation.id)
    tx.execute(update(Link).where(*welcome, Link.used_at.is_(None), Link.cancelled_at.is_(None)).values(cancelled_at=now))
    letters.drop_for(tx, membership.id)
    invitations.cancel(tx, membership.id)
    concerned = or_(Replacement.old_id == membership.id, Replacement.new_id == membership.id)
    tx.execute(update(Replacement).where(concerned, Replacement.ended_at.is_(None)).values(ended_at=now))
    event = events_pb2.MemberRemoved(
        membership_id=membership.id, organisation_id=organisation.id, user_id=membership.user_id, replaced_by=replaced_by
    )
    tx.emit(event, about=membership.id, version=membership.version, organisation=organisation.id)
    if sessions:
        tx.emit(events_pb2.SessionsEnded(user_id=membership.user_id, session_ids=sessions), about=membership.user_id)
    facts = {"replaced_by": replaced_by} if replaced_by else {}
    tx.record("member.remove", organisation=organisation.id, subject=membership.id, **facts)
    change = letters.ADDRESS_REPLACED if replaced_by else letters.MEMBERSHIP_REMOVED
    # Whoever never came in is told nothing: the link of the invitation says that it was cancelled.
    if tx.get_one(User, membership.user_id).verified_at:
        letters.tell(tx, membership.user_id, change, membership_id=membership.id)


def join(tx: Transaction, caller: Caller, organisation: Organisation, invited: Invited, *, held: Held) -> str:
    """Make the person a member; an address that has an account is linked, its names stay its owner's (ACC-32)."""
    user, new = account(tx, invited)
    letter = letters.ADDED if user.verified_at else letters.WELCOME
    entered = None if new else as_entered(invited)
    return admit(tx, caller, organisation, user, held=held, letter=letter, field=invited.field, entered=entered)


def as_entered(invited: Invited) -> list[str]:
    """What an administrator is shown of somebody who was known already, until the person comes in: nothing but what was entered (P5)."""
    return [addresses.normalised(invited.email, field=invited.field), invited.first_name.strip(), invited.last_name.strip()]


def admit(
    tx: Transaction, caller: Caller, organisation: Organisation, user: User, *, held: Held, letter: str, field: str = "email",
    entered: list[str] | None,
) -> str:
    """Make somebody with an account a member, and write this letter about it, if any. Raises Conflict `already_member`."""
    membership = upsert(Membership).values(
        id=str(uuid.uuid7()), organisation_id=organisation.id, user_id=user.id, role=held.role, programmes=list(held.programmes),
        version=1, added_at=clock.now(), entered=entered,
    )  # fmt: skip
    living = {"index_elements": ["organisation_id", "user_id"], "index_where": Membership.removed_at.is_(None)}
    membership_id = tx.execute(membership.on_conflict_do_nothing(**living).returning(Membership.id)).scalar()  # type: ignore[arg-type]
    if membership_id is None:
        raise Conflict("already_member", "This person is a member already.", fields={field: "already_member"})
    if entered and user.opened_at is None:
        _forget_whose(tx, user)
    language = user.language or rules.language(organisation.country)
    _email, first_name, last_name = entered or (user.email, user.first_name, user.last_name)
    event = events_pb2.MemberAdded(
        membership_id=membership_id, organisation_id=organisation.id, organisation_name=organisation.name, role=ROLES[held.role],
        user_id=user.id, email=user.email, first_name=first_name, last_name=last_name, language=language, time_zone=organisation.time_zone,
    )  # fmt: skip
    tx.emit(event, about=membership_id, organisation=organisation.id)
    if letter:
        letters.write(tx, letter, email=user.email, membership_id=membership_id, inviter_name=caller.name, language=language)
    # Not whose account it is: that shows when the person comes in.
    tx.record("member.add", organisation=organisation.id, subject=membership_id, role=held.role, **_said(held))
    return membership_id


def _forget_whose(tx: Transaction, user: User) -> None:
    """Several have entered an account that nobody uses yet: where the person comes in is open, also to the organisation that made it."""
    made_it = (Membership.user_id == user.id, Membership.removed_at.is_(None), Membership.entered.is_(None))
    tx.execute(update(Membership).where(*made_it).values(entered=[user.email, user.first_name, user.last_name]))


def account(tx: Transaction, invited: Invited) -> tuple[User, bool]:
    """The account of this address, and whether it was made now because there was none. Raises Invalid `email_invalid`."""
    email = addresses.normalised(invited.email, field=invited.field)
    new = upsert(User).values(
        id=str(uuid.uuid7()), email=email, first_name=invited.first_name.strip(), last_name=invited.last_name.strip(),
        language=invited.language, operator=False, beta=False, created_at=clock.now(), system_id=tokens.system_id(),
    )  # fmt: skip
    made = tx.execute(new.on_conflict_do_nothing(index_elements=["email"]).returning(User.id)).scalar()
    return tx.scalars(select(User).where(User.email == email)).one(), made is not None


def to_hold(organisation: Organisation, number: pb.Role.ValueType, programmes: Collection[int]) -> Held:
    """The role asked for, or the usual one, with its scope. Raises Invalid `role_not_here` or `programmes_missing`."""
    role = _NAMES[number] if number else rules.first_role(organisation.kind)
    if role not in rules.roles(organisation.kind):
        raise Invalid("role_not_here", "There is no such role in this kind of organisation.", fields={"role": "role_not_here"})
    scope = rules.scope(role, programmes)
    if scope is None:
        raise Invalid("programmes_missing", "Of which programmes?", fields={"programmes": "programmes_missing"})
    return Held(role, scope)


def _said(held: Held) -> dict[str, str]:
    return {"programmes": ",".join(map(str, held.programmes))} if held.programmes else {}


def organisation_for(tx: Transaction, caller: Caller, asked: str) -> Organisation:
    """The caller's own organisation, or another one in which the caller is an administrator this moment. Raises NotFound."""
    if not asked or asked.lower() == caller.organisation_id:
        return tx.get_one(Organisation, caller.organisation_id)
    return power.by_id(tx, caller, asked)


def _locked(tx: Transaction, caller: Caller) -> Organisation:
    """The caller's organisation, locked until commit: of two who demote or remove at once the second sees what the first did (ACC-05)."""
    return tx.scalars(power.locked(caller.organisation_id)).one()


def own_member(tx: Transaction, caller: Caller, membership_id: str) -> Membership:
    """A living member of the caller's organisation. Raises NotFound."""
    living = (Membership.id == membership_id, Membership.organisation_id == caller.organisation_id, Membership.removed_at.is_(None))
    membership = tx.scalars(select(Membership).where(*living)).one_or_none()
    if membership is None:
        raise NotFound("member_not_found", "There is no such member.")
    return membership


def keep_an_administrator(tx: Transaction, organisation: Organisation, membership: Membership, *, new_role: str | None) -> None:
    """Raises Conflict where, with this role or without the member, nobody would administer the organisation until further notice.

    An administrator counts who has come in: behind an address that was only entered there may be nobody.
    """
    others = (
        Membership.organisation_id == organisation.id, Membership.id != membership.id, Membership.role == rules.ADMINISTRATOR,
        Membership.removed_at.is_(None), Membership.last_day.is_(None), Membership.entered.is_(None), User.opened_at.is_not(None),
    )  # fmt: skip
    today, days = rules.today(organisation.time_zone, clock.now()), select(Membership.first_day).join(User, User.id == Membership.user_id)
    count = sum(rules.stays(first_day, None, today=today) for first_day in tx.scalars(days.where(*others)))
    if rules.leaves_no_administrator(membership.role, new_role, other_administrators=count):
        raise Conflict("last_administrator", "An organisation needs an administrator.")
