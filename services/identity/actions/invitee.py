"""What the invited person does: 16 digits, then 6, and the identification is complete (NET-25 to NET-28, NET-33, NET-34)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kontor.identity.v1 import invitations_pb2 as pb
from sqlalchemy import func, select, update
from sqlalchemy.engine import Row

from chassis import clock, telemetry
from chassis.db import Database, Transaction
from chassis.errors import Conflict, Failure, Invalid
from services.identity import identifiers, invitations, letters, proofs, rules, tokens
from services.identity.invitation_rows import Invitation
from services.identity.models import Membership, Organisation, User
from services.identity.telephone import Telephone

SENT, UNCERTAIN, FAILED = pb.SMS_OUTCOME_SENT, pb.SMS_OUTCOME_UNCERTAIN, pb.SMS_OUTCOME_FAILED
_entry = (
    select(
        Invitation.id, Invitation.user_id, Invitation.membership_id, Invitation.inviter_name, Invitation.expires_at, Invitation.phone,
        Invitation.sms_asked, Organisation.name.label("organisation_name"), User.language,
    )
    .join(Membership, Membership.id == Invitation.membership_id)
    .join(Organisation, Organisation.id == Membership.organisation_id)
    .join(User, User.id == Invitation.user_id)
)  # fmt: skip


@dataclass(frozen=True)
class Completed:
    """The identification is complete. `activation` shows it for an hour."""

    activation: str
    expires_at: datetime
    email: str
    password_mailed: bool


def enter(database: Database, telephone: Telephone, request: pb.EnterCodeRequest) -> tuple[str, pb.SmsOutcome.ValueType]:
    """Use the 16 digits up; answers the entry's token, and whether the first SMS went out.

    Raises Invalid `wrong_code`, Conflict `invitation_used`, `invitation_expired` or `invitation_cancelled`, TooMany.
    """
    with database.transaction() as tx:
        outcome = _enter(tx, telephone, request.code)
    if isinstance(outcome, Failure):
        # Raised only now: the try has been counted and committed.
        telemetry.log(__name__).warning("invitation code refused", reason=outcome.reason)
        raise outcome
    try:
        return outcome, send(database, telephone, outcome, request.language)
    except Failure as why:
        telemetry.log(__name__).warning("confirmation code not sent", reason=why.reason)
        return outcome, FAILED


def _enter(tx: Transaction, telephone: Telephone, typed: str) -> str | Failure:
    found = proofs.invitation(tx, telephone.keyring, typed)
    if found == "wrong_code":
        return Invalid(found, "The code is not right.", fields={"code": found})
    if found.startswith("invitation_"):
        return Conflict(found, "This invitation is over.")
    token = tokens.new()
    entered = {"entered_at": clock.now(), "entry": tokens.digest(token)}
    tx.execute(update(Invitation).where(Invitation.id == found).values(entered))
    _record(tx, "invitation.enter", found)
    return token


def entry(tx: Transaction, token: str) -> Row[str, str, str, str, datetime | None, str, int, str, str]:
    """An invitation whose 16 digits were entered, and which is under way. Raises Conflict `entry_over`."""
    row = tx.execute(_entry.where(Invitation.entry == tokens.digest(token), *invitations.living())).one_or_none()
    if row is None:
        raise Conflict("entry_over", "This invitation is over.")
    return row


def send(database: Database, telephone: Telephone, token: str, language: str) -> pb.SmsOutcome.ValueType:
    """Send a confirmation code, three times at most; one that could not be handed over does not count.

    Raises Conflict `entry_over` or `no_more_codes`, and as `Telephone.number` and `Telephone.send`.
    """
    with database.transaction() as tx:
        row = entry(tx, token)
        ask = update(Invitation).where(Invitation.id == row.id, Invitation.sms_asked < rules.CONFIRMATIONS)
        if tx.execute(ask.values(sms_asked=Invitation.sms_asked + 1).returning(Invitation.id)).scalar() is None:
            raise Conflict("no_more_codes", "No more codes can be sent; ask who has invited you.")
        _record(tx, "invitation.ask", row.id)
    phone = telephone.keyring.unseal(row.phone, bound_to=row.id)
    try:
        number = telephone.number(phone, country="")
        sent = telephone.send(database, about=row.id, user_id=row.user_id, phone=number, language=row.language or language)
    except Failure:
        _note(database, row.id, sms_asked=Invitation.sms_asked - 1)
        raise
    _note(database, row.id, sms_sent=Invitation.sms_sent + 1)
    return UNCERTAIN if sent.uncertain else SENT


def _note(database: Database, invitation_id: str, **values: Any) -> None:
    with database.transaction() as tx:
        tx.execute(update(Invitation).where(Invitation.id == invitation_id).values(values))


def confirm(database: Database, telephone: Telephone, request: pb.ConfirmCodeRequest) -> Completed:
    """Use the 6 digits up: the identification is complete. Raises Conflict `entry_over`, Invalid `wrong_code` or `code_over`."""
    with database.transaction() as tx:
        outcome = _confirm(tx, telephone, request)
    if isinstance(outcome, Failure):
        telemetry.log(__name__).warning("confirmation code refused", reason=outcome.reason)
        raise outcome
    return outcome


def _confirm(tx: Transaction, telephone: Telephone, request: pb.ConfirmCodeRequest) -> Completed | Failure:
    # Locked until commit: of any number of requests with the code, one completes the invitation.
    locked = select(Invitation).where(Invitation.entry == tokens.digest(request.entry)).with_for_update()
    invitation = tx.scalars(locked.execution_options(populate_existing=True)).one_or_none()
    if invitation is None or invitations.state(invitation) not in ("code_entered", "sms_sent"):
        return Conflict("entry_over", "This invitation is over.")
    reason = proofs.confirmation(tx, telephone.keyring, invitation, request.code)
    if reason:
        _record(tx, "invitation.refuse", invitation.id)
        return Invalid(reason, "The code is not right.", fields={"code": reason})
    token, now = tokens.new(), clock.now()
    invitation.completed_at, invitation.activation = now, tokens.digest(token)
    invitation.activation_expires_at = expires = now + rules.ACTIVATION_LIFE
    # The 16 digits came by mail to the account's address, so that it is proved as by a link. Devices may be enrolled anew (NET-41).
    proofs_of = {"verified_at": func.coalesce(User.verified_at, now), "devices_ended_at": None}
    proved = update(User).where(User.id == invitation.user_id).values(proofs_of)
    user = tx.execute(proved.returning(User.email, User.password_hash)).one()
    identifier_id = tx.get_one(Membership, invitation.membership_id).identifier_id
    proven = bool(identifier_id) and identifiers.prove(tx, identifier_id or "")
    if user.password_hash is None:
        letters.write(tx, letters.PASSWORD, email=user.email)
    _record(tx, "invitation.complete", invitation.id, identifier="proven" if proven else "unchanged")
    return Completed(token, expires, user.email, password_mailed=user.password_hash is None)


def _record(tx: Transaction, action: str, invitation_id: str, **facts: str) -> None:
    about = select(Membership, User.opened_at).join(User, User.id == Membership.user_id)
    mine = about.join(Invitation, Invitation.membership_id == Membership.id).where(Invitation.id == invitation_id)
    member, opened_at = tx.execute(mine).one()
    came_in = member.entered is None and opened_at is not None
    # In the person's own trail, and in that of who invited: there, whose account it is shows once the person has come in.
    for trail, known in ((member.user_id, True), (member.organisation_id, came_in)):
        whose = {"user": member.user_id} if known else {}
        tx.record(action, organisation=trail, subject=member.id, invitation=invitation_id, **whose, **facts)
