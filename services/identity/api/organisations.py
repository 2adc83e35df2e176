"""Answers the Organisations RPCs."""

import base64
import binascii
import json
import uuid

import grpc
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1 import identity_pb2_grpc
from sqlalchemy import bindparam, select, tuple_

from chassis import caller, clock
from chassis.db import Database
from chassis.errors import Invalid
from services.identity.actions import api_keys, members, organisations
from services.identity.api import messages
from services.identity.models import ApiKey, Membership, User

PAGE = 50
_by_name = (User.last_name, User.first_name, Membership.id)
_first_page = messages.MEMBERS.order_by(*_by_name).limit(bindparam("size"))
_next_page = _first_page.where(tuple_(*_by_name) > tuple_(bindparam("last"), bindparam("first"), bindparam("id", type_=Membership.id.type)))
_keys = (
    select(ApiKey.id, ApiKey.label, ApiKey.prefix, ApiKey.created_at, ApiKey.expires_at, ApiKey.used_at)
    .where(ApiKey.organisation_id == bindparam("organisation"), ApiKey.revoked_at.is_(None), ApiKey.expires_at > bindparam("now"))
    .order_by(ApiKey.id)
)


class Organisations(identity_pb2_grpc.OrganisationsServicer):
    """Organisations and who belongs to them."""

    def __init__(self, database: Database) -> None:
        self._database = database

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
        own = caller.current().organisation_id
        found = messages.organisation(self._database, request.organisation_id)
        if not own or own not in (found.organisation_id, found.firm_id):
            raise messages.organisation_not_found()
        return found

    def ListMembers(self, request: pb.ListMembersRequest, _: grpc.ServicerContext) -> pb.ListMembersResponse:
        """By last name, first name."""
        size = request.page_size or PAGE
        asked = {"organisation": caller.current().organisation_id, "size": size + 1}
        place = _place(request.page_token) if request.page_token else {}
        rows = self._database.read(_next_page if place else _first_page, asked | place)
        answer = pb.ListMembersResponse(members=[messages.to_member(row) for row in rows[:size]])
        if len(rows) > size:
            answer.next_page_token = _token(answer.members[-1])
        return answer

    def GetMember(self, request: pb.GetMemberRequest, _: grpc.ServicerContext) -> pb.Member:
        """A member of the caller's organisation; other services ask this to know whether somebody is one."""
        return messages.member(self._database, caller.current().organisation_id, request.membership_id)

    def AddMember(self, request: pb.AddMemberRequest, _: grpc.ServicerContext) -> pb.Member:
        """A new member; the welcome letter goes out by itself."""
        with self._database.transaction() as tx:
            made = members.add_member(tx, caller.current(), request)
        return messages.member(self._database, caller.current().organisation_id, made)

    def ChangeRole(self, request: pb.ChangeRoleRequest, _: grpc.ServicerContext) -> pb.Member:
        """Another role."""
        with self._database.transaction() as tx:
            members.change_role(tx, caller.current(), request)
        return messages.member(self._database, caller.current().organisation_id, request.membership_id)

    def RemoveMember(self, request: pb.RemoveMemberRequest, _: grpc.ServicerContext) -> pb.RemoveMemberResponse:
        """At once."""
        with self._database.transaction() as tx:
            members.remove_member(tx, caller.current(), request)
        return pb.RemoveMemberResponse()

    def CreateApiKey(self, request: pb.CreateApiKeyRequest, _: grpc.ServicerContext) -> pb.CreateApiKeyResponse:
        """The secret is in this answer and nowhere else."""
        with self._database.transaction() as tx:
            key, secret = api_keys.create_api_key(tx, caller.current(), request)
        return pb.CreateApiKeyResponse(api_key=messages.to_api_key(key), secret=secret)

    def ListApiKeys(self, _: pb.ListApiKeysRequest, __: grpc.ServicerContext) -> pb.ListApiKeysResponse:
        """Those that still work."""
        rows = self._database.read(_keys, {"organisation": caller.current().organisation_id, "now": clock.now()})
        return pb.ListApiKeysResponse(api_keys=[messages.to_api_key(row) for row in rows])

    def RevokeApiKey(self, request: pb.RevokeApiKeyRequest, _: grpc.ServicerContext) -> pb.RevokeApiKeyResponse:
        """At once."""
        with self._database.transaction() as tx:
            api_keys.revoke_api_key(tx, caller.current(), request)
        return pb.RevokeApiKeyResponse()


def _token(member: pb.Member) -> str:
    place = json.dumps([member.last_name, member.first_name, member.membership_id], ensure_ascii=False)
    return base64.urlsafe_b64encode(place.encode()).decode()


def _place(token: str) -> dict[str, str]:
    """Where the page before ended. Raises Invalid."""
    try:
        last, first, member = map(str, json.loads(base64.urlsafe_b64decode(token)))
        f"{last}{first}".encode()  # JSON can spell half a character, which no query can carry: a ValueError like the others
        return {"last": last, "first": first, "id": str(uuid.UUID(member))}
    except (ValueError, TypeError, binascii.Error) as why:
        raise Invalid("bad_page_token", "This is no place in this list.", fields={"page_token": "bad_page_token"}) from why
