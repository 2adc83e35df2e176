"""Chromium for tests, driven by playwright: the system's own, or its package installed as root."""

import os
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.servers.missing import could_not_test, program

FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]
DESKTOP, PHONE = (1280, 900), (390, 844)
PATIENCE = 30_000  # milliseconds: how long something may take to show where time is not the subject


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A running Chromium."""
    chromium = program("chromium", package="chromium") or program("google-chrome", package="chromium")
    if chromium is None:
        could_not_test("pages in a browser: no chromium to start")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        # Chromium's sandbox refuses to run as root.
        running = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])])
        yield running
        running.close()


def leave(page: Page) -> None:
    """Leave it for an empty one, whatever it still sends: a page closed just as it goes to another now and then never closes."""
    page.once("dialog", lambda asks: asks.accept())
    page.goto("about:blank")


class Pages:
    """Opens pages, each in a window of its own that shares nothing with the others: another person at another device."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._windows: list[BrowserContext] = []

    def __call__(
        self,
        *,
        size: tuple[int, int] = DESKTOP,
        scheme: Literal["light", "dark"] = "light",
        locale: str = "en-GB",
        base_url: str | None = None,
        javascript: bool = True,
        worker: Literal["allow", "block"] = "block",
    ) -> Page:
        """A new page; ``size`` is `DESKTOP` or `PHONE`. Where the portal's worker runs, no test can hold back what a page fetches."""
        window = self._browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            locale=locale,
            timezone_id="Europe/Oslo",
            base_url=base_url,
            is_mobile=size == PHONE,
            has_touch=size == PHONE,
            java_script_enabled=javascript,
            ignore_https_errors=True,
            service_workers=worker,
        )
        window.set_default_timeout(PATIENCE)
        self._windows.append(window)
        return window.new_page()

    def close(self) -> None:
        """Close every window."""
        for window in self._windows:
            for page in window.pages:
                leave(page)
            window.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Pages]:
    """Open pages that close with the test."""
    pages = Pages(browser)
    yield pages
    pages.close()


@pytest.fixture
def page(new_page: Callable[[], Page]) -> Page:
    """A page at desktop width, in English."""
    return new_page()
