"""From nobody to signed in, as the pages lead there."""

import re

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from kontor.identity.v1 import identity_pb2

from chassis.errors import Invalid, NotFound, TooMany, Unauthenticated
from services.gateway.config import Config
from tests.gateway.peers import Book
from tests.gateway.portal import FORM, MEMBERSHIP, OTHER, SECOND, Portal, portal, session, words

LINK = f"/links/{'t' * 43}"
URI = "otpauth://totp/Kontor:ola@testdal.example?secret=JBSWY3DPEHPK3PXP&issuer=Kontor"
ENROLMENT = identity_pb2.StartSignInResponse(attempt="a" * 43, enrolment=identity_pb2.Enrolment(uri=URI, key="JBSWY3DPEHPK3PXP"))


def _nobody(**answers: object) -> Portal:
    return portal(signed_in=False, book=Book(answers=answers))  # type: ignore[arg-type]


def test_wrong_credentials_are_told_in_one_way_and_the_address_stays_written() -> None:
    asked = _nobody(StartSignIn=Unauthenticated("wrong_credentials"))
    answer = asked.post("/sign-in", email="ola@testdal.example", password="a wrong password")
    assert answer.status_code == 401
    page = answer.get_data(as_text=True)
    assert "do not belong together" in page
    assert 'value="ola@testdal.example"' in page
    assert "a wrong password" not in page
    assert re.search(r'id="password"[^>]+aria-invalid="true" aria-describedby="password-error"', page)


def test_too_many_attempts_say_how_long_to_wait() -> None:
    asked = _nobody(StartSignIn=TooMany("too_many_attempts", facts={"retry_after": "240"}))
    assert "Wait 4 minutes" in words(asked.post("/sign-in", email="ola@testdal.example", password="x"))


def test_the_first_sign_in_shows_a_code_to_scan_and_the_key_to_type() -> None:
    """ACC-23: any standard app; nothing about it leaves our pages."""
    page = _nobody(StartSignIn=ENROLMENT).post("/sign-in", email="ola@testdal.example", password="x").get_data(as_text=True)
    assert "Connect the authenticator app" in page
    assert re.search(r'<svg viewBox="0 0 \d+ \d+"><path [^>]*d="M', page)
    assert "JBSW Y3DP EHPK 3PXP" in page
    assert "An app is the safest way to sign in" in page, "ACC-27"


def test_later_sign_ins_ask_for_the_code_alone() -> None:
    """ACC-21, ACC-25."""
    answer = _nobody(StartSignIn=identity_pb2.StartSignInResponse(attempt="a" * 43)).post("/sign-in", email="o@t.example", password="x")
    assert "One-time code" in words(answer)
    assert "QR" not in answer.get_data(as_text=True)


def test_the_right_code_signs_in_with_a_cookie_no_script_can_read() -> None:
    asked = _nobody(FinishSignIn=identity_pb2.FinishSignInResponse(session="s" * 43))
    answer = asked.post("/sign-in/code", attempt="a" * 43, code="123 456")
    assert answer.headers["Location"] == "/"
    assert answer.headers["Set-Cookie"] == f"session={'s' * 43}; HttpOnly; Path=/; SameSite=Lax"
    assert asked.last("FinishSignIn").code == "123456"


def test_a_wrong_code_may_be_tried_again_with_the_same_picture() -> None:
    asked = _nobody(FinishSignIn=Unauthenticated("wrong_code"))
    page = asked.post("/sign-in/code", attempt="a" * 43, code="1", uri=URI, key="JBSWY3DPEHPK3PXP").get_data(as_text=True)
    assert "The code is wrong or has been used" in page
    assert f'name="attempt" value="{"a" * 43}"' in page
    assert "JBSW Y3DP" in page


def test_a_picture_is_made_of_an_enrolment_only() -> None:
    """What comes back from the browser is not trusted to be what was sent there."""
    asked = _nobody(FinishSignIn=Unauthenticated("wrong_code"))
    page = asked.post("/sign-in/code", attempt="a" * 43, code="1", uri="https://elsewhere.example/", key="").get_data(as_text=True)
    assert 'class="qr"' not in page


@pytest.mark.parametrize("reason", ["attempt_over", "factor_disabled"])
def test_an_attempt_that_is_over_starts_again(reason: str) -> None:
    page = _nobody(FinishSignIn=Unauthenticated(reason)).post("/sign-in/code", attempt="a" * 43, code="1").get_data(as_text=True)
    assert 'action="/sign-in"' in page
    assert 'id="password-error"' in page


def test_asking_for_a_password_link_says_the_same_whoever_asks() -> None:
    """ACC-17; whether there is such an account is nobody's business."""
    asked = _nobody()
    answer = asked.client.post("/password", data={"email": "nobody@testdal.example"}, headers=FORM | {"Accept-Language": "fi"})
    assert "Jos nobody@testdal.example tunnetaan täällä" in words(answer)
    assert (asked.last("RequestPasswordLink").language, asked.last("RequestPasswordLink").address) == ("fi", "127.0.0.1")


def test_an_address_that_is_none_stays_to_be_corrected() -> None:
    refused = Invalid("invalid_request", fields={"email": "value must be a valid email address"})
    answer = _nobody(RequestPasswordLink=refused).post("/password", email="ola")
    assert answer.status_code == 422
    assert 'id="email-error"' in answer.get_data(as_text=True)


