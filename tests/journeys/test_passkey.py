"""A passkey through Chromium's own authenticator: made, used alone and after the password, at a desk and on a phone."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from demo.people import PASSWORD
from tests import scenario
from tests.fleet import together
from tests.journeys.pages import LOCALES, Portal, sign_in
from tests.journeys.reader import menu
from tests.journeys.stage import Stage
from tests.scenario import CLIENT
from tests.servers.browser import DESKTOP, PHONE, Pages

pytestmark = [pytest.mark.xdist_group("journeys passkey"), pytest.mark.timeout(300)]
PIN = "864213"


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The product at an address with a name: at a number, browsers make no passkeys."""
    folder = tmp_path_factory.mktemp("named")
    product = together(folder, name="localhost")
    try:
        with product.world() as world:
            yield Stage(product, scenario.begin(product, world), {}, (folder / "var" / "mail").as_uri())
    finally:
        product.stop()


def _authenticator(page: Page) -> None:
    """As if the device had one that knows its owner."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    about = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {**about, "automaticPresenceSimulation": True}})


@pytest.mark.parametrize("size", [pytest.param(DESKTOP, id="desktop"), pytest.param(PHONE, id="phone")])
def test_a_passkey_is_made_and_signs_in_alone_and_after_the_password(new_page: Pages, named: Stage, size: tuple[int, int]) -> None:
    """BEY-16, ACC-26: the whole way through the portal and identity, and the signature is checked."""
    who, page = CLIENT.administrator, new_page(size=size, locale=LOCALES["nb"], base_url=named.product.url)
    portal = Portal(page, "nb")
    cookie = {"name": "session", "value": named.world.token(who), "url": named.product.url}
    page.context.add_cookies([cookie])  # type: ignore[list-item]  # a SetCookieParam
    _authenticator(page)
    _makes_one(portal)
    _out(page)
    page.goto("/sign-in")
    portal.button("Sign in with a passkey").click()
    _is_in(portal)
    _out(page)
    page.goto("/sign-in")
    portal.field("E-mail address").fill(who.email)
    portal.field("Password").fill(PASSWORD)
    portal.button("Continue").click()
    portal.button("Use another method").click()
    page.get_by_role("button", name=re.compile(rf"^{portal.say('Choose')} .*{portal.say('Passkey')}")).click()
    _is_in(portal)


def test_a_passkey_opens_a_locked_telephone_and_lets_a_computer_in(new_page: Pages, named: Stage) -> None:
    """NET-38, NET-39, BEY-16: instead of the PIN, in both places; the computer has nothing of the telephone's."""
    who, page = CLIENT.administrator, new_page(size=PHONE, locale=LOCALES[CLIENT.administrator.language], base_url=named.product.url)
    portal = Portal(page, who.language)
    sign_in(portal, who, named.phone(who))
    _authenticator(page)
    _makes_one(portal)
    portal.button("Set a PIN on this device").click()
    portal.field("PIN").fill(PIN)
    portal.field("The same PIN once more").fill(PIN)
    portal.button("Save the PIN").click()
    portal.told("From now on your PIN opens the portal here.")
    menu(portal)
    portal.button("Lock").click()
    portal.button("Open with a passkey").click()
    expect(page.get_by_role("navigation", name=portal.say("Main menu"))).to_be_visible()
    computer = Portal(new_page(size=DESKTOP, locale=LOCALES["nb"], base_url=named.product.url), "nb")
    computer.page.goto("/sign-in")
    code = computer.page.locator("#qr").get_by_role("code").inner_text()
    page.goto("/qr")
    portal.field("Code on the computer").fill(code)
    portal.button("Continue").click()
    portal.button("Let it in with a passkey").click()
    expect(portal.heading("Confirmed")).to_be_visible()
    expect(computer.page.get_by_role("navigation", name=computer.say("Main menu"))).to_be_visible()


def _makes_one(portal: Portal) -> None:
    portal.page.goto("/security")
    portal.button("Make a passkey").click()
    portal.field("What do you call it?").fill("Min telefon")
    portal.button("Make the passkey").click()
    expect(portal.page.get_by_text("Min telefon").first).to_be_visible()


def _out(page: Page) -> None:
    """Leaves the page first: what it still asks for by itself would be answered with the way to sign in."""
    page.goto("about:blank")
    page.context.clear_cookies()


def _is_in(portal: Portal) -> None:
    """The browser asks its authenticator by itself; where it wants to be asked for it, the page says so, and the button is pressed."""
    menu = portal.page.get_by_role("navigation", name=portal.say("Main menu"))
    refused = portal.page.get_by_role("alert")
    expect(menu.or_(refused)).to_be_visible()
    if refused.is_visible():
        portal.button("Use the passkey").click()
    expect(menu).to_be_visible()
