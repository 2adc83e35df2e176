"""The front: bodies, streams, limits, and clients that behave badly."""

import hashlib
import socket
import threading
from collections.abc import Iterator

import pytest

from chassis.config import BadSettings
from chassis.language import LANGUAGES
from services.gateway import texts
from services.gateway.config import Config
from services.gateway.front import bodies, reply, server
from tests.gateway import front as fronts
from tests.gateway.front import MIB, TOKEN, Running, until, whole
from tests.waiting import eventually

SIGNED_IN = {"Authorization": f"Bearer {TOKEN}"}
STALLED = f"PUT /documents/upload HTTP/1.1\nHost: x\nAuthorization: Bearer {TOKEN}\nContent-Length: 5000000\n\nabc"
HALF_OPEN = "GET / HTTP/1.1\nHost: x\nX-A: "


@pytest.fixture
def gateway() -> Iterator[Running]:
    with fronts.running() as running:
        yield running


def test_an_upload_arrives_as_it_was_sent(gateway: Running) -> None:
    """ACC-33."""
    sent = bytes(range(256)) * 4096 * 5
    answer = gateway.request("PUT", "/documents/upload", sent, SIGNED_IN)
    assert answer.status == 200
    assert answer.json == {"sha256": hashlib.sha256(sent).hexdigest(), "size": len(sent), "body": "kept"}


def test_a_body_in_chunks_of_unknown_number_arrives_whole(gateway: Running) -> None:
    """RFC 9112 § 7.1."""
    pieces = [b"a" * 70_000] * 20
    answer = gateway.request("PUT", "/documents/upload", iter(pieces), SIGNED_IN)
    assert answer.json["size"] == 1_400_000


@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "chunked"])
def test_an_upload_over_the_limit_is_not_taken_in_and_the_client_can_read_why(gateway: Running, chunked: bool) -> None:
    """P/T17: the early answer reaches a client that is still sending."""
    size = 40 * MIB
    body = (b"x" * MIB for _ in range(40)) if chunked else b"x" * size
    answer = gateway.request("PUT", "/documents/upload", body, SIGNED_IN)
    assert answer.json == {"sha256": hashlib.sha256(b"").hexdigest(), "size": 0, "body": "too_large"}
    assert answer.headers["connection"] == "close"


def test_what_is_not_an_upload_has_a_small_limit(gateway: Running) -> None:
    """P16."""
    assert gateway.request("POST", "/echo", b"x" * MIB).json["body"] == "kept"
    assert gateway.request("POST", "/echo", b"x" * (MIB + 1)).json["body"] == "too_large"


def test_nobodys_upload_is_not_kept(gateway: Running) -> None:
    """ASVS 5.2: disk space is for people who are signed in."""
    for headers in ({}, {"Authorization": "Bearer " + "f" * 43}, {"Cookie": "session=" + "f" * 43}):
        answer = gateway.request("PUT", "/documents/upload", b"x" * (2 * MIB), headers)
        assert answer.json["body"] == "skipped"
    answer = gateway.request("PUT", "/documents/upload", b"x" * (2 * MIB), {"Cookie": f"session={TOKEN}"})
    assert answer.json["body"] == "kept"


def test_uploads_that_would_fill_the_disk_are_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """P23: nothing hangs."""
    with fronts.running(spool_limit_mb=4) as gateway:
        answer = gateway.request("PUT", "/documents/upload", b"x" * (5 * MIB), SIGNED_IN)
        assert answer.status == 503
        assert answer.headers["retry-after"] == "10"
        assert answer.json["reason"] == "too_many_uploads"
        assert gateway.request("PUT", "/documents/upload", b"x" * (3 * MIB), SIGNED_IN).status == 200


def test_a_stream_is_carried_in_the_context_of_its_request(gateway: Running) -> None:
    """Every step of a response, on whichever thread, has the request's id and caller."""
    answer = gateway.request("GET", "/stream/8", headers={"X-Request-ID": "a-request-of-mine"})
    body = answer.body
    assert answer.headers["x-request-id"] == "a-request-of-mine"
    assert body.count(b"a-request-of-mine") == 8
    assert gateway.seen.closed.is_set()


