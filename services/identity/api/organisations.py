"""Answers the Organisations RPCs."""

from datetime import timedelta

import grpc
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1 import identity_pb2_grpc

from chassis import caller
from chassis.db import Database
from services.identity.actions import api_keys, identification, members, organisations, several, vouch
from services.identity.api import keys, member_list, messages, names
from services.identity.telephone import Telephone


class Organisations(identity_pb2_grpc.OrganisationsServicer):
    """Organisations and who belongs to them."""

    def __init__(self, database: Database, telephone: Telephone, *, vouched_life: timedelta) -> None:
        self._database, self._telephone, self._vouched_life = database, telephone, vouched_life

    def CreateFirm(self, request: pb.CreateFirmRequest, _: grpc.ServicerContext) -> pb.Organisation:
        """A firm and its first administrator."""
        with self._database.transaction() as tx:
            made = organisations.create_firm(tx, caller.current(), request)
        return messages.organisation(self._database, made)

    def CreateClient(self, request: pb.CreateClientRequest, _: grpc.ServicerContext) -> pb.Organisation:
        """A client of the caller's firm and its first administrator."""
        with self._database.transaction() as tx:
            made = organisations.create_client(tx, caller.current(), request)
        return messages.organisation(self._database, made)

    def GetOrganisation(self, request: pb.GetOrganisationRequest, _: grpc.ServicerContext) -> pb.Organisation:
        """One's own, or a client of one's firm."""
        who = caller.current()
        found = messages.organisation(self._database, request.organisation_id)
        clients = who.organisation_id == found.firm_id and who.reaches(found.organisation_id)
        if not who.organisation_id or not (who.organisation_id == found.organisation_id or clients):
            raise messages.organisation_not_found()
        return found

    def ListMembers(self, request: pb.ListMembersRequest, _: grpc.ServicerContext) -> pb.ListMembersResponse:
        """By last name, first name."""
        return member_list.list_members(self._database, caller.current(), request)

    def GetMember(self, request: pb.GetMemberRequest, _: grpc.ServicerContext) -> pb.Member:
        """A member of the caller's organisation; other services ask this to know whether somebody is one."""
        return messages.member(self._database, caller.current().organisation_id, request.membership_id)

    def AddMember(self, request: pb.AddMemberRequest, _: grpc.ServicerContext) -> pb.Member:
        """A new member; the welcome letter goes out by itself."""
        if request.HasField("identification"):
            made = identification.add_identified(self._database, self._telephone.keyring, caller.current(), request)
        else:
            with self._database.transaction() as tx:
                made = members.add_member(tx, caller.current(), request)
        return messages.member(self._database, request.organisation_id or caller.current().organisation_id, made)

    def AddMembers(self, request: pb.AddMembersRequest, _: grpc.ServicerContext) -> pb.AddMembersResponse:
        """A result for each."""
        return pb.AddMembersResponse(results=several.add_members(self._database, caller.current(), request))

    def ChangeRole(self, request: pb.ChangeRoleRequest, _: grpc.ServicerContext) -> pb.Member:
        """Another role."""
        with self._database.transaction() as tx:
            members.change_role(tx, caller.current(), request)
        return messages.member(self._database, caller.current().organisation_id, request.membership_id)

    def SetMemberValidity(self, request: pb.SetMemberValidityRequest, _: grpc.ServicerContext) -> pb.Member:
        """From which day to which."""
        with self._database.transaction() as tx:
            members.set_validity(tx, caller.current(), request)
        return messages.member(self._database, caller.current().organisation_id, request.membership_id)

    def RemoveMember(self, request: pb.RemoveMemberRequest, _: grpc.ServicerContext) -> pb.RemoveMemberResponse:
        """At once."""
        with self._database.transaction() as tx:
            members.remove_member(tx, caller.current(), request)
        return pb.RemoveMemberResponse()

    def VouchForMember(self, request: pb.VouchForMemberRequest, _: grpc.ServicerContext) -> pb.VouchForMemberResponse:
        """The code is in this answer and nowhere else."""
        with self._database.transaction() as tx:
            made = vouch.vouch(tx, self._telephone.keyring, caller.current(), request, life=self._vouched_life)
        return pb.VouchForMemberResponse(code=made.code, expires_at=messages.moment(made.expires_at))

    def ResolveNames(self, request: pb.ResolveNamesRequest, _: grpc.ServicerContext) -> pb.ResolveNamesResponse:
        """For the audit trail."""
        return pb.ResolveNamesResponse(names=names.resolve_names(self._database, caller.current(), request))

    def CreateApiKey(self, request: pb.CreateApiKeyRequest, _: grpc.ServicerContext) -> pb.CreateApiKeyResponse:
        """The secret is in this answer and nowhere else."""
        with self._database.transaction() as tx:
            key, secret = api_keys.create_api_key(tx, caller.current(), request)
        return pb.CreateApiKeyResponse(api_key=keys.one(self._database, key.organisation_id, key.id), secret=secret)

    def ListApiKeys(self, _: pb.ListApiKeysRequest, __: grpc.ServicerContext) -> pb.ListApiKeysResponse:
        """Those that still work."""
        return pb.ListApiKeysResponse(api_keys=keys.listed(self._database, caller.current().organisation_id))

    def RevokeApiKey(self, request: pb.RevokeApiKeyRequest, _: grpc.ServicerContext) -> pb.RevokeApiKeyResponse:
        """At once."""
        with self._database.transaction() as tx:
            api_keys.revoke_api_key(tx, caller.current(), request)
        return pb.RevokeApiKeyResponse()
