"""Signing in with a national eID or a company's own sign-in, on the pages: there and back, by links alone, and in words why not."""

from urllib.parse import urlsplit

import pytest
from kontor.identity.v1 import identity_pb2, providers_pb2
from werkzeug.test import TestResponse

from chassis.errors import Denied, Failure, Invalid, TooMany, Unauthenticated, Unavailable
from services.gateway.config import Config
from tests.gateway.peers import Book
from tests.gateway.portal import MEMBERSHIP, Portal, portal, words

LISTED = providers_pb2.ListProvidersResponse(
    providers=[providers_pb2.Provider(name="eid", label="Prøve-eID"), providers_pb2.Provider(name="testdal", label="Testdal Bakeri")]
)
AWAY = providers_pb2.StartWithProviderResponse(url="https://eid.example/authorize?state=x", browser="b" * 43)
SIGNED_IN = providers_pb2.FinishWithProviderResponse(session="s" * 43)
BEGUN = providers_pb2.FinishWithProviderResponse(
    begun=identity_pb2.StartSignInResponse(
        attempt="a" * 43, methods=[identity_pb2.METHOD_TOTP], preferred=identity_pb2.METHOD_TOTP
    )
)
BACK = f"/sign-in/returned/eid?code=c0de&state={'t' * 43}&iss=https://eid.example"


def asked(finish: providers_pb2.FinishWithProviderResponse | Failure = SIGNED_IN, **answers: object) -> Portal:
    known = {"ListProviders": LISTED, "StartWithProvider": AWAY, "FinishWithProvider": finish, **answers}
    made = portal(signed_in=False, book=Book(answers=known), config=Config(public_url="https://portal.example"))  # type: ignore[arg-type]
    made.client.set_cookie("__Host-provider", "b" * 43, secure=True)
    return made


def get(made: Portal, path: str, **headers: str) -> TestResponse:
    return made.client.get(path, base_url="https://localhost", headers=headers)


def test_the_page_to_sign_in_has_a_link_for_each_provider_and_only_for_those() -> None:
    """NET-01, NET-02: links, which need no script; before the password, as the eID is the first choice."""
    page = get(asked(), "/sign-in").get_data(as_text=True)
    assert ('href="/sign-in/with/eid"' in page, 'href="/sign-in/with/testdal"' in page) == (True, True)
    assert page.index("Prøve-eID") < page.index('name="password"')
    none = get(asked(ListProviders=providers_pb2.ListProvidersResponse()), "/sign-in").get_data(as_text=True)
    assert ("/sign-in/with/" in none, "Or with your e-mail address" in none) == (False, False)
    away = get(asked(ListProviders=Unavailable("identity")), "/sign-in")
    assert (away.status_code, 'name="password"' in away.get_data(as_text=True)) == (200, True)


def test_the_browser_goes_away_with_a_secret_that_stands_in_no_address() -> None:
    """NET-01: the cookie is this host's alone, unreadable to scripts, and comes along on the way back."""
    answer = get(asked(), "/sign-in/with/eid", **{"Sec-Fetch-Site": "same-origin"})
    assert answer.headers["Location"] == AWAY.url
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"__Host-provider={'b' * 43};")
    assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"))
    assert answer.headers["Cache-Control"] == "no-store"


def test_another_sites_page_sends_nobody_to_a_provider() -> None:
    """NET-01: nobody is signed in without having asked for it."""
    made = asked()
    answer = get(made, "/sign-in/with/eid", **{"Sec-Fetch-Site": "cross-site"})
    assert (answer.headers["Location"], made.asked("StartWithProvider")) == ("/sign-in", [])


def test_back_with_two_factors_one_is_signed_in() -> None:
    """NET-01: what the provider sent is handed to identity, with what the browser kept."""
    made = asked()
    answer = get(made, BACK)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert answer.headers["Set-Cookie"].startswith(f"__Host-session={'s' * 43};")
    given = made.last("FinishWithProvider")
    assert (given.provider, given.code, given.state, given.issuer) == ("eid", "c0de", "t" * 43, "https://eid.example")
    assert given.browser == "b" * 43


