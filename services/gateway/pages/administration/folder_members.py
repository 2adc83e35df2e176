"""The folders of one's own organisation, and who may use each: the same ticks seen from the folder (ACC-79)."""

import uuid

from flask import redirect, render_template, request, url_for
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway.reasons import problems

PAGE = 50


class FolderMembers:
    """The tab "Folders" of a client's administration, and the page of one folder."""

    def __init__(self, peers: Peers) -> None:
        self._members = identity_pb2_grpc.OrganisationsStub(peers.channel("identity"))
        self._folders = documents_pb2_grpc.FoldersStub(peers.channel("documents"))

    def folders(self) -> str:
        """All of them, with how many users each has."""
        found = self._folders.ListFolderGrants(documents_pb2.ListFolderGrantsRequest()).folders
        return render_template("administration/own_folders.html", folders=found)

    def folder(self, folder: uuid.UUID) -> str | Response | tuple[str, int]:
        """A tick for each user, in force once saved; those on other pages of the list keep what they have."""
        if request.method != "POST":
            return self._shown(folder)
        chosen = set(request.form.getlist("member"))
        ticks = [documents_pb2.MemberTick(membership_id=each, granted=each in chosen) for each in request.form.getlist("shown")]
        try:
            saved = self._folders.SetFolderMembers(documents_pb2.SetFolderMembersRequest(folder_id=str(folder), ticks=ticks))
        except Failure as failure:
            return self._shown(folder, problems(failure, "member")), failure.http_status
        at = {"name": request.args.get("name"), "page": request.args.get("page")}
        return redirect(url_for("administration.own_folder", folder=folder, saved=len(saved.membership_ids), **at))  # type: ignore[arg-type]

    def _shown(self, folder: uuid.UUID, told: dict[str, str] | None = None) -> str:
        held = self._folders.GetFolderMembers(documents_pb2.GetFolderMembersRequest(folder_id=str(folder)))
        name = request.args.get("name", "")[:200].strip()
        wanted = identity_pb2.ListMembersRequest(name=name, page_size=PAGE, page_token=request.args.get("page", ""))
        return render_template(
            "administration/own_folder.html", folder=held.folder, granted=set(held.membership_ids), found=self._members.ListMembers(wanted),
            name=name, problems=told or {},
        )  # fmt: skip
