"""A firm at the linking service, and an identity that knows what a test tells it."""

from collections.abc import Callable

import uuid_utils.compat as uuid
from kontor.access.v1.access_pb2 import (
    PERMISSION_CONSULTANT_ASSIGN,
    PERMISSION_LINK_MANAGE,
    PERMISSION_LINK_READ,
    SERVICE_AREA_ACCOUNTING,
    SERVICE_AREA_HR,
    SERVICE_AREA_PAYROLL,
    SERVICE_AREA_PORTAL_SUPPORT,
)
from kontor.identity.v1 import identity_pb2
from kontor.identity.v1.identity_pb2_grpc import OrganisationsServicer
from kontor.linking.v1 import linking_pb2 as pb
from kontor.linking.v1.linking_pb2_grpc import LinksStub
from sqlalchemy import text

from chassis.caller import Caller
from chassis.errors import NotFound, Unavailable
from chassis.testing import ServiceUnderTest, person

PAYROLL, ACCOUNTING, HR = SERVICE_AREA_PAYROLL, SERVICE_AREA_ACCOUNTING, SERVICE_AREA_HR
SUPPORT = SERVICE_AREA_PORTAL_SUPPORT


def new_id() -> str:
    return str(uuid.uuid7())


class Identity(OrganisationsServicer):
    """Knows the organisations and members that a test has told it; something may happen `meanwhile` it answers about a member."""

    def __init__(self) -> None:
        self.clients: dict[str, identity_pb2.Organisation] = {}
        self.members: dict[str, str] = {}
        self.down = False
        self.meanwhile: Callable[[], object] = lambda: None

    def GetOrganisation(self, request: identity_pb2.GetOrganisationRequest, context: object) -> identity_pb2.Organisation:
        if self.down:
            raise Unavailable("identity_unavailable")
        if request.organisation_id not in self.clients:
            raise NotFound("organisation_not_found")
        return self.clients[request.organisation_id]

    def GetMember(self, request: identity_pb2.GetMemberRequest, context: object) -> identity_pb2.Member:
        if request.membership_id not in self.members:
            raise NotFound("member_not_found")
        self.meanwhile()
        return identity_pb2.Member(membership_id=request.membership_id, organisation_id=self.members[request.membership_id])


class Firm:
    """A firm with an administrator, and what it does at the service."""

    def __init__(self, service: ServiceUnderTest, identity: Identity) -> None:
        self.service, self.identity, self.id = service, identity, new_id()
        self.administrator = self.member(PERMISSION_LINK_READ, PERMISSION_LINK_MANAGE, PERMISSION_CONSULTANT_ASSIGN)

    def member(self, *permissions: int) -> Caller:
        who = person(*permissions or (PERMISSION_LINK_READ,), organisation_id=self.id, organisation_kind="firm")
        self.identity.members[who.membership_id] = self.id
        return who

    def made(self, name: str) -> str:
        client_id = new_id()
        self.identity.clients[client_id] = identity_pb2.Organisation(
            organisation_id=client_id, kind=identity_pb2.ORGANISATION_KIND_CLIENT, name=name, firm_id=self.id
        )
        return client_id

    def linked(self, name: str) -> str:
        return self.asks().CreateLink(pb.CreateLinkRequest(organisation_id=self.made(name))).organisation_id

    def asks(self, who: Caller | None = None) -> LinksStub:
        return LinksStub(self.service.channel(who or self.administrator))

    def assign(self, client_id: str, consultant: Caller, *areas: int) -> pb.Consultant:
        request = pb.AssignConsultantRequest(
            organisation_id=client_id, membership_id=consultant.membership_id, service_areas=areas  # type: ignore[arg-type]
        )  # fmt: skip
        return self.asks().AssignConsultant(request)

    def clients_of(self, who: Caller, **asked: str) -> dict[str, list[int]]:
        listed = self.asks(who).ListClients(pb.ListClientsRequest(**asked)).clients  # type: ignore[arg-type]
        return {client.name: list(client.service_areas) for client in listed}


def audited(service: ServiceUnderTest) -> list[str]:
    assert service.service.database is not None
    return [row.action for row in service.service.database.read(text("select action from audit order by at, number"))]


def trails(service: ServiceUnderTest) -> list[tuple[str, int]]:
    """Each organisation that has an audit trail here, and how long it is."""
    assert service.service.database is not None
    return [tuple(row) for row in service.service.database.read(text("select organisation_id, number from audit_heads order by 1"))]
