"""WCAG 2.2 AA as far as axe-core can tell, on every page, at a desk in light and on a phone in dark."""

from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from kontor.identity.v1 import identity_pb2
from playwright.sync_api import Page

from tests.gateway.portal import DOCUMENT, FOLDER, MEMBERSHIP, OWN, Portal, document, listed, noticed
from tests.gateway.window import OpenPage, Window, fresh, window
from tests.servers.browser import DESKTOP, PHONE

Scheme = Literal["light", "dark"]
BEFORE = ("/sign-in", "/sign-in?ended=1", "/password", f"/links/{'t' * 43}", "/privacy", "/instructions", "/nowhere")
CLIENT = (
    "/", "/documents", f"/documents?document={DOCUMENT}", "/documents?name=nothing", "/documents/upload", "/notices", "/messages",
    "/administration", "/administration/members/new", f"/administration/members/{MEMBERSHIP}?folders=2",
    f"/administration/members/{MEMBERSHIP}/folders?added=1", f"/administration/members/{MEMBERSHIP}/remove", "/account?saved=profile",
    "/organisations",
)  # fmt: skip
FIRM = ("/clients", f"/documents?client={OWN}", f"/documents/upload?client={OWN}", "/messages", "/notices")
LOOKS = pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")])


def _full(**who: Any) -> Portal:
    states = ("SCANNING", "PUBLISHED", "UPDATED", "QUARANTINE", "UNSCANNABLE")
    documents = [document(f"Fil {number}.pdf", status=status, number=number) for number, status in enumerate(states)]
    asked = fresh(**who)
    asked.book.answers.update(listed(*documents) | {"ListNotices": noticed(DOCUMENT, documents[2].document_id, unread=1)})
    asked.book.answers["GetDocument"] = documents[1]
    return asked


def _findings(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
    return [f"{page.url} {each['id']}: {node['html'][:120]}" for each in found.response["violations"] for node in each["nodes"]]


def _wrong(seen: Window, path: str) -> list[str]:
    seen.page.goto(path)
    seen.page.wait_for_load_state("networkidle" if not seen.page.evaluate("document.body.dataset.live") else "load")
    wide = seen.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    ids = seen.page.evaluate("[...document.querySelectorAll('[id]')].map(each => each.id).filter((id, at, all) => all.indexOf(id) !== at)")
    sideways = [f"{path} scrolls sideways by {wide}"] if wide > 0 else []
    return [*_findings(seen.page), *sideways, *(f"{path} has {each} twice" for each in ids)]


@LOOKS
def test_pages_before_sign_in_have_no_findings(new_page: OpenPage, size: tuple[int, int], scheme: Scheme) -> None:
    with window(new_page, fresh(), signed_in=False, size=size, scheme=scheme) as seen:
        assert [wrong for path in BEFORE for wrong in _wrong(seen, path)] == []


@LOOKS
def test_pages_of_a_client_have_no_findings(new_page: OpenPage, size: tuple[int, int], scheme: Scheme) -> None:
    with window(new_page, _full(organisations=2), size=size, scheme=scheme) as seen:
        assert [wrong for path in CLIENT for wrong in _wrong(seen, path)] == []
        assert seen.complaints == []


@LOOKS
def test_pages_of_the_firm_have_no_findings(new_page: OpenPage, size: tuple[int, int], scheme: Scheme) -> None:
    with window(new_page, _full(kind=identity_pb2.ORGANISATION_KIND_FIRM), size=size, scheme=scheme) as seen:
        assert [wrong for path in FIRM for wrong in _wrong(seen, path)] == []
        assert seen.complaints == []


@LOOKS
def test_enrolment_has_no_findings(new_page: OpenPage, size: tuple[int, int], scheme: Scheme) -> None:
    """ACC-23: the picture can be scanned in dark mode too."""
    asked = fresh()
    uri = "otpauth://totp/Kontor:ola@testdal.example?secret=JBSWY3DPEHPK3PXP&issuer=Kontor"
    asked.book.answers["StartSignIn"] = identity_pb2.StartSignInResponse(
        attempt="a" * 43, enrolment=identity_pb2.Enrolment(uri=uri, key="JBSWY3DPEHPK3PXP")
    )
    with window(new_page, asked, signed_in=False, size=size, scheme=scheme) as seen:
        seen.page.goto("/sign-in")
        seen.page.get_by_label("E-mail address").fill("ola@testdal.example")
        seen.page.get_by_label("Password").fill("x")
        seen.page.get_by_role("button", name="Continue").click()
        seen.page.get_by_text("Can you not scan it?").click()
        assert _findings(seen.page) == []
        ink, paper = seen.page.evaluate(
            "[getComputedStyle(document.querySelector('.qr path')).stroke, getComputedStyle(document.querySelector('.qr')).backgroundColor]"
        )
        assert (ink, paper) == ("rgb(18, 32, 27)", "rgb(255, 255, 255)")


@LOOKS
def test_what_opens_over_a_page_has_no_findings(new_page: OpenPage, size: tuple[int, int], scheme: Scheme) -> None:
    with window(new_page, _full(organisations=2), size=size, scheme=scheme) as seen:
        seen.page.goto("/account")
        for name in ("Notices, 1 new", "User menu for Ingrid Eksempeldal", "Change organisation: Testdal Bakeri AS"):
            opener = seen.page.get_by_role("button", name=name)
            opener.click()
            assert _findings(seen.page) == []
            seen.page.keyboard.press("Escape")
        seen.page.goto(f"/administration/members/{MEMBERSHIP}")
        seen.page.get_by_role("link", name="Remove user from the organisation").click()
        assert _findings(seen.page) == []


def test_a_page_is_usable_at_320_pixels(new_page: OpenPage) -> None:
    """WCAG 1.4.10: no scrolling to two sides."""
    with window(new_page, _full(organisations=2), size=(320, 640)) as seen:
        for path in (*CLIENT, f"/documents/upload?folder={FOLDER}"):
            seen.page.goto(path)
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= 320, path


def test_the_first_key_leads_past_the_menu(new_page: OpenPage) -> None:
    with window(new_page, _full()) as seen:
        seen.page.goto("/account")
        seen.page.keyboard.press("Tab")
        assert seen.page.evaluate("document.activeElement.textContent") == "Skip to the content"
        seen.page.keyboard.press("Enter")
        assert seen.page.evaluate("document.activeElement.id") == "main"
