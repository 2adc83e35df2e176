"""Mistakes in requests to the REST API: each is said, by field, and none is ours."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.gateway import rest
from tests.gateway.peers import ID, Book
from tests.gateway.rest import BEARER, DOCUMENTS, MEMBER, MEMBERS, fields, problem


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def client(book: Book) -> FlaskClient:
    return rest.client(book)


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
        ("post", f"/api/v1/own-articles/{ID}/publish", {"publish_at": 5}, {"publish_at": "must be a time such as 2026-05-31T22:00:00Z"}),
        ("post", f"/api/v1/own-articles/{ID}/publish", {"publish_at": "x"}, {"publish_at": "must be a time such as 2026-05-31T22:00:00Z"}),
    ],
)
def test_what_is_wrong_deep_inside_is_found(client: FlaskClient, verb: str, path: str, body: Any, wrong: dict[str, str]) -> None:
    """The whole path to the field."""
    assert fields(client.open(path, method=verb.upper(), json=body, headers=BEARER)) == wrong


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


def test_a_body_that_was_too_large_is_told(client: FlaskClient) -> None:
    """The front has not read it."""
    response = client.post(MEMBERS, json=MEMBER, headers=BEARER, environ_overrides={"kontor.body": "too_large"})
    assert (response.status_code, problem(response)["reason"]) == (413, "request_too_large")
