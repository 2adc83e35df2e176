"""The REST API: every RPC with a route, as JSON over HTTP."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from google.protobuf import json_format
from kontor.documents.v1.documents_pb2 import STATUS_PUBLISHED, STATUS_UPDATED, Document, ListDocumentsRequest, ListDocumentsResponse
from kontor.identity.v1.identity_pb2 import AddMemberRequest

from chassis.errors import Conflict, Denied, Failure, Internal, Invalid, NotFound, TimedOut, TooMany, Unauthenticated, Unavailable
from services.gateway.rest.messages import Writer, moment
from services.gateway.rest.routes import Route, routes
from tests.gateway import rest
from tests.gateway.peers import ID, KEY, SESSION, Book, sample
from tests.gateway.rest import BEARER, DOCUMENTS, MEMBER, MEMBERS, problem

ROUTES = list(routes())


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def client(book: Book) -> FlaskClient:
    return rest.client(book)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.method.name)
def test_every_route_calls_its_rpc_with_all_that_was_sent(client: FlaskClient, book: Book, route: Route) -> None:
    """Every RPC a route, nothing is lost on the way: path, query and body make the request."""
    wanted = sample(route.method.input_type)
    everything = Writer().write(wanted)
    path = route.path.format(**everything)
    rest = {name: value for name, value in everything.items() if name not in (*route.in_path, *route.filled)}
    in_query = {name: str(value).lower() if isinstance(value, bool) else value for name, value in rest.items()}
    sent: dict[str, Any] = {"json": rest} if route.has_body else {"query_string": in_query}
    response = client.open(path, method=route.verb.upper(), headers=BEARER, **sent)
    assert response.status_code == 200 or route.method.name == "ExchangeApiKey"
    asked = book.asked[-1]
    for name in route.filled:
        setattr(wanted, name, "127.0.0.1")
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
        ({"Origin": "http://evil.example", "Authorization": "Basic YTpi"}, 403),
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


def test_a_custom_verb_is_not_taken_for_an_identifier(client: FlaskClient, book: Book) -> None:
    """`/members/{id}:change-role` and `/members/{id}` are different things."""
    assert client.post(f"/api/v1/members/{ID}:change-role", json={"role": "ROLE_READ"}, headers=BEARER).status_code == 200
    assert getattr(book.last.request, "membership_id", "") == ID


def test_pages_are_not_touched(client: FlaskClient) -> None:
    """Only /api/ belongs to the API."""
    assert client.get("/page").data == b"a page"
    assert client.get("/apix").mimetype == "text/html"


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
