"""Files on their way through the gateway: in pieces, under their names, and never run by a browser."""

import hashlib
import io
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from kontor.documents.v1.documents_pb2 import DownloadHead, UploadStart
from werkzeug.http import parse_options_header

from chassis.errors import Conflict, NotFound, Unavailable
from services.gateway import transfer
from services.gateway.config import Config
from services.gateway.front.server import Front
from services.gateway.live import Hub
from services.gateway.rest.api import Api
from services.gateway.session import Sessions
from tests.gateway import front as fronts
from tests.gateway import peers
from tests.gateway.front import MIB, FakeSessions, Running, Seen
from tests.gateway.peers import ID, PIECE, SESSION, Book
from tests.waiting import eventually

BEARER = {"Authorization": f"Bearer {SESSION}"}
UPLOAD, DOWNLOAD, ZIP = f"/api/v1/folders/{ID}/files/", f"/api/v1/documents/{ID}/file", "/api/v1/documents.zip"
WHEN = "?period=5&year=2026"


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def api(book: Book) -> Flask:
    app = Flask("pages")
    Api(Config(), peers.peers(book)).mount(app)
    return app


@pytest.fixture
def client(api: Flask) -> FlaskClient:
    return api.test_client(use_cookies=False)


@pytest.fixture
def gateway(api: Flask, book: Book) -> Iterator[Running]:
    config, hub = Config(listen="127.0.0.1:0", threads=2), Hub()
    front = Front(api, sessions=Sessions(peers.peers(book)), hub=hub, config=config)
    running = Running(front, hub, FakeSessions(), Seen())  # type: ignore[abstract]
    front.start()
    yield running
    running.close()
    front.stop()


class Endless(io.RawIOBase):
    """A file of any size that remembers how it was read."""

    def __init__(self, size: int) -> None:
        self.left, self.largest = size, 0

    def read(self, size: int = -1) -> bytes:
        self.largest = max(self.largest, size if size >= 0 else self.left)
        piece = b"x" * min(size if size >= 0 else self.left, self.left)
        self.left -= len(piece)
        return piece


def test_a_file_goes_out_in_pieces_and_is_never_whole_in_memory(book: Book) -> None:
    """ACC-33: 256 KiB at most."""
    file = Endless(10 * MIB + 1)
    transfer.upload(peers.peers(book), file, UploadStart(folder_id=ID, name="a.pdf", period=5, year=2026))  # type: ignore[arg-type]
    assert file.largest == transfer.PIECE
    assert book.last.pieces == [transfer.PIECE] * 40 + [1]


def test_an_upload_names_its_folder_period_and_size(client: FlaskClient, book: Book) -> None:
    """ACC-33..37."""
    response = client.put(f"{UPLOAD}l%C3%B8nn%20mai.pdf{WHEN}&replace=true&batch_id={ID}", data=b"%PDF", headers=BEARER)
    assert response.status_code == 200
    assert response.json is not None
    assert response.json["document_id"] == ID
    start = UploadStart(folder_id=ID, name="lønn mai.pdf", period=5, year=2026, replace=True, batch_id=ID, size=4)
    assert (book.last.request, bytes(book.last.content), book.last.assertion) == (start, b"%PDF", "documents-signed")


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("..%2F..%2Fetc%2Fpasswd", "../../etc/passwd"),
        ("a%2F%2Fb.pdf", "a//b.pdf"),
        ("%2Fb.pdf", "/b.pdf"),
        ("a%0D%0Ab.pdf", "a\r\nb.pdf"),
        ("100%25.pdf", "100%.pdf"),
        ("%E2%80%AEfdp.exe", "\u202efdp.exe"),
        ("a%3Fb.pdf", "a?b.pdf"),
        ("x" * 300, "x" * 300),
    ],
)
def test_a_name_reaches_the_service_that_judges_it_as_it_was_given(gateway: Running, book: Book, sent: str, name: str) -> None:
    """P16: nothing between the client and the rule changes it."""
    answer = gateway.request("PUT", f"{UPLOAD}{sent}{WHEN}", b"x", BEARER)
    assert answer.status == 200, answer.body
    assert getattr(book.last.request, "name", "") == name


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (f"{UPLOAD}a.pdf?period=mai&year=2026", "period"),
        (f"{UPLOAD}a.pdf?period=5&year=2026&replace=yes", "replace"),
        (f"{UPLOAD}a.pdf?period=5&year=2026&size=7", "size"),
        (f"{UPLOAD}a%00.pdf{WHEN}", "name"),
        (f"{UPLOAD}a.pdf", "period"),
        (f"/api/v1/folders/x/files/a.pdf{WHEN}", "folder_id"),
    ],
)
def test_what_is_wrong_with_an_upload_is_said(client: FlaskClient, book: Book, path: str, field: str) -> None:
    """P16."""
    book.strict = True
    response = client.put(path, data=b"x", headers=BEARER)
    assert response.status_code == 422
    assert response.json is not None
    assert field in [each["field"] for each in response.json["errors"]]


