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
from services.documents.actions import browse, count_grants, folder_access, folder_members, folders
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

    def ListClientFolders(self, request: pb.ListClientFoldersRequest, _: ServicerContext) -> pb.ListClientFoldersResponse:
        """See the contract."""
        rows = folders.list_client_folders(self._database, caller.current(), request.organisation_id)
        found = [pb.ClientFolder(folder=folder_message(row), documents=row.documents, members=row.members) for row in rows]
        return pb.ListClientFoldersResponse(folders=found)

    def RenameFolder(self, request: pb.RenameFolderRequest, _: ServicerContext) -> pb.Folder:
        """See the contract."""
        with self._database.transaction() as tx:
            return folder_message(folders.rename_folder(tx, caller.current(), request))

    def RemoveFolder(self, request: pb.RemoveFolderRequest, _: ServicerContext) -> pb.RemoveFolderResponse:
        """See the contract."""
        with self._database.transaction() as tx:
            folders.remove_folder(tx, caller.current(), request.folder_id)
        return pb.RemoveFolderResponse()

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

    def ListFolderGrants(self, _request: pb.ListFolderGrantsRequest, _: ServicerContext) -> pb.ListFolderGrantsResponse:
        """See the contract."""
        rows = folder_members.list_folder_grants(self._database, caller.current())
        return pb.ListFolderGrantsResponse(folders=[pb.FolderGrants(folder=folder_message(row), members=row.members) for row in rows])

    def GetFolderMembers(self, request: pb.GetFolderMembersRequest, _: ServicerContext) -> pb.FolderMembers:
        """See the contract."""
        return self._members_of(request.folder_id)

    def SetFolderMembers(self, request: pb.SetFolderMembersRequest, _: ServicerContext) -> pb.FolderMembers:
        """See the contract."""
        had = set(self._members_of(request.folder_id).membership_ids)
        asked = {each.membership_id.lower(): each.granted for each in request.ticks}
        # Whoever has the tick is a member; who is to get it is looked up at identity.
        ticks = {each if each in had or not granted else self._member(each): granted for each, granted in asked.items()}
        with self._database.transaction() as tx:
            folder_members.save_folder_members(tx, caller.current(), request.folder_id.lower(), ticks=ticks)
        return self._members_of(request.folder_id)

    def CountGrants(self, request: pb.CountGrantsRequest, _: ServicerContext) -> pb.CountGrantsResponse:
        """See the contract."""
        counted = count_grants.count_grants(self._database, caller.current(), request.membership_ids)
        return pb.CountGrantsResponse(counts=[pb.GrantCount(membership_id=each, folders=folders) for each, folders in counted.items()])

    def _member(self, membership_id: str) -> str:
        """The id, if it is a member of the caller's organisation now. Raises NotFound."""
        member = self._organisations.GetMember(GetMemberRequest(membership_id=membership_id))
        if member.organisation_id != caller.current().organisation_id:
            raise NotFound("member_not_found", "There is no such member in your organisation.")
        return str(member.membership_id)

    def _members_of(self, folder_id: str) -> pb.FolderMembers:
        folder, membership_ids = folder_members.folder_members(self._database, caller.current(), folder_id)
        return pb.FolderMembers(folder=folder_message(folder), membership_ids=membership_ids)

    def _ticks(self, membership_id: str) -> pb.FolderAccess:
        with self._database.transaction() as tx:
            ticks = folder_access.ticks(tx, caller.current().organisation_id, membership_id)
            shown = [pb.FolderTick(folder=folder_message(folder), granted=granted) for folder, granted in ticks]
        return pb.FolderAccess(membership_id=membership_id, ticks=shown)
