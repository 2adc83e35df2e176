"""Folders of a client, and who may use which."""

from grpc import ServicerContext
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1 import documents_pb2_grpc as rpcs
from kontor.identity.v1.identity_pb2 import GetMemberRequest
from kontor.identity.v1.identity_pb2_grpc import OrganisationsStub

from chassis import caller
from chassis.db import Database
from chassis.errors import NotFound
from chassis.service import Peers
from services.documents.actions import browse, folder_access, folders
from services.documents.api.messages import folder_message


class Folders(rpcs.FoldersServicer):
    """Answers kontor.documents.v1.Folders."""

    def __init__(self, database: Database, peers: Peers) -> None:
        self._database = database
        self._organisations = OrganisationsStub(peers.channel("identity"))

    def CreateFolder(self, request: pb.CreateFolderRequest, _: ServicerContext) -> pb.Folder:
        """See the contract."""
        with self._database.transaction() as tx:
            return folder_message(folders.create_folder(tx, caller.current(), request))

    def ListFolders(self, request: pb.ListFoldersRequest, _: ServicerContext) -> pb.ListFoldersResponse:
        """See the contract."""
        found = browse.usable_folders(self._database, caller.current(), request.organisation_id)
        return pb.ListFoldersResponse(folders=map(folder_message, found))

    def GetFolderAccess(self, request: pb.GetFolderAccessRequest, _: ServicerContext) -> pb.FolderAccess:
        """See the contract."""
        return self._ticks(self._member(request.membership_id))

    def SetFolderAccess(self, request: pb.SetFolderAccessRequest, _: ServicerContext) -> pb.FolderAccess:
        """See the contract."""
        membership_id = self._member(request.membership_id)
        with self._database.transaction() as tx:
            folder_access.save_folder_access(tx, caller.current(), membership_id, folder_ids=request.folder_ids)
        return self._ticks(membership_id)

    def _member(self, membership_id: str) -> str:
        """The id, if it is a member of the caller's organisation now. Raises NotFound."""
        member = self._organisations.GetMember(GetMemberRequest(membership_id=membership_id))
        if member.organisation_id != caller.current().organisation_id:
            raise NotFound("member_not_found", "There is no such member in your organisation.")
        return str(member.membership_id)

    def _ticks(self, membership_id: str) -> pb.FolderAccess:
        with self._database.transaction() as tx:
            ticks = folder_access.ticks(tx, caller.current().organisation_id, membership_id)
            shown = [pb.FolderTick(folder=folder_message(folder), granted=granted) for folder, granted in ticks]
        return pb.FolderAccess(membership_id=membership_id, ticks=shown)
