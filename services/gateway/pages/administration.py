"""Administration: who is in the organisation, who may use which folder, adding and removing (ACC-76 to ACC-85)."""

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
ROLES = {False: (identity_pb2.ROLE_WRITE, identity_pb2.ROLE_READ, identity_pb2.ROLE_ADMINISTRATOR),
         True: (identity_pb2.ROLE_CONSULTANT, identity_pb2.ROLE_ADMINISTRATOR)}  # fmt: skip


def blueprint(peers: Peers, _config: Config) -> Blueprint:
    """The routes."""
    pages = Blueprint("administration", __name__, url_prefix="/administration")
    members = _Members(identity_pb2_grpc.OrganisationsStub(peers.channel("identity")))
    folders = _Folders(documents_pb2_grpc.FoldersStub(peers.channel("documents")), members)

    @pages.before_request
    def administrators_only() -> None:
        if not may(access_pb2.PERMISSION_MEMBER_MANAGE):
            raise Denied("not_permitted", "Administration is for administrators (ACC-13).")

    pages.add_url_rule("", "members", members.list, methods=["GET"])
    pages.add_url_rule("/members/new", "add", members.add, methods=["GET", "POST"])
    pages.add_url_rule("/members/<uuid:membership>", "member", members.show, methods=["GET"])
    pages.add_url_rule("/members/<uuid:membership>/role", "role", members.role, methods=["POST"])
    pages.add_url_rule("/members/<uuid:membership>/remove", "remove", members.remove, methods=["GET", "POST"])
    pages.add_url_rule("/members/<uuid:membership>/folders", "folders", folders.ticks, methods=["GET", "POST"])
    return pages


class _Members:
    """The list, adding in two steps, the side panel, removing."""

    def __init__(self, stub: identity_pb2_grpc.OrganisationsStub) -> None:
        self._stub = stub

    def list(self) -> str:
        """Everybody in the organisation (ACC-76)."""
        return self._listed()

    def show(self, membership: str) -> str:
        """The side panel of one member (ACC-81)."""
        return self._listed(chosen=self.get(str(membership)))

    def get(self, membership: str) -> identity_pb2.Member:
        """One member of this organisation."""
        return self._stub.GetMember(identity_pb2.GetMemberRequest(membership_id=membership))

    def add(self) -> Answer:
        """First the address, then the name (ACC-77); then on to the folders (ACC-78)."""
        email, step = request.form.get("email", "").strip(), request.form.get("step", "")
        if request.method == "GET" or step not in ("email", "name"):
            return render_template("administration/add_email.html")
        if "@" not in email.strip("@") or len(email) > 254:
            told = {"email": texts._("Write an e-mail address like name@company.no.")}
            return render_template("administration/add_email.html", email=email, problems=told), 422
        if step == "email":
            return render_template("administration/add_name.html", email=email, roles=ROLES[is_firm()])
        try:
            added = self._stub.AddMember(self._request(email))
        except Failure as failure:
            told = problems(failure, "email")
            page = "administration/add_email.html" if "email" in told else "administration/add_name.html"
            return render_template(page, email=email, written=request.form, roles=ROLES[is_firm()], problems=told), failure.http_status
        if is_firm():
            return redirect(url_for("administration.members", added=added.membership_id))
        return redirect(url_for("administration.folders", membership=added.membership_id, added=1))

    def role(self, membership: str) -> Answer:
        """Change the role."""
        wanted = request.form.get("role", "")
        try:
            role = int(wanted) if wanted.isdecimal() else 0
            self._stub.ChangeRole(identity_pb2.ChangeRoleRequest(membership_id=str(membership), role=role))  # type: ignore[arg-type]
        except Failure as failure:
            return self._listed(chosen=self.get(str(membership)), problems=problems(failure, "role")), failure.http_status
        return redirect(url_for("administration.member", membership=membership, saved=1))

    def remove(self, membership: str) -> Answer:
        """Ask once more, then remove at once (ACC-81, ACC-82)."""
        member = self.get(str(membership))
        if request.method == "GET":
            return render_template("administration/remove.html", member=member)
        try:
            self._stub.RemoveMember(identity_pb2.RemoveMemberRequest(membership_id=str(membership)))
        except Failure as failure:
            return self._listed(chosen=member, problems=problems(failure, "remove")), failure.http_status
        if str(membership) == g.held.current.membership_id:
            return redirect(url_for("sign_in.organisations"))
        return redirect(url_for("administration.members", removed=f"{member.first_name} {member.last_name}"))

    def _request(self, email: str) -> identity_pb2.AddMemberRequest:
        role = request.form.get("role", "")
        return identity_pb2.AddMemberRequest(
            email=email,
            first_name=request.form.get("first_name", "").strip(),
            last_name=request.form.get("last_name", "").strip(),
            role=int(role) if role.isdecimal() else 0,  # type: ignore[arg-type]
            language=texts.language(),
        )

    def _listed(self, **given: object) -> str:
        token = request.args.get("page", "")
        found = self._stub.ListMembers(identity_pb2.ListMembersRequest(page_size=PAGE, page_token=token))
        roles = ROLES[is_firm()]
        return render_template("administration/members.html", members=found.members, next=found.next_page_token, roles=roles, **given)


class _Folders:
    """Which folders a member may use."""

    def __init__(self, stub: documents_pb2_grpc.FoldersStub, members: _Members) -> None:
        self._stub, self._members = stub, members

    def ticks(self, membership: str) -> Answer:
        """A tick for each folder, in force only when saved (ACC-79)."""
        member = self._members.get(str(membership))
        if request.method == "POST":
            wanted = request.form.getlist("folder")
            self._stub.SetFolderAccess(documents_pb2.SetFolderAccessRequest(membership_id=str(membership), folder_ids=wanted))
            return redirect(url_for("administration.folders", membership=membership, saved=1))
        access = self._stub.GetFolderAccess(documents_pb2.GetFolderAccessRequest(membership_id=str(membership)))
        return render_template("administration/folders.html", member=member, access=access)
