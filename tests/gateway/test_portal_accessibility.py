"""WCAG 2.2 AA as far as axe-core can tell, on every page, at a desk in light and on a phone in dark."""

from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from kontor.identity.v1 import identity_pb2, invitations_pb2
from playwright.sync_api import Page
from werkzeug.routing import Map

from tests.gateway import desk, firm, newsroom
from tests.gateway.peers import ID
from tests.gateway.portal import DOCUMENT, FOLDER, MEMBERSHIP, OTHER, OWN, Portal, document, listed, noticed
from tests.gateway.test_portal_inviting import PERSON
from tests.gateway.window import OpenPage, Window, fresh, window
from tests.servers.browser import DESKTOP, PHONE

Scheme = Literal["light", "dark"]
BEFORE = (
    "/sign-in", "/sign-in?ended=1", "/sign-in?told=provider_refused", "/sign-in/no-access", "/password",
    f"/links/{'t' * 43}", f"/unsubscribe/{'t' * 43}", "/privacy", "/terms", "/instructions", "/help",
    "/unlock", "/offline", f"/qr/{'t' * 43}",
    "/nowhere", "/activate", "/activate/code?sms=sent", "/activate/code?sms=failed",
)  # fmt: skip
CLIENT = (
    "/", "/documents", f"/documents?document={DOCUMENT}", "/documents?name=nothing", "/documents/upload", "/notices", "/messages",
    "/administration", "/administration/folders", f"/administration/folders/{FOLDER}?saved=2",
    "/administration/users?name=i&state=invited", "/administration/members/new", "/administration/members/several",
    f"/administration/members/{MEMBERSHIP}?folders=2",
    f"/administration/members/{MEMBERSHIP}/folders?added=1", f"/administration/members/{MEMBERSHIP}/remove",
    f"/administration/activity?about={MEMBERSHIP}&since=2026-05-01",
    f"/administration/members/{MEMBERSHIP}/invitation?done=sent", f"/administration/members/{MEMBERSHIP}/details",
    f"/administration/members/{MEMBERSHIP}/access", "/account?saved=profile",
    f"/administration/members/{MEMBERSHIP}/companies", f"/administration/members/{MEMBERSHIP}/address",
    "/account/notices", "/account/notices/digest", "/help", "/instructions", "/privacy",
    "/organisations?by=phone", "/qr", "/sign-out-everywhere", "/devices/ready",
    "/security", "/security/factors/phone", f"/security/vouch/{MEMBERSHIP}", "/news", f"/news/{newsroom.ARTICLE}",
)  # fmt: skip
FIRM = (
    "/", "/clients", "/clients?to=messages&name=nothing", "/instructions", f"/documents?client={OWN}",
    f"/documents/upload?client={OWN}", "/messages", "/notices",
)  # fmt: skip
AT_CLIENT = f"/administration/clients/{OTHER}"
ADMINISTRATION = (
    "/", "/administration/clients", "/administration/clients?state=unserved", "/administration/clients/new", "/administration/users",
    f"/administration/members/{MEMBERSHIP}", f"{AT_CLIENT}/folders?made=1", f"{AT_CLIENT}/folders/{FOLDER}",
    f"{AT_CLIENT}/folders/{FOLDER}/remove", f"{AT_CLIENT}/consultants?name=liv", f"{AT_CLIENT}/people?name=liv",
    "/administration/api-keys?revoked=1", "/administration/api-keys/new", f"/administration/api-keys/{ID}/revoke",
    "/administration/activity",
)  # fmt: skip
NEWSROOM = (
    "/news", "/news/own?done=published", "/news/new",
    *(f"/news/own/{newsroom.ARTICLE}{act}" for act in ("", "/publish", "/withdraw", "/delete")),
)  # fmt: skip
OPERATIONS = ("/operations", "/operations?done=sent", "/operations/firms/new")
AT_DESKS = (
    f"/documents/edit?document={DOCUMENT}", "/documents/deleted", "/documents/deleted?name=nothing", f"/documents/deleted/{DOCUMENT}",
    f"/documents/{DOCUMENT}/delete?client={OWN}", f"/documents/holds?client={OWN}", f"/documents/{DOCUMENT}/preview",
    "/messages/new", f"/messages/{desk.CONVERSATION}",
)  # fmt: skip
ALL = (*BEFORE, *CLIENT, *FIRM, *ADMINISTRATION, *NEWSROOM, *OPERATIONS, *AT_DESKS)
# Addresses that answer with no page of their own.
NO_PAGES = {
    "/administration/activity/file": "a file",
    "/devices/first": "looked at below: it is there for invited people only",
    "/account/notices/digest/mail": "the letter in a frame of the page about it, looked at with the other mails",
    "/documents/<uuid:document>/file": "a file",
    "/documents/<uuid:document>/preview/<int:page>.webp": "a picture",
    "/documents/download.zip": "a file",
    "/documents/states": "a part of the page of uploads, drawn by its script",
    "/messages/<uuid:thread>/latest": "a part of the page of a conversation",
    "/messages/unread": "a part of the menu",
    "/news/headlines": "a part of the first page",
    "/notices/<uuid:notice>/open": "leads on to what the notice is about",
    "/notices/latest": "a part of every page",
    "/sign-in/returned/<provider>": "leads on, or to the page of the code",
    "/sign-in/with/<provider>": "leads to the provider",
    "/icon-<int:size>.png": "a picture",
    "/manifest.webmanifest": "a file",
    "/service-worker.js": "a file",
    "/static/<path:filename>": "a file",
    "/static/vendor/<name>": "a file",
}
CUT = "[...document.querySelectorAll('.sheet')].filter(each => each.scrollWidth > each.clientWidth + 1).map(each => each.innerText)"
pytestmark = pytest.mark.timeout(240)  # they are many pages, and a busy machine takes seconds for each
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOKS = pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")])


