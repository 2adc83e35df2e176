"""The change feed: what was published, in order, none left out."""

from datetime import timedelta

import pytest
from kontor.access.v1.access_pb2 import SERVICE_AREA_ACCOUNTING, SERVICE_AREA_PAYROLL
from kontor.documents.v1 import documents_pb2 as pb
from sqlalchemy import text

from chassis import clock
from chassis.caller import Caller
from chassis.errors import Invalid
from chassis.testing import at_once, person
from tests.documents import corpus
from tests.documents.portal import READ, Company, Portal


def follow(portal: Portal, who: Caller, company: Company, cursor: str = "", *, size: int = 0) -> tuple[list[str], str]:
    request = pb.ListChangesRequest(organisation_id=company.organisation_id, cursor=cursor, page_size=size)
    answer = portal.changes(who).ListChanges(request)
    assert {change.type for change in answer.changes} <= {"kontor.documents.v1.DocumentPublished"}
    return [f"{change.document.name} {change.document.version}" for change in answer.changes], answer.cursor


def test_published_documents_follow_each_other_and_nothing_else_does(portal: Portal) -> None:
    """BEY-15, ACC-59."""
    company = portal.company()
    folder = portal.folder(company)
    member, consultant = portal.member(company, folder), portal.consultant(company, SERVICE_AREA_PAYROLL)
    assert follow(portal, consultant, company) == ([], "")
    portal.publish(member, folder, "a.pdf")
    portal.publish(member, folder, "bad.txt", corpus.MARKER)
    portal.publish(consultant, folder, "b.pdf")
    portal.upload(member, folder, "waiting.pdf")
    seen, cursor = follow(portal, consultant, company)
    assert seen == ["a.pdf 1", "b.pdf 1"]
    assert follow(portal, consultant, company, cursor) == ([], cursor)
    portal.scan()
    portal.upload(member, folder, "a.pdf", overwrite=True)
    portal.scan()
    assert follow(portal, consultant, company, cursor)[0] == ["waiting.pdf 1", "a.pdf 2"]


def test_the_feed_comes_in_pages(portal: Portal) -> None:
    """BEY-15."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    for number in range(7):
        portal.publish(member, folder, f"{number}.pdf")
    seen: list[str] = []
    cursor = ""
    for expected in (3, 3, 1, 0):
        page, cursor = follow(portal, member, company, cursor, size=3)
        assert len(page) == expected
        seen += page
    assert seen == [f"{number}.pdf 1" for number in range(7)]


def test_the_feed_knows_only_what_the_caller_may_see(portal: Portal) -> None:
    """ACC-03, P10."""
    company = portal.company()
    bank, payroll = portal.folder(company, "Bank", SERVICE_AREA_ACCOUNTING), portal.folder(company, "Payroll")
    both = portal.member(company, bank, payroll)
    portal.publish(both, bank, "bank.pdf")
    portal.publish(both, payroll, "payroll.pdf")
    assert follow(portal, portal.consultant(company, SERVICE_AREA_PAYROLL), company)[0] == ["payroll.pdf 1"]
    assert follow(portal, person(*READ), company)[0] == []


def test_no_change_is_skipped_that_commits_later_than_one_that_was_read(portal: Portal) -> None:
    """BEY-15: positions are given out under a lock, so a reader never sees a later one first."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    for number in range(12):
        portal.upload(member, folder, f"{number}.pdf")
    seen: list[str] = []

    def read_along() -> None:
        cursor = ""
        while len(seen) < 12:
            page, cursor = follow(portal, member, company, cursor)
            seen.extend(page)

    outcomes = at_once([read_along, portal.scan])
    assert outcomes == [None, None]
    assert sorted(seen) == sorted(f"{number}.pdf 1" for number in range(12))


def test_the_feed_keeps_thirty_days(portal: Portal) -> None:
    """BEY-15."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    portal.publish(member, folder, "old.pdf")
    with clock.moved(timedelta(days=31)):
        assert follow(portal, member, company)[0] == []
        portal.publish(member, folder, "new.pdf")
        portal.under.run_job("forget_changes")
        assert follow(portal, member, company)[0] == ["new.pdf 1"]
    assert portal.under.service.database is not None
    assert portal.under.service.database.read(text("select count(*) from changes"))[0][0] == 1


@pytest.mark.parametrize("cursor", ["x", "c", "c-1", "7", "c1e3", "c" + "9" * 30, "c²"])
def test_a_cursor_that_is_not_ours_is_refused(portal: Portal, cursor: str) -> None:
    """BEY-15."""
    with pytest.raises(Invalid) as refused:
        follow(portal, person(*READ), portal.company(), cursor)
    assert refused.value.reason == "bad_cursor"
