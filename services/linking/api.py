"""Links between firms and clients, over gRPC."""

import base64
import json
from typing import Any
from uuid import UUID

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from kontor.access.v1.access_pb2 import PERMISSION_LINK_MANAGE
from kontor.identity.v1 import identity_pb2
from kontor.identity.v1.identity_pb2_grpc import OrganisationsStub
from kontor.linking.v1 import linking_pb2 as pb
from kontor.linking.v1.linking_pb2_grpc import LinksServicer
from sqlalchemy import Boolean, String, Uuid, and_, bindparam, func, or_, select, tuple_

from chassis import caller
from chassis.caller import Caller
from chassis.db import Database
from chassis.errors import Invalid, NotFound
from services.linking import rules
from services.linking.actions.consultants import assign_consultant
from services.linking.actions.links import create_link
from services.linking.models import Consultant, Link

PAGE_SIZE = 50
BEFORE_ALL = ("", "00000000-0000-0000-0000-000000000000")


class Links(LinksServicer):
    """What a firm asks about its clients and consultants."""

    def __init__(self, database: Database, organisations: OrganisationsStub) -> None:
        self._database, self._organisations = database, organisations

    def CreateLink(self, request: pb.CreateLinkRequest, _: grpc.ServicerContext) -> pb.Link:
        """Only a client that the caller's firm has made; identity knows which those are."""
        who = caller.current()
        client = self._organisations.GetOrganisation(identity_pb2.GetOrganisationRequest(organisation_id=request.organisation_id))
        if not rules.may_link(firm_id=who.organisation_id, made_by_firm_id=client.firm_id):
            raise _no_client()
        with self._database.transaction() as tx:
            return link_message(create_link(tx, who, organisation_id=client.organisation_id, client_name=client.name))

    def ListClients(self, request: pb.ListClientsRequest, _: grpc.ServicerContext) -> pb.ListClientsResponse:
        """By name, a page at a time."""
        who, size = caller.current(), request.page_size or PAGE_SIZE
        after_name, after_id = _opened(request.page_token) if request.page_token else BEFORE_ALL
        rows = self._database.read(_clients, {
            "firm_id": who.organisation_id, "membership_id": who.membership_id, "all": _manages(who), "name": rules.name_key(request.name),
            "after_name": after_name, "after_id": after_id, "limit": size + 1,
        })  # fmt: skip
        clients = [pb.Client(organisation_id=row.organisation_id, name=row.client_name, service_areas=row.service_areas) for row in rows]
        more = _token(rows[size - 1].name_key, rows[size - 1].organisation_id) if len(rows) > size else ""
        return pb.ListClientsResponse(clients=clients[:size], next_page_token=more)

    def ListConsultants(self, request: pb.ListConsultantsRequest, _: grpc.ServicerContext) -> pb.ListConsultantsResponse:
        """For the firm's administrators and the client's consultants, and for the client itself."""
        who, client = caller.current(), {"organisation_id": request.organisation_id}
        asked_by = {"caller_organisation_id": who.organisation_id, "membership_id": who.membership_id, "manages": _manages(who)}
        if not self._database.read(_may_see, client | asked_by):
            raise _no_client()
        rows = self._database.read(_consultants, client)
        return pb.ListConsultantsResponse(consultants=[consultant_message(row) for row in rows])

    def AssignConsultant(self, request: pb.AssignConsultantRequest, _: grpc.ServicerContext) -> pb.Consultant:
        """Only members of the caller's own firm. Ending needs no look-up: the member may be gone."""
        who = caller.current()
        if request.service_areas:
            member = self._organisations.GetMember(identity_pb2.GetMemberRequest(membership_id=request.membership_id))
            if member.organisation_id != who.organisation_id:
                raise NotFound("member_not_found", "Your firm has no such member.")
        with self._database.transaction() as tx:
            return consultant_message(
                assign_consultant(
                    tx, who,
                    organisation_id=request.organisation_id, membership_id=request.membership_id, service_areas=request.service_areas,
                )
            )  # fmt: skip


def link_message(link: Link) -> pb.Link:
    """A link as it is answered."""
    created_at = Timestamp()
    created_at.FromDatetime(link.created_at)
    return pb.Link(
        link_id=link.id, firm_id=link.firm_id, organisation_id=link.organisation_id, client_name=link.client_name, created_at=created_at
    )


def consultant_message(row: Any) -> pb.Consultant:
    """A consultant as it is answered."""
    since = Timestamp()
    since.FromDatetime(row.since)
    return pb.Consultant(
        organisation_id=row.organisation_id, membership_id=row.membership_id, service_areas=row.service_areas, since=since
    )


def _manages(who: Caller) -> bool:
    return PERMISSION_LINK_MANAGE in who.permissions


def _no_client() -> NotFound:
    return NotFound("client_not_found", "Your firm works for no such client.")


def _token(name: str, organisation_id: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([name, organisation_id], ensure_ascii=False).encode()).decode()


def _opened(token: str) -> tuple[str, str]:
    try:
        name, organisation_id = json.loads(base64.urlsafe_b64decode(token.encode()))
        str(name).encode()  # JSON can spell half a character, which no query can carry: a ValueError like the others
        return str(name), str(UUID(organisation_id))
    except (ValueError, TypeError, AttributeError) as why:
        raise Invalid("bad_page_token", "This page token was not made here.", fields={"page_token": "not made here"}) from why


_ID = Uuid(as_uuid=False)
_organisation = bindparam("organisation_id", type_=_ID)
_membership = bindparam("membership_id", type_=_ID)
_asker = bindparam("caller_organisation_id", type_=_ID)
_works = func.cardinality(Consultant.service_areas) > 0
_own = and_(Consultant.organisation_id == Link.organisation_id, Consultant.membership_id == _membership, _works)
_clients = (
    select(Link.organisation_id, Link.client_name, Link.name_key, func.coalesce(Consultant.service_areas, []).label("service_areas"))
    .outerjoin(Consultant, _own)
    .where(
        Link.firm_id == bindparam("firm_id", type_=_ID),
        or_(bindparam("all", type_=Boolean), Consultant.membership_id.is_not(None)),
        func.strpos(Link.name_key, bindparam("name", type_=String)) > 0,
        tuple_(Link.name_key, Link.organisation_id) > tuple_(bindparam("after_name", type_=String), bindparam("after_id", type_=_ID)),
    )
    .order_by(Link.name_key, Link.organisation_id)
    .limit(bindparam("limit"))
)
_may_see = (
    select(Link.id)
    .outerjoin(Consultant, _own)
    .where(
        Link.organisation_id == _organisation,
        or_(
            and_(Link.firm_id == _asker, or_(bindparam("manages", type_=Boolean), Consultant.membership_id.is_not(None))),
            Link.organisation_id == _asker,
        ),
    )
)
_consultants = select(Consultant.organisation_id, Consultant.membership_id, Consultant.service_areas, Consultant.since).where(
    Consultant.organisation_id == _organisation, _works
).order_by(Consultant.since, Consultant.membership_id)  # fmt: skip
