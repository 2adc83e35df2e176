"""A document's six months, as those see it who share it: told 30 days before, gone at the end, and on record afterwards."""

from datetime import timedelta

import pytest
from kontor.documents.v1.documents_pb2 import STATUS_PUBLISHED, Document
from playwright.sync_api import expect

from chassis import clock
from demo import data, files
from tests.journeys import passing
from tests.journeys.pages import LOCALES, Portal
from tests.journeys.stage import Company, Stage
from tests.servers.browser import Pages
from tests.waiting import eventually

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NAME = "Lønn mai.xlsx"


@pytest.mark.xdist_group("journeys time")
@pytest.mark.timeout(400)
def test_a_document_is_announced_then_deleted_and_leaves_a_certificate(own_time: Stage, new_page: Pages) -> None:
    """ACC-45, ACC-46, ACC-67, BEY-02: no deletion before a notice; a red dot and a mail; afterwards a certificate, and no file."""
    company = own_time.company("halvaar", language="nb")
    with own_time.world.acting(company.administrator):
        data.upload(own_time.world, company.id, files.File(NAME, files.payroll("mai"), "payroll"))
    portal = _window(own_time, company, new_page)
    document = eventually(lambda: _published(own_time, company), seconds=60)
    assert document is not None
    end = passing.end_of(document)
    assert timedelta(days=180) < end - clock.now() < timedelta(days=185)
    with passing.on_the_day(end + HOUR):
        passing.deleted(own_time)
    assert passing.shared(own_time, company.id, company.administrator) == document, "nobody has been told yet"
    with passing.on_the_day(end - 30 * DAY + HOUR):
        passing.announced(own_time)
    _is_told(own_time, company, portal)
    eventually(lambda: passing.was_told(own_time, company.administrator, document), seconds=60)
    with passing.on_the_day(end - HOUR):
        passing.deleted(own_time)
    assert passing.shared(own_time, company.id, company.administrator).name == NAME
    assert passing.stored(own_time)
    with passing.on_the_day(end + HOUR):
        passing.deleted(own_time)
    assert passing.stored(own_time) == []
    _is_on_record(portal, document.sha256)


def _window(stage: Stage, company: Company, new_page: Pages) -> Portal:
    page = new_page(locale=LOCALES["nb"], base_url=stage.product.url)
    cookie = {"name": "session", "value": stage.world.token(company.administrator), "url": stage.product.url}
    page.context.add_cookies([cookie])  # type: ignore[list-item]  # a SetCookieParam
    page.goto("/documents")
    portal = Portal(page, "nb")
    portal.unread(0)
    portal.stays()
    return portal


def _published(stage: Stage, company: Company) -> Document | None:
    document = passing.shared(stage, company.id, company.administrator)
    return document if document.status == STATUS_PUBLISHED else None


def _is_told(stage: Stage, company: Company, portal: Portal) -> None:
    """In the portal at once, and by mail to whoever has not said otherwise."""
    portal.unread(1)
    portal.stayed()
    passing.mailed(stage)
    eventually(lambda: [mail for mail in stage.letters(company.administrator) if "1 fil i Lønn blir slettet" in mail], seconds=60)
    portal.bell().click()
    portal.look("retention-told")
    portal.page.get_by_role("button").filter(has_text="1 fil om Lønn blir slettet").click()
    expect(portal.page.get_by_role("link", name=NAME, exact=True)).to_be_visible()


def _is_on_record(portal: Portal, digest: str) -> None:
    portal.page.goto("/documents")
    portal.told("No documents yet")
    portal.link("Deleted documents").click()
    portal.page.get_by_role("link", name=NAME, exact=True).click()
    expect(portal.heading("Certificate of deletion")).to_be_visible()
    facts = portal.page.get_by_role("region", name=portal.say("Certificate of deletion"))
    for fact in (NAME, digest):
        expect(facts.get_by_text(fact, exact=True)).to_be_visible()
    for term in ("Notice delivered", "Removed from the store"):
        expect(facts.get_by_role("term").get_by_text(portal.say(term), exact=True)).to_be_visible()