def _full(**who: Any) -> Portal:
    states = ("SCANNING", "PUBLISHED", "UPDATED", "QUARANTINE", "UNSCANNABLE")
    documents = [document(f"Fil {number}.pdf", status=status, number=number) for number, status in enumerate(states)]
    asked = fresh(**who)
    asked.book.answers.update(listed(*documents) | {"ListNotices": noticed(DOCUMENT, documents[2].document_id, unread=1)})
    asked.book.answers["GetDocument"] = documents[1]
    asked.book.answers["ShowInvitee"] = PERSON
    asked.book.answers.update(newsroom.answers() | {"ListMembers": firm.answers()["ListMembers"]})
    return asked


def _findings(page: Page) -> list[str]:
    page.wait_for_load_state()
    page.emulate_media(reduced_motion="reduce")  # or a colour on its way from one to the other is found too faint
    found = Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]})
    return [f"{page.url} {each['id']}: {node['html'][:120]}" for each in found.response["violations"] for node in each["nodes"]]


def _wrong(seen: Window, path: str) -> list[str]:
    seen.page.goto(path)
    seen.page.wait_for_load_state("networkidle" if not seen.page.evaluate("document.body.dataset.live") else "load")
    wide = seen.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    ids = seen.page.evaluate("[...document.querySelectorAll('[id]')].map(each => each.id).filter((id, at, all) => all.indexOf(id) !== at)")
    sideways = [f"{path} scrolls sideways by {wide}"] if wide > 0 else []
    return [*_findings(seen.page), *sideways, *(f"{path} has {each} twice" for each in ids)]


