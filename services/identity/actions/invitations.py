"""Invite a member to come in by code, cancel that, or make the code that no SMS brought (NET-16 to NET-22, NET-26, NET-29 to NET-32)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import uuid_utils.compat as uuid
from kontor.identity.v1 import invitations_pb2 as pb
from sqlalchemy import func, or_, select, update

from chassis import clock
from chassis.caller import Caller
from chassis.db import Transaction
from chassis.errors import Conflict, Denied, Failure, Invalid, NotFound
from services.identity import identifiers, invitations, letters, rules, tokens
from services.identity.actions import coming_in
from services.identity.invitation_rows import Invitation
from services.identity.models import Factor, Membership, Organisation, User
from services.identity.sealing import Keyring


@dataclass(frozen=True)
class Invitee:
    """Somebody to invite: the membership, who that is, and where."""

    membership: Membership
    user: User
    organisation: Organisation


@dataclass(frozen=True)
class Made:
    """A confirmation code, shown this once."""

    code: str
    expires_at: datetime


def invitee(tx: Transaction, caller: Caller, membership_id: str, *, lock: bool = False) -> Invitee:
    """A living member of the caller's organisation, or of a client that the caller's firm made (NET-03). Raises NotFound."""
    within = or_(Organisation.id == caller.organisation_id, Organisation.firm_id == caller.organisation_id)
    return anybody(tx, membership_id, within if caller.organisation_id else None, lock=lock)


def anybody(tx: Transaction, membership_id: str, *within: object, lock: bool = False) -> Invitee:
    """A living member of any organisation, or of those `within`. Raises NotFound."""
    found = (
        select(Membership, User, Organisation)
        .join(User, User.id == Membership.user_id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(Membership.id == membership_id, Membership.removed_at.is_(None), *within)  # type: ignore[arg-type]
    )
    row = tx.execute(found.with_for_update(of=Membership) if lock else found).one_or_none()
    if row is None:
        raise NotFound("member_not_found", "There is no such member.")
    return Invitee(*row)


def change(tx: Transaction, keyring: Keyring, caller: Caller, request: pb.ChangeInviteeRequest, *, phone: str) -> None:
    """Correct number and names. Raises NotFound, Denied `names_are_the_owners`."""
    who = invitee(tx, caller, request.membership_id, lock=True)
    names = (request.first_name.strip() or shown(who)[1], request.last_name.strip() or shown(who)[2])
    if names != shown(who)[1:]:
        if not names_open(tx, who):
            raise Denied("names_are_the_owners", "Who has an account, or belongs to others too, writes the own name.")
        if who.membership.entered:
            who.membership.entered = [shown(who)[0], *names]
        else:
            who.user.first_name, who.user.last_name = names
            language = who.user.language or rules.language(who.organisation.country)
            coming_in.tell(tx, who.user, language=language, organisation=who.organisation.id)
    if phone:
        who.membership.phone = keyring.seal(phone, bound_to=who.membership.id)
    fields = ",".join(name for name, value in (("phone", phone), ("names", request.first_name or request.last_name)) if value)
    tx.record("member.change", organisation=who.organisation.id, subject=who.membership.id, fields=fields)


def names_open(tx: Transaction, who: Invitee) -> bool:
    """Whether an administrator may correct the names: nobody has used the account, and it belongs to this organisation alone.

    Of somebody who was known before and has not come in yet, those that are corrected are the administrator's own (P5).
    """
    if who.membership.entered:
        return True
    elsewhere = select(Membership.id).where(Membership.user_id == who.user.id, Membership.organisation_id != who.organisation.id)
    enrolled = select(Factor.id).where(Factor.user_id == who.user.id)
    used = who.user.password_hash is not None or who.user.verified_at is not None
    return not used and tx.scalar(elsewhere.limit(1)) is None and tx.scalar(enrolled.limit(1)) is None


def came_in(who: Invitee) -> bool:
    """Whether the person has been here: until then nothing tells whether there was an account before."""
    return who.membership.entered is None and who.user.opened_at is not None


def shown(who: Invitee) -> tuple[str, str, str]:
    """Address and names: as entered, until somebody who had an account before comes in (NET-09)."""
    entered = who.membership.entered
    return (entered[0], entered[1], entered[2]) if entered else (who.user.email, who.user.first_name, who.user.last_name)


def invite(tx: Transaction, keyring: Keyring, caller: Caller, request: pb.InviteRequest) -> str:
    """Invite a member by code. Raises NotFound, Denied `invitee_changed`, Invalid as `_invite`. Answers the invitation's id."""
    who = invitee(tx, caller, request.membership_id, lock=True)
    last = invitations.latest(tx, who.membership.id)
    if last and changed(tx, keyring, who, last):
        raise Denied("invitee_changed", "The person's data have changed since the last invitation: ask the platform's operator.")
    return _invite(tx, keyring, caller, request, who)


