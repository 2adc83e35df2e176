"""Pages about devices and computers: what is asked of identity, which cookies are set, and what is never enough."""

from typing import Any

import pytest
from kontor.access.v1 import access_pb2
from kontor.identity.v1 import devices_pb2, identity_pb2
from playwright.sync_api import expect

from chassis.errors import Denied, Invalid, NotFound, Unauthenticated
from tests.gateway.peers import Book
from tests.gateway.portal import MEMBERSHIP, SECOND, Portal, portal, words
from tests.gateway.window import OpenPage, fresh, window

WAITING, CONFIRMED = devices_pb2.WEB_SIGN_IN_STATE_WAITING, devices_pb2.WEB_SIGN_IN_STATE_CONFIRMED
HTMX = {"HX-Request": "true", "Sec-Fetch-Site": "same-origin"}
PROVED: dict[str, Any] = {"challenge": "c" * 43, "signature": "s" * 86, "pin": "2486"}


def on_a_device(**answers: object) -> Portal:
    """A browser that was enrolled, and is locked."""
    asked = portal(signed_in=False, book=Book(answers=dict(answers)))  # type: ignore[arg-type]
    asked.client.set_cookie("device", MEMBERSHIP)
    return asked


def test_a_locked_device_is_asked_for_its_pin_and_not_for_a_password() -> None:
    """NET-39, NET-41: from every address; a wrong one is said at the field, the right one opens a session."""
    asked = on_a_device(SignInWithDevice=Unauthenticated("wrong_pin", facts={"tries_left": "4"}, fields={"pin": "wrong_pin"}))
    assert asked.get("/documents").headers["Location"] == "/unlock"
    page = asked.get("/unlock").get_data(as_text=True)
    assert 'data-sign="kontor sign-in Ærø' in page
    refused = asked.post("/unlock", **PROVED)
    assert (refused.status_code, "You can try 4 more times." in words(refused)) == (401, True)
    done = on_a_device(SignInWithDevice=devices_pb2.SignInWithDeviceResponse(session="n" * 43, profile=identity_pb2.Profile()))
    answer = done.post("/unlock", **PROVED)
    assert (answer.headers["Location"], "session=" + "n" * 43 in answer.headers["Set-Cookie"]) == ("/", True)
    sent = done.last("SignInWithDevice")
    assert (sent.device_id, sent.pin, sent.signature) == (MEMBERSHIP, "2486", "s" * 86)
    assert {asked.last(each).address for each in ("AskDevice", "AskForPasskey")} == {"127.0.0.1"}


def test_a_pin_is_set_under_two_fresh_proofs_and_the_browser_is_that_device_afterwards() -> None:
    """NET-37, NET-05."""
    asked = portal(book=Book(answers={"StartEnrolment": Denied("step_up_needed", facts={"proofs": "password"})}))
    assert "Confirm that it is you" in words(asked.post("/devices/start", x="1"))
    asked = portal(book=Book(answers={"FinishEnrolment": devices_pb2.FinishEnrolmentResponse(device_id=MEMBERSHIP)}))
    answer = asked.post("/devices/add", **PROVED, pin_again="2486", public_key="{}", name="Min telefon")
    assert answer.headers["Location"] == "/security?saved=device"
    cookie = answer.headers["Set-Cookie"]
    assert ("device=" + MEMBERSHIP in cookie, "HttpOnly" in cookie) == (True, True)
    assert (asked.last("FinishEnrolment").name, asked.last("FinishEnrolment").refresh) == ("Min telefon", False)


def coming_in(**who: Any) -> Portal:
    """A browser in which both codes of an invitation were typed."""
    asked = portal(**who)
    asked.client.set_cookie("activation", "a" * 43)
    return asked


def test_an_invited_person_is_led_from_signing_in_and_the_terms_to_the_pin() -> None:
    """NET-34 to NET-37: also after choosing one of several organisations; nobody else is led there."""
    done = identity_pb2.FinishSignInResponse(session="s" * 43)
    book = Book(answers={"FinishSignIn": done, "AcceptTerms": identity_pb2.Profile()})
    asked = coming_in(book=book)
    forms = {"/sign-in/code": {"attempt": "a", "code": "1"}, "/terms": {"version": "1"}, "/organisations": {"membership": SECOND}}
    for address, form in forms.items():
        assert asked.post(address, form).headers["Location"] == "/devices/first", address
        assert portal(book=book).post(address, form).headers["Location"] == "/", address
    done.profile.memberships.extend([identity_pb2.Membership(), identity_pb2.Membership()])
    assert asked.post("/sign-in/code", attempt="a", code="1").headers["Location"] == "/organisations"
    assert portal().get("/devices/first").headers["Location"] == "/"


