"""When a digest is due, how long a link lives in words, when to try again, and what a mail may call people."""

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

NAMESPACE = uuid.UUID("3d9b4f6e-5a0c-5d52-9f0e-6f3c1a7f2b10")
LONGEST_WAIT = timedelta(minutes=1)
GIVEN_UP_AFTER = timedelta(days=3)
_NOT_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")
_LIKE_AN_ADDRESS = re.compile(r"://|www\.|@", re.IGNORECASE)


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
    zone = ZoneInfo(known_zone(time_zone))
    today = now.astimezone(zone).date()
    until = datetime.combine(today, time(hour), zone).astimezone(UTC)
    return Window(today, until) if now >= until else None


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


def one_line(text: str) -> str:
    """The text without line ends and control characters: safe in a header."""
    return " ".join(_NOT_TEXT.sub(" ", text).split())


def called(name: str) -> str:
    """A person's or organisation's name as a mail may carry it; empty for one that is rather an advertisement with an address in it."""
    plain = one_line(name)[:100]
    return "" if _LIKE_AN_ADDRESS.search(plain) else plain