def test_every_page_is_looked_at() -> None:
    """WCAG 2.2 AA for all that can be opened: whoever adds a page adds it above, or says why it is none."""
    app = fresh().app
    routes = {rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert sorted(routes - _opened(app.url_map) - NO_PAGES.keys()) == []
    assert sorted(NO_PAGES.keys() - routes) == []


def _opened(addresses: Map) -> set[str]:
    at = addresses.bind("127.0.0.1")
    return {at.match(urlsplit(path).path, return_rule=True)[0].rule for path in ALL if path != "/nowhere"}


@LOOKS
def test_pages_before_sign_in_have_no_findings(new_page: OpenPage, size: tuple[int, int], scheme: Scheme) -> None:
    with window(new_page, fresh(), signed_in=False, size=size, scheme=scheme) as seen:
        seen.page.goto("/help")
        device = {"name": "device", "value": MEMBERSHIP, "url": seen.page.url}
        seen.page.context.add_cookies([device])  # type: ignore[list-item]  # a SetCookieParam
        assert [wrong for path in BEFORE for wrong in _wrong(seen, path)] == []


@LOOKS
@pytest.mark.parametrize("paths", [CLIENT[::2], CLIENT[1::2]], ids=["odd", "even"])
def test_pages_of_a_client_have_no_findings(new_page: OpenPage, size: tuple[int, int], scheme: Scheme, paths: tuple[str, ...]) -> None:
    with window(new_page, _full(organisations=2), size=size, scheme=scheme) as seen:
        assert [wrong for path in paths for wrong in _wrong(seen, path)] == []
        seen.page.context.add_cookies([{"name": "activation", "value": "a" * 43, "url": seen.page.url}])
        assert _wrong(seen, "/devices/first") == []
        assert seen.complaints == []


@LOOKS
def test_pages_of_the_firm_have_no_findings(new_page: OpenPage, size: tuple[int, int], scheme: Scheme) -> None:
    with window(new_page, _full(kind=identity_pb2.ORGANISATION_KIND_FIRM), size=size, scheme=scheme) as seen:
        assert [wrong for path in FIRM for wrong in _wrong(seen, path)] == []
        assert seen.complaints == []


@LOOKS
def test_pages_about_a_document_or_a_conversation_have_no_findings(new_page: OpenPage, size: tuple[int, int], scheme: Scheme) -> None:
    """ACC-51, ACC-52, ACC-60: for a client and for the firm."""
    for kind in (identity_pb2.ORGANISATION_KIND_CLIENT, identity_pb2.ORGANISATION_KIND_FIRM):
        asked = _full(kind=kind)
        asked.book.answers.update(desk.answers())
        with window(new_page, asked, size=size, scheme=scheme) as seen:
            assert [wrong for path in AT_DESKS for wrong in _wrong(seen, path)] == []
            assert seen.complaints == []


@LOOKS
def test_pages_on_which_news_is_written_have_no_findings(new_page: OpenPage, size: tuple[int, int], scheme: Scheme) -> None:
    with window(new_page, _full(kind=identity_pb2.ORGANISATION_KIND_FIRM), size=size, scheme=scheme) as seen:
        assert [wrong for path in NEWSROOM for wrong in _wrong(seen, path)] == []
        seen.page.goto("/news/new")
        seen.page.get_by_role("button", name="Preview").click()
        seen.page.goto(f"/news/own/{newsroom.ARTICLE}")
        seen.page.get_by_role("button", name="Preview").click()
        assert _findings(seen.page) == []
        seen.page.get_by_role("link", name="Withdraw the article").click()
        assert _findings(seen.page) == []


@LOOKS
def test_pages_of_the_firms_administration_have_no_findings(new_page: OpenPage, size: tuple[int, int], scheme: Scheme) -> None:
    asked = _full(kind=identity_pb2.ORGANISATION_KIND_FIRM)
    asked.book.answers.update(firm.answers())
    with window(new_page, asked, size=size, scheme=scheme) as seen:
        assert [wrong for path in ADMINISTRATION for wrong in _wrong(seen, path)] == []
        seen.page.goto(f"{AT_CLIENT}/folders/{FOLDER}")
        seen.page.get_by_role("link", name="Remove folder").click()
        assert _findings(seen.page) == []
        assert seen.complaints == []


@LOOKS
def test_pages_of_the_operator_have_no_findings(new_page: OpenPage, size: tuple[int, int], scheme: Scheme) -> None:
    """NET-26: inside an organisation and beside any, with somebody found; the longest words are Finnish. A keyboard is enough."""
    for member, language in ((False, "en"), (True, "en"), (False, "fi")):
        asked = _full(member=member, language=language)
        asked.book.answers["FindInvitees"] = invitations_pb2.FindInviteesResponse(invitees=[PERSON])
        with window(new_page, asked, size=size, scheme=scheme) as seen:
            assert [wrong for path in OPERATIONS for wrong in _wrong(seen, path)] == []
            assert seen.page.evaluate(CUT) == []
            seen.page.goto("/operations")
            seen.page.locator("#email").focus()
            seen.page.keyboard.type("juri@testdal.example")
            seen.page.keyboard.press("Enter")
            seen.page.get_by_role("heading", name="Jüri Tamm").wait_for()
            assert _findings(seen.page) == []
            assert seen.page.evaluate(CUT) == []
            assert seen.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
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


def test_long_words_have_room_on_a_phone(new_page: OpenPage) -> None:
    """In Finnish, whose words are the longest: no sheet is wider inside than out."""
    asked = _full(language="fi", organisations=2)
    asked.book.answers.update(desk.answers())
    with window(new_page, asked, size=PHONE) as seen:
        for path in (*CLIENT, *AT_DESKS):
            seen.page.goto(path)
            assert seen.page.evaluate(CUT) == [], path


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
