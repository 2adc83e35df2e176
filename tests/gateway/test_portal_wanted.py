"""Whoever follows a link in a mail and has to sign in first is led to that page afterwards, and nowhere else."""

from typing import Any

import pytest
from kontor.identity.v1 import devices_pb2, identity_pb2, passkeys_pb2, providers_pb2

from chassis.errors import Unauthenticated
from services.gateway.config import Config
from services.gateway.session import wanted_cookie
from services.gateway.wanted import FILES
from tests.gateway.peers import SESSION, Book
from tests.gateway.portal import DOCUMENT, FORM, MEMBERSHIP, SECOND, Portal, listed, portal

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
MAILED = f"/documents?document={DOCUMENT}&client=x"
ONE, TWO = identity_pb2.Profile(), identity_pb2.Profile(memberships=[identity_pb2.Membership(), identity_pb2.Membership()])


def nobody(wanted: str = MAILED, *, device: bool = False, **answers: object) -> Portal:
    """A browser that has followed a link in a mail, and is led to sign in."""
    asked = portal(signed_in=False, book=Book(answers={**listed(), **answers}))  # type: ignore[dict-item]
    if device:
        asked.client.set_cookie("device", MEMBERSHIP)
    assert asked.get(wanted, headers=BROWSER).headers["Location"] == ("/unlock" if device else "/sign-in")
    return asked


def kept(asked: Portal) -> str:
    """What the browser holds on to."""
    cookie = asked.client.get_cookie("wanted")
    return cookie.decoded_value if cookie else ""


WAYS: dict[str, tuple[str, dict[str, Any], str, Any]] = {
    "code": ("/sign-in/code", {"attempt": "a" * 43, "code": "1"}, "FinishSignIn", identity_pb2.FinishSignInResponse),
    "passkey": ("/sign-in/passkey", {"credential": "{}"}, "SignInWithPasskey", passkeys_pb2.SignInWithPasskeyResponse),
    "PIN": ("/unlock", {"pin": "2486"}, "SignInWithDevice", devices_pb2.SignInWithDeviceResponse),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_link_in_a_mail_leads_to_its_page_once_one_is_signed_in(way: str) -> None:
    """ACC-29, ACC-69, NET-39: its address stands in no other address, and the browser forgets it on arrival."""
    path, form, rpc, done = WAYS[way]
    asked = nobody(device=way == "PIN", **{rpc: done(session=SESSION, profile=ONE)})
    assert asked.post(path, form).headers["Location"] == MAILED
    assert kept(asked) == MAILED
    asked.get(MAILED, headers=BROWSER)
    assert kept(asked) == ""


def test_whoever_chooses_an_organisation_first_is_led_there_afterwards() -> None:
    """ACC-29: after signing in, and where a session has none yet."""
    asked = nobody("/messages", FinishSignIn=identity_pb2.FinishSignInResponse(session=SESSION, profile=TWO))
    assert asked.post("/sign-in/code", attempt="a" * 43, code="1").headers["Location"] == "/organisations"
    asked.get("/organisations", headers=BROWSER)
    assert asked.post("/organisations", membership=SECOND).headers["Location"] == "/messages"
    unchosen = portal(member=False, permissions=())
    assert unchosen.get("/account/notices", headers=BROWSER).headers["Location"] == "/organisations"
    assert kept(unchosen) == "/account/notices"


def test_an_eid_a_telephone_and_the_terms_lead_there_too() -> None:
    """NET-01, NET-36, NET-38."""
    done = providers_pb2.FinishWithProviderResponse(session=SESSION, profile=ONE)
    assert nobody(FinishWithProvider=done).get("/sign-in/returned/bankid?code=c").headers["Location"] == MAILED
    let_in = devices_pb2.ClaimWebSignInResponse(state=devices_pb2.WEB_SIGN_IN_STATE_CONFIRMED, session=SESSION, profile=ONE)
    asked = nobody(ClaimWebSignIn=let_in)
    asked.client.set_cookie("qr", "b" * 43)
    assert asked.post("/sign-in/qr/state", round="1").headers["Location"] == f"{MAILED}&by=phone"
    due = portal(member=False, book=Book(answers={"AcceptTerms": ONE}))
    due.book.answers["ResolveSession"].profile.terms_due = "1"  # type: ignore[union-attr]
    assert due.get("/messages", headers=BROWSER).headers["Location"] == "/terms"
    assert due.post("/terms", version="1").headers["Location"] == "/messages"


def test_a_session_that_ended_on_a_page_leads_back_to_it() -> None:
    """ACC-28: also where only a part of the page was asked for."""
    ended = {"ResolveSession": Unauthenticated("session_ended")}
    asked = portal(book=Book(answers=dict(ended)))
    assert asked.get("/news", headers=BROWSER).headers["Location"] == "/sign-in?ended=1"
    assert kept(asked) == "/news"
    part = portal(book=Book(answers=dict(ended)))
    part.get("/documents?name=mai", headers={"HX-Request": "true", "HX-Current-URL": "http://127.0.0.1:8080/documents?status=updated"})
    assert kept(part) == "/documents?status=updated"


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example/", "https:evil.example", "javascript:alert(1)",
     "/\t/evil.example", "/\n/evil.example", "evil.example", " /", ""],
)  # fmt: skip
def test_nobody_is_led_to_another_place(target: str) -> None:
    """CWE-601: whatever has got into the browser."""
    done = identity_pb2.FinishSignInResponse(session=SESSION, profile=ONE)
    asked = portal(signed_in=False, book=Book(answers={"FinishSignIn": done}))
    asked.client.set_cookie("wanted", target)
    assert asked.post("/sign-in/code", attempt="a" * 43, code="1").headers["Location"] == "/"


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080//evil.example", "http://127.0.0.1:8080/\\evil.example", "javascript:alert(1)", ""])
def test_a_part_of_a_page_leads_to_no_other_place_either(url: str) -> None:
    asked = portal(signed_in=False)
    asked.get("/documents", headers={"HX-Request": "true", "HX-Current-URL": url})
    assert kept(asked) == ""


