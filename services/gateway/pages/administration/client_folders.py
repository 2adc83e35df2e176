"""The folders of a client: made, renamed and removed by the firm alone (ACC-02, ACC-10)."""

import uuid

from flask import redirect, render_template, request, url_for
from kontor.access.v1 import access_pb2
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Failure, NotFound
from chassis.service import Peers
from services.gateway.pages.administration.new_client import AREAS
from services.gateway.pages.administration.one_client import OneClient
from services.gateway.reasons import problems

Answer = str | Response | tuple[str, int]


class ClientFolders:
    """The tab "Folders" of a client, and the page of one folder."""

    def __init__(self, peers: Peers) -> None:
        self._client = OneClient(peers)
        self._folders = documents_pb2_grpc.FoldersStub(peers.channel("documents"))

    def folders(self, client: uuid.UUID) -> Answer:
        """All of them with how much is in each; a form for one more."""
        if request.method != "POST":
            return self._shown(client)
        wanted = documents_pb2.CreateFolderRequest(organisation_id=str(client), name=_name(), service_area=_area())
        try:
            self._folders.CreateFolder(wanted)
        except Failure as failure:
            return self._shown(client, problems(failure, "name")), failure.http_status
        return redirect(url_for("administration.client", client=client, saved="made"))

    def folder(self, client: uuid.UUID, folder: uuid.UUID) -> Answer:
        """One folder, and another name for it. Its service stays: that decided who received what is in it (ACC-11)."""
        held = self._get(client, folder)
        if request.method != "POST":
            return self._one(client, held)
        try:
            self._folders.RenameFolder(documents_pb2.RenameFolderRequest(folder_id=str(folder), name=_name()))
        except Failure as failure:
            return self._one(client, held, problems(failure, "name")), failure.http_status
        return redirect(url_for("administration.client", client=client, saved="renamed"))

    def remove(self, client: uuid.UUID, folder: uuid.UUID) -> Answer:
        """Ask once more, then remove it; one with documents in it stays."""
        held = self._get(client, folder)
        if request.method != "POST":
            return render_template("administration/remove_folder.html", client=self._client.organisation(client), row=held)
        try:
            self._folders.RemoveFolder(documents_pb2.RemoveFolderRequest(folder_id=str(folder)))
        except Failure as failure:
            return self._one(client, held, problems(failure, "remove")), failure.http_status
        return redirect(url_for("administration.client", client=client, saved="removed"))

    def _get(self, client: uuid.UUID, folder: uuid.UUID) -> documents_pb2.ClientFolder:
        for each in self._all(client):
            if each.folder.folder_id == str(folder):
                return each
        raise NotFound("folder_not_found", "There is no such folder at this client.")

    def _all(self, client: uuid.UUID) -> list[documents_pb2.ClientFolder]:
        wanted = documents_pb2.ListClientFoldersRequest(organisation_id=str(client))
        return list(self._folders.ListClientFolders(wanted).folders)

    def _one(self, client: uuid.UUID, held: documents_pb2.ClientFolder, told: dict[str, str] | None = None) -> str:
        organisation = self._client.organisation(client)
        return render_template("administration/client_folder.html", client=organisation, row=held, problems=told or {})

    def _shown(self, client: uuid.UUID, told: dict[str, str] | None = None) -> str:
        organisation, link = self._client.organisation(client), self._client.link(client)
        try:
            folders, arriving = self._all(client), False
        except NotFound:
            folders, arriving = [], True  # made a moment ago: documents has not heard of the client yet
        return render_template(
            "administration/client_folders.html", client=organisation, link=link, folders=folders, arriving=arriving,
            areas=link.firm_areas or AREAS, problems=told or {}, written=request.form,
        )  # fmt: skip


def _name() -> str:
    return request.form.get("name", "").strip()


def _area() -> "access_pb2.ServiceArea.ValueType":
    written = request.form.get("area", "")
    return next((each for each in AREAS if str(each) == written), access_pb2.SERVICE_AREA_UNSPECIFIED)
