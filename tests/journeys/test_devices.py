"""A telephone is set up with a PIN, locked and opened again, lets a computer in, and is logged out: two browsers that share nothing."""

import re

import pytest
from playwright.sync_api import Page, expect

from demo.people import Person
from tests.journeys.pages import Portal, Window, sign_in, sign_out
from tests.journeys.stage import Company, Stage
from tests.servers.browser import PHONE

pytestmark = [pytest.mark.xdist_group("journeys pages"), pytest.mark.timeout(240)]
PIN, WRONG, NEW = "864213", "1111", "975310"
# Whether the two halves of the browser's key can be taken out of it.
HELD = """() => new Promise((right) => { const asked = indexedDB.open("kontor"); asked.onsuccess = () => {
    const held = asked.result.transaction("keys").objectStore("keys").get("device");
    held.onsuccess = () => right([held.result.privateKey.extractable, held.result.publicKey.extractable]); }; })"""


@pytest.fixture
def telephone(window: Window, all_in_one: Stage, furnished: Company) -> Page:
    """Signed in fully on a telephone, with a PIN set."""
    page = window(size=PHONE)
    sign_in(Portal(page, "en"), furnished.payroll, all_in_one.phone(furnished.payroll))
    _set_pin(page, PIN, again=WRONG)
    expect(page.get_by_text("The two PINs are not the same.")).to_be_visible()
    _type_pin(page, PIN, again=PIN)
    expect(page.get_by_text("From now on your PIN opens the portal here.")).to_be_visible()
    return page


def _set_pin(page: Page, pin: str, *, again: str) -> None:
    page.goto("/security")
    page.get_by_role("button", name=re.compile("PIN o[fn] this device")).click()
    _type_pin(page, pin, again=again)


def _type_pin(page: Page, pin: str, *, again: str) -> None:
    page.get_by_label("PIN", exact=True).fill(pin)
    page.get_by_label("The same PIN once more").fill(again)
    page.get_by_role("button", name="Save the PIN").click()


def _lock(page: Page) -> None:
    page.get_by_role("button", name="User menu").click()
    page.get_by_role("button", name="Lock", exact=True).click()
    expect(page.get_by_role("heading", name="Locked")).to_be_visible()


def _open(page: Page, pin: str) -> None:
    page.get_by_label("PIN", exact=True).fill(pin)
    page.get_by_role("button", name="Open", exact=True).click()


def test_a_telephone_is_locked_and_opened_with_its_pin(telephone: Page) -> None:
    """NET-37, NET-39, NET-41: at phone width; the key stays in the browser, and a locked page is not reached by its address."""
    page = telephone
    _lock(page)
    page.goto("/documents")
    expect(page.get_by_role("heading", name="Locked")).to_be_visible()
    _open(page, WRONG)
    expect(page.get_by_text("This is not your PIN. You can try 4 more times.")).to_be_visible()
    _open(page, PIN)
    expect(page.get_by_role("navigation", name="Main menu")).to_be_visible()
    assert page.evaluate(HELD) == [False, True]


def test_a_telephone_lets_a_computer_in(telephone: Page, window: Window, furnished: Company) -> None:
    """NET-38: the computer shows a code; the telephone shows which browser and place asks, and its PIN lets it in; without script too."""
    computer = window()
    computer.goto("/sign-in")
    section = computer.locator("#qr")
    expect(section.get_by_role("img", name="QR code for your phone")).to_be_visible()
    code = section.get_by_role("code").inner_text()
    _lock(telephone)
    _open(telephone, PIN)
    telephone.goto("/qr")
    telephone.get_by_label("Code on the computer").fill(code.lower())
    telephone.get_by_role("button", name="Continue").click()
    expect(telephone.get_by_text("127.0.0.1")).to_be_visible()
    expect(telephone.get_by_text("Chrome, Linux")).to_be_visible()
    telephone.get_by_label("PIN", exact=True).fill(PIN)
    telephone.get_by_role("button", name="Let it in", exact=True).click()
    expect(telephone.get_by_role("heading", name="Confirmed")).to_be_visible()
    expect(computer.get_by_role("navigation", name="Main menu")).to_be_visible()
    expect(computer.get_by_text(f"Signed in as {furnished.payroll.first_name} {furnished.payroll.last_name}")).to_be_visible()
    telephone.goto("/security")
    expect(telephone.get_by_text("127.0.0.1").first).to_be_visible()


def test_a_refused_computer_stays_outside(telephone: Page, window: Window) -> None:
    """NET-38."""
    computer = window()
    computer.goto("/sign-in")
    code = computer.locator("#qr").get_by_role("code").inner_text()
    telephone.goto("/qr")
    telephone.get_by_label("Code on the computer").fill(code)
    telephone.get_by_role("button", name="Continue").click()
    telephone.get_by_role("button", name="This is not me: refuse it").click()
    expect(telephone.get_by_role("heading", name="Refused")).to_be_visible()
    expect(computer.get_by_text("It was refused on the phone.")).to_be_visible()


def test_who_logged_out_signs_in_fully_and_sets_a_new_pin(telephone: Page, all_in_one: Stage, furnished: Company) -> None:
    """NET-40: the old PIN is gone and asked for no more; nobody has to invite anew."""
    portal = Portal(telephone, "en")
    sign_out(portal, furnished.payroll)
    telephone.goto("/documents")
    expect(telephone.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()
    sign_in(portal, furnished.payroll, all_in_one.phone(furnished.payroll))
    _set_pin(telephone, NEW, again=NEW)
    expect(telephone.get_by_text("From now on your PIN opens the portal here.")).to_be_visible()
    _lock(telephone)
    _open(telephone, PIN)
    expect(telephone.get_by_text("This is not your PIN.")).to_be_visible()
    _open(telephone, NEW)
    expect(telephone.get_by_role("navigation", name="Main menu")).to_be_visible()


@pytest.fixture
def owner(all_in_one: Stage) -> Person:
    """Somebody whom no other journey needs signed in."""
    return all_in_one.company("utlogget", language="en").administrator


def test_logging_out_from_all_devices_puts_the_telephone_out(owner: Person, window: Window, all_in_one: Stage) -> None:
    """NET-41: done on a computer; the page that is open on the telephone leaves at once, and its PIN opens nothing."""
    telephone, computer = window(size=PHONE), window()
    sign_in(Portal(telephone, "en"), owner, all_in_one.phone(owner))
    _set_pin(telephone, PIN, again=PIN)
    expect(telephone.get_by_text("From now on your PIN opens the portal here.")).to_be_visible()
    sign_in(Portal(computer, "en"), owner, all_in_one.phone(owner))
    computer.get_by_role("button", name="User menu").click()
    computer.get_by_role("link", name="Log out from all devices").click()
    computer.get_by_role("button", name="Log out from all devices").click()
    expect(computer.get_by_text("You have been signed out.")).to_be_visible()
    expect(telephone.get_by_role("heading", name="Locked")).to_be_visible()
    _open(telephone, PIN)
    expect(telephone.get_by_text("This device is not set up any more.")).to_be_visible()
    telephone.goto("/documents")
    expect(telephone.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()
