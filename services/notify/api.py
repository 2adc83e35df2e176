"""Notices, their settings and identity's letters, over gRPC."""

from typing import Any
from uuid import UUID

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from kontor.notify.v1 import notify_pb2 as pb
from kontor.notify.v1.notify_pb2_grpc import LettersServicer, NoticesServicer
from sqlalchemy import Uuid, bindparam, func, select

from chassis import caller
from chassis.db import Database
from chassis.errors import Invalid
from services.notify.actions.letters import send_now
from services.notify.actions.notices import mark_read
from services.notify.actions.settings import update_settings
from services.notify.letters import Writer
from services.notify.mail import Mail
from services.notify.models import Notice, Settings
from services.notify.notices import shown

PAGE_SIZE = 50
AFTER_ALL = "ffffffff-ffff-ffff-ffff-ffffffffffff"
UNREAD_SHOWN = 100
# Identity waits five seconds; it is told before that whether the letter was taken.
LETTER_SECONDS, MARGIN_SECONDS = 10.0, 0.3


class Notices(NoticesServicer):
    """What a person has been told in the organisation they work in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ListNotices(self, request: pb.ListNoticesRequest, _: grpc.ServicerContext) -> pb.ListNoticesResponse:
        """The token is the id of the last notice of the page before."""
        mine, size = {"membership_id": caller.current().membership_id}, request.page_size or PAGE_SIZE
        rows = self._database.read(_page, mine | {"before": _opened(request.page_token), "limit": size + 1})
        (counted,) = self._database.read(_unread, mine)
        more = rows[size - 1].id if len(rows) > size else ""
        return pb.ListNoticesResponse(notices=[notice_message(row) for row in rows[:size]], next_page_token=more, unread=counted.unread)

    def MarkRead(self, request: pb.MarkReadRequest, _: grpc.ServicerContext) -> pb.MarkReadResponse:
        """Ids that are not the caller's own are passed over."""
        with self._database.transaction() as tx:
            mark_read(tx, caller.current(), notice_ids=request.notice_ids)
        return pb.MarkReadResponse()

    def GetNoticeSettings(self, request: pb.GetNoticeSettingsRequest, _: grpc.ServicerContext) -> pb.NoticeSettings:
        """The defaults until somebody chooses: documents in the portal and messages by e-mail on, the digest off."""
        del request
        rows = self._database.read(_settings, {"membership_id": caller.current().membership_id})
        return settings_message(rows[0]) if rows else pb.NoticeSettings(documents_in_portal=True, messages_by_email=True)

    def UpdateNoticeSettings(self, request: pb.UpdateNoticeSettingsRequest, _: grpc.ServicerContext) -> pb.NoticeSettings:
        """All switches at once."""
        with self._database.transaction() as tx:
            update_settings(tx, caller.current(), request.settings)
        return request.settings


class Letters(LettersServicer):
    """Takes letters with links in them from identity and has them delivered on the spot."""

    def __init__(self, mail: Mail, writer: Writer) -> None:
        self._mail, self._writer = mail, writer

    def SendNow(self, request: pb.SendNowRequest, context: grpc.ServicerContext) -> pb.SendNowResponse:
        """Answers when the mail server has it."""
        remaining = context.time_remaining()
        seconds = LETTER_SECONDS if remaining is None else min(LETTER_SECONDS, max(MARGIN_SECONDS, remaining - MARGIN_SECONDS))
        send_now(self._mail, self._writer, request, seconds=seconds)
        return pb.SendNowResponse()


def notice_message(row: Any) -> pb.Notice:
    """A notice as it is answered."""
    at = Timestamp()
    at.FromDatetime(row.at)
    version = row.version if row.kind == pb.NOTICE_KIND_DOCUMENT_PUBLISHED else 0
    return pb.Notice(
        notice_id=row.id, kind=row.kind, at=at, read=row.read_at is not None, organisation_id=row.organisation_id,
        subject_id=row.subject_id, service_area=row.service_area, version=version, unscannable=row.unscannable,
    )  # fmt: skip


def settings_message(row: Any) -> pb.NoticeSettings:
    """A member's switches as they are answered."""
    return pb.NoticeSettings(
        documents_in_portal=row.documents_in_portal, documents_by_email=row.documents_by_email, messages_by_email=row.messages_by_email
    )


def _opened(token: str) -> str:
    try:
        return str(UUID(token)) if token else AFTER_ALL
    except ValueError as why:
        raise Invalid("bad_page_token", "This page token was not made here.", fields={"page_token": "not made here"}) from why


_ID = Uuid(as_uuid=False)
_me = bindparam("membership_id", type_=_ID)
_mine = (Notice.membership_id == _me, shown(_me))
_page = (
    select(*Notice.__table__.c)
    .where(*_mine, Notice.id < bindparam("before", type_=_ID))
    .order_by(Notice.id.desc())
    .limit(bindparam("limit"))
)
_some_unread = select(Notice.id).where(*_mine, Notice.read_at.is_(None)).limit(UNREAD_SHOWN).subquery()
_unread = select(func.count().label("unread")).select_from(_some_unread)
_settings = select(*Settings.__table__.c).where(Settings.membership_id == _me)
