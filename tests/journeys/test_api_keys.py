"""A key for a back-office system, from its making to its end, as both sides see it."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from kontor.access.v1 import access_pb2
from kontor.documents.v1 import documents_pb2
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc
from playwright.sync_api import Page, expect

from chassis.errors import Denied, NotFound, Unauthenticated
from demo import data, files
from services.__main__ import cli
from tests.journeys.back_office import BackOffice
from tests.journeys.pages import Portal, Window, sign_in
from tests.journeys.rest import Rest
from tests.journeys.stage import Company, Stage
from tests.scenario import FIRM
from tests.waiting import eventually

pytestmark = [pytest.mark.xdist_group("journeys pages"), pytest.mark.timeout(240)]
NAME = f"{FIRM.first_name} {FIRM.last_name}"


def test_a_key_from_its_making_to_its_end(window: Window, all_in_one: Stage, furnished: Company, tmp_path: Path) -> None:
    """BEY-09, BEY-15, P7, P29: made for one client, used over gRPC, seen by both sides, revoked and refused at once; the trail holds."""
    document = _document(all_in_one, furnished)
    portal = Portal(window(language=FIRM.language), FIRM.language)
    sign_in(portal, FIRM, all_in_one.phone(FIRM))
    system = BackOffice(all_in_one, _makes_key(portal, furnished))
    with system.speaking():
        parts = system.documents().Download(documents_pb2.DownloadRequest(document_id=document))
        assert b"".join(part.chunk for part in parts) == files.csv(rows=3)
        with pytest.raises(Denied):
            system.documents().CheckNames(documents_pb2.CheckNamesRequest(folder_id=furnished.folders[2], names=["a.csv"], year=2026))
    portal.page.goto("/administration/activity?kind=keys")
    _stands(portal.page, portal.say("An API key was used"), NAME, "Payroll robot")
    theirs = window(furnished.administrator)
    theirs.goto("/administration/activity?kind=documents")
    _stands(theirs, "Downloaded a document", NAME, "with an API key", "Robot.csv")
    _revokes(portal)
    with pytest.raises(Unauthenticated), system.speaking():
        raise AssertionError("the key still opens something")
    portal.page.goto("/administration/activity?kind=keys")
    _stands(portal.page, portal.say("An API key was refused"), portal.say("It had been revoked"), "Payroll robot")
    _takes_along(portal, tmp_path)


def test_a_key_bound_to_a_certificate_is_refused_over_rest_with_the_reason(all_in_one: Stage, furnished: Company) -> None:
    """RFC 8705: REST cannot show the system's certificate, and says that it is needed."""
    firm = identity_pb2_grpc.OrganisationsStub(all_in_one.world.channel("identity"))
    all_in_one.world.sign_in_again(FIRM)
    with all_in_one.world.acting(FIRM):
        asked = identity_pb2.CreateApiKeyRequest(
            label="Bound", valid_days=1, permissions=[access_pb2.PERMISSION_DOCUMENT_READ], organisation_ids=[furnished.id],
            certificate_sha256="ab" * 32,
        )  # fmt: skip
        bound = firm.CreateApiKey(asked).secret
        asked.certificate_sha256 = ""
        unbound = firm.CreateApiKey(asked).secret
    answer = Rest(all_in_one.product.url).as_(bound).get("/api/v1/profile")
    assert (answer.status, answer.json["reason"]) == (401, "certificate_needed")
    assert Rest(all_in_one.product.url).as_(unbound).get("/api/v1/profile").status == 200


def _document(stage: Stage, company: Company) -> str:
    """A published document that the firm's administrator may read."""
    with stage.world.acting(FIRM) as held:
        data.assign(stage.world, company.id, held.current.membership_id, ("payroll",))
    with stage.world.acting(company.administrator):
        made = data.upload(stage.world, company.id, files.File("Robot.csv", files.csv(rows=3), "payroll")).document_id
    with stage.world.acting(FIRM):
        system = BackOffice(stage, "")
        asked = documents_pb2.GetDocumentRequest(document_id=made)
        eventually(lambda: system.documents().GetDocument(asked).status == documents_pb2.STATUS_PUBLISHED, retry_on=(NotFound,))
    return made


def _makes_key(portal: Portal, company: Company) -> str:
    portal.choose("Administration")
    portal.link("API keys").click()
    portal.link("New API key").first.click()
    portal.field("What is the key for?").fill("Payroll robot")
    portal.page.get_by_role("checkbox", name=portal.say("Read documents")).check()
    portal.page.get_by_role("checkbox", name=company.name).check()
    portal.button("Make the key").click()
    expect(portal.heading("Your new API key")).to_be_visible()
    portal.look("api-key-made")
    secret = str(portal.page.locator("#secret").text_content())
    portal.link("I have kept it").click()
    expect(portal.page.get_by_role("row", name="Payroll robot")).to_contain_text(company.name)
    assert secret not in portal.page.content()
    return secret


def _revokes(portal: Portal) -> None:
    portal.page.goto("/administration/api-keys")
    portal.page.get_by_role("link", name=portal.say("Revoke %(name)s", name="Payroll robot"), exact=True).click()
    portal.button("Revoke the key").click()
    expect(portal.page.get_by_text(portal.say("The key is revoked. Nothing can be done with it any more."))).to_be_visible()


def _stands(page: Page, *words: str) -> None:
    row = page.get_by_role("row")
    for word in words:
        row = row.filter(has_text=word)
    expect(row.first).to_be_visible()


def _takes_along(portal: Portal, folder: Path) -> None:
    """Checked, downloaded, and checked again without the server; one changed byte is found."""
    portal.button("Check and export").click()
    expect(portal.page.get_by_text(portal.say("Checked: %(when)s", when=""))).to_be_visible()
    with portal.page.expect_download() as download:
        portal.link("Download the file").click()
    kept = folder / "trail.jsonl"
    download.value.save_as(kept)
    assert CliRunner().invoke(cli, ["audit", "verify", str(kept)]).exit_code == 0
    kept.write_bytes(kept.read_bytes().replace(b"Payroll robot", b"Payroll Robot", 1))
    found = CliRunner().invoke(cli, ["audit", "verify", str(kept)])
    assert (found.exit_code, found.output.partition(" row ")[0]) == (1, "identity")
