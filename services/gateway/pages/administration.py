"""Administration: who is in the organisation, who may use which folder, adding and removing (ACC-76 to ACC-85)."""

import uuid
from collections.abc import Sequence

from flask import Blueprint, g, redirect, render_template, request, url_for
from kontor.access.v1 import access_pb2
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Denied, Failure
from chassis.service import Peers
from services.gateway import texts
from services.gateway.config import Config
from services.gateway.reader import is_firm, may
from services.gateway.reasons import problems

Answer = str | Response | tuple[str, int]
PAGE = 100
CLIENT_ROLES = (identity_pb2.ROLE_WRITE, identity_pb2.ROLE_READ, identity_pb2.ROLE_ADMINISTRATOR)
FIRM_ROLES = (identity_pb2.ROLE_CONSULTANT, identity_pb2.ROLE_ADMINISTRATOR)


def blueprint(peers: Peers, _config: Config) -> Blueprint:
    """The routes."""
    pages, members = Blueprint("administration", __name__, url_prefix="/administration"), _Members(peers)

    @pages.before_request
    def administrators_only() -> None:
        if not may(access_pb2.PERMISSION_MEMBER_MANAGE):
            raise Denied("not_permitted", "Administration is for administrators (ACC-13).")

    pages.add_url_rule("", "members", members.list, methods=["GET"])
    pages.add_url_rule("/members/new", "add", members.add, methods=["GET", "POST"])
    pages.add_url_rule("/members/<uuid:membership>", "member", members.show, methods=["GET"])
    pages.add_url_rule("/members/<uuid:membership>/role", "role", members.role, methods=["POST"])
    pages.add_url_rule("/members/<uuid:membership>/remove", "remove", members.remove, methods=["GET", "POST"])
    pages.add_url_rule("/members/<uuid:membership>/folders", "folders", members.folders, methods=["GET", "POST"])
    return pages


class _Members:
    """The list, adding in two steps, folders, the side panel, removing."""

    def __init__(self, peers: Peers) -> None:
        self._members = identity_pb2_grpc.OrganisationsStub(peers.channel("identity"))
        self._folders = documents_pb2_grpc.FoldersStub(peers.channel("documents"))

    def list(self) -> Answer:
        """Everybody in the organisation (ACC-76)."""
        return self._listed()

    def show(self, membership: uuid.UUID) -> Answer:
        """The side panel of one member (ACC-81)."""
        return self._listed(self._get(membership))

    def add(self) -> Answer:
        """First the address, then the name (ACC-77); then on to the folders (ACC-78)."""
        email, step = request.form.get("email", "").strip(), request.form.get("step", "")
        if step == "name":
            return self._added(email)
        told = None if _looks_like_address(email) or not step else texts._("Write an e-mail address like name@company.com.")
        if told or step != "email":
            answer = render_template("administration/add_email.html", email=email, problems={"email": told} if told else {})
            return (answer, 422) if told else answer
        return render_template("administration/add_name.html", email=email, roles=_roles())

    def folders(self, membership: uuid.UUID) -> Answer:
        """A tick for each folder, in force once saved (ACC-79)."""
        member = self._get(membership)
        if request.method == "POST":
            chosen = list(dict.fromkeys(request.form.getlist("folder")))
            wanted = documents_pb2.SetFolderAccessRequest(membership_id=str(membership), folder_ids=chosen)
            granted = [each for each in self._folders.SetFolderAccess(wanted).ticks if each.granted]
            return redirect(url_for("administration.member", membership=membership, folders=len(granted)))
        return render_template("administration/folders.html", member=member, ticks=self._ticks(membership))

    def role(self, membership: uuid.UUID) -> Answer:
        """Change the role."""
        wanted = identity_pb2.ChangeRoleRequest(membership_id=str(membership), role=_role())
        try:
            self._members.ChangeRole(wanted)
        except Failure as failure:
            return self._listed(self._get(membership), problems(failure, "role")), failure.http_status
        return redirect(url_for("administration.member", membership=membership, saved=1))

    def remove(self, membership: uuid.UUID) -> Answer:
        """Ask once more, then remove at once (ACC-81, ACC-82)."""
        member = self._get(membership)
        if request.method != "POST":
            return render_template("administration/remove.html", member=member)
        try:
            self._members.RemoveMember(identity_pb2.RemoveMemberRequest(membership_id=str(membership)))
        except Failure as failure:
            return self._listed(member, problems(failure, "remove")), failure.http_status
        if member.membership_id == g.held.current.membership_id:
            return redirect(url_for("sign_in.organisations"))
        return redirect(url_for("administration.members", removed=1))

    def _added(self, email: str) -> Answer:
        given = {name: request.form.get(name, "").strip() for name in ("first_name", "last_name")}
        wanted = identity_pb2.AddMemberRequest(email=email, role=_role(), language=texts.language(), **given)
        try:
            added = self._members.AddMember(wanted)
        except Failure as failure:
            told = problems(failure, "email")
            page = "administration/add_email.html" if "email" in told else "administration/add_name.html"
            return render_template(page, email=email, written=request.form, roles=_roles(), problems=told), failure.http_status
        if is_firm():
            return redirect(url_for("administration.members", added=1))
        return redirect(url_for("administration.folders", membership=added.membership_id, added=1))

    def _get(self, membership: uuid.UUID) -> identity_pb2.Member:
        return self._members.GetMember(identity_pb2.GetMemberRequest(membership_id=str(membership)))

    def _ticks(self, membership: uuid.UUID | str) -> Sequence[documents_pb2.FolderTick]:
        if not may(access_pb2.PERMISSION_FOLDER_GRANT):
            return ()
        return self._folders.GetFolderAccess(documents_pb2.GetFolderAccessRequest(membership_id=str(membership))).ticks

    def _listed(self, chosen: identity_pb2.Member | None = None, told: dict[str, str] | None = None) -> str:
        found = self._members.ListMembers(identity_pb2.ListMembersRequest(page_size=PAGE, page_token=request.args.get("page", "")))
        return render_template(
            "administration/members.html", members=found.members, next=found.next_page_token, roles=_roles(), chosen=chosen,
            ticks=self._ticks(chosen.membership_id) if chosen else (), problems=told or {},
        )  # fmt: skip


def _roles() -> "tuple[identity_pb2.Role.ValueType, ...]":
    return FIRM_ROLES if is_firm() else CLIENT_ROLES


def _role() -> "identity_pb2.Role.ValueType":
    """The role chosen on the form; none where it offers no such."""
    written = request.form.get("role", "")
    return next((each for each in _roles() if str(each) == written), identity_pb2.ROLE_UNSPECIFIED)


def _looks_like_address(text: str) -> bool:
    before, _, after = text.partition("@")
    return bool(before and after) and len(text) <= 254
