"""Links between firms and clients, over gRPC."""

import base64
import json
from typing import Any
from uuid import UUID

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from kontor.access.v1.access_pb2 import PERMISSION_CONSULTANT_ASSIGN, PERMISSION_DOCUMENT_HOLD, PERMISSION_LINK_MANAGE
from kontor.identity.v1 import identity_pb2
from kontor.identity.v1.identity_pb2_grpc import OrganisationsStub
from kontor.linking.v1 import linking_pb2 as pb
from kontor.linking.v1.linking_pb2_grpc import LinksServicer
from sqlalchemy import ARRAY, Boolean, String, Uuid, and_, any_, bindparam, case, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from chassis import caller
from chassis.caller import Caller
from chassis.db import Database
from chassis.errors import Invalid, NotFound
from services.linking import rules
from services.linking.actions.consultants import assign_consultant
from services.linking.actions.links import create_link, update_link
from services.linking.models import Consultant, Link

PAGE_SIZE = 50
_ABOUT_ALL_CLIENTS = {PERMISSION_LINK_MANAGE, PERMISSION_CONSULTANT_ASSIGN, PERMISSION_DOCUMENT_HOLD}
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
            return link_message(
                create_link(
                    tx, who,
                    organisation_id=client.organisation_id, client_name=client.name, service_areas=request.service_areas,
                )
            )  # fmt: skip

    def UpdateLink(self, request: pb.UpdateLinkRequest, _: grpc.ServicerContext) -> pb.Link:
        """Who works for the client in an area given up stays assigned: the area may come back."""
        with self._database.transaction() as tx:
            return link_message(
                update_link(tx, caller.current(), organisation_id=request.organisation_id, service_areas=request.service_areas)
            )

    def ListClients(self, request: pb.ListClientsRequest, _: grpc.ServicerContext) -> pb.ListClientsResponse:
        """By name, a page at a time."""
        who, size = caller.current(), request.page_size or PAGE_SIZE
        after_name, after_id = _opened(request.page_token) if request.page_token else BEFORE_ALL
        rows = self._database.read(_clients, {
            "firm_id": who.organisation_id, "membership_id": who.membership_id, "manages": _manages(who), "reached": list(who.clients),
            "all": _manages(who) and not request.mine, "unserved": request.unserved, "name": rules.name_key(request.name),
            "ids": [each.lower() for each in request.organisation_ids],
            "after_name": after_name, "after_id": after_id, "limit": size + 1,
        })  # fmt: skip
        more = _token(rows[size - 1].name_key, rows[size - 1].organisation_id) if len(rows) > size else ""
        unserved = self._unserved_clients(who) if _manages(who) and not request.page_token else 0
        clients = [client_message(row) for row in rows[:size]]
        return pb.ListClientsResponse(clients=clients, next_page_token=more, unserved_clients=unserved)

    def ListConsultants(self, request: pb.ListConsultantsRequest, _: grpc.ServicerContext) -> pb.ListConsultantsResponse:
        """For the firm's administrators and the client's consultants, and for the client itself."""
        who, client = caller.current(), {"organisation_id": request.organisation_id}
        asked_by = {"caller_organisation_id": who.organisation_id, "membership_id": who.membership_id, "manages": _manages(who)}
        if not who.reaches(request.organisation_id) or not self._database.read(_may_see, client | asked_by):
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

    def _unserved_clients(self, who: Caller) -> int:
        return int(self._database.read(_unserved_count, {"firm_id": who.organisation_id})[0].clients)


def client_message(row: Any) -> pb.Client:
    """A client as it is answered."""
    return pb.Client(
        organisation_id=row.organisation_id, name=row.client_name, service_areas=row.service_areas, firm_areas=row.firm_areas,
        unserved_areas=row.unserved_areas,
    )  # fmt: skip


def link_message(link: Link) -> pb.Link:
    """A link as it is answered."""
    created_at = Timestamp()
    created_at.FromDatetime(link.created_at)
    return pb.Link(
        link_id=link.id, firm_id=link.firm_id, organisation_id=link.organisation_id, client_name=link.client_name, created_at=created_at,
        service_areas=link.service_areas,  # type: ignore[arg-type]
    )  # fmt: skip


def consultant_message(row: Any) -> pb.Consultant:
    """A consultant as it is answered."""
    since = Timestamp()
    since.FromDatetime(row.since)
    return pb.Consultant(
        organisation_id=row.organisation_id, membership_id=row.membership_id, service_areas=row.service_areas, since=since
    )


def _manages(who: Caller) -> bool:
    """Whether somebody has to do with all clients of the firm: its administrators, and those of a programme that is about clients."""
    return bool(_ABOUT_ALL_CLIENTS.intersection(who.permissions))


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
_working = aliased(Consultant)
_due_areas = func.unnest(func.array_append(Link.service_areas, rules.PORTAL_SUPPORT)).column_valued("area")
_somebody = (
    select(_working.membership_id)
    .where(_working.organisation_id == Link.organisation_id, _working.firm_id == Link.firm_id, _due_areas == any_(_working.service_areas))
    .correlate_except(_working)
)
# Of what the firm does for a client, help with the portal included, the areas in which nobody of the firm works for it.
_unserved = select(_due_areas).where(~_somebody.exists()).correlate(Link)
_unserved_areas = case((bindparam("manages", type_=Boolean), func.array(_unserved.scalar_subquery())), else_=[])
_unserved_count = select(func.count().label("clients")).where(Link.firm_id == bindparam("firm_id", type_=_ID), _unserved.exists())
_ids, _reached = bindparam("ids", type_=ARRAY(_ID)), bindparam("reached", type_=ARRAY(_ID))
_clients = (
    select(
        Link.organisation_id, Link.client_name, Link.name_key, Link.service_areas.label("firm_areas"),
        func.coalesce(Consultant.service_areas, []).label("service_areas"), _unserved_areas.label("unserved_areas"),
    )
    .outerjoin(Consultant, _own)
    .where(
        or_(func.cardinality(_ids) == 0, Link.organisation_id == any_(_ids)),
        or_(~bindparam("unserved", type_=Boolean), and_(bindparam("manages", type_=Boolean), _unserved.exists())),
        Link.firm_id == bindparam("firm_id", type_=_ID),
        or_(func.cardinality(_reached) == 0, Link.organisation_id == any_(_reached)),
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
