"""The REST API: every RPC with a route, as JSON over HTTP."""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from google.protobuf import json_format
from kontor.documents.v1.documents_pb2 import STATUS_PUBLISHED, STATUS_UPDATED, Document, ListDocumentsRequest, ListDocumentsResponse
from kontor.identity.v1.identity_pb2 import AddMemberRequest
from werkzeug.test import TestResponse

from chassis.errors import Conflict, Denied, Failure, Internal, Invalid, NotFound, TimedOut, TooMany, Unauthenticated, Unavailable
from services.gateway.config import Config
from services.gateway.rest.api import Api
from services.gateway.rest.messages import Writer, moment
from services.gateway.rest.routes import Route, routes
from tests.gateway import peers
from tests.gateway.peers import ID, KEY, SESSION, Book, sample

ROUTES = list(routes())
BEARER = {"Authorization": f"Bearer {SESSION}"}
MEMBERS, DOCUMENTS = "/api/v1/members", f"/api/v1/organisations/{ID}/documents"
MEMBER = {"email": "kari@example.com", "first_name": "Kari", "last_name": "Testdal"}


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def client(book: Book) -> FlaskClient:
    app = Flask("pages")
    Api(Config(), peers.peers(book)).mount(app)
    app.add_url_rule("/page", view_func=lambda: "a page")
    return app.test_client(use_cookies=False)


def problem(response: TestResponse) -> Any:
    assert response.mimetype == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json is not None
    assert response.json["status"] == response.status_code
    return response.json


def fields(response: TestResponse) -> dict[str, str]:
    assert response.status_code == 422
    return {each["field"]: each["reason"] for each in problem(response)["errors"]}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.method.name)
def test_every_route_calls_its_rpc_with_all_that_was_sent(client: FlaskClient, book: Book, route: Route) -> None:
    """Every RPC a route, nothing is lost on the way: path, query and body make the request."""
    wanted = sample(route.method.input_type)
    everything = Writer().write(wanted)
    path = route.path.format(**everything)
    rest = {name: value for name, value in everything.items() if name not in route.in_path}
    sent: dict[str, Any] = {"json": rest} if route.has_body else {"query_string": rest}
    response = client.open(path, method=route.verb.upper(), headers=BEARER, **sent)
    assert response.status_code == 200 or route.method.name == "ExchangeApiKey"
    asked = book.asked[-1]
    assert (asked.rpc, asked.request) == (route.method.name, wanted)
    anyone = route.access.WhichOneof("who") == "anyone"
    assert asked.assertion == ("" if anyone else f"{route.peer}-signed")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.method.name)
def test_every_field_of_an_answer_is_written(route: Route) -> None:
    """As protobuf's own JSON, by the contract's names, but 64-bit numbers as numbers and times to the microsecond."""
    answer = sample(route.method.output_type)
    ours = json.loads(json.dumps(Writer().write(answer)))
    theirs = json_format.MessageToDict(answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    assert json_format.ParseDict(ours, type(answer)()) == answer
    assert _keys(ours) == _keys(theirs)


def _keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _keys(inner) for key, inner in value.items()}
    return [_keys(inner) for inner in value] if isinstance(value, list) else None


def test_an_answer_holds_fields_that_are_nothing_and_leaves_out_messages_that_are_not_set() -> None:
    """A frontend need not guess."""
    written = Writer().write(Document(name="a.pdf"))
    assert (written["uploaded_by_firm"], written["size"], written["status"]) == (False, 0, "STATUS_UNSPECIFIED")
    assert "uploaded_at" not in written
    document = Document()
    document.uploaded_at.FromJsonString("2026-05-31T22:01:02.345678Z")
    assert moment(document.uploaded_at) == "2026-05-31T22:01:02.345678Z"