def _link(kind: str, state: str, email: str = "ola@testdal.example", **more: object) -> Portal:
    shown = identity_pb2.ShowLinkResponse(
        kind=identity_pb2.LinkKind.Value(f"LINK_KIND_{kind}"), state=identity_pb2.LinkState.Value(f"LINK_STATE_{state}"),
        email=email, organisation_name="Testdal Bakeri AS", **more,  # type: ignore[arg-type]
    )  # fmt: skip
    return _nobody(ShowLink=shown, VerifyAccount=identity_pb2.VerifyAccountResponse(email="ola@testdal.example"))


@pytest.mark.parametrize("kind", ["WELCOME", "PASSWORD"])
def test_opening_a_mailed_link_only_shows(kind: str) -> None:
    """BEY-01: mail scanners open links too."""
    asked = _link(kind, "OPEN")
    assert asked.get(LINK).status_code == 200
    asked.client.head(LINK)
    assert {each.rpc for each in asked.book.asked} == {"ShowLink"}


def test_the_button_verifies_and_leads_on_to_the_password() -> None:
    """ACC-16, ACC-17."""
    asked = _link("WELCOME", "OPEN")
    assert "You have been added to Testdal Bakeri AS" in words(asked.get(LINK))
    answer = asked.post(LINK, act="verify")
    assert "Your account is verified" in words(answer)
    assert 'name="email" value="ola@testdal.example"' in answer.get_data(as_text=True)
    assert len(asked.asked("VerifyAccount")) == 1


def test_a_new_password_is_typed_twice() -> None:
    """ACC-18."""
    asked = _link("PASSWORD", "OPEN")
    asked.book.answers["SetPassword"] = Invalid("passwords_differ", fields={"password_again": "passwords_differ"})
    page = asked.post(LINK, act="password", password="one of them here", password_again="another one here").get_data(as_text=True)
    assert "Type the same one twice" in page
    assert "one of them here" not in page
    assert (asked.last("SetPassword").password, asked.last("SetPassword").password_again) == ("one of them here", "another one here")
    asked.book.answers.pop("SetPassword")
    assert "Your password is saved" in words(asked.post(LINK, act="password", password="x", password_again="x"))


@pytest.mark.parametrize(
    ("kind", "state", "said", "way_on"),
    [
        ("WELCOME", "USED", "It was used 28 May 2026 22:26 to verify o…@testdal.example.", "/sign-in"),
        ("WELCOME", "EXPIRED", "This link has expired", "/password"),
        ("PASSWORD", "EXPIRED", "work only for a short time", "/password"),
        ("PASSWORD", "CANCELLED", "There is a newer link", "/password"),
        ("PASSWORD", "USED", "It was used 28 May 2026 22:26 to make a password for o…@testdal.example.", "/sign-in"),
    ],
)
def test_a_closed_link_says_why_and_leads_on(kind: str, state: str, said: str, way_on: str) -> None:
    """BEY-01: used, expired and replaced are different pages, each with its next step."""
    answer = _link(kind, state, used_at=Timestamp(seconds=1_780_000_000), email="o…@testdal.example").get(LINK)
    assert said in words(answer)
    assert re.search(rf'class="button primary wide" href="{way_on}"', answer.get_data(as_text=True))
    assert 'name="act"' not in answer.get_data(as_text=True)


@pytest.mark.parametrize("failure", [NotFound("link_not_found"), Invalid("invalid_request", fields={"token": "too short"})])
def test_a_link_that_was_cut_short_says_so(failure: Exception) -> None:
    answer = _nobody(ShowLink=failure).get(LINK)
    assert answer.status_code == 404
    assert "Check that the whole link was copied" in words(answer)


def test_who_has_several_organisations_chooses_one_and_changes_without_a_new_sign_in() -> None:
    """ACC-29, ACC-30."""
    several = session(organisations=2)
    finished = identity_pb2.FinishSignInResponse(session="s" * 43, profile=several.profile)
    asked = portal(book=Book(answers={"FinishSignIn": finished, "ResolveSession": several}))
    assert asked.post("/sign-in/code", attempt="a" * 43, code="123456").headers["Location"] == "/organisations"
    assert "Prøvelund Hagesenter AS" in words(asked.get("/organisations"))
    assert asked.post("/organisations", membership=SECOND).headers["Location"] == "/"
    assert asked.last("ChooseOrganisation").membership_id == SECOND


def test_the_organisation_is_on_every_page_with_the_others_a_press_away() -> None:
    """ACC-31."""
    asked = portal(organisations=2)
    for path in ("/account", "/administration", "/messages"):
        page = asked.get(path).get_data(as_text=True)
        assert '<button class="org"' in page
        assert f'value="{MEMBERSHIP}" aria-current="true"' in page
        assert f'value="{SECOND}"' in page
        assert OTHER not in page


def test_signing_out_ends_the_session_on_the_server_and_in_the_browser() -> None:
    """ACC-28."""
    asked = portal()
    answer = asked.post("/sign-out")
    assert len(asked.asked("SignOut")) == 1
    assert answer.headers["Location"] == "/sign-in"
    assert "session=; Expires=Thu, 01 Jan 1970" in answer.headers["Set-Cookie"]


def test_signing_out_over_https_is_a_change_of_the_cookie_that_browsers_accept() -> None:
    """RFC 6265bis § 4.1.3.2: a cookie named __Host- is set, and so also dropped, with Secure and Path=/ only."""
    answer = portal(config=Config(public_url="https://kontor.example")).post("/sign-out")
    dropped = answer.headers["Set-Cookie"]
    assert dropped.startswith("__Host-session=; Expires=Thu, 01 Jan 1970")
    assert all(f"; {each}" in dropped for each in ("Secure", "HttpOnly", "Path=/"))
