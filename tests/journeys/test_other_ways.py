"""Other ways through the portal: in another language, with the keyboard alone, without script."""

import re

import pytest
from playwright.sync_api import Route, expect

from demo import data, files
from demo.people import PASSWORD
from tests.journeys.pages import Documents, Portal, Upload, Window, payloads, sign_in
from tests.journeys.rest import Rest
from tests.journeys.soundness import tab_to
from tests.journeys.stage import Company, Stage
from tests.waiting import eventually

pytestmark = [pytest.mark.xdist_group("journeys pages"), pytest.mark.timeout(240)]


def test_the_language_is_chosen_before_signing_in_and_kept_with_the_person(window: Window, all_in_one: Stage, furnished: Company) -> None:
    """ACC-20, ACC-71: by the menu at the top right, without script too; afterwards the person's own, in every browser."""
    page = window(javascript=True)
    page.goto("/sign-in")
    page.get_by_role("button", name="Choose language").click()
    page.get_by_role("button", name="Suomi").click()
    portal = Portal(page, "fi")
    expect(portal.heading("Sign in")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "fi")
    page = window(furnished.hr)
    page.goto("/account")
    page.get_by_label("Language").select_option("da")
    page.get_by_role("button", name="Save name and language").click()
    expect(Portal(page, "da").heading("My account")).to_be_visible()
    elsewhere = window(furnished.hr, language="sv")
    elsewhere.goto("/clients")
    expect(Portal(elsewhere, "da").heading("Clients")).to_be_visible()


def test_the_keyboard_is_enough_to_sign_in_and_upload(window: Window, all_in_one: Stage, furnished: Company) -> None:
    """WCAG 2.1.1, 2.4.7: everything is reached with Tab, and one always sees where one is."""
    page = window()
    page.goto("/sign-in")
    keys = page.keyboard
    keys.type(furnished.administrator.email)
    keys.press("Tab")
    keys.type(PASSWORD)
    keys.press("Enter")
    expect(page.get_by_label("One-time code")).to_be_focused()
    keys.type(all_in_one.phone(furnished.administrator).code())
    keys.press("Enter")
    expect(page.get_by_role("link", name="Upload documents")).to_be_visible()
    tab_to(page, "Upload documents")
    keys.press("Enter")
    upload = Upload(Portal(page, "en"))
    tab_to(page, "Choose files to upload")
    with page.expect_file_chooser() as chooser:
        keys.press("Enter")
    chooser.value.set_files(payloads({"By keyboard.csv": files.csv()}))
    tab_to(page, "Confirm upload")
    keys.press("Enter")
    upload.becomes("By keyboard.csv", "Published")


def test_without_script_one_can_sign_in_and_upload(window: Window, all_in_one: Stage, furnished: Company) -> None:
    """Design § 7: a form is enough; the same file again is refused in words, and replaced when one says so."""
    page = window(javascript=False)
    portal = Portal(page, "en")
    sign_in(portal, furnished.payroll, all_in_one.phone(furnished.payroll))
    page.goto(f"/documents/upload?client={furnished.id}")
    upload = Upload(portal)
    for name, seed in (("By form.csv", 1), ("By form.csv", 2)):
        portal.field("Choose files to upload").set_input_files(payloads({name: files.csv(seed=seed)}))
        upload.confirm()
    expect(upload.row("By form.csv")).to_contain_text(portal.say("A file with this name, period and year is already in the folder."))
    portal.field("Choose files to upload").set_input_files(payloads({"By form.csv": files.csv(seed=2)}))
    page.get_by_role("checkbox", name="Replace files that are already there").check()
    upload.confirm()
    page.goto(f"/documents?client={furnished.id}")

    def updated() -> bool:
        page.reload()
        return Documents(portal).row("By form.csv").get_by_text("Updated").count() == 1

    eventually(updated, seconds=60)


def test_news_that_comes_while_news_is_fetched_is_shown_too(window: Window, all_in_one: Stage, furnished: Company) -> None:
    """ACC-59, ACC-67: a slow list is not left behind by what happens meanwhile."""
    page = window(furnished.administrator)
    page.goto("/documents")
    held: list[Route] = []
    page.route(re.compile(r"/documents(\?.*)?$"), lambda route: route.continue_() if held else held.append(route))
    tell = "document.body.dispatchEvent(new CustomEvent('kontor:documents'))"
    page.evaluate(tell)
    eventually(lambda: page.evaluate("1") and held)
    slow = held[0].fetch()  # the list as it was
    with all_in_one.world.acting(furnished.payroll):
        data.upload(all_in_one.world, furnished.id, files.File("Meanwhile.csv", files.csv(), "payroll"))
    answered = Rest(all_in_one.product.url, all_in_one.world.token(furnished.administrator))
    listed = f"/api/v1/organisations/{furnished.id}/documents"
    eventually(lambda: "Meanwhile.csv" in [each["name"] for each in answered.get(listed).ok()["documents"]], seconds=60)
    page.evaluate(tell)
    held[0].fulfill(response=slow)
    expect(Documents(Portal(page, "en")).row("Meanwhile.csv")).to_be_visible()
