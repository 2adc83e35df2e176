"""Replace the address of a user: the new one is invited, and takes over when it is first used (AMI-11)."""

import uuid

from flask import redirect, render_template, request, url_for
from kontor.identity.v1 import administration_pb2, administration_pb2_grpc, identity_pb2, identity_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway.reasons import problems

Answer = str | Response | tuple[str, int]


class Replacements:
    """The form of one member, and giving it up."""

    def __init__(self, peers: Peers) -> None:
        self._members = identity_pb2_grpc.OrganisationsStub(peers.channel("identity"))
        self._administration = administration_pb2_grpc.AdministrationStub(peers.channel("identity"))

    def replace(self, membership: uuid.UUID) -> Answer:
        """What will happen, and the new address."""
        member = self._members.GetMember(identity_pb2.GetMemberRequest(membership_id=str(membership)))
        if request.method != "POST":
            return render_template("administration/address.html", member=member, email="", problems={})
        email = request.form.get("email", "").strip()
        wanted = administration_pb2.StartReplacementRequest(membership_id=str(membership), email=email)
        try:
            self._administration.StartReplacement(wanted)
        except Failure as failure:
            told = problems(failure, "email")
            return render_template("administration/address.html", member=member, email=email, problems=told), failure.http_status
        return redirect(url_for("administration.member", membership=membership, replacing=1))

    def give_up(self, membership: uuid.UUID) -> Response:
        """Leave everything as it was; one that has come to its end meanwhile is passed over."""
        for each in self._waiting():
            if str(membership) in (each.membership_id, each.new_membership_id):
                self._administration.CancelReplacement(administration_pb2.CancelReplacementRequest(replacement_id=each.replacement_id))
                return redirect(url_for("administration.member", membership=each.membership_id, kept=1))
        return redirect(url_for("administration.members"))

    def of(self, member: identity_pb2.Member) -> administration_pb2.Replacement | None:
        """What is going on with this member's address, on either side of it."""
        return next((each for each in self._waiting() if member.membership_id in (each.membership_id, each.new_membership_id)), None)

    def _waiting(self) -> list[administration_pb2.Replacement]:
        return list(self._administration.ListReplacements(administration_pb2.ListReplacementsRequest()).replacements)
