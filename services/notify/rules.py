"""Who is told of what unless they choose, when a digest is due, when to try again, and what a mail may call people."""

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kontor.notify.v1 import notify_pb2 as pb

# A category and a channel: what one switch is about.
Cell = tuple[int, int]
CATEGORIES = tuple(number for number in pb.NoticeCategory.values() if number)
CHANNELS = tuple(number for number in pb.NoticeChannel.values() if number)
NAMESPACE = uuid.UUID("3d9b4f6e-5a0c-5d52-9f0e-6f3c1a7f2b10")
LONGEST_WAIT = timedelta(minutes=1)
GIVEN_UP_AFTER = timedelta(days=3)
_OF_KIND = {
    pb.NOTICE_KIND_DOCUMENT_PUBLISHED: pb.NOTICE_CATEGORY_DOCUMENTS,
    pb.NOTICE_KIND_DOCUMENT_QUARANTINED: pb.NOTICE_CATEGORY_SECURITY,
    pb.NOTICE_KIND_MESSAGE: pb.NOTICE_CATEGORY_MESSAGES,
    pb.NOTICE_KIND_ANSWER: pb.NOTICE_CATEGORY_MESSAGES,
    pb.NOTICE_KIND_DOCUMENTS_EXPIRING: pb.NOTICE_CATEGORY_DELETION,
    pb.NOTICE_KIND_DOCUMENT_DELETED: pb.NOTICE_CATEGORY_DELETION,
}
_ALWAYS = (pb.NOTICE_CATEGORY_SECURITY, pb.NOTICE_CATEGORY_LINKS)
_NOT_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")
_NOT_LINES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")
_LIKE_AN_ADDRESS = re.compile(r"://|www\.|@", re.IGNORECASE)


def category(kind: int) -> int:
    """What a notice of this kind is about."""
    return _OF_KIND[pb.NoticeKind.ValueType(kind)]


def on_unless_chosen(category: int, channel: int) -> bool:
    """The default of a switch: everything is told everywhere, but documents not by e-mail (ACC-68, AMI-08)."""
    return (category, channel) != (pb.NOTICE_CATEGORY_DOCUMENTS, pb.NOTICE_CHANNEL_EMAIL)


def locked(category: int, channel: int) -> bool:
    """Whether nobody can switch it off: what is about safety and links anywhere, deletion in the portal (ACC-46)."""
    return category in _ALWAYS or (category, channel) == (pb.NOTICE_CATEGORY_DELETION, pb.NOTICE_CHANNEL_PORTAL)


@dataclass(frozen=True)
class Window:
    """One day's digest: its local date, and the moment that its contents end at."""

    day: date
    until: datetime


def digest_window(now: datetime, time_zone: str, hour: int) -> Window | None:
    """The digest that is due in this zone, from `hour` until midnight; None before (ACC-69, BEY-10).

    It tells what was posted until that hour. What comes later in the day waits for tomorrow, so that the first of twelve files does not
    leave alone.
    """
    today = _window(now, time_zone, hour)
    return today if now >= today.until else None


def next_digest(now: datetime, time_zone: str, hour: int) -> Window:
    """The first digest from now on: today's while its hour is to come, else tomorrow's."""
    today = _window(now, time_zone, hour)
    return today if now < today.until else _window(now, time_zone, hour, days=1)


def _window(now: datetime, time_zone: str, hour: int, *, days: int = 0) -> Window:
    # An hour that the clocks skip is taken as the one after it, of one that comes twice the first counts (PEP 495).
    zone = ZoneInfo(known_zone(time_zone))
    day = now.astimezone(zone).date() + timedelta(days=days)
    return Window(day, datetime.combine(day, time(hour), zone).astimezone(UTC))


def known_zone(name: str) -> str:
    """The IANA zone of this name, or UTC: one bad name must not stop everybody's digest."""
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"


def message_key(kind: str, recipient_id: str, window: str) -> str:
    """What makes the Message-ID: the same delivery has the same one at every attempt, so that a repeat can be recognised."""
    return str(uuid.uuid5(NAMESPACE, f"{kind}/{recipient_id}/{window}"))


def wait_before(attempt: int) -> timedelta:
    """How long to wait after the first, second, … attempt that failed: 2 s, 4 s, 8 s … a minute."""
    return min(timedelta(seconds=2 ** min(attempt, 10)), LONGEST_WAIT)


def given_up(created_at: datetime, now: datetime) -> bool:
    """Whether a mail has been tried for so long that it is old news."""
    return now - created_at > GIVEN_UP_AFTER


def life(expires_at: datetime, now: datetime) -> tuple[int, str]:
    """How long a link still works, as a number of `minutes`, `hours` or `days`; never more than is true, give or take half a minute."""
    minutes = max(1, round((expires_at - now).total_seconds() / 60))
    if minutes < 60:
        return minutes, "minutes"
    return (minutes // 60, "hours") if minutes < 48 * 60 else (minutes // (24 * 60), "days")


def in_fours(digits: str) -> str:
    """1234 5678 9012 3456: a long code as it is typed off."""
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def one_line(text: str) -> str:
    """The text without line ends and control characters: safe in a header."""
    return " ".join(_NOT_TEXT.sub(" ", text).split())


def lines(text: str) -> list[str]:
    """What somebody wrote, line by line, without control characters and what turns the direction of writing."""
    return _NOT_LINES.sub("", "\n".join(text.strip().splitlines())).split("\n")


def called(name: str) -> str:
    """A person's or organisation's name as a mail may carry it; empty for one that is rather an advertisement with an address in it."""
    plain = one_line(name)[:100]
    return "" if _LIKE_AN_ADDRESS.search(plain) else plain


def change(number: int) -> str:
    """What has changed, as the templates call it: `app_added`."""
    return pb.SecurityChange.Name(number).removeprefix("SECURITY_CHANGE_").lower()  # type: ignore[arg-type]
