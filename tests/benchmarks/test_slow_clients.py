"""What slow senders and open pages cost everybody else: the next request with them there, against the next without."""

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

from demo.session import World
from tests.benchmarks.measure import report, side_by_side
from tests.fleet import Product
from tests.scenario import CLIENT, Scenario
from tests.waiting import eventually

UPLOADS, HALF_OPEN, PAGES, CALLS = 16, 8, 1000, 40
LIMIT_SECONDS = 0.1


def test_slow_clients_and_open_pages_cost_the_next_request_little(product: Product, world: World, story: Scenario) -> None:
    """T17: 16 stalled uploads, 8 half-open headers and 1,000 open pages; the next request answers within 100 ms."""
    token = world.token(CLIENT.administrator)
    assert story.client
    address, headers = urlsplit(product.url), {"Authorization": f"Bearer {token}"}
    kept = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)

    def newcomer() -> None:
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
        _ask(connection, headers)
        connection.close()

    alone = side_by_side(CALLS, next_request_alone=lambda: _ask(kept, headers), newcomer_alone=newcomer)
    with _slow_clients(product, token, story.folders[2]) as slow:
        beside = side_by_side(CALLS, next_request_beside_slow_clients=lambda: _ask(kept, headers), newcomer_beside_slow_clients=newcomer)
        assert slow.all_there(), "or nothing was measured"
    again = side_by_side(CALLS, next_request_alone_again=lambda: _ask(kept, headers), newcomer_alone_again=newcomer)
    kept.close()
    assert report("A request beside slow clients", [each for three in zip(alone, beside, again, strict=True) for each in three])
    assert all(each.p50 < LIMIT_SECONDS for each in beside)


class Slow:
    """Connections that keep the gateway waiting."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._address, self._open = (address.hostname or "", address.port or 80), ExitStack()
        self.senders: list[socket.socket] = []
        self.half_open: list[socket.socket] = []
        self.pages: list[socket.socket] = []

    def send(self, text: str) -> socket.socket:
        """A connection on which this much was sent."""
        client = self._open.enter_context(socket.create_connection(self._address, timeout=30))
        client.sendall(text.replace("\n", "\r\n").encode())
        return client

    def all_there(self) -> bool:
        """Whether the gateway still waits for the senders and serves the pages."""
        return all(_waiting(each) is None for each in self.senders) and all(_waiting(each) != b"" for each in self.pages)

    def close(self) -> None:
        """Hang up."""
        self._open.close()


@contextmanager
def _slow_clients(product: Product, token: str, folder: str) -> Iterator[Slow]:
    slow, stop = Slow(product.url), threading.Event()
    signed_in = f"Host: x\nAuthorization: Bearer {token}\n"
    put = f"PUT /api/v1/folders/{folder}/files/slow.pdf?period=5&year=2026 HTTP/1.1\n{signed_in}Content-Length: 5000000\n\n%PDF-1.4"
    # Headers are cut off after ten seconds: eight new ones come whenever they are.
    opening = threading.Thread(target=_keep_half_open, args=(slow, stop))
    trickling = threading.Thread(target=_trickle, args=(slow, stop))
    try:
        slow.senders += [slow.send(put) for _ in range(UPLOADS)]
        slow.pages += [slow.send(f"GET /live HTTP/1.1\nHost: x\nCookie: session={token}\n\n") for _ in range(PAGES)]
        for page in slow.pages:
            eventually(lambda page=page: b"retry" in page.recv(4096), seconds=60)  # type: ignore[misc]
        opening.start()
        trickling.start()
        eventually(lambda: len(slow.half_open) >= HALF_OPEN)
        yield slow
    finally:
        stop.set()
        for thread in (opening, trickling):
            thread.join(timeout=10)
        slow.close()


def _keep_half_open(slow: Slow, stop: threading.Event) -> None:
    while not stop.is_set():
        slow.half_open = [slow.send("GET / HTTP/1.1\nHost: x\nX-A: ") for _ in range(HALF_OPEN)]
        stop.wait(8)


def _trickle(slow: Slow, stop: threading.Event) -> None:
    """A few bytes now and then, so that the gateway goes on waiting."""
    while not stop.wait(5):
        for sender in slow.senders:
            sender.sendall(b"more")


def _waiting(client: socket.socket) -> bytes | None:
    """What could be read now: nothing yet (None), or nothing any more, as the other side hung up (empty)."""
    client.setblocking(False)
    try:
        return client.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return None
    finally:
        client.settimeout(30)


def _ask(connection: http.client.HTTPConnection, headers: dict[str, str]) -> None:
    connection.request("GET", "/api/v1/profile", headers=headers)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()[:300]
    answer.read()