def test_the_pin_completes_coming_in_and_can_wait() -> None:
    """NET-37: the activation is used up with the device; with JavaScript or without there is a way past the PIN."""
    finish = {"FinishEnrolment": devices_pb2.FinishEnrolmentResponse(device_id=MEMBERSHIP, activated=True)}
    asked = coming_in(book=Book(answers=dict(finish)))
    page = words(asked.get("/devices/first"))
    for said in ("Activation code (done)", "Terms and conditions (done)", "Go on without a PIN", "A PIN needs JavaScript. Go on"):
        assert said in page
    asked.book.answers["FinishEnrolment"] = Invalid("pins_differ", fields={"pin_again": "pins_differ"})
    assert "Go on without a PIN" in words(asked.post("/devices/add", **PROVED))
    asked.book.answers.update(finish)
    answer = asked.post("/devices/add", **PROVED, pin_again="2486", public_key="{}")
    assert (answer.headers["Location"], asked.last("FinishEnrolment").activation) == ("/devices/ready", "a" * 43)
    assert any(each.startswith("activation=;") for each in answer.headers.getlist("Set-Cookie"))
    assert "PIN (done)" in words(asked.get("/devices/ready"))
    later = coming_in().post("/devices/later", x="1")
    assert (later.headers["Location"], later.headers["Set-Cookie"].startswith("activation=;")) == ("/", True)
    over = coming_in(book=Book(answers={"FinishEnrolment": devices_pb2.FinishEnrolmentResponse(device_id=MEMBERSHIP)}))
    assert over.post("/devices/add", **PROVED).headers["Location"] == "/security?saved=device"


def test_the_three_ways_to_end_leave_what_they_say() -> None:
    """NET-41, ACC-28: locking keeps the device, logging out everywhere forgets it."""
    locked = portal(language="fi").post("/lock", x="1")
    assert locked.headers["Location"] == "/unlock"
    assert [each.split(";")[0] for each in locked.headers.getlist("Set-Cookie")] == ["session=", "language=fi"]
    asked = portal()
    assert "no PIN opens anything any more" in words(asked.get("/sign-out-everywhere"))
    assert asked.asked("SignOutEverywhere") == []
    gone = asked.post("/sign-out-everywhere", x="1")
    assert [each.split("=")[0] for each in gone.headers.getlist("Set-Cookie")] == ["session", "device", "language"]
    assert len(asked.asked("SignOutEverywhere")) == 1


def test_after_logging_out_a_device_asks_for_no_pin_that_opens_nothing() -> None:
    """NET-40: full sign-in next; a browser whose session is on no device stays the device that it is."""
    for device_id, forgotten in ((MEMBERSHIP, True), ("", False)):
        asked = portal()
        asked.book.answers["ResolveSession"].device_id = device_id  # type: ignore[union-attr]
        asked.client.set_cookie("device", MEMBERSHIP)
        asked.post("/sign-out", x="1")
        assert asked.get("/documents").headers["Location"] == ("/sign-in" if forgotten else "/unlock")


def test_a_device_that_was_removed_here_is_forgotten_here() -> None:
    """NET-40: another one stays."""
    for removed, forgotten in ((MEMBERSHIP, True), (SECOND, False)):
        asked = portal()
        asked.client.set_cookie("device", MEMBERSHIP)
        assert asked.post(f"/devices/{removed}/remove", x="1").headers["Location"] == "/security?saved=removed"
        assert (asked.client.get_cookie("device") is None) == forgotten


@pytest.mark.parametrize("reason", ["pin_forgotten", "device_refused"])
def test_a_device_that_was_ended_elsewhere_says_so_once(reason: str) -> None:
    """NET-40, NET-41: then it is a browser like any other."""
    asked = on_a_device(SignInWithDevice=Unauthenticated(reason))
    assert "Sign in with your password" in words(asked.post("/unlock", **PROVED))
    assert asked.get("/documents").headers["Location"] == "/sign-in"


def test_a_computer_keeps_its_secret_in_a_cookie_and_comes_in_once_it_is_confirmed() -> None:
    """NET-38: the code holds the token alone, and the session comes to the browser that asked."""
    begun = devices_pb2.StartWebSignInResponse(browser="b" * 43, token="t" * 43, code="ABCD-EFGH")
    asked = portal(signed_in=False, book=Book(answers={"StartWebSignIn": begun}))
    shown = asked.client.post("/sign-in/qr", headers={**HTMX, "User-Agent": "Firefox/150.0 Linux"})
    fragment = shown.get_data(as_text=True)
    assert ("<svg" in fragment, "b" * 43 in fragment, "ABCD-EFGH" in fragment) == (True, False, True)
    cookie = shown.headers["Set-Cookie"]
    assert ("qr=" + "b" * 43 in cookie, "HttpOnly" in cookie, "SameSite=Strict" in cookie) == (True, True, True)
    assert (asked.last("StartWebSignIn").user_agent, asked.last("StartWebSignIn").address) == ("Firefox/150.0 Linux", "127.0.0.1")
    asked.book.answers["ClaimWebSignIn"] = devices_pb2.ClaimWebSignInResponse(state=WAITING)
    assert asked.client.post("/sign-in/qr/state", headers=HTMX).status_code == 204
    asked.book.answers["ClaimWebSignIn"] = devices_pb2.ClaimWebSignInResponse(state=CONFIRMED, session="n" * 43)
    came = asked.client.post("/sign-in/qr/state", headers=HTMX)
    assert (came.headers["HX-Redirect"], "session=" + "n" * 43 in came.headers["Set-Cookie"]) == ("/?by=phone", True)
    assert asked.last("ClaimWebSignIn").browser == "b" * 43


