"""A browser can be had for tests, as wide, dark and Norwegian as a test wants it."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.servers.browser import PHONE, Pages

pytestmark = pytest.mark.xdist_group("browser")


def test_a_page_shows_what_it_is_given(page: Page) -> None:
    page.set_content("<main><button onclick='this.textContent = `Saved`'>Save</button></main>")
    page.get_by_role("button", name="Save").click()
    assert page.get_by_role("button", name="Saved").is_visible()


def test_a_page_has_the_size_colours_and_language_asked_for(new_page: Pages) -> None:
    page = new_page(size=PHONE, scheme="dark", locale="nb-NO")
    page.set_content("<meta name=viewport content='width=device-width'><main>Hei</main>")
    assert page.evaluate("[innerWidth, matchMedia('(prefers-color-scheme: dark)').matches, navigator.language]") == [390, True, "nb-NO"]


def test_axe_finds_a_picture_without_words(page: Page) -> None:
    page.set_content("<html lang=en><title>x</title><main><h1>x</h1><img src='data:,'></main>")
    found = [violation["id"] for violation in Axe().run(page).response["violations"]]
    assert found == ["image-alt"]
