"""A server that Kontor stands on is away: people are told, nothing is lost, and it goes on by itself when the server is back."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kontor.access.v1 import access_pb2
from playwright.sync_api import expect

from demo import files
from tests import scenario
from tests.fleet import Servers, apart
from tests.journeys.pages import Documents, Portal, Upload
from tests.journeys.rest import Rest
from tests.journeys.stage import DATABASES, Company, Stage, stop_all
from tests.servers.browser import Pages
from tests.servers.clamd import address
from tests.servers.program import Program
from tests.servers.rabbitmq import Node
from tests.servers.s3 import S3
from tests.servers.smtp import MailServer
from tests.waiting import eventually

PAYROLL = access_pb2.SERVICE_AREA_PAYROLL
AWAY = "Files cannot be stored or fetched just now. Nothing was changed. Try again in a minute."


@pytest.fixture
def fragile(
    tmp_path: Path, new_database: Callable[[str], str], rabbit_node: Node, own_s3: S3, own_clamd: Program, smtp: MailServer
) -> Iterator[Stage]:
    """Separate processes on servers of their own."""
    databases = {name: new_database(name) for name in DATABASES}
    product = apart(tmp_path, Servers(databases, rabbit_node.url, own_s3, address(own_clamd.url), smtp))
    try:
        with product.world() as world:
            yield Stage(product, scenario.begin(product, world), databases, smtp.url)
    finally:
        stop_all(product)


@pytest.mark.xdist_group("journeys faults")
@pytest.mark.timeout(400)
def test_what_is_away_is_waited_for_in_words(
    fragile: Stage, new_page: Pages, rabbit_node: Node, own_s3: S3, own_clamd: Program, smtp: MailServer
) -> None:
    """P12, P20, BEY-03: scanner, broker, store and mail server stop in turn; requests answer, nothing is published unscanned or lost."""
    company = fragile.company("skjor", language="nb")
    page = new_page(locale="nb-NO", base_url=fragile.product.url)
    page.context.add_cookies([{"name": "session", "value": fragile.world.token(company.administrator), "url": fragile.product.url}])
    portal = Portal(page, "nb")
    _without_the_scanner_files_wait(portal, fragile, company, own_clamd)
    _without_the_broker_files_are_received(portal, fragile, company, rabbit_node)
    _without_the_store_one_is_told_to_try_again(portal, company, own_s3)
    _without_the_mail_server_mail_waits(portal, fragile, company, smtp)
    _everything_was_noticed_once(fragile, company)


def _sends(portal: Portal, company: Company, name: str) -> Upload:
    portal.page.goto("/documents/upload")
    portal.field("Folder").select_option(company.folders[PAYROLL])
    upload = Upload(portal)
    upload.choose({name: files.csv()})
    portal.stays()
    upload.confirm()
    return upload


def _has_tried(stage: Stage, service: str, what: str) -> None:
    """Wait until a service has met the outage."""
    eventually(lambda: what in (stage.product.programs[service].directory / "log").read_text(), seconds=60)


def _without_the_scanner_files_wait(portal: Portal, stage: Stage, company: Company, scanner: Program) -> None:
    scanner.stop()
    upload = _sends(portal, company, "Uten skanner.csv")
    _has_tried(stage, "documents", "scanner_unavailable")
    upload.becomes("Uten skanner.csv", "Being checked")
    document = _listed(portal, company)[0]
    assert portal.page.request.get(f"/documents/{document['document_id']}/file").status == 409
    scanner.start()
    upload.becomes("Uten skanner.csv", "Published")
    portal.stayed()


def _listed(portal: Portal, company: Company) -> list[dict[str, str]]:
    answer = portal.page.request.get(f"/api/v1/organisations/{company.id}/documents")
    assert answer.status == 200
    found: list[dict[str, str]] = answer.json()["documents"]
    return found


def _without_the_broker_files_are_received(portal: Portal, stage: Stage, company: Company, broker: Node) -> None:
    broker.stop()
    upload = _sends(portal, company, "Uten megler.csv")
    _has_tried(stage, "documents", "relay waits")
    upload.becomes("Uten megler.csv", "Being checked")
    elsewhere = Portal(portal.page.context.new_page(), "nb")
    for path in ("/", "/documents", "/notices", "/messages", "/administration", "/account"):
        answer = elsewhere.page.goto(path)
        assert answer is not None
        assert answer.status == 200
    broker.start()
    upload.becomes("Uten megler.csv", "Published")
    portal.stayed()


def _without_the_store_one_is_told_to_try_again(portal: Portal, company: Company, store: S3) -> None:
    assert store.program is not None
    store.program.stop()
    upload = _sends(portal, company, "Uten lager.csv")
    upload.becomes("Uten lager.csv", "Not sent")
    expect(upload.row("Uten lager.csv")).to_contain_text(portal.say(AWAY))
    there = next(each for each in _listed(portal, company) if each["name"] == "Uten skanner.csv")
    assert portal.page.request.get(f"/documents/{there['document_id']}/file").status == 503
    store.program.start()
    portal.button("Try again", upload.row("Uten lager.csv")).click()
    upload.becomes("Uten lager.csv", "Published")
    portal.stayed()
    portal.page.goto("/documents")
    Documents(portal).shows("Uten skanner.csv", "Uten megler.csv", "Uten lager.csv")


def _without_the_mail_server_mail_waits(portal: Portal, stage: Stage, company: Company, mail: MailServer) -> None:
    mail.stop()
    before = len(stage.letters(company.hr))
    portal.page.goto("/password")
    portal.field("E-mail address").fill(company.hr.email)
    portal.button("Create password").click()
    expect(portal.heading("Look in your mail")).to_be_visible()
    _has_tried(stage, "identity", "letter waits")
    mail.start()
    eventually(lambda: len(stage.letters(company.hr)) == before + 1, seconds=60)
    portal.page.goto(stage.link(company.hr))
    expect(portal.heading("Make a password")).to_be_visible()


def _everything_was_noticed_once(stage: Stage, company: Company) -> None:
    firm = Rest(stage.product.url, stage.world.token(company.payroll))
    notices = eventually(lambda: found if len(found := firm.get("/api/v1/notices").ok().get("notices", [])) >= 3 else None, seconds=60)
    assert notices is not None
    assert len(notices) == len({notice["subject_id"] for notice in notices}) == 3
