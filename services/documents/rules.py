"""Decisions about documents: no database, no network, only values."""

import calendar
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import IntEnum

from services.documents.verdict import Outcome


class Status(IntEnum):
    """What a person sees of a document (ACC-56, BEY-03); the numbers are those of the contract."""

    SCANNING = 1
    PUBLISHED = 2
    UPDATED = 3
    QUARANTINE = 4
    UNSCANNABLE = 5


# What both sides see, and the only states in which anybody can read the content (ACC-58, ACC-59).
SHARED = (Status.PUBLISHED, Status.UPDATED)
FAILED = {Outcome.QUARANTINED: Status.QUARANTINE, Outcome.UNSCANNABLE: Status.UNSCANNABLE}
_LONGEST_WAIT = timedelta(minutes=1)


def name_key(name: str) -> str:
    """What makes two names the same one (ACC-40): their letters, whatever their case or spelling in Unicode."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def shared_status(version: int) -> Status:
    """The status of a shared document (ACC-42)."""
    return Status.PUBLISHED if version == 1 else Status.UPDATED


def expiry(received_at: datetime, *, months: int) -> datetime:
    """The same day ``months`` later, or that month's last day (ACC-45)."""
    years, month = divmod(received_at.month - 1 + months, 12)
    year, month = received_at.year + years, month + 1
    return received_at.replace(year=year, month=month, day=min(received_at.day, calendar.monthrange(year, month)[1]))


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
