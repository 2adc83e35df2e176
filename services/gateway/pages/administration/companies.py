"""In which companies somebody is a user: one form over all that the reader administers (AMI-07)."""

import uuid

from flask import g, redirect, render_template, request, url_for
from kontor.identity.v1 import administration_pb2, administration_pb2_grpc, identity_pb2, identity_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway.reasons import sentence

Answer = str | Response | tuple[str, int]


class Companies:
    """The ticks of one person."""

    def __init__(self, peers: Peers) -> None:
        self._members = identity_pb2_grpc.OrganisationsStub(peers.channel("identity"))
        self._administration = administration_pb2_grpc.AdministrationStub(peers.channel("identity"))

    def companies(self, membership: uuid.UUID) -> Answer:
        """Untick, confirm, and they are left at once; a company in which that cannot be says why, and stays ticked."""
        member = self._members.GetMember(identity_pb2.GetMemberRequest(membership_id=str(membership)))
        asked = administration_pb2.ListMembershipsRequest(membership_id=str(membership))
        listed = list(self._administration.ListMemberships(asked).memberships)
        if request.method != "POST":
            return _shown(member, listed)
        # Only what this form showed: a company that came to it meanwhile was not unticked by anybody.
        gone = [each for each in listed if each.membership_id in _unticked()]
        if not gone:
            return redirect(url_for("administration.member", membership=membership))
        if "confirmed" not in request.form:
            return render_template("administration/companies_confirm.html", member=member, gone=gone)
        return self._removed(member, listed, [each.membership_id for each in gone])

    def _removed(self, member: identity_pb2.Member, listed: list[identity_pb2.Membership], gone: list[str]) -> Answer:
        wanted = administration_pb2.RemoveMembershipsRequest(membership_id=member.membership_id, removed_ids=gone)
        results = self._administration.RemoveMemberships(wanted).results
        told = {each.membership_id: sentence(Failure(each.reason)) for each in results if each.reason}
        left = [each for each in listed if each.membership_id not in gone or each.membership_id in told]
        if told:
            return _shown(member, left, told, done=len(gone) - len(told)), 409
        if g.held.current.membership_id in gone:
            return redirect(url_for("sign_in.organisations"))
        if member.membership_id in gone:
            return redirect(url_for("administration.members", removed=1))
        return redirect(url_for("administration.member", membership=member.membership_id, companies=len(gone)))


def _unticked() -> set[str]:
    return {*request.form.getlist("shown")} - {*request.form.getlist("keep")}


def _shown(
    member: identity_pb2.Member, listed: list[identity_pb2.Membership], told: dict[str, str] | None = None, *, done: int = 0
) -> str:
    return render_template("administration/companies.html", member=member, listed=listed, told=told or {}, done=done)