def test_back_with_less_the_code_is_asked_for_as_after_a_password() -> None:
    """ACC-21."""
    page = get(asked(BEGUN), BACK).get_data(as_text=True)
    assert ('name="code"' in page, f'value="{"a" * 43}"' in page) == (True, True)


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (Unauthenticated("provider_cancelled"), "The sign-in there was stopped."),
        (Unauthenticated("provider_refused"), "does not prove who you are"),
        (Unauthenticated("provider_email_unverified"), "is not confirmed there"),
        (Unauthenticated("provider_sign_in_over"), "took too long"),
        (Unavailable("provider_unavailable"), "does not work just now"),
        (Invalid("invalid_request", fields={"browser": "too short"}), "took too long"),
        (Unavailable("anything_else"), "took too long"),
    ],
)
def test_what_did_not_work_is_said_where_one_can_sign_in(failure: Failure, said: str) -> None:
    """NET-01: and the address that the browser then shows holds nothing of what the provider sent."""
    made = asked(failure)
    answer = get(made, BACK)
    assert "c0de" not in answer.headers["Location"]
    page = get(made, answer.headers["Location"])
    assert (page.status_code, said in words(page), 'name="password"' in page.get_data(as_text=True)) == (200, True, True)


def test_who_has_no_access_is_sent_to_the_own_administrator() -> None:
    """ACC-14: not to the firm."""
    made = asked(Denied("nobody_known"))
    answer = get(made, BACK)
    page = words(get(made, answer.headers["Location"]))
    assert "Ask your company's administrator to add you, not the accounting firm." in page


def test_a_provider_that_is_away_is_said_before_one_goes_there() -> None:
    """NET-01."""
    why = {Unavailable("provider_unavailable"): "does not work just now", TooMany("too_many_attempts"): "Too many attempts"}
    for failure, said in why.items():
        made = asked(StartWithProvider=failure)
        answer = get(made, "/sign-in/with/eid")
        assert made.last("StartWithProvider").address == "127.0.0.1"
        assert said in words(get(made, answer.headers["Location"]))
        assert urlsplit(answer.headers["Location"]).path == "/sign-in"


def test_what_an_address_makes_the_page_say_are_sentences_of_ours_only() -> None:
    """NET-01: of these reasons."""
    for told in ("nobody_known", "<b>", "wrong_code"):
        assert 'role="alert"' not in get(asked(), f"/sign-in?told={told}").get_data(as_text=True)


def test_what_is_bound_is_listed_and_removed_on_the_page_about_security() -> None:
    """NET-01, NET-05: under a fresh proof, which is asked for in place."""
    bound = providers_pb2.ProviderBindingList(bindings=[providers_pb2.ProviderBinding(binding_id=MEMBERSHIP, label="Prøve-eID")])
    made = portal(book=Book(answers={"ListProviderBindings": bound}))
    page = made.get("/security").get_data(as_text=True)
    assert ("Prøve-eID" in page, f'action="/security/bindings/{MEMBERSHIP}/remove"' in page) == (True, True)
    assert made.post(f"/security/bindings/{MEMBERSHIP}/remove", x="1").headers["Location"] == "/security?saved=removed"
    assert made.last("RemoveProviderBinding").binding_id == MEMBERSHIP
    asked_again = portal(book=Book(answers={"RemoveProviderBinding": Denied("step_up_needed")}))
    assert "Confirm that it is you" in words(asked_again.post(f"/security/bindings/{MEMBERSHIP}/remove", x="1"))
    without = portal(book=Book(answers={"ListProviderBindings": providers_pb2.ProviderBindingList()}))
    assert "Sign-in elsewhere" not in words(without.get("/security"))