def test_what_is_no_page_is_no_place_to_go() -> None:
    """Pictures, scripts' questions, forms, and files: after a file the page to sign in would stay on the screen."""
    for path, headers in (("/documents", {}), ("/documents/states", {"Accept": "*/*"}), ("/documents", {"Accept": "image/webp,*/*"})):
        asked = portal(signed_in=False)
        asked.get(path, headers=headers)
        assert kept(asked) == "", path
    asked = portal(signed_in=False)
    asked.client.post("/account/profile", headers={**FORM, **BROWSER})
    assert kept(asked) == ""
    given = portal()
    given.book.answers.update(listed())
    for rule in given.app.url_map.iter_rules():
        path = rule.rule.replace("<uuid:document>", DOCUMENT)
        if "GET" in (rule.methods or ()) and "<" not in path and path != "/live":
            with given.get(path, headers=BROWSER) as answer:
                is_file = "attachment" in answer.headers.get("Content-Disposition", "")
            assert not is_file or rule.endpoint in FILES, path
    for path in (f"/documents/{DOCUMENT}/file", f"/documents/download.zip?document={DOCUMENT}"):
        asked = portal(signed_in=False)
        asked.get(path, headers=BROWSER)
        assert kept(asked) == "", path


def test_over_https_the_address_is_kept_like_a_session() -> None:
    asked = portal(signed_in=False, config=Config(public_url="https://kontor.example"))
    (cookie,) = asked.get("/messages", headers=BROWSER).headers.getlist("Set-Cookie")[:1]
    assert cookie.startswith(f"{wanted_cookie(asked.public_url)}=")
    assert all(f"; {each}" in cookie for each in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=1800"))
    assert f"<code>{wanted_cookie(asked.public_url)}</code>" in asked.get("/privacy").get_data(as_text=True)