def invite_again(tx: Transaction, keyring: Keyring, caller: Caller, request: pb.InviteRequest) -> str:
    """Invite a member of whichever organisation, whatever has changed; the platform's operator does. Raises as `_invite`, and NotFound."""
    return _invite(tx, keyring, caller, request, anybody(tx, request.membership_id, lock=True))


def changed(tx: Transaction, keyring: Keyring, who: Invitee, last: Invitation) -> bool:
    """Whether the person's data are others than those that the last invitation was made out to."""
    return keyring.unseal(last.person, bound_to=last.id) != _data(tx, keyring, who)


def _data(tx: Transaction, keyring: Keyring, who: Invitee) -> str:
    return invitations.person(
        who.user, phone=phone_of(keyring, who), identifier=identifiers.shown(tx, keyring, who.membership)
    )


def phone_of(keyring: Keyring, who: Invitee) -> str:
    """The number on record, as E.164; empty where there is none."""
    return keyring.unseal(who.membership.phone, bound_to=who.membership.id) if who.membership.phone else ""


def _invite(tx: Transaction, keyring: Keyring, caller: Caller, request: pb.InviteRequest, who: Invitee) -> str:
    """Raises Invalid `identity_not_checked` or `phone_number_missing`."""
    if not request.identity_checked:
        raise Invalid("identity_not_checked", "Make sure who it is.", fields={"identity_checked": "identity_not_checked"})
    phone, invitation_id = phone_of(keyring, who), str(uuid.uuid7())
    if not phone:
        raise Invalid("phone_number_missing", "To which number does the code go?", fields={"phone_number": "phone_number_missing"})
    for older in invitations.cancel(tx, who.membership.id):
        tx.record("invitation.replace", organisation=who.organisation.id, subject=who.membership.id, invitation=older)
    letter_id = letters.write(
        tx, letters.INVITATION, email=who.user.email, membership_id=who.membership.id, inviter_name=caller.name, language="en"
    )
    tx.add(
        Invitation(
            id=invitation_id, membership_id=who.membership.id, user_id=who.user.id, inviter_id=caller.user_id, inviter_name=caller.name,
            identity_checked_at=clock.now(), phone=keyring.seal(phone, bound_to=invitation_id), letter_id=letter_id,
            person=keyring.seal(_data(tx, keyring, who), bound_to=invitation_id),
        )
    )  # fmt: skip
    facts = {"invitation": invitation_id, "identity_checked": "yes", **({"user": who.user.id} if came_in(who) else {})}
    tx.record("invitation.send", organisation=who.organisation.id, subject=who.membership.id, **facts)
    return invitation_id


def cancel(tx: Transaction, caller: Caller, request: pb.CancelInvitationRequest) -> None:
    """End an invitation that is under way. Raises NotFound, Conflict `nothing_to_cancel`."""
    who = invitee(tx, caller, request.membership_id)
    last = invitations.latest(tx, who.membership.id)
    over = last is None or invitations.state(last) in ("completed", "cancelled", "expired")
    cancelled = [] if over else invitations.cancel(tx, who.membership.id)
    if not cancelled:
        raise Conflict("nothing_to_cancel", "No invitation is under way.")
    tx.record("invitation.cancel", organisation=who.organisation.id, subject=who.membership.id, invitation=cancelled[0])


def make_code(tx: Transaction, keyring: Keyring, caller: Caller, request: pb.MakeCodeRequest, *, life: timedelta) -> Made:
    """A confirmation code to be passed on in person; the invitation lasts as long. Raises NotFound, Conflict `code_not_entered`."""
    who = invitee(tx, caller, request.membership_id)
    code, expires = tokens.sms_code(), clock.now() + life
    waiting = (Invitation.membership_id == who.membership.id, Invitation.entered_at.is_not(None), *invitations.living())
    current = tx.scalar(select(Invitation.id).where(*waiting).with_for_update())
    if current is None:
        raise _too_early(invitations.latest(tx, who.membership.id))
    made = {
        "made_code": keyring.digests(code, bound_to=current)[0], "made_tries": 0, "made_expires_at": expires,
        "expires_at": func.greatest(Invitation.expires_at, expires),
    }  # fmt: skip
    tx.execute(update(Invitation).where(Invitation.id == current).values(made))
    tx.record("invitation.make_code", organisation=who.organisation.id, subject=who.membership.id, invitation=current)
    return Made(code, expires)


def _too_early(last: Invitation | None) -> Failure:
    over = last is not None and last.entered_at is not None
    return Conflict(
        "invitation_over" if over else "code_not_entered",
        "The invitation is over." if over else "First the invited person enters the 16 digits.",
    )
