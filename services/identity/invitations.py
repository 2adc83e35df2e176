"""Invitations by code as they stand: the last one of a member, the codes mailed for it, and what a completed one shows."""

import hashlib
import json
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import aliased

from chassis import clock
from chassis.db import Transaction
from services.identity import rules, tokens
from services.identity.invitation_rows import Invitation, InvitationCode
from services.identity.models import User
from services.identity.sealing import Keyring

MAILED = "mailed invitations"
_last = aliased(Invitation)
# For a join with the memberships: no later one of the same member.
LATEST = ~select(_last.id).where(_last.membership_id == Invitation.membership_id, _last.id > Invitation.id).exists()


def latest(tx: Transaction, membership_id: str) -> Invitation | None:
    """The member's last invitation, whatever became of it."""
    mine = select(Invitation).where(Invitation.membership_id == membership_id)
    return tx.scalars(mine.order_by(Invitation.id.desc()).limit(1)).one_or_none()


def living() -> tuple[ColumnElement[bool], ...]:
    """What holds for an invitation whose codes work."""
    return (Invitation.cancelled_at.is_(None), Invitation.completed_at.is_(None), Invitation.expires_at > clock.now())


def state(invitation: Invitation) -> str:
    """Where it stands now."""
    return rules.invitation_state(
        sent=invitation.sent_at, expires=invitation.expires_at, tries=invitation.tries, entered=invitation.entered_at,
        sms=invitation.sms_sent, completed=invitation.completed_at, cancelled=invitation.cancelled_at, now=clock.now(),
    )  # fmt: skip


def person(user: User, *, phone: str, identifier: tuple[str, str]) -> str:
    """A digest of the person's data: whether they are what the last invitation was made out to (NET-17). It is kept sealed."""
    return hashlib.sha256(json.dumps([user.email, user.first_name, user.last_name, phone, *identifier]).encode()).hexdigest()


def cancel(tx: Transaction, *membership_ids: str) -> list[str]:
    """End what is open of these members' invitations, with all their codes. Answers which."""
    still_open = (Invitation.membership_id.in_(membership_ids), Invitation.cancelled_at.is_(None), Invitation.completed_at.is_(None))
    return list(tx.scalars(update(Invitation).where(*still_open).values(cancelled_at=clock.now()).returning(Invitation.id)))


def mint(tx: Transaction, keyring: Keyring, letter_id: str, *, life: timedelta) -> tuple[str, datetime] | None:
    """A code for the mail that is about to be sent, and until when it works; None when the invitation is not wanted any more.

    The invitation lasts from now on (NET-20). A code that this letter was sent with before still works: that mail may have arrived.
    """
    expires = clock.now() + life
    wanted = (Invitation.letter_id == letter_id, Invitation.cancelled_at.is_(None), Invitation.entered_at.is_(None))
    invitation_id = tx.execute(update(Invitation).where(*wanted).values(expires_at=expires).returning(Invitation.id)).scalar()
    if invitation_id is None:
        return None
    code = tokens.activation_code()
    tx.add(
        InvitationCode(
            digest=keyring.digests(code, bound_to=MAILED)[0], invitation_id=invitation_id,
            first_half=keyring.digests(code[:8], bound_to=MAILED)[0],
        )
    )  # fmt: skip
    return code, expires


def use_activation(tx: Transaction, token: str, *, user_id: str) -> str | None:
    """Use the person's activation up; answers the invitation's id. Of any number of requests one gets it, the others None.

    It proves that the person's identity was checked and that both codes arrived. It is no sign-in: the account's own proofs are asked for.
    """
    named = (Invitation.activation == tokens.digest(token), Invitation.user_id == user_id)
    unused = (Invitation.activation_used_at.is_(None), Invitation.activation_expires_at > clock.now())
    used = update(Invitation).where(*named, *unused).values(activation_used_at=clock.now())
    return tx.execute(used.returning(Invitation.id)).scalar()
