"""Answers the Invitations RPCs."""

from datetime import timedelta

import grpc
from kontor.identity.v1 import identity_pb2, invitations_pb2_grpc
from kontor.identity.v1 import invitations_pb2 as pb
from sqlalchemy import select

from chassis import caller
from chassis.db import Database, Transaction
from services.identity import addresses, identifiers, invitations, phones, rules
from services.identity.actions import invitations as inviting
from services.identity.actions import invitee
from services.identity.actions.invitations import Invitee
from services.identity.api import messages
from services.identity.invitation_rows import Invitation
from services.identity.models import Membership, User
from services.identity.telephone import Telephone

NOTHING = pb.SMS_OUTCOME_UNSPECIFIED
_found = (
    select(Membership.id)
    .join(User, User.id == Membership.user_id)
    .join(Invitation, (Invitation.membership_id == Membership.id) & invitations.LATEST)
    .where(Membership.removed_at.is_(None))
    .order_by(Invitation.id.desc())
    .limit(50)
)


class Invitations(invitations_pb2_grpc.InvitationsServicer):
    """Administrators and the operator are shown everything but the codes; the invited enter them."""

    def __init__(self, database: Database, telephone: Telephone, *, code_life: timedelta) -> None:
        self._database, self._telephone, self._code_life = database, telephone, code_life

    def ShowInvitee(self, request: pb.ShowInviteeRequest, _: grpc.ServicerContext) -> pb.Invitee:
        """For checking."""
        return self._invitee(request.membership_id)

    def ChangeInvitee(self, request: pb.ChangeInviteeRequest, _: grpc.ServicerContext) -> pb.Invitee:
        """Number and names."""
        wanted = request.phone_number.strip()
        phone = phones.normalised(wanted, country=request.phone_country, allowed=None) if wanted else ""
        with self._database.transaction() as tx:
            inviting.change(tx, self._telephone.keyring, caller.current(), request, phone=phone)
        return self._invitee(request.membership_id)

    def Invite(self, request: pb.InviteRequest, _: grpc.ServicerContext) -> pb.Invitee:
        """The letter goes out by itself."""
        with self._database.transaction() as tx:
            inviting.invite(tx, self._telephone.keyring, caller.current(), request)
        return self._invitee(request.membership_id)

    def CancelInvitation(self, request: pb.CancelInvitationRequest, _: grpc.ServicerContext) -> pb.Invitee:
        """At once."""
        with self._database.transaction() as tx:
            inviting.cancel(tx, caller.current(), request)
        return self._invitee(request.membership_id)

    def MakeCode(self, request: pb.MakeCodeRequest, _: grpc.ServicerContext) -> pb.MakeCodeResponse:
        """The code is in this answer and nowhere else."""
        with self._database.transaction() as tx:
            made = inviting.make_code(tx, self._telephone.keyring, caller.current(), request, life=self._code_life)
        return pb.MakeCodeResponse(code=made.code, expires_at=messages.moment(made.expires_at))

    def FindInvitees(self, request: pb.FindInviteesRequest, _: grpc.ServicerContext) -> pb.FindInviteesResponse:
        """Whichever organisation they were invited to."""
        rows = self._database.read(_found.where(User.email == addresses.typed(request.email)))
        with self._database.transaction() as tx:
            found = [self._shown(tx, inviting.anybody(tx, row.id), for_the_operator=True) for row in rows]
        return pb.FindInviteesResponse(invitees=found)

    def InviteAgain(self, request: pb.InviteRequest, _: grpc.ServicerContext) -> pb.Invitee:
        """Whatever has changed."""
        with self._database.transaction() as tx:
            inviting.invite_again(tx, self._telephone.keyring, caller.current(), request)
        with self._database.transaction() as tx:
            return self._shown(tx, inviting.anybody(tx, request.membership_id), for_the_operator=True)

    def EnterCode(self, request: pb.EnterCodeRequest, _: grpc.ServicerContext) -> pb.EnterCodeResponse:
        """Once; the first SMS goes out with it."""
        token, sms = invitee.enter(self._database, self._telephone, request)
        return pb.EnterCodeResponse(entry=token, shown=self._entry(token, sms))

    def ShowEntry(self, request: pb.ShowEntryRequest, _: grpc.ServicerContext) -> pb.InvitationEntry:
        """Look only."""
        return self._entry(request.entry, NOTHING)

    def SendCode(self, request: pb.SendCodeRequest, _: grpc.ServicerContext) -> pb.InvitationEntry:
        """Another one."""
        return self._entry(request.entry, invitee.send(self._database, self._telephone, request.entry, request.language))

    def ConfirmCode(self, request: pb.ConfirmCodeRequest, _: grpc.ServicerContext) -> pb.ConfirmCodeResponse:
        """Once."""
        done = invitee.confirm(self._database, self._telephone, request)
        return pb.ConfirmCodeResponse(
            activation=done.activation, expires_at=messages.moment(done.expires_at), email=done.email, password_mailed=done.password_mailed
        )

    def _invitee(self, membership_id: str) -> pb.Invitee:
        with self._database.transaction() as tx:
            person = self._shown(tx, inviting.invitee(tx, caller.current(), membership_id))
        # Notify is asked, which nobody does inside a transaction.
        person.sms_reaches = bool(person.phone_number) and self._telephone.reaches(person.phone_number)
        return person

    def _shown(self, tx: Transaction, who: Invitee, *, for_the_operator: bool = False) -> pb.Invitee:
        keyring, (email, first_name, last_name) = self._telephone.keyring, inviting.shown(who)
        last = invitations.latest(tx, who.membership.id)
        answer = pb.Invitee(
            membership_id=who.membership.id, organisation_id=who.organisation.id, organisation_name=who.organisation.name, email=email,
            first_name=first_name, last_name=last_name,
            state=messages.INVITATION_STATES[invitations.state(last) if last else "unspecified"],
            system_id=identifiers.written(who.user.system_id) if inviting.came_in(who) else "", names_open=inviting.names_open(tx, who),
        )  # fmt: skip
        if not for_the_operator:
            answer.phone_number = inviting.phone_of(keyring, who)
            answer.identifier_country, answer.identifier = identifiers.shown(tx, keyring, who.membership)
        if last:
            answer.changed = inviting.changed(tx, keyring, who, last)
            _fill(answer, last)
        return answer

    def _entry(self, token: str, sms: pb.SmsOutcome.ValueType) -> pb.InvitationEntry:
        with self._database.transaction() as tx:
            row = invitee.entry(tx, token)
        phone = self._telephone.keyring.unseal(row.phone, bound_to=row.id)
        return pb.InvitationEntry(
            inviter_name=row.inviter_name, organisation_name=row.organisation_name, masked_phone=phones.masked(phone), sms=sms,
            codes_left=max(0, rules.CONFIRMATIONS - max(1, row.sms_asked)), expires_at=messages.moment(row.expires_at),
        )  # fmt: skip


def _fill(answer: pb.Invitee, last: Invitation) -> None:
    answer.inviter_name = last.inviter_name
    waits = (identity_pb2.INVITATION_STATE_CODE_ENTERED, identity_pb2.INVITATION_STATE_SMS_SENT)
    answer.may_make_code = answer.state in waits
    for field, at in (("sent_at", last.sent_at), ("expires_at", last.expires_at), ("made_code_expires_at", last.made_expires_at)):
        if at:
            getattr(answer, field).CopyFrom(messages.moment(at))
