"""Decisions about documents: no database, no network, only values."""

import calendar
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.documents.verdict import Outcome


class Status(IntEnum):
    """What a person sees of a document (ACC-56, BEY-03); the numbers are those of the contract."""

    SCANNING = 1
    PUBLISHED = 2
    UPDATED = 3
    QUARANTINE = 4
    UNSCANNABLE = 5
    DELETED = 6


# What both sides see, and the only states in which anybody can read the content (ACC-58, ACC-59).
SHARED = (Status.PUBLISHED, Status.UPDATED)
FAILED = {Outcome.QUARANTINED: Status.QUARANTINE, Outcome.UNSCANNABLE: Status.UNSCANNABLE}
_LONGEST_WAIT = timedelta(minutes=1)
# So many days before the end people are told of it; and nothing goes before one of them has known for so long (BEY-02).
STAGES = (30, 7, 1)
TOLD_BEFORE = timedelta(days=7)


def name_key(name: str) -> str:
    """What makes two names the same one (ACC-40): their letters, whatever their case or spelling in Unicode."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def shared_status(version: int) -> Status:
    """The status of a shared document (ACC-42)."""
    return Status.PUBLISHED if version == 1 else Status.UPDATED


@dataclass(frozen=True)
class Terms:
    """How many months a firm keeps what it receives: so many, and in some service areas otherwise (ACC-45)."""

    months: int
    by_area: Mapping[int, int] = field(default_factory=dict)

    def end(self, received_at: datetime, *, area: int, time_zone: str) -> datetime:
        """When the time of a file is over that was received then."""
        return expiry(received_at, months=self.by_area.get(area, self.months), time_zone=time_zone)


def expiry(received_at: datetime, *, months: int, time_zone: str = "UTC") -> datetime:
    """The same day and hour ``months`` later where the client is, or that month's last day (ACC-45)."""
    here = received_at.astimezone(zone(time_zone))
    years, month = divmod(here.month - 1 + months, 12)
    year, month = here.year + years, month + 1
    return here.replace(year=year, month=month, day=min(here.day, calendar.monthrange(year, month)[1])).astimezone(UTC)


def zone(name: str) -> ZoneInfo:
    """The time zone of this name, or UTC for one that nobody knows."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def wait_before_retry(attempts: int) -> timedelta:
    """How long to leave a scan alone that found no scanner: 2, 4, 8 … seconds, a minute at most."""
    return min(timedelta(seconds=2 ** min(attempts, 10)), _LONGEST_WAIT)


def unique_names(names: Iterable[str]) -> list[str]:
    """The names in order, those that occurred before with a number: no unpacker may overwrite one with another."""
    taken: set[str] = set()
    unique = []
    for name in names:
        stem, dot, ending = name.rpartition(".")
        candidate, number = name, 1
        while name_key(candidate) in taken:
            number += 1
            candidate = f"{stem} ({number}).{ending}" if dot and stem else f"{name} ({number})"
        taken.add(name_key(candidate))
        unique.append(candidate)
    return unique


def like(part: str) -> str:
    """A pattern for LIKE that finds ``part`` anywhere in a name key, its own signs taken literally."""
    escaped = name_key(part).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