def test_an_api_key_works_where_a_session_does(client: FlaskClient, book: Book) -> None:
    """BEY-15."""
    response = client.get(DOCUMENTS, headers={"Authorization": f"bearer {KEY}"})
    assert response.status_code == 200
    assert [each.rpc for each in book.asked] == ["ExchangeApiKey", "ListDocuments"]
    assert book.last.assertion == "signed"


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer " + "f" * 43, "Bearer kontor_wrong", "Basic YTpi"])
def test_nobody_is_told_to_sign_in(client: FlaskClient, book: Book, authorization: str) -> None:
    """ACC-21."""
    response = client.get(MEMBERS, headers={"Authorization": authorization} if authorization else {})
    assert response.status_code == 401
    assert problem(response)["reason"] in ("sign_in_needed", "session_ended", "unknown_api_key")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="kontor"'
    assert "ListMembers" not in [each.rpc for each in book.asked]


def test_a_token_that_cannot_be_one_is_nobodys(client: FlaskClient, book: Book) -> None:
    """The rule for tokens is identity's; the answer is 401, not 422."""
    book.strict = True
    assert client.get(MEMBERS, headers={"Authorization": "Bearer short"}).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "http://127.0.0.1:8080"}, 200),
        ({}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8080"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://127.0.0.1:8080"}, 403),
    ],
)
def test_a_cookie_counts_only_for_our_own_pages(client: FlaskClient, book: Book, headers: dict[str, str], status: int) -> None:
    """ASVS 3.5.1: CSRF. A bearer token is not sent by browsers by themselves, so it needs no such check."""
    response = client.post(MEMBERS, json=MEMBER, headers={**headers, "Cookie": f"session={SESSION}"})
    assert response.status_code == status
    assert ("AddMember" in [each.rpc for each in book.asked]) == (status == 200)
    assert client.post(MEMBERS, json=MEMBER, headers={**headers, **BEARER}).status_code == 200
    assert client.get(MEMBERS, headers={**headers, "Cookie": f"session={SESSION}"}).status_code == 200


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (Invalid("invalid_request", "Not right.", fields={"email": "must be an address"}), 422),
        (Unauthenticated("wrong_credentials", "No."), 401),
        (Denied("not_permitted", "No."), 403),
        (NotFound("no_such_member", "No."), 404),
        (Conflict("already_member", "Is one.", facts={"membership_id": ID}), 409),
        (TooMany("too_many_attempts", "Wait.", facts={"retry_after": "17"}), 429),
        (Unavailable("database_unavailable", "Later."), 503),
        (TimedOut("deadline_passed", "Late."), 504),
        (Internal("internal", "Ours."), 500),
    ],
)
def test_a_failure_is_a_problem_document(client: FlaskClient, book: Book, failure: Failure, status: int) -> None:
    """RFC 9457: reason, fields and facts come through."""
    book.answers["AddMember"] = failure
    response = client.post(MEMBERS, json=MEMBER, headers=BEARER)
    assert response.status_code == status
    told = problem(response)
    assert (told["reason"], told["type"], told["instance"]) == (failure.reason, f"urn:kontor:problem:{failure.reason}", MEMBERS)
    assert {each["field"]: each["reason"] for each in told.get("errors", [])} == failure.fields
    assert told.get("facts", {}) == failure.facts
    assert response.headers.get("Retry-After") == failure.facts.get("retry_after")


def test_a_defect_of_ours_tells_nothing(client: FlaskClient, book: Book) -> None:
    """ASVS 16.5.1."""
    book.answers["AddMember"] = "not a message"  # type: ignore[assignment]
    response = client.post(MEMBERS, json=MEMBER, headers=BEARER)
    assert response.status_code == 500
    assert problem(response)["title"] == "Something went wrong on our side."


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({**MEMBER, "nickname": "K"}, {"nickname": "is not a field"}),
        ({**MEMBER, "firstName": "K"}, {"firstName": "is not a field"}),
        ({"email": 7, "first_name": None}, {"email": "must be text", "first_name": "must be text"}),
        ({"email": "a\0b"}, {"email": "contains a character that is not text"}),
        ({"email": "\ud800"}, {"email": "contains a character that is not text"}),
        ({"role": "WRITE"}, {"role": "must be one of the names in the documentation"}),
        ({"role": 2}, {"role": "must be one of the names in the documentation"}),
        ([], {"request": "must be a JSON object"}),
        ("text", {"request": "must be a JSON object"}),
    ],
)
def test_what_is_wrong_with_a_body_is_said_by_field(client: FlaskClient, book: Book, body: Any, wrong: dict[str, str]) -> None:
    """P16: a misspelt field does not get lost."""
    response = client.post(MEMBERS, data=json.dumps(body), headers=BEARER, content_type="application/json")
    assert fields(response) == wrong
    assert "AddMember" not in [each.rpc for each in book.asked]


