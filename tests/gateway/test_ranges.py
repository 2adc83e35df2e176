"""A part of a file, as a download that goes on where it broke off asks for it."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from kontor.documents.v1.documents_pb2 import DownloadHead, DownloadRequest

from chassis.errors import Invalid
from services.gateway.config import Config
from services.gateway.rest.api import Api
from services.gateway.transfer import NOWHERE
from tests.gateway import peers
from tests.gateway.peers import ID, PIECE, SESSION, Book

BEARER = {"Authorization": f"Bearer {SESSION}"}
DOWNLOAD = f"/api/v1/documents/{ID}/file"
DIGEST = "0123456789abcdef" * 4


@pytest.fixture
def book() -> Book:
    return Book(head=DownloadHead(name="a.pdf", content_type="application/pdf", size=3 * PIECE, sha256=DIGEST))


@pytest.fixture
def client(book: Book) -> FlaskClient:
    app = Flask("pages")
    Api(Config(), peers.peers(book)).mount(app)
    return app.test_client(use_cookies=False)


@pytest.mark.parametrize(
    ("asked", "offset", "length", "last"),
    [
        ("bytes=0-0", 0, 1, 0), ("bytes=100-199", 100, 100, 0), ("bytes=100-", 100, 0, 0), ("bytes=-5", 0, 0, 5),
        ("bytes=-0", NOWHERE, 0, 0), ("bytes=9-5", 0, 0, 0), ("bytes=0-1,4-5", 0, 0, 0), ("lines=1-2", 0, 0, 0), ("bytes=a-b", 0, 0, 0),
        ("bytes=" + "9" * 30 + "-", 0, 0, 0), ("bytes=\u0661-", 0, 0, 0), ("", 0, 0, 0),
    ],
)  # fmt: skip
def test_one_range_is_asked_for_and_any_other_wish_gets_the_whole(
    client: FlaskClient, book: Book, asked: str, offset: int, length: int, last: int
) -> None:
    """ACC-54, RFC 9110 § 14.2."""
    assert client.get(DOWNLOAD, headers=BEARER | {"Range": asked.encode().decode("latin-1")}).status_code == 200
    assert book.last.request == DownloadRequest(document_id=ID, offset=offset, length=length, last=last)


@pytest.mark.parametrize(
    ("tag", "digest"), [(f'"{DIGEST}"', DIGEST), (f'W/"{DIGEST}"', "-"), ('"x"', "-"), ("Mon, 01 Jun 2026 00:00:00 GMT", "-"), ("", "")]
)
def test_a_part_is_wanted_only_of_the_same_file(client: FlaskClient, book: Book, tag: str, digest: str) -> None:
    """ACC-54, RFC 9110 § 13.1.5."""
    client.get(DOWNLOAD, headers=BEARER | {"Range": "bytes=5-", "If-Range": tag})
    assert book.last.request == DownloadRequest(document_id=ID, offset=5, if_sha256=digest)


def test_a_part_says_which_one_it_is(client: FlaskClient, book: Book) -> None:
    """ACC-54, RFC 9110 § 15.3.7."""
    book.head.partial, book.head.offset, book.head.length = True, 7, 3 * PIECE - 14
    response = client.get(DOWNLOAD, headers=BEARER | {"Range": "bytes=7-99999999"})
    assert response.status_code == 206
    assert response.headers["Content-Range"] == f"bytes 7-{3 * PIECE - 8}/{3 * PIECE}"
    assert response.headers["Content-Length"] == str(3 * PIECE - 14)
    assert (response.headers["ETag"], response.headers["Accept-Ranges"]) == (f'"{DIGEST}"', "bytes")
    assert response.headers["Content-Disposition"].startswith("attachment")


def test_the_whole_says_that_parts_can_be_had(client: FlaskClient) -> None:
    """ACC-54."""
    response = client.get(DOWNLOAD, headers=BEARER)
    assert (response.status_code, response.headers["ETag"], response.headers["Accept-Ranges"]) == (200, f'"{DIGEST}"', "bytes")
    assert "Content-Range" not in response.headers


def test_bytes_that_are_not_there_are_not_satisfiable(client: FlaskClient, book: Book) -> None:
    """ACC-54, RFC 9110 § 15.5.17."""
    book.answers["Download"] = Invalid("range_not_satisfiable", "No such bytes.", facts={"size": "4711"})
    response = client.get(DOWNLOAD, headers=BEARER | {"Range": "bytes=5000-"})
    assert (response.status_code, response.headers["Content-Range"]) == (416, "bytes */4711")
    assert response.json is not None
    assert response.json["reason"] == "range_not_satisfiable"


def test_a_range_counts_for_get_alone(client: FlaskClient, book: Book) -> None:
    """RFC 9110 § 14.2."""
    client.head(DOWNLOAD, headers=BEARER | {"Range": "bytes=5-"})
    assert book.last.request == DownloadRequest(document_id=ID)


def test_an_earlier_version_is_downloaded(client: FlaskClient, book: Book) -> None:
    """ACC-42, ACC-54."""
    assert client.get(f"{DOWNLOAD}?version=2", headers=BEARER).status_code == 200
    assert book.last.request == DownloadRequest(document_id=ID, version=2)
    assert client.get(f"{DOWNLOAD}?version=x", headers=BEARER).status_code == 422
    assert client.get(f"{DOWNLOAD}?offset=2", headers=BEARER).status_code == 422
