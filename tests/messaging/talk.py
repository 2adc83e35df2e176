"""People of a client and of the firm, and what they do with messages and threads."""

from dataclasses import replace

import uuid_utils.compat as uuid
from google.protobuf.message import Message
from kontor.access.v1.access_pb2 import (
    PERMISSION_MESSAGE_READ,
    PERMISSION_MESSAGE_WRITE,
    SERVICE_AREA_ACCOUNTING,
    SERVICE_AREA_HR,
    SERVICE_AREA_PAYROLL,
    SERVICE_AREA_PORTAL_SUPPORT,
)
from kontor.identity.v1.events_pb2 import MemberAdded, MemberRemoved
from kontor.linking.v1.events_pb2 import ConsultantAssigned
from kontor.messaging.v1 import messaging_pb2 as pb
from kontor.messaging.v1.events_pb2 import ThreadChanged
from kontor.messaging.v1.messaging_pb2_grpc import EnquiriesStub, MessagesStub, ThreadsStub

from chassis.caller import Caller
from chassis.testing import ServiceUnderTest, person

PAYROLL, ACCOUNTING, HR = SERVICE_AREA_PAYROLL, SERVICE_AREA_ACCOUNTING, SERVICE_AREA_HR
SUPPORT = SERVICE_AREA_PORTAL_SUPPORT
OPEN, ANSWERED, CLOSED = pb.THREAD_STATE_OPEN, pb.THREAD_STATE_ANSWERED, pb.THREAD_STATE_CLOSED
PERMISSIONS = (PERMISSION_MESSAGE_READ, PERMISSION_MESSAGE_WRITE)
BAKERY, YARD = str(uuid.uuid7()), str(uuid.uuid7())


def client(organisation: str = BAKERY, name: str = "Ingrid Eksempeldal") -> Caller:
    return person(*PERMISSIONS, organisation_id=organisation, name=name)


def consultant(name: str = "Jonas Konsulent") -> Caller:
    return person(*PERMISSIONS, organisation_kind="firm", organisation_name="Fjelltest Regnskap AS", name=name)


def assigned(service: ServiceUnderTest, who: Caller, *areas: int, version: int = 1, at: str = BAKERY) -> None:
    event = ConsultantAssigned(
        firm_id=who.organisation_id, organisation_id=at, membership_id=who.membership_id, service_areas=areas,  # type: ignore[arg-type]
    )  # fmt: skip
    assert service.happened(event, about=f"{at}/{who.membership_id}", version=version)


def added(service: ServiceUnderTest, who: Caller) -> Caller:
    """The person becomes a member, as identity tells it."""
    first, _, last = who.name.partition(" ")
    event = MemberAdded(
        membership_id=who.membership_id, organisation_id=who.organisation_id, user_id=who.user_id, first_name=first, last_name=last
    )
    assert service.happened(event)
    return who


def removed(service: ServiceUnderTest, who: Caller) -> None:
    assert service.happened(MemberRemoved(membership_id=who.membership_id, organisation_id=who.organisation_id, user_id=who.user_id))


def again(who: Caller) -> Caller:
    """The same person, added once more: a new membership."""
    return replace(who, membership_id=str(uuid.uuid7()))


def send(service: ServiceUnderTest, who: Caller, area: int = PAYROLL, **given: object) -> pb.Message:
    content: dict[str, object] = {"organisation_id": BAKERY, "subject": "Lønn i mai", "body": "Hei!\nTo nye ansatte.", **given}
    return MessagesStub(service.channel(who)).SendMessage(pb.SendMessageRequest(service_area=area, **content))  # type: ignore[arg-type]


def listed(service: ServiceUnderTest, who: Caller) -> list[str]:
    return [message.subject for message in page(service, who).messages]


def page(service: ServiceUnderTest, who: Caller, **asked: object) -> pb.ListMessagesResponse:
    request = pb.ListMessagesRequest(**{"organisation_id": BAKERY, **asked})  # type: ignore[arg-type]
    return MessagesStub(service.channel(who)).ListMessages(request)


def threads(service: ServiceUnderTest, who: Caller) -> ThreadsStub:
    return ThreadsStub(service.channel(who))


def enquiries(service: ServiceUnderTest, who: Caller) -> EnquiriesStub:
    return EnquiriesStub(service.channel(who))


def answer(service: ServiceUnderTest, who: Caller, thread: str, body: str = "Takk!", **given: bool) -> pb.Message:
    return threads(service, who).Answer(pb.AnswerRequest(thread_id=thread, body=body, **given))


def thread(service: ServiceUnderTest, who: Caller, thread_id: str) -> pb.Thread:
    return threads(service, who).GetThread(pb.GetThreadRequest(thread_id=thread_id))


def read(service: ServiceUnderTest, who: Caller, thread_id: str, up_to: int = 1_000_000) -> pb.Thread:
    return threads(service, who).MarkThreadRead(pb.MarkThreadReadRequest(thread_id=thread_id, up_to=up_to))


def close(service: ServiceUnderTest, who: Caller, thread_id: str) -> pb.Thread:
    return threads(service, who).CloseThread(pb.CloseThreadRequest(thread_id=thread_id))


def give(service: ServiceUnderTest, who: Caller, thread_id: str, to: Caller | None) -> pb.Thread:
    request = pb.AssignThreadRequest(thread_id=thread_id, membership_id=to.membership_id if to else "")
    return threads(service, who).AssignThread(request)


def found(service: ServiceUnderTest, who: Caller, **asked: object) -> list[str]:
    """Subjects of the threads listed."""
    return [each.subject for each in threads(service, who).ListThreads(pb.ListThreadsRequest(**asked)).threads]  # type: ignore[arg-type]


def told(service: ServiceUnderTest) -> list[Message]:
    """What was published since the last time, without hints to open pages."""
    return [event for event in service.relay() if not isinstance(event, ThreadChanged)]
