"""The members of the organisation: the list, the panel of one, another role, and removing (ACC-76, ACC-81 to ACC-85)."""

import uuid

from flask import g, redirect, render_template, request, url_for
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway.pages.administration import access_days, roles
from services.gateway.pages.administration.folder_access import FolderAccess
from services.gateway.pages.administration.replacements import Replacements
from services.gateway.reader import is_firm
from services.gateway.reasons import problems

Answer = str | Response | tuple[str, int]
PAGE = 50


class Members:
    """The pages."""

    def __init__(self, peers: Peers) -> None:
        self._members = identity_pb2_grpc.OrganisationsStub(peers.channel("identity"))
        self._folders, self._replacements = FolderAccess(peers), Replacements(peers)

    def organisation(self) -> Answer:
        """Organisations: at a client who is active in it (ACC-76); a firm begins with its clients."""
        return redirect(url_for("administration.clients")) if is_firm() else self._listed("start")

    def users(self) -> Answer:
        """Users: the same list, as the guide says (ACC-76)."""
        return self._listed("members")

    def show(self, membership: uuid.UUID) -> Answer:
        """The side panel of one member (ACC-81)."""
        return self._listed("members" if is_firm() else "start", self._get(membership))

    def role(self, membership: uuid.UUID) -> Answer:
        """Another role: asked once more with what it means, then changed."""
        member, role = self._get(membership), roles.chosen()
        if "confirmed" not in request.form and (role == roles.SCOPED or role not in (member.role, identity_pb2.ROLE_UNSPECIFIED)):
            return _role_asked(member, role)
        wanted = identity_pb2.ChangeRoleRequest(membership_id=str(membership), role=role, programmes=roles.programmes())
        try:
            self._members.ChangeRole(wanted)
        except Failure as failure:
            told = problems(failure, "role")
            if "programmes" in told:
                return _role_asked(member, role, told), failure.http_status
            return self._listed("start", member, told), failure.http_status
        return redirect(url_for("administration.member", membership=membership, saved=1))

    def remove(self, membership: uuid.UUID) -> Answer:
        """Ask once more, then remove at once (ACC-81, ACC-82)."""
        member = self._get(membership)
        if request.method != "POST":
            return render_template("administration/remove.html", member=member)
        try:
            self._members.RemoveMember(identity_pb2.RemoveMemberRequest(membership_id=str(membership)))
        except Failure as failure:
            return self._listed("start", member, problems(failure, "remove")), failure.http_status
        if member.membership_id == g.held.current.membership_id:
            return redirect(url_for("sign_in.organisations"))
        return redirect(url_for("administration.members" if is_firm() else "administration.start", removed=1))

    def _get(self, membership: uuid.UUID) -> identity_pb2.Member:
        return self._members.GetMember(identity_pb2.GetMemberRequest(membership_id=str(membership)))

    def _listed(self, tab: str, chosen: identity_pb2.Member | None = None, told: dict[str, str] | None = None) -> str:
        name, invited = request.args.get("name", "")[:200].strip(), request.args.get("state", "") == "invited"
        wanted = identity_pb2.ListMembersRequest(name=name, invited=invited, page_size=PAGE, page_token=request.args.get("page", ""))
        found = self._members.ListMembers(wanted)
        part = request.headers.get("HX-Target") == "work"
        return render_template(
            "administration/members_work.html" if part else "administration/members.html",
            tab=f"administration.{tab}", found=found, name=name, invited=invited, roles=roles.offered(), chosen=chosen,
            folders=self._folders.counted([each.membership_id for each in found.members]), problems=told or {},
            access_said=access_days.said, may_what=roles.may_what, replaced=self._replacements.of(chosen) if chosen else None,
            ticks=self._folders.ticks(chosen.membership_id) if chosen else (),
        )  # fmt: skip


def _role_asked(member: identity_pb2.Member, role: int, told: dict[str, str] | None = None) -> str:
    """What another role means, and for a programme administrator of which programmes, before it is changed (AMI-06)."""
    ticked = roles.programmes() if told else member.programmes
    return render_template(
        "administration/role.html", member=member, role=role, meaning=roles.meaning, programmes=roles.PROGRAMMES, ticked=ticked,
        scoped=roles.SCOPED, problems=told or {},
    )  # fmt: skip