def test_a_request_id_that_could_do_harm_is_replaced(gateway: Running) -> None:
    """ASVS 16.4.1: nothing is injected into logs."""
    answer = gateway.request("GET", "/", headers={"X-Request-ID": "a b<script>"})
    assert len(answer.headers["x-request-id"]) == 32


def test_a_download_that_is_broken_off_stops_the_application(gateway: Running) -> None:
    """The stream behind it is closed, not read to its end."""
    client = gateway.sent("GET /stream/4000 HTTP/1.1\nHost: x\n\n")
    until(client, b"HTTP/1.1 200")
    client.close()
    assert gateway.seen.closed.wait(60)
    assert gateway.seen.pieces < 4000


def test_a_reader_that_has_stopped_is_cut_off(gateway: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """P/T17."""
    monkeypatch.setattr(reply, "SEND_SECONDS", 0.3)
    gateway.connect(receive_buffer=4096).sendall(b"GET /stream/4000 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert gateway.seen.closed.wait(60)
    assert gateway.seen.pieces < 4000


def test_an_answer_that_fails_half_way_does_not_look_whole(gateway: Running) -> None:
    """A client must not take half a file for the file."""
    received = whole(gateway.sent("GET /breaks HTTP/1.1\nHost: x\n\n"))
    assert received.startswith(b"HTTP/1.1 200")
    assert not received.endswith(b"0\r\n\r\n")


def test_a_sender_that_stops_in_the_middle_is_told_and_let_go(gateway: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """P23."""
    monkeypatch.setattr(bodies, "IDLE_SECONDS", 0.2)
    received = whole(gateway.sent(STALLED))
    assert received.startswith(b"HTTP/1.1 408")
    assert b'"reason": "request_stalled"' in received


@pytest.mark.parametrize("opening", ["", HALF_OPEN, "GET / HTTP/1.1\nHost: x\n\nGET / HT"], ids=["nothing", "half", "second"])
def test_headers_that_do_not_arrive_end_the_connection(gateway: Running, monkeypatch: pytest.MonkeyPatch, opening: str) -> None:
    """P/T17: also for the second request on a connection."""
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.2)
    received = whole(gateway.sent(opening))
    assert received == b"" or received.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("text", ["NONSENSE\n\n", "GET / HTTP/1.1\nHost: x\nContent-Length: a\n\n", "GET /\0 HTTP/1.1\nHost: x\n\n"])
def test_what_is_not_http_is_refused(gateway: Running, text: str) -> None:
    """RFC 9112 § 2.2."""
    assert whole(gateway.sent(text)).startswith(b"HTTP/1.1 400")


def test_a_header_with_an_underscore_cannot_pose_as_another(gateway: Running) -> None:
    """Both names would be the same to WSGI."""
    client = gateway.sent("GET / HTTP/1.1\nHost: x\nX_Request_ID: mine-mine-mine\nConnection: close\n\n")
    assert b"mine-mine-mine" not in whole(client)


def test_slow_clients_and_open_pages_hold_no_thread(gateway: Running) -> None:
    """P/T17: 16 stalled uploads, 8 half-open headers, 1,000 open pages and 4 stopped readers: the next request still finds its thread."""
    for _ in range(16):
        gateway.sent(STALLED)
    for _ in range(8):
        gateway.sent(HALF_OPEN)
    for _ in range(4):
        gateway.connect(receive_buffer=4096).sendall(b"GET /stream/4000 HTTP/1.1\r\nHost: x\r\n\r\n")
    pages = [gateway.sent(f"GET /live HTTP/1.1\nHost: x\nCookie: session={TOKEN}\n\n") for _ in range(1000)]
    for page in pages:
        until(page, b"retry: 2000\n\n")
    eventually(lambda: gateway.front.edge.busy == 0, seconds=60)
    assert gateway.pages() == 1000
    assert gateway.request("GET", "/").body == b"hello"
    assert gateway.front.edge.busy < 4


def test_open_pages_all_hear_the_news(gateway: Running) -> None:
    """ACC-67."""
    pages = [gateway.sent(f"GET /live HTTP/1.1\nHost: x\nCookie: session={TOKEN}\n\n") for _ in range(50)]
    for page in pages:
        until(page, b"retry: 2000\n\n")
    gateway.hub.publish("member:m-1")
    for page in pages:
        assert b"event: notices\ndata:\n\n" in until(page, b"data:\n\n")


def test_requests_beyond_what_can_wait_are_told_to_come_back(gateway: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """P23."""
    gateway.front.edge.busy = 10_000
    answer = gateway.request("GET", "/")
    gateway.front.edge.busy = 0
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_that_is_not_taken_in_says_so_in_the_readers_language(gateway: Running, language: str) -> None:
    """ACC-20, P23: programs get the problem as JSON (RFC 9457) all the same."""
    gateway.front.edge.busy = 10_000
    headers = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": f"{language},en;q=0.5"}
    page, problem = gateway.request("GET", "/", headers=headers), gateway.request("GET", "/", headers={"Accept": "*/*"})
    gateway.front.edge.busy = 0
    said = texts.catalogues().translator(language).gettext("Kontor is very busy just now")
    text = page.body.decode()
    assert (page.status, page.headers["retry-after"], page.headers["content-type"]) == (503, "5", "text/html; charset=utf-8")
    assert f'<html lang="{language}">' in text
    assert f"<h1>{said}</h1>" in text
    assert page.headers["x-request-id"] in text
    assert "unsafe" not in page.headers["content-security-policy"]
    assert problem.json["reason"] == "overloaded"


def test_a_form_that_does_not_arrive_is_told_in_words(gateway: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """P23."""
    monkeypatch.setattr(bodies, "IDLE_SECONDS", 0.2)
    sent = gateway.sent("POST /echo HTTP/1.1\nHost: x\nAccept: text/html\nCookie: language=sv\nContent-Length: 5000\n\nabc")
    received = whole(sent).decode()
    assert received.startswith("HTTP/1.1 408")
    assert "Anslutningen stod stilla för länge." in received


@pytest.mark.parametrize(
    ("trusted", "said", "address"),
    [
        ((), "203.0.113.9", "127.0.0.1"),
        (("10.0.0.0/8",), "203.0.113.9", "127.0.0.1"),
        (("127.0.0.1",), "203.0.113.9", "203.0.113.9"),
        (("127.0.0.0/8", "10.0.0.0/8"), "198.51.100.7, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
        (("127.0.0.1",), "198.51.100.7, 2001:db8::7", "2001:db8::7"),
    ],
)
def test_an_address_is_what_a_trusted_proxy_says_and_nobody_else(trusted: tuple[str, ...], said: str, address: str) -> None:
    """ASVS 15.3.4: what a client wrote itself stands further left, and does not count."""
    with fronts.running(trusted_proxies=trusted) as gateway:
        assert gateway.request("GET", "/address", headers={"X-Forwarded-For": said}).body.decode() == address


@pytest.mark.parametrize("written", ["*", "ingress", "10.0.0.1/8"])
def test_who_is_trusted_is_an_address_or_a_network(written: str) -> None:
    """Everything else would be taken for nobody."""
    with pytest.raises(BadSettings, match="TRUSTED_PROXIES"):
        Config(trusted_proxies=(written,))


def test_stopping_lets_running_requests_finish(gateway: Running) -> None:
    """Drain on SIGTERM."""
    client = gateway.sent("GET /held HTTP/1.1\nHost: x\n\n")
    assert gateway.seen.held.acquire(timeout=60)
    page = gateway.sent(f"GET /live HTTP/1.1\nHost: x\nCookie: session={TOKEN}\n\n")
    until(page, b"retry: 2000\n\n")
    stopping = threading.Thread(target=gateway.front.stop)
    stopping.start()
    assert whole(page).endswith(b"0\r\n\r\n")
    gateway.seen.hold.set()
    assert whole(client).endswith(b"let go")
    stopping.join(timeout=60)
    assert not stopping.is_alive()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", gateway.front.port))


def test_a_taken_port_is_said(gateway: Running) -> None:
    """Start fails loudly."""
    with pytest.raises(OSError, match="in use"), fronts.running(listen=f"127.0.0.1:{gateway.front.port}"):
        pass
