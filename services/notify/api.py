"""Notices, their settings, links that switch mails off, and identity's letters, over gRPC."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from kontor.notify.v1 import notify_pb2 as pb
from kontor.notify.v1.notify_pb2_grpc import LettersServicer, NoticesServicer, UnsubscribingServicer
from sqlalchemy import Uuid, and_, bindparam, exists, func, select

from chassis import caller, clock
from chassis.db import Database
from chassis.errors import Invalid
from services.notify import contents, rules, switches, unsubscribing
from services.notify.actions.letters import send_now
from services.notify.actions.notices import mark_read
from services.notify.actions.settings import unsubscribe, update_settings
from services.notify.letters import Writer
from services.notify.mail import Mail
from services.notify.models import DIGEST, ExpiryBatch, Membership, Notice, Person, Switch
from services.notify.notices import shown

PAGE_SIZE = 50
AFTER_ALL = "ffffffff-ffff-ffff-ffff-ffffffffffff"
UNREAD_SHOWN = 100
# Identity waits five seconds; it is told before that whether the letter was taken.
LETTER_SECONDS, MARGIN_SECONDS = 10.0, 0.3


class Notices(NoticesServicer):
    """What a person has been told in the organisation they work in."""

    def __init__(self, database: Database, writer: Writer, *, digest_hour: int) -> None:
        self._database, self._writer, self._hour = database, writer, digest_hour

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
            mark_read(tx, caller.current(), request)
        return pb.MarkReadResponse()

    def GetNoticeSettings(self, request: pb.GetNoticeSettingsRequest, _: grpc.ServicerContext) -> pb.NoticeSettings:
        """What was chosen, else the defaults."""
        del request
        return self._settings(caller.current())

    def UpdateNoticeSettings(self, request: pb.UpdateNoticeSettingsRequest, _: grpc.ServicerContext) -> pb.NoticeSettings:
        """Answers all of them as they are then."""
        with self._database.transaction() as tx:
            update_settings(tx, caller.current(), request)
        return self._settings(caller.current())

    def PreviewDigest(self, request: pb.PreviewDigestRequest, _: grpc.ServicerContext) -> pb.PreviewDigestResponse:
        """Written as the digest is, but its link leads to the settings: nobody has been sent a token."""
        del request
        user_id = caller.current().user_id
        hour, zone = self._day(user_id)
        now = clock.now()
        leaves = rules.next_digest(now, zone, hour).until
        (wanted,) = self._database.read(_somewhere[pb.NOTICE_CATEGORY_DOCUMENTS], {"user_id": user_id})
        preview = pb.PreviewDigestResponse(switched_on=wanted.somewhere, time_zone=zone)
        preview.leaves_at.FromDatetime(leaves)
        for found in contents.digests_of(self._database, [(0, user_id, leaves)]).values():
            letter = self._writer.write(
                DIGEST, to=found.email, language=found.language, key="", first_name=rules.called(found.first_name), **found.facts
            )
            preview.subject, preview.text, preview.html = letter.subject, letter.text, letter.html
        return preview

    def _settings(self, who: caller.Caller) -> pb.NoticeSettings:
        rows = self._database.read(_chosen, {"membership_id": who.membership_id})
        hour, zone = self._day(who.user_id)
        return settings_message({(row.category, row.channel): row.on for row in rows}, hour=hour, zone=zone)

    def _day(self, user_id: str) -> tuple[int, str]:
        """The hour of the person's digest, and the zone it is counted in."""
        for row in self._database.read(_person, {"user_id": user_id}):
            return self._hour if row.digest_hour is None else row.digest_hour, rules.known_zone(row.time_zone)
        return self._hour, "UTC"


