"""Which folders a member may use: ticks that count once they are saved (ACC-79, ACC-80)."""

import uuid
from collections.abc import Sequence

from flask import redirect, render_template, request, url_for
from kontor.access.v1 import access_pb2
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc
from werkzeug.wrappers import Response

from chassis.service import Peers
from services.gateway.reader import may


class FolderAccess:
    """The page "Manage folders", and the numbers beside each member."""

    def __init__(self, peers: Peers) -> None:
        self._members = identity_pb2_grpc.OrganisationsStub(peers.channel("identity"))
        self._folders = documents_pb2_grpc.FoldersStub(peers.channel("documents"))

    def folders(self, membership: uuid.UUID) -> str | Response:
        """A tick for each folder, in force once saved."""
        member = self._members.GetMember(identity_pb2.GetMemberRequest(membership_id=str(membership)))
        if request.method == "POST":
            chosen = list(dict.fromkeys(request.form.getlist("folder")))
            wanted = documents_pb2.SetFolderAccessRequest(membership_id=str(membership), folder_ids=chosen)
            granted = [each for each in self._folders.SetFolderAccess(wanted).ticks if each.granted]
            return redirect(url_for("administration.member", membership=membership, folders=len(granted)))
        return render_template("administration/folders.html", member=member, ticks=self.ticks(str(membership)))

    def ticks(self, membership: str) -> Sequence[documents_pb2.FolderTick]:
        """All folders of the organisation, each with whether this member may use it; none where that is not the reader's to say."""
        if not may(access_pb2.PERMISSION_FOLDER_GRANT):
            return ()
        return self._folders.GetFolderAccess(documents_pb2.GetFolderAccessRequest(membership_id=membership)).ticks

    def counted(self, memberships: Sequence[str]) -> dict[str, int]:
        """Membership to number of folders, of those the reader may know."""
        if not memberships or not may(access_pb2.PERMISSION_FOLDER_GRANT):
            return {}
        found = self._folders.CountGrants(documents_pb2.CountGrantsRequest(membership_ids=memberships)).counts
        return {each.membership_id: each.folders for each in found}
