"""A running front for tests, with an application that answers in difficult ways, and clients that behave badly."""

import hashlib
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, request
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc

from chassis import telemetry
from chassis.errors import Unauthenticated, Unavailable
from chassis.service import Rpc
from chassis.testing import FakePeers
from services.gateway.config import Config
from services.gateway.front.server import Front
from services.gateway.live import Hub
from services.gateway.session import Sessions

TOKEN = "t" * 43
MIB = 1024 * 1024


class FakeSessions(identity_pb2_grpc.SessionsServicer):
    """Identity, as far as the front asks it: one session that can be ended."""

    def __init__(self) -> None:
        self.ended = False
        self.away = False
        self.asked = 0
        self.quiet: list[bool] = []
        self.membership = "m-1"

    def ResolveSession(self, request: identity_pb2.ResolveSessionRequest, context: object) -> identity_pb2.ResolveSessionResponse:
        """Who holds the token."""
        self.asked += 1
        self.quiet.append(request.quiet)
        if self.away:
            raise Unavailable("away", "Identity restarts.")
        if self.ended or request.session != TOKEN:
            raise Unauthenticated("session_ended", "The session has ended.")
        return identity_pb2.ResolveSessionResponse(
            profile=identity_pb2.Profile(user_id="u-1", first_name="Ingrid", last_name="Eksempeldal", language="nb"),
            current=identity_pb2.Membership(membership_id=self.membership, organisation_id="o-1", organisation_name="Testdal Bakeri AS"),
            organisation=identity_pb2.Organisation(organisation_id="o-1", firm_id="f-1"),
            assertions={"documents": "signed"},
        )

    def ExchangeApiKey(self, request: identity_pb2.ExchangeApiKeyRequest, context: object) -> identity_pb2.ExchangeApiKeyResponse:
        """No key is known."""
        raise Unauthenticated("unknown_api_key", "There is no such key.")

    def ChooseOrganisation(self, request: object, context: object) -> identity_pb2.ChooseOrganisationResponse:
        """Not asked by the front."""
        raise AssertionError

    def SignOut(self, request: object, context: object) -> identity_pb2.SignOutResponse:
        """Not asked by the front."""
        raise AssertionError


@dataclass
class Seen:
    """What the application saw of its requests."""

    closed: threading.Event = field(default_factory=threading.Event)
    pieces: int = 0
    bodies: list[str] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    held: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))


def application(seen: Seen) -> Flask:
    """Answers everything that is hard to carry."""
    app = Flask("difficult")
    app.add_url_rule("/", view_func=lambda: "hello", methods=["GET", "POST"])
    app.add_url_rule("/documents/upload", "upload", lambda: echo(seen), methods=["PUT", "POST"])
    app.add_url_rule("/echo", "echo", lambda: echo(seen), methods=["PUT", "POST"])
    app.add_url_rule("/stream/<int:pieces>", "stream", lambda pieces: Response(stream(seen, pieces), mimetype="application/octet-stream"))
    app.add_url_rule("/breaks", "breaks", lambda: Response(breaks(), mimetype="application/octet-stream"))
    app.add_url_rule("/address", "address", view_func=lambda: str(request.remote_addr))
    app.add_url_rule("/held", "held", lambda: held(seen))
    return app


def echo(seen: Seen) -> dict[str, Any]:
    """What came of the body."""
    seen.bodies.append(request.environ["kontor.body"])
    digest, size = hashlib.sha256(), 0
    while piece := request.stream.read(MIB):
        digest.update(piece)
        size += len(piece)
    return {"sha256": digest.hexdigest(), "size": size, "body": request.environ["kontor.body"]}


def stream(seen: Seen, pieces: int) -> Iterator[bytes]:
    """Many pieces, each with the id of the request in whose context it was made."""
    try:
        for number in range(pieces):
            seen.pieces += 1
            yield f"{telemetry.request_id():>32}".encode() + bytes([number % 256]) * (MIB // 4)
    finally:
        seen.closed.set()


def breaks() -> Iterator[bytes]:
    """Fails in the middle."""
    yield b"x" * MIB
    raise Unauthenticated("session_ended")


def held(seen: Seen) -> str:
    """Takes as long as the test likes."""
    seen.held.release()
    seen.hold.wait(30)
    return "let go"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Running:
    """A front that serves."""

    front: Front
    hub: Hub
    sessions: FakeSessions
    seen: Seen
    _open: list[socket.socket] = field(default_factory=list)

    def connect(self, *, receive_buffer: int = 0) -> socket.socket:
        """A connection that is closed at the end of the test."""
        client = socket.socket()
        if receive_buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.settimeout(15)
        client.connect(("127.0.0.1", self.front.port))
        self._open.append(client)
        return client

    def sent(self, text: str) -> socket.socket:
        """A connection on which this was sent."""
        client = self.connect()
        client.sendall(text.replace("\n", "\r\n").encode())
        return client

    def request(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> "Answer":
        """One request of a well-behaved client."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.front.port, timeout=30)) as connection:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read())

    def pages(self) -> int:
        """How many pages are open."""
        return len(self.hub._all)

    def close(self) -> None:
        """Hang up."""
        for client in self._open:
            with suppress(OSError):
                client.close()


@contextmanager
def running(**settings: Any) -> Iterator[Running]:
    """Serve the difficult application on a free port."""
    fake, seen, hub = FakeSessions(), Seen(), Hub()  # type: ignore[abstract]  # it plays what is asked for
    peers = FakePeers(identity=[Rpc(fake, identity_pb2_grpc.add_SessionsServicer_to_server)])
    config = Config(**{"listen": "127.0.0.1:0", "threads": 4, "upload_limit_mb": 8, **settings})
    front = Front(application(seen), sessions=Sessions(peers), hub=hub, config=config)
    served = Running(front, hub, fake, seen)
    try:
        front.start()
        yield served
    finally:
        seen.hold.set()
        served.close()
        front.stop()


def whole(client: socket.socket) -> bytes:
    """Everything until the server hangs up."""
    received = bytearray()
    with suppress(ConnectionResetError):
        while piece := client.recv(65536):
            received += piece
    return bytes(received)


def until(client: socket.socket, text: bytes) -> bytes:
    """What comes until this has come."""
    received = bytearray()
    while text not in received:
        piece = client.recv(65536)
        assert piece, f"hung up after {bytes(received)!r}"
        received += piece
    return bytes(received)
