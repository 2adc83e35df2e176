"""Vouch for a member who lost every second factor: an administrator makes a code, having made sure who is asking (BEY-05)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import uuid_utils.compat as uuid
from kontor.identity.v1 import identity_pb2 as pb
from sqlalchemy import exists, or_, select, update
from sqlalchemy.engine import Row

from chassis import clock
from chassis.caller import Caller
from chassis.db import Transaction
from chassis.errors import Conflict, Denied, Invalid, NotFound
from services.identity import letters, rules, tokens
from services.identity.models import Membership, Organisation, User, VouchedCode
from services.identity.sealing import Keyring


@dataclass(frozen=True)
class Vouched:
    """The code, shown this once, and until when it works."""

    code: str
    expires_at: datetime


def vouch(tx: Transaction, keyring: Keyring, caller: Caller, request: pb.VouchForMemberRequest, *, life: timedelta) -> Vouched:
    """A code for one sign-in within its life; an older one ends. Recorded in the organisation's trail, and the person is told.

    Raises Invalid `identity_not_checked`, NotFound, Denied `vouch_elsewhere` or `vouch_for_oneself`, Conflict `nothing_to_replace`.
    """
    if not request.identity_checked:
        raise Invalid("identity_not_checked", "Make sure who is asking.", fields={"identity_checked": "identity_not_checked"})
    member, now = _member(tx, caller, request.membership_id), clock.now()
    code, expires = tokens.written_code(rules.VOUCHED_GROUPS), now + life
    tx.execute(update(VouchedCode).where(VouchedCode.user_id == member.user_id, VouchedCode.ended_at.is_(None)).values(ended_at=now))
    digest = keyring.digests(tokens.read_code(code), bound_to=member.user_id)[0]
    made = VouchedCode(id=str(uuid.uuid7()), digest=digest, user_id=member.user_id, made_by=caller.membership_id, expires_at=expires)
    tx.add(made)
    letters.tell(tx, member.user_id, letters.VOUCHED, membership_id=request.membership_id, inviter_name=caller.name)
    tx.record("member.vouch", organisation=member.organisation_id, subject=request.membership_id, code=made.id, identity_checked="yes")
    return Vouched(code, expires)


def _member(tx: Transaction, caller: Caller, membership_id: str) -> Row[str, str, list[str] | None, datetime | None]:
    """A living member of the caller's organisation, or of a client that the caller's firm made, who has come in there."""
    found = (
        select(Membership.user_id, Membership.organisation_id, Membership.entered, User.opened_at)
        .join(User, User.id == Membership.user_id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(
            Membership.id == membership_id, Membership.removed_at.is_(None),
            or_(Organisation.id == caller.organisation_id, Organisation.firm_id == caller.organisation_id),
        )
    )  # fmt: skip
    member = tx.execute(found).one_or_none()
    if member is None:
        raise NotFound("member_not_found", "There is no such member.")
    if member.user_id == caller.user_id:
        raise Denied("vouch_for_oneself", "Somebody else vouches for you.")
    # Whoever has not been here may be anybody: before anything else is looked at, all of them get the same answer (P5).
    if member.entered is not None or member.opened_at is None:
        raise Conflict("nothing_to_replace", "This person has not come in here yet, and nobody here can know who it is.")
    if _works_elsewhere(tx, caller, member.user_id):
        raise Denied("vouch_elsewhere", "Who works at a firm, or runs the platform, is vouched for there.")
    return member


def _works_elsewhere(tx: Transaction, caller: Caller, user_id: str) -> bool:
    """A client's administrator must not open the way into a firm, nor one firm's into another, nor anybody into the platform."""
    at_a_firm = (
        select(Membership.id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(Membership.user_id == user_id, Membership.removed_at.is_(None), Organisation.kind == rules.FIRM)
        .where(Organisation.id != caller.organisation_id)
    )
    operator = select(User.id).where(User.id == user_id, User.operator)
    return bool(tx.scalar(select(or_(exists(at_a_firm), exists(operator)))))
