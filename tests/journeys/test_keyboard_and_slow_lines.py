"""Hard conditions: no mouse at all, and a line so slow that one sees what happens."""

import pytest
from playwright.sync_api import Page, expect

from demo import files
from tests.journeys.pages import Portal, Upload, Window
from tests.journeys.soundness import tab_to
from tests.journeys.stage import Company
from tests.servers.browser import PHONE
from tests.waiting import eventually

pytestmark = [pytest.mark.xdist_group("journeys pages"), pytest.mark.timeout(240)]
# As a telephone has it at the edge of its net: bytes a second up, and milliseconds there and back.
LOST = "The connection was lost, and the file was not sent. Try again."
SLOW, DELAY = 12_000, 300


def test_the_keyboard_is_enough_to_write_and_to_answer(window: Window, furnished: Company) -> None:
    """ACC-60, ACC-61, WCAG 2.1.1, 2.4.7: from the menu to a message that is sent, and to a second one in the conversation."""
    page = window(furnished.administrator)
    page.goto("/")
    keys = page.keyboard
    tab_to(page, "Messages")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Messages", exact=True)).to_be_visible()
    tab_to(page, "New message")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="New message", exact=True)).to_be_visible()
    _fills_with_keys(page, "Subject", "By keyboard")
    _fills_with_keys(page, "Description", "When is the holiday pay due?")
    tab_to(page, "Send the message")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="By keyboard", exact=True)).to_be_visible()
    _fills_with_keys(page, "Your answer", "And how is it taxed?")
    tab_to(page, "Send the answer")
    keys.press("Enter")
    expect(page.get_by_text("And how is it taxed?")).to_be_visible()


def _fills_with_keys(page: Page, label: str, text: str) -> None:
    tab_to(page, label)
    page.keyboard.type(text)


def test_the_user_menu_opens_and_closes_with_keys(window: Window, furnished: Company) -> None:
    """ACC-28, ACC-70, WCAG 2.1.1: Enter opens it, Escape closes it and gives the focus back; then out."""
    page = window(furnished.hr)
    page.goto("/account")
    portal = Portal(page, page.locator("html").get_attribute("lang") or "en")
    name = portal.say("User menu for %(name)s", name=f"{furnished.hr.first_name} {furnished.hr.last_name}")
    tab_to(page, name)
    page.keyboard.press("Enter")
    expect(portal.button("Sign out", page.locator("#user"))).to_be_visible()
    page.keyboard.press("Escape")
    expect(portal.button("Sign out", page.locator("#user"))).to_be_hidden()
    expect(page.get_by_role("button", name=name)).to_be_focused()


def test_a_slow_line_shows_how_far_a_file_is_and_lets_one_stop(window: Window, furnished: Company) -> None:
    """ACC-38: a bar that moves, a way to cancel, and nothing left of what was cancelled."""
    page = window(furnished.administrator, size=PHONE)
    portal = Portal(page, "en")
    page.goto("/documents/upload")
    upload, name = Upload(portal), "Slow.csv"
    portal.field("Folder").select_option(label="Lønnsslipper / Payroll")
    upload.choose({name: files.csv(rows=20_000)})
    _slows(page, SLOW)
    upload.confirm()
    bar = page.get_by_role("progressbar", name=portal.say("Sending %(name)s", name=name))
    expect(bar).to_be_visible()
    eventually(lambda: bar.evaluate("bar => bar.value > 0"), seconds=60)
    portal.button(f"{portal.say('Cancel')} {name}").click()
    expect(upload.row(name)).to_contain_text(portal.say("Cancelled. Nothing of it was kept."))
    _slows(page, -1)
    page.goto("/documents")
    expect(page.get_by_role("link", name=name, exact=True)).to_have_count(0)


def test_a_line_that_breaks_is_told_and_tried_again(window: Window, furnished: Company) -> None:
    """ACC-38, P12: in words, with a button that sends the file once more."""
    page = window(furnished.administrator)
    portal = Portal(page, "en")
    page.goto("/documents/upload")
    upload, name = Upload(portal), "Broken line.csv"
    portal.field("Folder").select_option(label="Lønnsslipper / Payroll")
    upload.choose({name: files.csv()})
    page.context.set_offline(True)
    upload.confirm()
    expect(upload.row(name)).to_contain_text(portal.say(LOST))
    page.context.set_offline(False)
    portal.button("Try again", upload.row(name)).click()
    upload.becomes(name, "Published")


def _slows(page: Page, upward: int) -> None:
    held = page.context.new_cdp_session(page)
    limits = {"offline": False, "latency": DELAY if upward > 0 else 0, "downloadThroughput": -1, "uploadThroughput": upward}
    held.send("Network.enable")
    held.send("Network.emulateNetworkConditions", limits)
