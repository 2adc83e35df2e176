"""Passkeys on the pages: made and used in Chromium with an authenticator of its own, after the password or alone."""

import json
from typing import Any

import webauthn
from kontor.identity.v1 import identity_pb2, passkeys_pb2
from playwright.sync_api import Page, expect
from webauthn.helpers import options_to_json
from webauthn.helpers.structs import AuthenticatorSelectionCriteria, ResidentKeyRequirement, UserVerificationRequirement

from chassis.errors import Conflict, Denied, Unauthenticated
from services.gateway.config import Config
from tests.gateway.peers import Book
from tests.gateway.portal import MEMBERSHIP, portal, words
from tests.gateway.window import OpenPage, fresh, window

QUESTION = b"q" * 32
BEGUN = identity_pb2.StartSignInResponse(
    attempt="a" * 43, methods=[identity_pb2.METHOD_TOTP, identity_pb2.METHOD_PASSKEY], preferred=identity_pb2.METHOD_TOTP
)
ASKED = passkeys_pb2.AskForPasskeyResponse(options="{}")
SIGNED_IN = passkeys_pb2.SignInWithPasskeyResponse(session="s" * 43)


def _creation() -> str:
    return options_to_json(
        webauthn.generate_registration_options(
            rp_id="localhost", rp_name="Kontor", user_id=b"u-1", user_name="ola@testdal.example", challenge=QUESTION,
            authenticator_selection=AuthenticatorSelectionCriteria(resident_key=ResidentKeyRequirement.PREFERRED),
        )
    )


def _request() -> str:
    verified = UserVerificationRequirement.REQUIRED
    return options_to_json(webauthn.generate_authentication_options(rp_id="localhost", challenge=QUESTION, user_verification=verified))


def _authenticator(page: Page) -> None:
    """As if the device had one that knows its owner."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    about = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {**about, "automaticPresenceSimulation": True}})


def test_a_browser_makes_a_passkey_and_signs_in_with_it(new_page: OpenPage) -> None:
    """BEY-16: what Chromium answers is right by the standard, made on the page about security and used on the one to sign in."""
    config = Config(listen="127.0.0.1:0", threads=4, public_url="http://localhost")
    asked = fresh(config=config)
    asked.book.answers["StartPasskey"] = passkeys_pb2.StartPasskeyResponse(options=_creation())
    asked.book.answers["AskForPasskey"] = passkeys_pb2.AskForPasskeyResponse(options=_request())
    asked.book.answers["SignInWithPasskey"] = Unauthenticated("passkey_refused")
    with window(new_page, asked, config=config) as seen:
        seen.page.goto("/security")
        origin = seen.page.url.removesuffix("/security").replace("127.0.0.1", "localhost")
        seen.page.context.add_cookies([{**cookie, "domain": "localhost"} for cookie in seen.page.context.cookies()])  # type: ignore[typeddict-item]
        _authenticator(seen.page)
        seen.page.goto(f"{origin}/security")
        seen.page.get_by_role("button", name="Make a passkey").click()
        seen.page.get_by_label("What do you call it?").fill("Min telefon")
        seen.page.get_by_role("button", name="Make the passkey").click()
        seen.page.wait_for_url("**/security?saved=passkey")
        added = asked.last("AddPasskey")
        expected: dict[str, Any] = {"expected_challenge": QUESTION, "expected_rp_id": "localhost", "expected_origin": origin}
        made = webauthn.verify_registration_response(credential=added.credential, **expected)
        assert (added.label, made.user_verified) == ("Min telefon", True)
        seen.page.context.clear_cookies()
        seen.page.goto(f"{origin}/sign-in")
        seen.page.get_by_role("button", name="Sign in with a passkey").click()
        expect(seen.page.get_by_text("This passkey was not accepted")).to_be_visible()
        answer = asked.last("SignInWithPasskey").credential
        key: dict[str, Any] = {"credential_public_key": made.credential_public_key, "credential_current_sign_count": made.sign_count}
        assert webauthn.verify_authentication_response(credential=answer, **expected, **key).user_verified
        asked.book.answers["SignInWithPasskey"] = SIGNED_IN
        seen.page.get_by_role("button", name="Use the passkey").click()
        seen.page.wait_for_url(f"{origin}/")


def test_after_the_password_a_passkey_is_one_of_the_other_methods() -> None:
    """BEY-16, ACC-26."""
    asked = portal(signed_in=False, book=Book(answers={"StartSignIn": BEGUN, "AskForPasskey": ASKED, "SignInWithPasskey": SIGNED_IN}))
    chosen = asked.post("/sign-in/method", attempt="a" * 43, methods="1,5", method="1", choose="1").get_data(as_text=True)
    assert 'action="/sign-in/passkey"' in chosen
    page = asked.post("/sign-in/passkey", attempt="a" * 43, methods="1,5", method="5").get_data(as_text=True)
    assert 'data-passkey="get"' in page
    assert (asked.last("AskForPasskey").attempt, asked.last("AskForPasskey").address) == ("a" * 43, "127.0.0.1")
    done = asked.post("/sign-in/passkey", attempt="a" * 43, methods="1,5", method="5", credential=json.dumps({"id": "x"}))
    assert (done.headers["Location"], "session=" in done.headers["Set-Cookie"]) == ("/", True)


def test_where_a_passkey_does_not_work_the_password_does() -> None:
    """BEY-16: an attempt that is over, and a portal without a name."""
    for failure in (Unauthenticated("attempt_over"), Conflict("passkeys_not_here")):
        asked = portal(signed_in=False, book=Book(answers={"AskForPasskey": failure}))
        answer = asked.post("/sign-in/passkey", attempt="a" * 43)
        assert (answer.status_code, "Sign in" in words(answer), 'name="password"' in answer.get_data(as_text=True)) == (
            failure.http_status, True, True,
        )  # fmt: skip


def test_one_is_made_renamed_and_removed_under_fresh_proofs() -> None:
    """BEY-16, NET-05."""
    asked = portal(book=Book(answers={"StartPasskey": Denied("step_up_needed", facts={"proofs": "password"})}))
    assert "Confirm that it is you" in words(asked.post("/security/passkeys/start", x="1"))
    renamed = asked.post(f"/security/passkeys/{MEMBERSHIP}/rename", label=" Nøkkel ")
    assert (renamed.headers["Location"], asked.last("RenamePasskey").label) == ("/security?saved=renamed", "Nøkkel")
    removed = asked.post(f"/security/passkeys/{MEMBERSHIP}/remove", x="1")
    assert (removed.headers["Location"], asked.last("RemovePasskey").passkey_id) == ("/security?saved=removed", MEMBERSHIP)
    refused = portal(book=Book(answers={"AddPasskey": Conflict("too_many_passkeys")}))
    assert "Remove one first." in words(refused.post("/security/passkeys/add", credential="{}", label="x"))
