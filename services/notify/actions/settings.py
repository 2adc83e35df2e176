"""A person's own switches: what is told in the portal and what by e-mail, and the hour of the digest (ACC-68, AMI-08, BEY-10)."""

from collections.abc import Mapping

from kontor.notify.v1 import notify_pb2 as pb
from sqlalchemy import select

from chassis.caller import Caller
from chassis.db import Transaction
from chassis.errors import Invalid
from services.notify import people, rules, switches
from services.notify.models import Membership

CHANNELS: dict[int, str] = {pb.NOTICE_CHANNEL_PORTAL: "portal", pb.NOTICE_CHANNEL_EMAIL: "email"}


def update_settings(tx: Transaction, caller: Caller, request: pb.UpdateNoticeSettingsRequest) -> None:
    """What is named from now on, here or in all of the person's organisations. Raises Invalid `locked_switch`."""
    wanted = _wanted(request.settings)
    _refuse_locked(wanted)
    places = {caller.membership_id: caller.organisation_id}
    if request.everywhere:
        places |= organisations_of(tx, caller.user_id)
    switches.choose(tx, places, wanted)
    if request.settings.HasField("digest_hour"):
        people.choose_hour(tx, caller.user_id, hour=request.settings.digest_hour)
    for membership_id, organisation_id in places.items():
        tx.record("notice_settings.update", organisation=organisation_id, subject=membership_id, **_told(wanted))


def unsubscribe(tx: Transaction, user_id: str, *, category: int) -> None:
    """No more mails of this category to the person, in whichever organisation."""
    off = {(category, int(pb.NOTICE_CHANNEL_EMAIL)): False}
    places = organisations_of(tx, user_id)
    switches.choose(tx, places, off)
    for membership_id, organisation_id in places.items():
        tx.record("notice_settings.unsubscribe", organisation=organisation_id, subject=membership_id, **_told(off))


def organisations_of(tx: Transaction, user_id: str) -> dict[str, str]:
    """The organisation of each membership the person has now."""
    mine = select(Membership.membership_id, Membership.organisation_id).where(Membership.user_id == user_id)
    return {row.membership_id: row.organisation_id for row in tx.execute(mine.where(Membership.removed_at.is_(None)))}


def _wanted(settings: pb.NoticeSettings) -> dict[rules.Cell, bool]:
    if settings.switches or settings.HasField("digest_hour"):
        return {(each.category, each.channel): each.on for each in settings.switches}
    return {
        (pb.NOTICE_CATEGORY_DOCUMENTS, pb.NOTICE_CHANNEL_PORTAL): settings.documents_in_portal,
        (pb.NOTICE_CATEGORY_DOCUMENTS, pb.NOTICE_CHANNEL_EMAIL): settings.documents_by_email,
        (pb.NOTICE_CATEGORY_MESSAGES, pb.NOTICE_CHANNEL_EMAIL): settings.messages_by_email,
    }


def _refuse_locked(wanted: dict[rules.Cell, bool]) -> None:
    for (category, channel), on in list(wanted.items()):
        if rules.locked(category, channel):
            if not on:
                raise Invalid("locked_switch", "This switch stays on.", fields={"switches": "one of them stays on"})
            del wanted[category, channel]


def _told(wanted: Mapping[rules.Cell, bool]) -> dict[str, str]:
    """The switches as facts of the audit trail: documents_email=off."""
    return {f"{_word(category)}_{CHANNELS[channel]}": "on" if on else "off" for (category, channel), on in wanted.items()}


def _word(category: int) -> str:
    return pb.NoticeCategory.Name(pb.NoticeCategory.ValueType(category)).removeprefix("NOTICE_CATEGORY_").lower()
