"""What nobody needs any more goes, and nothing that is still needed."""

from datetime import timedelta

import pytest
from kontor.access.v1.access_pb2 import SERVICE_AREA_ACCOUNTING, SERVICE_AREA_PAYROLL
from kontor.documents.v1.events_pb2 import FolderAccessChanged
from kontor.linking.v1.events_pb2 import ConsultantAssigned
from sqlalchemy import text

from chassis import clock
from chassis.testing import ServiceUnderTest
from services.notify.jobs import forget_old
from tests.notify.post import Office, earlier, notices
from tests.servers.smtp import MailServer

TABLES = ("notices", "deliveries", "withdrawals", "unsubscribe_links")


def counted(service: ServiceUnderTest) -> dict[str, int]:
    assert service.service.database is not None
    return {table: service.service.database.read(text(f"select count(*) as rows from {table}"))[0].rows for table in TABLES}  # noqa: S608


def told(service: ServiceUnderTest, office: Office) -> None:
    """One of everything, and more."""
    reader = office.member()
    office.answered(reader)
    service.run_job("send_deliveries")
    office.published(reader)
    gone = FolderAccessChanged(organisation_id=office.id, membership_id=reader.membership_id, removed_folder_ids=[office.id])
    assert service.happened(gone)
    areas = [SERVICE_AREA_ACCOUNTING, SERVICE_AREA_PAYROLL]
    fewer = ConsultantAssigned(organisation_id=office.id, membership_id=reader.membership_id, service_areas=areas)
    assert service.happened(fewer)


@pytest.mark.parametrize(
    ("days", "left"),
    [
        (89, {"notices": 2, "deliveries": 1, "withdrawals": 3, "unsubscribe_links": 1}),
        (91, {"notices": 2, "deliveries": 0, "withdrawals": 0, "unsubscribe_links": 0}),
        (366, {"notices": 0, "deliveries": 0, "withdrawals": 0, "unsubscribe_links": 0}),
    ],
)
def test_each_goes_after_its_time(service: ServiceUnderTest, office: Office, smtp: MailServer, days: int, left: dict[str, int]) -> None:
    """Notices after a year, the rest after ninety days."""
    told(service, office)
    with clock.moved(timedelta(days=days)):
        service.run_job("forget_old")
    assert counted(service) == left


def test_a_mail_that_has_not_left_is_not_forgotten(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """However long the mail server was away: it has not ended."""
    smtp.stop()
    office.answered(office.member())
    service.run_job("send_deliveries")
    with clock.moved(timedelta(days=400)):
        service.run_job("forget_old")
    assert counted(service)["deliveries"] == 1


def test_it_goes_batch_after_batch(service: ServiceUnderTest, office: Office) -> None:
    """More than one batch, in one run."""
    assert service.service.database is not None
    many = forget_old.BATCH * 2 + 17
    with service.service.database.begin() as connection:
        connection.execute(
            text("""insert into withdrawals select gen_random_uuid(), gen_random_uuid(), 1, now() - interval '91 days'
                    from generate_series(1, :many)"""),
            {"many": many},
        )
    assert counted(service)["withdrawals"] == many
    service.run_job("forget_old")
    assert counted(service)["withdrawals"] == 0


@pytest.mark.parametrize(
    "query",
    [
        "select id from notices where id < '01920000-0000-7000-8000-000000000000' limit 5000",
        "select id from deliveries where ended_at < now() - interval '90 days' limit 5000",
        "select 1 from withdrawals where at < now() - interval '90 days' limit 5000",
        "select token from unsubscribe_links where made_at < now() - interval '90 days' limit 5000",
    ],
)
def test_what_is_old_is_found_by_an_index(service: ServiceUnderTest, query: str) -> None:
    """No table is read from end to end for it."""
    assert service.service.database is not None
    with service.service.database.begin() as connection:
        connection.execute(text("set local enable_seqscan = off"))
        plan = "\n".join(row[0] for row in connection.execute(text(f"explain {query}")))
    assert "Index" in plan
    assert "Seq Scan" not in plan


def test_what_was_withdrawn_lately_is_still_not_told(service: ServiceUnderTest, office: Office) -> None:
    """BEY-10: an event that comes late finds the withdrawal."""
    reader = office.member()
    gone = FolderAccessChanged(organisation_id=office.id, membership_id=reader.membership_id, removed_folder_ids=[office.folder_id])
    assert service.happened(gone)
    service.run_job("forget_old")
    event = office.published(office.member("ola@example.no"))
    event.reader_membership_ids.append(reader.membership_id)
    earlier(service, event, by=timedelta(hours=1))
    assert notices(service, reader) == []
