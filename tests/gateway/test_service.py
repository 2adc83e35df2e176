"""The gateway as it is deployed: portal, API and live pages behind one port."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kontor.events.v1.envelope_pb2 import Envelope
from kontor.notify.v1.events_pb2 import NoticesPosted

from chassis.service import Service
from services.gateway.config import Config
from services.gateway.service import build
from tests.gateway import front, peers
from tests.gateway.front import MIB, Answer, Running, Seen, until
from tests.gateway.peers import SESSION, Book
from tests.servers.program import free_ports


@contextmanager
def serving(**settings: Any) -> Iterator[tuple[Running, Service]]:
    """The built service, started as the runner starts it."""
    (port,) = free_ports(1)
    service = build(Config(listen=f"127.0.0.1:{port}", upload_limit_mb=4, **settings), peers.peers(Book()))
    (server,) = service.servers
    server.start()
    running = Running(_Port(port), None, front.FakeSessions(), Seen())  # type: ignore[arg-type, abstract]  # only its port is needed
    try:
        yield running, service
    finally:
        running.close()
        server.stop()


class _Port:
    def __init__(self, port: int) -> None:
        self.port = port


def get(running: Running, path: str, **headers: str) -> Answer:
    return running.request("GET", path, headers=headers)


def test_portal_and_api_stand_behind_one_port() -> None:
    """Design § 2."""
    with serving() as (running, _):
        assert get(running, "/api/v1/profile", Authorization=f"Bearer {SESSION}").status == 200
        assert get(running, "/api/docs").status == 200
        assert get(running, "/static/kontor.css").headers["content-type"].startswith("text/css")
        page = get(running, "/sign-in")
        assert page.status == 200
        assert b"<html" in page.body
        assert page.headers["x-request-id"]


def test_a_laptops_pages_are_there_only_where_they_are_wanted(tmp_path: Path) -> None:
    """A deployed gateway shows no codes to anybody."""
    with serving() as (running, _):
        assert b"Codes" not in get(running, "/dev/codes").body
    with serving(dev_folder=tmp_path) as (running, _):
        assert b"Codes" in get(running, "/dev/codes").body


def test_what_passes_on_the_bus_reaches_open_pages() -> None:
    """ACC-67."""
    with serving() as (running, service):
        client = running.sent(f"GET /live HTTP/1.1\nHost: x\nCookie: session={SESSION}\n\n")
        until(client, b"retry: 2000\n\n")
        (watch,) = service.watches
        assert NoticesPosted in watch.events
        event = NoticesPosted(membership_ids=["m-1"])
        watch.watcher(Envelope(type=event.DESCRIPTOR.full_name, data=event.SerializeToString()))
        assert b"event: notices\ndata:\n\n" in until(client, b"data:\n\n")


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_file_that_is_too_large_for_the_portal_is_told_at_once(method: str) -> None:
    """ACC-33: before it was sent, in words, and the browser can read them."""
    with serving() as (running, _):
        head = f"{method} /documents/upload HTTP/1.1\nHost: x\nSec-Fetch-Site: same-origin\nCookie: session={SESSION}\n"
        client = running.sent(f"{head}Content-Type: application/octet-stream\nContent-Length: {9 * MIB}\n\nx")
        assert until(client, b"\r\n\r\n").startswith(b"HTTP/1.1 413")
