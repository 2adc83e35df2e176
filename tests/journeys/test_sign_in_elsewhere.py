"""Somebody signs in with an eID, in Chromium, at a real provider: from the page to sign in to the front page, and back out."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from kontor.identity.v1 import identity_pb2
from playwright.sync_api import expect

from demo import data
from demo.session import World
from tests import scenario
from tests.fleet import Product, together
from tests.scenario import FIRM
from tests.servers.browser import DESKTOP, PHONE, Pages
from tests.servers.openid import CLIENT, SECRET, Provider, provider

NUMBER, STRONG = "38001085718", "urn:example:two-factors"  # Estonian by its check digit
PEOPLE = {
    "juri": {"claims": {"pid": NUMBER, "acr": STRONG}},
    "stranger": {"claims": {"pid": "38001085729", "acr": STRONG}},
}


@pytest.fixture
def eid(tmp_path: Path) -> Iterator[Provider]:
    """The eID, not started: it has to know where the portal is."""
    folder = tmp_path / "eid"
    folder.mkdir()
    made = provider(folder, PEOPLE)
    yield made
    made.program.stop()


@pytest.fixture
def product(tmp_path: Path, eid: Provider) -> Iterator[Product]:
    """The whole product in one process, with a firm in it, and somebody who was added by a number."""
    known = {
        "name": "eid", "label": {"en": "Test eID", "nb": "Prøve-eID"}, "issuer": eid.issuer, "client_id": CLIENT, "client_secret": SECRET,
        "scopes": ["openid"], "identifier": {"claim": "pid", "country": "EE"}, "two_factors": {"acr": [STRONG]},
    }  # fmt: skip
    made = together(tmp_path, environ={"KONTOR_IDENTITY_PROVIDERS": json.dumps([known])})
    try:
        with made.world() as world:
            scenario.begin(made, world)
            _add(world)
        eid.start(**{CLIENT: f"{made.url}/sign-in/returned/eid"})
        yield made
    finally:
        made.stop()


def _add(world: World) -> None:
    number = identity_pb2.Identification(country="EE", identifier=NUMBER, registered=identity_pb2.REGISTERED_NO)
    person = identity_pb2.AddMemberRequest(
        email="juri@eksempelvik.example", first_name="Juri", last_name="Prøvesen", language="en", role=identity_pb2.ROLE_CONSULTANT,
        identification=number,
    )  # fmt: skip
    with world.acting(FIRM):
        data.organisations(world).AddMember(person)


def test_an_eid_opens_the_account_of_its_number_and_no_other(product: Product, eid: Provider, new_page: Pages) -> None:
    """NET-01, NET-02, ACC-14, ACC-28: at a desk, and without script on a phone."""
    page = new_page(size=DESKTOP, locale="en-GB", base_url=product.url)
    page.goto("/sign-in")
    page.get_by_role("link", name="Sign in with Test eID").click()
    page.get_by_label("Username").fill("juri")
    page.get_by_label("Password").fill("juri")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Allow").click()
    page.get_by_role("button", name="Accept the terms").click()
    page.wait_for_url(f"{product.url}/")
    expect(page.get_by_role("banner")).to_contain_text("Eksempelvik")
    assert next(each for each in page.context.cookies() if each["name"] == "session")["httpOnly"]
    phone = new_page(size=PHONE, locale="en-GB", base_url=product.url, javascript=False)
    phone.goto("/sign-in")
    phone.get_by_role("link", name="Sign in with Test eID").click()
    phone.get_by_label("Username").fill("stranger")
    phone.get_by_label("Password").fill("stranger")
    phone.get_by_role("button", name="Sign in").click()
    phone.get_by_role("button", name="Cancel").click()
    expect(phone.get_by_role("alert")).to_contain_text("The sign-in there was stopped.")
    phone.get_by_role("link", name="Sign in with Test eID").click()
    phone.get_by_role("button", name="Allow").click()
    expect(phone.get_by_role("heading", name="Nobody has given you access here")).to_be_visible()
    log = (product.programs["all"].directory / "log").read_text()
    assert ("code=" in log, "state=" in log) == (False, False)
