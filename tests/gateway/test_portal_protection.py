"""The portal lets in who is signed in, believes forms of its own pages only, and carries nothing foreign."""

import re

import pytest
from kontor.identity.v1 import identity_pb2
from werkzeug.routing import Rule

from chassis.errors import Denied, Internal, Unauthenticated, Unavailable
from services.gateway.config import Config
from tests.gateway.portal import FORM, MEMBERSHIP, READER, Portal, listed, portal, words

PAGES = (
    "/", "/documents", "/documents/upload", "/notices", "/notices/latest", "/messages", "/administration", "/administration/members/new",
    f"/administration/members/{MEMBERSHIP}", f"/administration/members/{MEMBERSHIP}/folders",
    f"/administration/members/{MEMBERSHIP}/remove", "/account", "/organisations",
)  # fmt: skip
# Whoever has no session may be here.
OPEN = ("/privacy", "/instructions", "/help", "/terms", "/activate", "/unlock", "/qr", "/manifest", "/icon", "/service-worker", "/offline")
BEFORE = ("/sign-in", "/password", "/privacy", "/instructions", f"/links/{'t' * 43}")


@pytest.mark.parametrize("path", [*PAGES, *BEFORE, "/nowhere"])
def test_a_page_runs_shows_and_keeps_nothing_but_its_own(path: str) -> None:
    """Strict CSP, and nothing in the page that it would have to forbid."""
    answer = portal().get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    page = answer.get_data(as_text=True)
    assert re.findall(r"<script(?![^>]*\ssrc=\"/static/)|<style|\sstyle=|\son[a-z]+=\"|javascript:|https?://(?!127)", page) == []


def _address(rule: Rule) -> str:
    """An address that the rule leads from."""
    return re.sub(r"<[^>]+>", MEMBERSHIP, re.sub(r"<int:[^>]+>", "1", rule.rule))


