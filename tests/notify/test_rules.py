"""When a digest is due, in every zone and on the days that the clocks change; and what is told unless somebody chooses."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from kontor.notify.v1 import notify_pb2 as pb

from services.notify import rules

ZONES = ("Europe/Oslo", "Europe/Stockholm", "Europe/Helsinki", "Europe/Copenhagen", "Atlantic/Reykjavik", "America/New_York", "UTC")
days = st.dates(min_value=date(2024, 1, 1), max_value=date(2035, 12, 31))
hours = st.integers(min_value=0, max_value=23)


def starts(zone: str, hour: int, day: date) -> datetime:
    """When the digest of this local day becomes due."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone))
    window = rules.digest_window(noon.replace(hour=23, minute=59), zone, hour)
    assert window is not None
    assert window.day == day
    return window.until


@given(zone=st.sampled_from(ZONES), hour=hours, day=days)
@example(zone="Europe/Oslo", hour=2, day=date(2026, 3, 29))
@example(zone="Europe/Oslo", hour=2, day=date(2026, 10, 25))
@example(zone="Europe/Helsinki", hour=3, day=date(2026, 3, 29))
@example(zone="Europe/Copenhagen", hour=0, day=date(2026, 10, 24))
def test_every_local_day_has_exactly_one_digest_at_its_hour(zone: str, hour: int, day: date) -> None:
    """ACC-69, BEY-10: also on days of 23 and 25 hours; an hour that is skipped is taken as the one after it."""
    due, next_due = starts(zone, hour, day), starts(zone, hour, day + timedelta(days=1))
    local = due.astimezone(ZoneInfo(zone))
    assert local.date() == day
    assert local.hour in (hour, hour + 1)
    if local.hour != hour:
        assert local.utcoffset() != (due - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).utcoffset(), "only where the clocks skip it"
    assert timedelta(hours=23) <= next_due - due <= timedelta(hours=25)
    assert rules.digest_window(due - timedelta(seconds=1), zone, hour) is None or hour == 0
    assert rules.digest_window(due, zone, hour) == rules.Window(day, due)


@given(zone=st.sampled_from(ZONES), hour=hours, minute=st.integers(min_value=0, max_value=10 * 366 * 24 * 60))
def test_the_next_digest_is_the_first_that_is_still_to_come(zone: str, hour: int, minute: int) -> None:
    """BEY-10: what the preview says is what happens."""
    now = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    coming = rules.next_digest(now, zone, hour)
    assert now < coming.until <= now + timedelta(hours=25)
    assert rules.digest_window(coming.until, zone, hour) == coming


@pytest.mark.parametrize(
    ("zone", "day", "hours_between"),
    [("Europe/Oslo", date(2026, 3, 28), 23), ("Europe/Oslo", date(2026, 10, 24), 25), ("Europe/Helsinki", date(2026, 3, 28), 23)],
)
def test_the_days_the_clocks_change_are_23_and_25_hours_long(zone: str, day: date, hours_between: int) -> None:
    """BEY-10."""
    assert starts(zone, 7, day + timedelta(days=1)) - starts(zone, 7, day) == timedelta(hours=hours_between)


def test_every_kind_of_notice_belongs_to_a_category() -> None:
    """A kind without one could not be switched, and could not be posted."""
    assert {rules.category(kind) for kind in pb.NoticeKind.values() if kind} <= set(rules.CATEGORIES)


def test_only_documents_by_mail_are_off_unless_chosen_and_nothing_locked_is_off() -> None:
    """ACC-46, ACC-68, AMI-08: chapter 8."""
    cells = [(category, channel) for category in rules.CATEGORIES for channel in rules.CHANNELS]
    assert [cell for cell in cells if not rules.on_unless_chosen(*cell)] == [(pb.NOTICE_CATEGORY_DOCUMENTS, pb.NOTICE_CHANNEL_EMAIL)]
    assert all(rules.on_unless_chosen(*cell) for cell in cells if rules.locked(*cell))


@given(st.text())
def test_what_somebody_wrote_keeps_its_lines_and_nothing_that_is_no_text(text: str) -> None:
    """ACC-64: lines as they were, and what a mail and a database can hold."""
    said = "\n".join(rules.lines(text))
    assert "\x00" not in said
    assert "\r" not in said
    assert [line.split() for line in rules.lines("en\r\nto\n\nfire")] == [["en"], ["to"], [], ["fire"]]