def test_a_name_that_is_taken_is_told(client: FlaskClient, book: Book) -> None:
    """ACC-40."""
    book.answers["Upload"] = Conflict("document_exists", "There is one.", facts={"document_id": ID})
    response = client.put(f"{UPLOAD}a.pdf{WHEN}", data=b"x", headers=BEARER)
    assert (response.status_code, response.json and response.json["reason"]) == (409, "document_exists")


def test_a_large_file_passes_the_front_unchanged(gateway: Running, book: Book) -> None:
    """ACC-33: the same bytes, from the browser to documents."""
    sent = bytes(range(256)) * 4096 * 20
    assert gateway.request("PUT", f"{UPLOAD}a.pdf{WHEN}", sent, BEARER).status == 200
    assert hashlib.sha256(book.last.content).digest() == hashlib.sha256(sent).digest()
    assert getattr(book.last.request, "size", 0) == len(sent)
    assert max(book.last.pieces) == transfer.PIECE


def test_nobody_uploads(client: FlaskClient, book: Book) -> None:
    """ACC-21."""
    assert client.put(f"{UPLOAD}a.pdf{WHEN}", data=b"x").status_code == 401
    assert book.asked == []


def test_a_download_is_a_file_to_save(client: FlaskClient) -> None:
    """ACC-54; ASVS 5.4.2: never shown, run or kept by a browser."""
    response = client.get(DOWNLOAD, headers=BEARER)
    assert response.data == b"".join(bytes([number]) * PIECE for number in range(3))
    headers = response.headers
    assert headers["Content-Length"] == str(3 * PIECE)
    assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["Content-Disposition"] == "attachment; filename=\"Lnn mai.pdf\"; filename*=UTF-8''L%C3%B8nn%20mai.pdf"
    assert headers["Content-Type"] == "application/pdf"


NAMES = ["Lønn mai.pdf", 'a"b.pdf', "a;b.pdf", "a\\b.pdf", "日本.pdf", "100%.pdf", "a'b.pdf", "æ", "a\r\nSet-Cookie: b"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_comes_back_as_it_was_given(name: str) -> None:
    """RFC 6266: the real name, and a plain one that cannot break out of its quotes."""
    value = transfer.content_disposition(name)
    assert value.isascii()
    assert value.isprintable()
    kind, options = parse_options_header(value)
    assert (kind, options["filename"]) == ("attachment", name)
    assert value.count('"') == 2


@pytest.mark.parametrize("found", ["", "text/html; charset=x", "a/b\r\nX: y", "image/SVG+xml"])
def test_a_strange_content_type_is_just_bytes(client: FlaskClient, book: Book, found: str) -> None:
    """ASVS 5.4.1."""
    book.head = DownloadHead(name="a", content_type=found, size=3 * PIECE)
    assert client.get(DOWNLOAD, headers=BEARER).headers["Content-Type"] == "application/octet-stream"


def test_a_zip_of_unknown_size_is_streamed(gateway: Running, book: Book) -> None:
    """ACC-54: several documents."""
    answer = gateway.request("GET", f"{ZIP}?document_id={ID}&document_id={ID[:-1]}2", headers=BEARER)
    assert len(answer.body) == 3 * PIECE
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.headers["content-disposition"].startswith('attachment; filename="Dokumenter.zip"')
    assert list(getattr(book.last.request, "document_ids", ())) == [ID, f"{ID[:-1]}2"]


@pytest.mark.parametrize(
    ("failure", "status"),
    [(NotFound("no_such_document"), 404), (Conflict("not_scanned_clean"), 409), (Unavailable("storage_unavailable"), 503)],
)
def test_what_may_not_be_downloaded_is_a_problem_and_not_a_broken_file(client: FlaskClient, book: Book, failure: Any, status: int) -> None:
    """ACC-58, ACC-59."""
    book.answers["Download"] = failure
    response = client.get(DOWNLOAD, headers=BEARER)
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    assert "Content-Disposition" not in response.headers


def test_a_download_that_nobody_reads_to_its_end_is_ended_at_its_source(gateway: Running, book: Book) -> None:
    """Not drained into nothing: documents and storage are let go."""
    book.chunks, book.head = 100_000, DownloadHead(name="a", content_type="application/pdf")
    client = gateway.sent(f"GET {DOWNLOAD} HTTP/1.1\nHost: x\nAuthorization: Bearer {SESSION}\n\n")
    fronts.until(client, b"HTTP/1.1 200")
    client.close()
    eventually(lambda: book.closed)
    assert book.given < 100_000


def test_only_the_head_of_a_file_ends_its_source_too(client: FlaskClient, book: Book) -> None:
    """HEAD is answered like GET, without the bytes."""
    response = client.head(DOWNLOAD, headers=BEARER)
    assert (response.status_code, response.data) == (200, b"")
    response.close()
    assert book.closed
    assert book.given == 0


def test_unknown_parameters_of_a_download_are_refused(client: FlaskClient) -> None:
    """They were meant to do something."""
    assert client.get(f"{DOWNLOAD}?versions=2", headers=BEARER).status_code == 422
    assert client.get(f"{ZIP}?document_ids={ID}", headers=BEARER).status_code == 422