@pytest.mark.parametrize(
    ("verb", "path", "body", "wrong"),
    [
        ("post", "/api/v1/clients", {"administrator": []}, {"administrator": "must be an object"}),
        ("post", "/api/v1/clients", {"administrator": {"mail": "x"}}, {"administrator.mail": "is not a field"}),
        ("put", f"/api/v1/members/{ID}/folder-access", {"folder_ids": "x"}, {"folder_ids": "must be a list"}),
        ("put", f"/api/v1/members/{ID}/folder-access", {"folder_ids": ["x", 1]}, {"folder_ids": "must be text"}),
        ("put", f"/api/v1/members/{ID}/folder-access", {"membership_id": ID}, {"membership_id": "is not a field"}),
        ("post", "/api/v1/api-keys", {"valid_days": "7"}, {"valid_days": "must be a whole number of at most 32 bits"}),
        ("post", "/api/v1/api-keys", {"valid_days": True}, {"valid_days": "must be a whole number of at most 32 bits"}),
        ("post", "/api/v1/api-keys", {"valid_days": 2**31}, {"valid_days": "must be a whole number of at most 32 bits"}),
        ("post", "/api/v1/api-keys", {"valid_days": 1.5}, {"valid_days": "must be a whole number of at most 32 bits"}),
        ("put", "/api/v1/notice-settings", {"settings": {"messages_by_email": 1}}, {"settings.messages_by_email": "must be true or false"}),
    ],
)
def test_what_is_wrong_deep_inside_is_found(client: FlaskClient, verb: str, path: str, body: Any, wrong: dict[str, str]) -> None:
    """The whole path to the field."""
    assert fields(client.open(path, method=verb.upper(), json=body, headers=BEARER)) == wrong


def test_a_number_written_with_a_point_is_a_number(client: FlaskClient, book: Book) -> None:
    """To JSON, 7.0 is an integer."""
    assert client.post("/api/v1/api-keys", json={"label": "x", "valid_days": 7.0}, headers=BEARER).status_code == 200
    assert getattr(book.last.request, "valid_days", 0) == 7


def test_filters_stand_in_the_query(client: FlaskClient, book: Book) -> None:
    """ACC-48: repeated for several values."""
    query = "?name=l%C3%B8nn&statuses=STATUS_PUBLISHED&statuses=STATUS_UPDATED&years=2026&periods=5&page_size=20"
    assert client.get(DOCUMENTS + query, headers=BEARER).status_code == 200
    statuses = [STATUS_PUBLISHED, STATUS_UPDATED]
    assert book.last.request == ListDocumentsRequest(
        organisation_id=ID, name="lønn", statuses=statuses, years=[2026], periods=[5], page_size=20
    )


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("nome=x", {"nome": "is not a parameter"}),
        ("organisation_id=x", {"organisation_id": "is not a parameter"}),
        ("page_size=", {"page_size": "must be a whole number of at most 32 bits"}),
        ("page_size=x", {"page_size": "must be a whole number of at most 32 bits"}),
        ("page_size=1_0", {"page_size": "must be a whole number of at most 32 bits"}),
        ("page_size=٣", {"page_size": "must be a whole number of at most 32 bits"}),
        ("page_size=1&page_size=2", {"page_size": "may be given once"}),
        ("statuses=published", {"statuses": "must be one of the names in the documentation"}),
        ("name=%00", {"name": "contains a character that is not text"}),
    ],
)
def test_what_is_wrong_with_a_parameter_is_said(client: FlaskClient, query: str, wrong: dict[str, str]) -> None:
    """P16."""
    assert fields(client.get(f"{DOCUMENTS}?{query}", headers=BEARER)) == wrong


