"""What a form needs to know before anything is sent, over gRPC."""

import base64
import json
from uuid import UUID

import grpc
from kontor.messaging.v1 import messaging_pb2 as pb
from kontor.messaging.v1.messaging_pb2_grpc import EnquiriesServicer
from sqlalchemy import String, Uuid, bindparam, func, select, tuple_

from chassis import caller
from chassis.caller import Caller
from chassis.db import Database
from chassis.errors import Invalid
from services.messaging import rules, sensitive, threads
from services.messaging.actions import members, read_threads
from services.messaging.models import ClientFirm, ConsultantAccess, Member, Person
from services.messaging.sensitive import Kind

PAGE_SIZE = 50
BEFORE_ALL = ("", "00000000-0000-0000-0000-000000000000")
KINDS = {
    Kind.NORWEGIAN: pb.SENSITIVE_KIND_NORWEGIAN_IDENTITY_NUMBER, Kind.SWEDISH: pb.SENSITIVE_KIND_SWEDISH_IDENTITY_NUMBER,
    Kind.FINNISH: pb.SENSITIVE_KIND_FINNISH_IDENTITY_CODE, Kind.DANISH: pb.SENSITIVE_KIND_DANISH_IDENTITY_NUMBER,
    Kind.IBAN: pb.SENSITIVE_KIND_IBAN, Kind.CARD: pb.SENSITIVE_KIND_PAYMENT_CARD,
}  # fmt: skip


class Enquiries(EnquiriesServicer):
    """Types of enquiry, people to write to, and the guard that looks at a text while it is written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ListEnquiryTypes(self, request: pb.ListEnquiryTypesRequest, _: grpc.ServicerContext) -> pb.ListEnquiryTypesResponse:
        """What the client's firms do for it, and the portal."""
        who = caller.current()
        if not self._may_write(who, request.organisation_id):
            raise threads.no_organisation()
        asked = {"organisation_id": request.organisation_id}
        done = self._database.read(_done, asked)
        served = {row.area for row in self._database.read(_served, asked)}
        areas = rules.enquiry_types(areas_of_firms=[row.service_areas for row in done])
        return pb.ListEnquiryTypesResponse(
            enquiry_types=[pb.EnquiryType(service_area=area, served=area in served) for area in areas]  # type: ignore[arg-type]
        )

    def ListRecipients(self, request: pb.ListRecipientsRequest, _: grpc.ServicerContext) -> pb.ListRecipientsResponse:
        """By name, a page at a time."""
        who, size = caller.current(), request.page_size or PAGE_SIZE
        if not threads.is_firm(who) or not self._may_write(who, request.organisation_id):
            raise threads.no_organisation()
        after_name, after_id = _opened(request.page_token) if request.page_token else BEFORE_ALL
        rows = self._database.read(_recipients, {
            "organisation_id": request.organisation_id, "name": rules.name_key(request.name),
            "after_name": after_name, "after_id": after_id, "limit": size + 1,
        })  # fmt: skip
        more = _token(rows[size - 1].name_key, rows[size - 1].membership_id) if len(rows) > size else ""
        people = [pb.Recipient(membership_id=row.membership_id, name=row.name) for row in rows[:size]]
        return pb.ListRecipientsResponse(recipients=people, next_page_token=more)

    def CheckText(self, request: pb.CheckTextRequest, _: grpc.ServicerContext) -> pb.CheckTextResponse:
        """Where numbers stand in a text; nothing of it is kept."""
        found = [pb.Finding(kind=KINDS[each.kind], start=each.start, end=each.end) for each in sensitive.find(request.text)]
        return pb.CheckTextResponse(findings=found)

    def _may_write(self, who: Caller, organisation_id: str) -> bool:
        if threads.is_firm(who):
            return bool(self._database.read(read_threads.SERVED, read_threads.asked_by(who) | {"organisation_id": organisation_id}))
        return organisation_id == who.organisation_id


def _token(name: str, membership_id: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([name, membership_id], ensure_ascii=False).encode()).decode()


def _opened(token: str) -> tuple[str, str]:
    try:
        name, membership_id = json.loads(base64.urlsafe_b64decode(token.encode()))
        str(name).encode()  # JSON can spell half a character, which no query can carry: a ValueError like the others
        return str(name), str(UUID(membership_id))
    except (ValueError, TypeError, AttributeError) as why:
        raise Invalid("bad_page_token", "This page token was not made here.", fields={"page_token": "not made here"}) from why


_ID = Uuid(as_uuid=False)
_organisation = bindparam("organisation_id", type_=_ID)
_done = select(ClientFirm.service_areas).where(ClientFirm.organisation_id == _organisation)
_areas = func.unnest(ConsultantAccess.service_areas).label("area")
_served = select(_areas).where(ConsultantAccess.organisation_id == _organisation).distinct()
_key = members.sorted_as()
_recipients = (
    select(Member.membership_id, members.called().label("name"), _key.label("name_key"))
    .outerjoin(Person, Person.user_id == Member.user_id)
    .where(
        Member.organisation_id == _organisation,
        Member.removed_at.is_(None),
        func.strpos(_key, bindparam("name", type_=String)) > 0,
        tuple_(_key, Member.membership_id) > tuple_(bindparam("after_name", type_=String), bindparam("after_id", type_=_ID)),
    )
    .order_by(_key, Member.membership_id)
    .limit(bindparam("limit"))
)