def test_every_page_but_those_before_sign_in_wants_a_session() -> None:
    """Generated from the routes, so that a new page is covered by being there."""
    asked = portal(signed_in=False)
    paths = [_address(rule) for rule in asked.app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    closed = [path for path in paths if not path.startswith(("/static", "/sign-in", "/password", "/links", "/unsubscribe", *OPEN))]
    assert len(closed) > 12
    for path in closed:
        answer = asked.get(path)
        assert (answer.status_code, answer.headers.get("Location")) == (302, "/sign-in"), path
    assert asked.book.asked == []


def test_looking_changes_nothing() -> None:
    """Also HEAD, which needs no form of ours: generated from the routes. But what somebody opens is no news to them any more (ACC-67)."""
    for method, seen in (("GET", "|MarkRead"), ("HEAD", "")):
        asked = portal()
        asked.book.answers.update(listed())
        for rule in asked.app.url_map.iter_rules():
            if "GET" in (rule.methods or ()) and (method, rule.endpoint) != ("GET", "notices.open_"):
                asked.client.open(_address(rule), method=method).close()
        # A sign-in that begins, or a question to a passkey, is of whoever looks and changes nothing of anybody's. From a provider a browser
        # comes back by GET: what it brings counts once, and only in the browser that left.
        looked = r"(Resolve|List|Get|BatchGet|Count|Show|Download|Preview|Export).*|(Start|Finish)WithProvider|AskForPasskey" + seen
        assert [each.rpc for each in asked.book.asked if not re.fullmatch(looked, each.rpc)] == [], method


def test_a_form_without_a_session_says_sign_in_and_does_nothing() -> None:
    asked = portal(signed_in=False)
    answer = asked.post("/account/profile", first_name="Kari")
    assert answer.status_code == 401
    assert "You have been signed out" in words(answer)
    assert asked.book.asked == []


def test_an_ended_session_leads_to_sign_in_and_drops_the_cookie() -> None:
    """ACC-28: what ended on the server is over in the browser."""
    asked = portal()
    asked.book.answers["ResolveSession"] = Unauthenticated("session_ended", "Ended.")
    answer = asked.get("/documents")
    assert answer.headers["Location"] == "/sign-in?ended=1"
    assert "session=;" in answer.headers["Set-Cookie"]
    assert "You have been signed out" in words(asked.get("/sign-in?ended=1"))


def test_a_part_of_a_page_asked_with_an_ended_session_moves_the_whole_page() -> None:
    asked = portal()
    asked.book.answers["ResolveSession"] = Unauthenticated("session_ended", "Ended.")
    answer = asked.get("/notices/latest", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == "/sign-in?ended=1"
    assert answer.get_data() == b""


def test_what_a_page_asks_by_itself_uses_no_session_and_takes_no_page_away() -> None:
    """ACC-28: half an hour without the person ends the session; where it has ended, the page looks whether something is being written."""
    quietly = {"HX-Request": "true", "Kontor-Quiet": "1"}
    asked = portal()
    asked.get("/notices/latest", headers=quietly)
    asked.get("/account")
    assert [each.request.quiet for each in asked.asked("ResolveSession")] == [True, False]  # type: ignore[attr-defined]
    asked.book.answers["ResolveSession"] = Unauthenticated("session_ended", "Ended.")
    sent = asked.client.post("/messages/check", data={"body": "x"}, headers={**FORM, "HX-Request": "true"})
    for answer in (asked.get("/notices/latest", headers=quietly), sent):
        assert (answer.status_code, answer.headers["HX-Trigger"]) == (401, "kontor:session")
        assert "HX-Redirect" not in answer.headers
    removed = portal(member=False).get("/notices/latest", headers=quietly)
    assert (removed.status_code, removed.headers["HX-Trigger"]) == (401, "kontor:session")


def test_somebody_who_was_removed_is_led_away_from_every_page() -> None:
    """ACC-82: an open session loses the organisation at once."""
    asked = portal(member=False, permissions=())
    for path in ("/", "/documents", "/account", "/administration"):
        assert asked.get(path).headers["Location"] == "/organisations"
    assert "not a member of any organisation" in words(asked.get("/organisations"))


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://elsewhere.example"}, {"Origin": "null"}],
)
def test_a_form_sent_from_another_site_changes_nothing(headers: dict[str, str]) -> None:
    asked = portal()
    answer = asked.client.post("/account/profile", data={"first_name": "Kari"}, headers=headers)
    assert answer.status_code == 403
    assert "Another page tried to do this" in words(answer)
    assert asked.asked("UpdateProfile") == []


@pytest.mark.parametrize("headers", [FORM, {"Origin": "http://127.0.0.1:8080"}, {}])
def test_a_form_sent_from_our_own_page_is_believed(headers: dict[str, str]) -> None:
    asked = portal()
    assert asked.client.post("/account/profile", data={"first_name": "Kari"}, headers=headers).status_code == 302
    assert asked.last("UpdateProfile").first_name == "Kari"


def test_over_https_the_cookie_goes_nowhere_else() -> None:
    asked = portal(signed_in=False, config=Config(public_url="https://kontor.example"))
    asked.book.answers["FinishSignIn"] = identity_pb2.FinishSignInResponse(session="s" * 43)
    answer = asked.client.post("/sign-in/code", data={"attempt": "a", "code": "123456"}, headers=FORM)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    assert all(f"; {each}" in cookie for each in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"))
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_a_body_the_front_left_unread_is_told_in_words() -> None:
    answer = portal().client.post("/messages/new", headers=FORM, environ_overrides={"kontor.body": "too_large"})
    assert answer.status_code == 413
    assert "larger than can be received" in words(answer)


def _failing(rpc: str, failure: Exception, **who: object) -> Portal:
    asked = portal(**who)  # type: ignore[arg-type]
    asked.book.answers.update(listed())
    asked.book.answers[rpc] = failure  # type: ignore[assignment]
    return asked


def test_what_does_not_answer_is_told_in_the_readers_language_with_the_way_on() -> None:
    answer = _failing("ListDocuments", Unavailable("documents_unavailable"), language="nb").get("/documents?name=mai")
    assert answer.status_code == 503
    assert "Ingenting er tapt" in words(answer)
    assert 'href="/documents?name=mai"' in answer.get_data(as_text=True)


def test_identity_not_answering_is_no_sign_out() -> None:
    answer = _failing("ResolveSession", Unavailable("identity_unavailable")).get("/documents")
    assert answer.status_code == 503
    assert "Set-Cookie" not in answer.headers


def test_a_defect_of_ours_tells_nothing_of_it() -> None:
    answer = _failing("ListDocuments", Internal("internal", "psycopg.errors.UndefinedTable")).get("/documents")
    assert answer.status_code == 500
    assert "psycopg" not in answer.get_data(as_text=True)


def test_who_lacks_access_is_sent_to_the_companys_administrator() -> None:
    """ACC-14: not to the firm."""
    answer = _failing("ListDocuments", Denied("not_permitted")).get("/documents")
    assert answer.status_code == 403
    assert "Contact your company's administrator" in words(answer)


def test_administration_is_refused_to_others_and_not_in_their_menu() -> None:
    """ACC-13."""
    reader = portal(permissions=READER)
    reader.book.answers.update(listed())
    for path in ("/administration", "/administration/members/new", f"/administration/members/{MEMBERSHIP}"):
        assert reader.get(path).status_code == 403
    assert reader.post(f"/administration/members/{MEMBERSHIP}/remove").status_code == 403
    assert reader.asked("RemoveMember") == []
    assert "/administration" not in reader.get("/documents").get_data(as_text=True)
    assert "/administration" in portal().get("/account").get_data(as_text=True)


def test_scripts_come_from_packages_and_nothing_else_of_them_is_served() -> None:
    asked = portal(signed_in=False)
    with asked.get("/static/vendor/htmx.js") as script:
        assert b"htmx" in script.get_data()
    assert asked.get("/static/vendor/../../../pyproject.toml").status_code == 404
    assert asked.get("/static/vendor/htmx-2.js").status_code == 404