class Unsubscribing(UnsubscribingServicer):
    """Switches mails off by the link in one of them; whoever has the link need not be signed in."""

    def __init__(self, database: Database, *, keep: timedelta) -> None:
        self._database, self._keep = database, keep

    def ShowUnsubscribe(self, request: pb.ShowUnsubscribeRequest, _: grpc.ServicerContext) -> pb.ShowUnsubscribeResponse:
        """Changes nothing."""
        link = unsubscribing.find(self._database, request.token, keep=self._keep)
        (wanted,) = self._database.read(_somewhere[link.category], {"user_id": link.user_id})
        return pb.ShowUnsubscribeResponse(category=link.category, language=link.language, off=not wanted.somewhere)

    def Unsubscribe(self, request: pb.UnsubscribeRequest, _: grpc.ServicerContext) -> pb.UnsubscribeResponse:
        """The link goes on working: pressed twice it says the same."""
        link = unsubscribing.find(self._database, request.token, keep=self._keep)
        with self._database.transaction() as tx:
            unsubscribe(tx, link.user_id, category=link.category)
        return pb.UnsubscribeResponse(category=link.category, language=link.language)


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
        subject_id=row.subject_id, service_area=row.service_area, version=version, unscannable=row.unscannable, category=row.category,
        thread_id=row.thread_id or "", files=row.files or 0, expires_at=row.expires_at,
        folder_id=(row.folder_id or "") if row.kind == pb.NOTICE_KIND_DOCUMENTS_EXPIRING else "",
    )  # fmt: skip


def settings_message(chosen: Mapping[rules.Cell, bool], *, hour: int, zone: str) -> pb.NoticeSettings:
    """A member's switches as they are answered, the three of the first version among them."""

    def on(category: int, channel: int) -> bool:
        return chosen.get((category, channel), rules.on_unless_chosen(category, channel))

    switched = [
        pb.NoticeSwitch(category=category, channel=channel, on=on(category, channel), locked=rules.locked(category, channel))
        for category in rules.CATEGORIES
        for channel in rules.CHANNELS
    ]
    return pb.NoticeSettings(
        documents_in_portal=on(pb.NOTICE_CATEGORY_DOCUMENTS, pb.NOTICE_CHANNEL_PORTAL),
        documents_by_email=on(pb.NOTICE_CATEGORY_DOCUMENTS, pb.NOTICE_CHANNEL_EMAIL),
        messages_by_email=on(pb.NOTICE_CATEGORY_MESSAGES, pb.NOTICE_CHANNEL_EMAIL),
        switches=switched, digest_hour=hour, time_zone=zone,
    )  # fmt: skip


def _opened(token: str) -> str:
    try:
        return str(UUID(token)) if token else AFTER_ALL
    except ValueError as why:
        raise Invalid("bad_page_token", "This page token was not made here.", fields={"page_token": "not made here"}) from why


_ID = Uuid(as_uuid=False)
_me = bindparam("membership_id", type_=_ID)
_mine = (Notice.membership_id == _me, shown(_me))
_page = (
    select(*Notice.__table__.c, ExpiryBatch.files, ExpiryBatch.expires_at)
    .outerjoin(ExpiryBatch, and_(Notice.kind == pb.NOTICE_KIND_DOCUMENTS_EXPIRING, ExpiryBatch.batch_id == Notice.subject_id))
    .where(*_mine, Notice.id < bindparam("before", type_=_ID))
    .order_by(Notice.id.desc())
    .limit(bindparam("limit"))
)
_some_unread = select(Notice.id).where(*_mine, Notice.read_at.is_(None)).limit(UNREAD_SHOWN).subquery()
_unread = select(func.count().label("unread")).select_from(_some_unread)
_chosen = select(Switch.category, Switch.channel, Switch.on).where(Switch.membership_id == _me)
_person = select(Person.digest_hour, Person.time_zone).where(Person.user_id == bindparam("user_id", type_=_ID))


def _by_email(category: int) -> Any:
    """Whether a person gets mails of this category in any organisation."""
    member = (Membership.user_id == bindparam("user_id", type_=_ID), Membership.removed_at.is_(None))
    return select(exists().where(*member, switches.wants(Membership.membership_id, category, pb.NOTICE_CHANNEL_EMAIL)).label("somewhere"))


_somewhere = {category: _by_email(category) for category in rules.CATEGORIES}