def test_whom_a_telephone_signed_in_is_said_on_the_computer() -> None:
    """NET-38: on the first page, whichever it is."""
    few = portal(permissions=(access_pb2.PERMISSION_SESSION_USE,))
    for asked, page in ((portal(), "/"), (few, "/account"), (portal(organisations=2), "/organisations")):
        assert "Signed in as Ingrid Eksempeldal" in words(asked.get(f"{page}?by=phone")), page
        assert "Signed in as" not in words(asked.get(page)), page
    assert few.get("/?by=phone").headers["Location"] == "/account?by=phone"


def test_a_sign_in_page_that_nobody_looks_at_stops_asking() -> None:
    """NET-38: a code is followed by another one four times."""
    over = devices_pb2.ClaimWebSignInResponse(state=devices_pb2.WEB_SIGN_IN_STATE_OVER)
    asked = portal(signed_in=False, book=Book(answers={"ClaimWebSignIn": over}))
    asked.client.set_cookie("qr", "b" * 43)
    for number, again in (("1", True), ("4", True), ("5", False), ("", False), ("9" * 5000, False)):
        before = len(asked.asked("StartWebSignIn"))
        answer = asked.client.post("/sign-in/qr/state", data={"round": number}, headers=HTMX)
        assert (len(asked.asked("StartWebSignIn")) > before, "Show a new code" in answer.get_data(as_text=True)) == (again, not again)
        asked.client.set_cookie("qr", "b" * 43)


def test_the_telephone_shows_who_asks_and_looking_confirms_nothing() -> None:
    """NET-38, BEY-01: the PIN travels with the device's signature; without device or passkey there is nothing to confirm with."""
    asked, token = on_a_device(), "t" * 43
    page = words(asked.get(f"/qr/{token}"))
    assert "Confirm only if you sit in front of it yourself." in page
    assert asked.asked("ConfirmWebSignIn") == asked.asked("DenyWebSignIn") == []
    assert "Confirmed" in words(asked.post(f"/qr/{token}", **PROVED))
    sent = asked.last("ConfirmWebSignIn")
    assert (sent.token, sent.device_id, sent.pin) == (token, MEMBERSHIP, "2486")
    assert "Refused" in words(asked.post(f"/qr/{token}", act="deny"))
    assert asked.last("DenyWebSignIn").token == token
    bare = portal(book=Book(answers={"AskForPasskey": NotFound("passkeys_not_here")}))
    assert "This phone has no PIN yet." in words(bare.get(f"/qr/{token}"))
    over = portal(book=Book(answers={"ShowWebSignIn": NotFound("web_sign_in_over")}))
    assert "Scan the one that the computer shows now." in words(over.get(f"/qr/{token}"))


@pytest.mark.parametrize("without", ["script", "keys"])
def test_where_no_pin_can_be_kept_the_way_in_ends_at_the_front_page(new_page: OpenPage, without: str) -> None:
    """NET-37: without JavaScript, or in a browser that makes no keys: it says so, and one button leads on."""
    with window(new_page, fresh(), javascript=without != "script") as seen:
        seen.page.goto("/help")
        seen.page.add_init_script("Object.defineProperty(crypto, 'subtle', { value: undefined })")
        activation = {"name": "activation", "value": "a" * 43, "url": seen.page.url}
        seen.page.context.add_cookies([activation])  # type: ignore[list-item]  # a SetCookieParam
        seen.page.goto("/devices/first")
        if without == "keys":
            expect(seen.page.get_by_text("This browser cannot keep what a PIN needs.")).to_be_visible()
        expect(seen.page.get_by_role("button", name="Save the PIN")).to_be_disabled()
        seen.page.get_by_role("button", name="Go on without a PIN").click()
        expect(seen.page.get_by_role("navigation", name="Main menu")).to_be_visible()
        seen.page.goto("/devices/first")
        expect(seen.page.get_by_role("navigation", name="Main menu")).to_be_visible()
