"""What tests of notify start from: the service with a mail server, and people who are told things."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import uuid_utils.compat as uuid
from google.protobuf.message import Message
from kontor.access.v1.access_pb2 import PERMISSION_NOTICE_USE, SERVICE_AREA_PAYROLL, ServiceArea
from kontor.documents.v1.events_pb2 import DocumentPublished
from kontor.identity.v1.events_pb2 import MemberAdded
from kontor.messaging.v1.events_pb2 import AnswerSent, MessageSent
from kontor.notify.v1 import notify_pb2 as pb
from kontor.notify.v1.notify_pb2_grpc import NoticesStub
from sqlalchemy import text

from chassis import clock
from chassis.caller import Caller
from chassis.config import Secret
from chassis.testing import FakePeers, ServiceUnderTest, person
from services.notify.config import Config
from services.notify.service import build

PAYROLL = SERVICE_AREA_PAYROLL
DOCUMENTS, MESSAGES, TASKS = pb.NOTICE_CATEGORY_DOCUMENTS, pb.NOTICE_CATEGORY_MESSAGES, pb.NOTICE_CATEGORY_TASKS
DELETION, SECURITY, LINKS = pb.NOTICE_CATEGORY_DELETION, pb.NOTICE_CATEGORY_SECURITY, pb.NOTICE_CATEGORY_LINKS
PORTAL, EMAIL = pb.NOTICE_CHANNEL_PORTAL, pb.NOTICE_CHANNEL_EMAIL
Cell = tuple[pb.NoticeCategory.ValueType, pb.NoticeChannel.ValueType]


def new_id() -> str:
    return str(uuid.uuid7())


def started(database_url: str, mail_url: str, *, digest_hour: int = 7) -> ServiceUnderTest:
    config = Config(
        database_url=Secret(database_url), mail_url=mail_url, public_url="https://portal.example.no",
        sender="Kontor <no-reply@portal.example.no>", digest_hour=digest_hour,
    )  # fmt: skip
    return ServiceUnderTest(build(config, FakePeers()))


class Office:
    """An organisation, its members, and what happens there."""

    def __init__(self, service: ServiceUnderTest, name: str = "Testdal Bakeri AS") -> None:
        self.service, self.name, self.id, self.folder_id = service, name, new_id(), new_id()

    def someone(self, **given: str) -> Caller:
        return person(PERMISSION_NOTICE_USE, organisation_id=self.id, organisation_name=self.name, **given)

    def member(self, email: str = "kari@example.no", *, language: str = "nb", zone: str = "Europe/Oslo", user_id: str = "") -> Caller:
        who = self.someone(user_id=user_id or new_id())
        self.add(who, email, language=language, zone=zone)
        return who

    def add(self, who: Caller, email: str = "kari@example.no", *, language: str = "nb", zone: str = "Europe/Oslo") -> None:
        event = MemberAdded(
            membership_id=who.membership_id, organisation_id=self.id, user_id=who.user_id, email=email, first_name="Kari",
            last_name="Nordmann", language=language, time_zone=zone, organisation_name=self.name,
        )  # fmt: skip
        assert self.service.happened(event)

    def published(
        self, *readers: Caller, by: Caller | None = None, area: ServiceArea.ValueType = PAYROLL, folder_id: str = "",
        document_id: str = "", version: int = 1,
    ) -> DocumentPublished:  # fmt: skip
        event = DocumentPublished(
            document_id=document_id or new_id(), organisation_id=self.id, folder_id=folder_id or self.folder_id, service_area=area,
            version=version, uploaded_by_membership_id=by.membership_id if by else new_id(),
            reader_membership_ids=[who.membership_id for who in (*readers, *([by] if by else []))],
        )  # fmt: skip
        assert self.service.happened(event)
        return event

    def wrote(self, *readers: Caller, by: str = "", area: ServiceArea.ValueType = PAYROLL) -> MessageSent:
        event = MessageSent(
            message_id=new_id(), organisation_id=self.id, service_area=area, sent_by_membership_id=by or new_id(),
            reader_membership_ids=[who.membership_id for who in readers],
        )  # fmt: skip
        assert self.service.happened(event)
        return event

    def answered(self, *readers: Caller, text: str = "Den 20.", subject: str = "Ferie", by: str = "Anna Berg") -> AnswerSent:
        event = AnswerSent(
            thread_id=new_id(), message_id=new_id(), organisation_id=self.id, service_area=PAYROLL, sent_by_membership_id=new_id(),
            to_membership_ids=[who.membership_id for who in readers], subject=subject, text=text, sent_by=by,
        )  # fmt: skip
        assert self.service.happened(event)
        return event


def desk(service: ServiceUnderTest, who: Caller) -> NoticesStub:
    return NoticesStub(service.channel(who))


def notices(service: ServiceUnderTest, who: Caller) -> list[str]:
    """What stands in the portal for this member: ids of documents and messages, newest first."""
    return [notice.subject_id for notice in desk(service, who).ListNotices(pb.ListNoticesRequest()).notices]


def unread(service: ServiceUnderTest, who: Caller) -> int:
    return desk(service, who).ListNotices(pb.ListNoticesRequest()).unread


def switch(service: ServiceUnderTest, who: Caller, *, portal: bool = True, digest: bool = False, messages: bool = True) -> None:
    cells = {(DOCUMENTS, PORTAL): portal, (DOCUMENTS, EMAIL): digest, (MESSAGES, EMAIL): messages}
    choose(service, who, cells)


def choose(
    service: ServiceUnderTest, who: Caller, cells: Mapping[Cell, bool], *, everywhere: bool = False, hour: int | None = None
) -> pb.NoticeSettings:
    """Switches of one's own, and the hour of the digest; answers all of them."""
    switches = [pb.NoticeSwitch(category=category, channel=channel, on=on) for (category, channel), on in cells.items()]
    wanted = pb.NoticeSettings(switches=switches, digest_hour=hour)
    return desk(service, who).UpdateNoticeSettings(pb.UpdateNoticeSettingsRequest(settings=wanted, everywhere=everywhere))


def chosen(service: ServiceUnderTest, who: Caller) -> dict[Cell, bool]:
    """All switches as they are answered."""
    answered = desk(service, who).GetNoticeSettings(pb.GetNoticeSettingsRequest())
    return {(each.category, each.channel): each.on for each in answered.switches}


@contextmanager
def at(year: int, month: int, day: int, hour: int, minute: int = 0) -> Iterator[None]:
    """The clock stands near this moment in UTC."""
    with clock.moved(datetime(year, month, day, hour, minute, tzinfo=UTC) - clock.now()):
        yield


def earlier(service: ServiceUnderTest, event: Message, *, by: timedelta) -> None:
    """An event that happened before and arrives now."""
    with clock.moved(-by):
        assert service.happened(event)


def digests(service: ServiceUnderTest) -> None:
    """What the clock does each minute, and what the sender does after it."""
    service.run_job("schedule_digests")
    service.run_job("send_deliveries")


def deliveries(service: ServiceUnderTest) -> list[tuple[str, int]]:
    """State and attempts of each, in the order in which they became due."""
    assert service.service.database is not None
    return [(row.state, row.attempts) for row in service.service.database.read(text("select state, attempts from deliveries order by id"))]




def without_token(text: str) -> str:
    """A mail's text with the secret part of its link to get no more of them left out: each mail has one of its own."""
    return re.sub(r"(?<=/unsubscribe/)[\w-]{43}", "…", text)
