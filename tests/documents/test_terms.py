"""Six months to the day where the client is, in every Nordic zone and through every change of the clocks."""

import calendar
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kontor.access.v1.access_pb2 import SERVICE_AREA_ACCOUNTING, SERVICE_AREA_HR, SERVICE_AREA_PAYROLL
from kontor.documents.v1 import documents_pb2 as pb

from chassis.config import BadSettings
from services.documents import rules
from services.documents.config import Config
from tests.documents.endings import ends
from tests.documents.portal import Portal

ZONES = ("Europe/Oslo", "Europe/Stockholm", "Europe/Helsinki", "Europe/Copenhagen")
MOMENTS = st.integers(946_684_800, 3_471_292_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))  # 2000 to 2080


@given(received=MOMENTS, zone=st.sampled_from(ZONES), months=st.integers(1, 120))
def test_the_end_is_the_same_day_and_hour_so_many_months_later_or_the_last_day_of_that_month(
    received: datetime, zone: str, months: int
) -> None:
    """ACC-45, P18: by the calendar and the clock of the client; an hour that the clocks skip is the one after it."""
    came, gone = (moment.astimezone(ZoneInfo(zone)) for moment in (received, rules.expiry(received, months=months, time_zone=zone)))
    assert (gone.year * 12 + gone.month) - (came.year * 12 + came.month) == months
    assert gone.day == min(came.day, calendar.monthrange(gone.year, gone.month)[1])
    walls = gone.replace(tzinfo=None, fold=0) - gone.replace(tzinfo=None, fold=0, hour=came.hour, minute=came.minute, second=came.second,
                                                             microsecond=came.microsecond)  # fmt: skip
    assert walls in (timedelta(0), timedelta(hours=1))
    assert walls == timedelta(0) or gone.month == 3


@given(received=MOMENTS, zone=st.sampled_from(ZONES), later=st.timedeltas(timedelta(0), timedelta(days=400)))
def test_six_months_are_never_fewer_days_than_the_shortest_six_months(received: datetime, zone: str, later: timedelta) -> None:
    """ACC-45, P18: 31 August to 28 February is the shortest; what came a day later or more never ends earlier."""
    kept = rules.expiry(received, months=6, time_zone=zone) - received
    assert timedelta(days=181) - timedelta(hours=1) <= kept <= timedelta(days=184) + timedelta(hours=1)
    if later >= timedelta(days=1, hours=1):
        assert rules.expiry(received + later, months=6, time_zone=zone) > received + kept - timedelta(days=1)


@pytest.mark.parametrize(
    ("zone", "received", "expires"),
    [
        ("Europe/Oslo", "2026-08-31T10:00", "2027-02-28T11:00"),  # summer to winter, a shorter month
        ("Europe/Oslo", "2023-08-31T10:00", "2024-02-29T11:00"),  # a leap year
        ("Europe/Oslo", "2026-08-31T22:30", "2027-02-28T23:30"),  # where the client is it was 1 September already
        ("Europe/Helsinki", "2026-08-31T21:30", "2027-02-28T22:30"),
        ("Europe/Stockholm", "2026-09-28T00:30", "2027-03-28T01:30"),  # half past two does not exist that night
        ("Europe/Copenhagen", "2026-04-25T00:30", "2026-10-25T00:30"),  # half past two comes twice: the first
        ("Atlantis/Sunken", "2026-05-31T10:00", "2026-11-30T10:00"),  # a zone nobody knows is UTC
    ],
)
def test_dates_that_are_easy_to_get_wrong(zone: str, received: str, expires: str) -> None:
    """ACC-45, P18."""
    moment = datetime.fromisoformat(received).replace(tzinfo=UTC)
    assert rules.expiry(moment, months=6, time_zone=zone) == datetime.fromisoformat(expires).replace(tzinfo=UTC)


def test_areas_may_have_terms_of_their_own(settings: Config, start_portal: Callable[[Config], Portal]) -> None:
    """ACC-45: by the area of the folder that a file is received in."""
    portal = start_portal(replace(settings, retention_months=3, retention_months_by_area="accounting=60, payroll=6"))
    company = portal.company()
    areas = {SERVICE_AREA_ACCOUNTING: 60, SERVICE_AREA_PAYROLL: 6, SERVICE_AREA_HR: 3}
    folders = {area: portal.folder(company, str(area), area) for area in areas}
    member = portal.member(company, *folders.values())
    for area, months in areas.items():
        document: pb.Document = portal.upload(member, folders[area])
        received = document.uploaded_at.ToDatetime(UTC)
        assert ends(document) == rules.expiry(received, months=months, time_zone="Europe/Oslo")


@pytest.mark.parametrize("wrong", ["payroll", "payroll=", "payroll=0", "payroll=six", "wages=6", "payroll=-1", "payroll=100000"])
def test_terms_that_cannot_be_are_refused_at_the_start(settings: Config, wrong: str) -> None:
    with pytest.raises(BadSettings, match="RETENTION_MONTHS_BY_AREA"):
        replace(settings, retention_months_by_area=wrong)