def test_parameters_where_there_are_none_are_refused(client: FlaskClient) -> None:
    """They were meant to do something."""
    assert fields(client.post(f"{MEMBERS}?role=x", json=MEMBER, headers=BEARER)) == {"role": "is not a parameter"}


@pytest.mark.parametrize("identifier", ["x", "1", "%20", "..", "a%2Fb", ID + "0", "%00", "%ff"])
def test_a_bad_identifier_is_the_clients_mistake(client: FlaskClient, book: Book, identifier: str) -> None:
    """P16: never 500."""
    book.strict = True
    assert client.get(f"/api/v1/documents/{identifier}", headers=BEARER).status_code in (404, 422)


def test_a_custom_verb_is_not_taken_for_an_identifier(client: FlaskClient, book: Book) -> None:
    """`/members/{id}:change-role` and `/members/{id}` are different things."""
    assert client.post(f"/api/v1/members/{ID}:change-role", json={"role": "ROLE_READ"}, headers=BEARER).status_code == 200
    assert getattr(book.last.request, "membership_id", "") == ID


@pytest.mark.parametrize("content", [b"", b"{", b"[1,", b"\xff", b'{"a": NaN}', b"[" * 100_000])
def test_what_is_not_json_is_refused(client: FlaskClient, content: bytes) -> None:
    """P16."""
    response = client.post(MEMBERS, data=content, headers=BEARER, content_type="application/json")
    assert (response.status_code, problem(response)["reason"]) == (400, "bad_request")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_only_json_is_taken_for_json(client: FlaskClient, kind: str) -> None:
    """Other sites may send these without asking; JSON they may not."""
    response = client.post("/api/v1/sign-ins", data=b'{"email": "a@example.com"}', content_type=kind)
    assert (response.status_code, problem(response)["reason"]) == (415, "unsupported_media_type")


def test_unknown_addresses_and_methods_are_told_as_problems(client: FlaskClient) -> None:
    """Also where pages would answer with HTML."""
    assert problem(client.get("/api/v2/members"))["reason"] == "not_found"
    response = client.put(MEMBERS, headers=BEARER)
    assert problem(response)["reason"] == "method_not_allowed"
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_pages_are_not_touched(client: FlaskClient) -> None:
    """Only /api/ belongs to the API."""
    assert client.get("/page").data == b"a page"
    assert client.get("/apix").mimetype == "text/html"


def test_a_body_that_was_too_large_is_told(client: FlaskClient) -> None:
    """The front has not read it."""
    response = client.post(MEMBERS, json=MEMBER, headers=BEARER, environ_overrides={"kontor.body": "too_large"})
    assert (response.status_code, problem(response)["reason"]) == (413, "request_too_large")


def test_answers_are_not_kept_or_shown_by_browsers(client: FlaskClient) -> None:
    """ASVS 14.3.2."""
    response = client.get(MEMBERS, headers=BEARER)
    assert response.mimetype == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


def test_signing_in_needs_nobody(client: FlaskClient, book: Book) -> None:
    """ACC-21: and an ended session in the browser does not stand in its way."""
    headers = {"Cookie": "session=" + "f" * 43}
    assert client.post("/api/v1/sign-ins", json={"email": "a@example.com", "password": "x"}, headers=headers).status_code == 200
    assert [each.rpc for each in book.asked] == ["StartSignIn"]


def test_a_request_message_is_not_changed_by_its_order(client: FlaskClient, book: Book) -> None:
    """Fields may come in any order."""
    client.post(MEMBERS, json=dict(reversed(MEMBER.items())), headers=BEARER)
    assert book.last.request == AddMemberRequest(email="kari@example.com", first_name="Kari", last_name="Testdal")


def test_a_page_of_documents_is_written_whole(client: FlaskClient, book: Book) -> None:
    """ACC-46."""
    page = ListDocumentsResponse(documents=[Document(document_id=ID, name="å.pdf", size=2**40)] * 50, next_page_token="n", years=[2026])
    book.answers["ListDocuments"] = page
    answer = client.get(DOCUMENTS, headers=BEARER).json
    assert answer is not None
    assert len(answer["documents"]) == 50
    assert answer["documents"][0]["size"] == 2**40
    assert answer["documents"][0]["name"] == "å.pdf"
