"""Invite a user to log in with the mobile app: check, tick, send, cancel, and the code that no SMS brought (NET-16 to NET-32)."""

import uuid
from dataclasses import dataclass

from flask import g, redirect, render_template, request, url_for
from kontor.identity.v1 import identity_pb2, invitations_pb2, invitations_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway import texts
from services.gateway.reasons import problems
from services.gateway.second_factor import COUNTRIES

UNDER_WAY = (
    identity_pb2.INVITATION_STATE_SENDING, identity_pb2.INVITATION_STATE_SENT, identity_pb2.INVITATION_STATE_CODE_ENTERED,
    identity_pb2.INVITATION_STATE_SMS_SENT, identity_pb2.INVITATION_STATE_BLOCKED,
)  # fmt: skip
Answer = str | Response | tuple[str, int]


@dataclass(frozen=True)
class Back:
    """Where the reader came from: the user's page, or the people of a client."""

    address: str
    client: bool


class Inviting:
    """The invite view of one user; at the firm also of a client's (NET-03)."""

    def __init__(self, peers: Peers) -> None:
        self._invitations = invitations_pb2_grpc.InvitationsStub(peers.channel("identity"))

    def view(self, membership: uuid.UUID) -> Answer:
        """The person's data for checking, and what became of the invitation (NET-18)."""
        return self._page(self._shown(membership))

    def send(self, membership: uuid.UUID) -> Answer:
        """Send it, or send a new one."""
        checked = "identity_checked" in request.form
        try:
            self._invitations.Invite(invitations_pb2.InviteRequest(membership_id=str(membership), identity_checked=checked))
        except Failure as failure:
            return self._page(self._shown(membership), problems(failure, "identity_checked")), failure.http_status
        return redirect(url_for("administration.invitation", membership=membership, done="sent"))

    def cancel(self, membership: uuid.UUID) -> Answer:
        """End it at once."""
        try:
            self._invitations.CancelInvitation(invitations_pb2.CancelInvitationRequest(membership_id=str(membership)))
        except Failure as failure:
            return self._page(self._shown(membership), problems(failure, "cancel")), failure.http_status
        return redirect(url_for("administration.invitation", membership=membership, done="cancelled"))

    def code(self, membership: uuid.UUID) -> Answer:
        """A confirmation code, on the screen this once (NET-31)."""
        try:
            made = self._invitations.MakeCode(invitations_pb2.MakeCodeRequest(membership_id=str(membership)))
        except Failure as failure:
            return self._page(self._shown(membership), problems(failure, "made")), failure.http_status
        return render_template("administration/invitation_code.html", person=self._shown(membership), made=made)

    def details(self, membership: uuid.UUID) -> Answer:
        """Correct the number, and the names while nobody has used the account."""
        person = self._shown(membership)
        if request.method != "POST":
            return render_template("administration/invitee.html", person=person, back=_back(person), problems={})
        names = ("first_name", "last_name", "phone_number") if person.names_open else ("phone_number",)
        given = {name: request.form.get(name, "").strip() for name in names}
        country = COUNTRIES.get(texts.language(), "")
        try:
            wanted = invitations_pb2.ChangeInviteeRequest(membership_id=str(membership), phone_country=country, **given)
            self._invitations.ChangeInvitee(wanted)
        except Failure as failure:
            return render_template(
                "administration/invitee.html", person=person, back=_back(person), written=given, problems=problems(failure, "phone_number")
            ), failure.http_status
        return redirect(url_for("administration.invitation", membership=membership, done="saved"))

    def _shown(self, membership: uuid.UUID) -> invitations_pb2.Invitee:
        return self._invitations.ShowInvitee(invitations_pb2.ShowInviteeRequest(membership_id=str(membership)))

    def _page(self, person: invitations_pb2.Invitee, told: dict[str, str] | None = None) -> str:
        return render_template(
            "administration/invitation.html", person=person, back=_back(person), under_way=person.state in UNDER_WAY, problems=told or {},
            done=request.args.get("done", ""), country=texts.all_countries().get(person.identifier_country, person.identifier_country),
        )  # fmt: skip


def _back(person: invitations_pb2.Invitee) -> Back:
    if person.organisation_id == g.held.current.organisation_id:
        return Back(url_for("administration.member", membership=person.membership_id), client=False)
    return Back(url_for("administration.people", client=person.organisation_id), client=True)
