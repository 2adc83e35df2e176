"""Where an article of the firm's news stands, and from when on it is no longer new."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

ALL_AREAS = 0
# Whoever joins later is not greeted by years of unread news.
NEW_FOR = timedelta(days=60)
FARTHEST = timedelta(days=366)


class State(StrEnum):
    """Where an article stands."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


def state(*, publish_at: datetime | None, withdrawn: bool, now: datetime) -> State:
    """Scheduled becomes published by the clock alone."""
    if publish_at is None:
        return State.WITHDRAWN if withdrawn else State.DRAFT
    return State.SCHEDULED if publish_at > now else State.PUBLISHED


def publish_time(wanted: int, *, now: datetime) -> datetime | None:
    """When an article comes out that is wanted at this second; None for more than a year ahead, which is a slip of the hand.

    Never before now: an article does not slip in below what people have read.
    """
    if wanted <= now.timestamp():
        return now
    return datetime.fromtimestamp(wanted, UTC) if wanted <= (now + FARTHEST).timestamp() else None
