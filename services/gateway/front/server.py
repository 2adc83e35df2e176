"""The gateway's web server: uvicorn in a thread of its own, with an end to its patience."""

import asyncio
import resource
import socket
import threading
from wsgiref.types import WSGIApplication

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from services.gateway.config import Config
from services.gateway.front.edge import Edge
from services.gateway.live import MOST, Hub
from services.gateway.session import Sessions

# How long the headers of a request may take to arrive, from the connection or their first byte.
HEADER_SECONDS = 10.0
# Longer than load balancers keep their connections, so that it is they who close them.
KEEP_ALIVE_SECONDS = 75
DRAIN_SECONDS = 15
BACKLOG = 2048
# Connections of one process beyond which newcomers get 503: all open pages, and as many others.
MOST_CONNECTIONS = 2 * MOST
MOST_FILES = 65_536


class Front:
    """Serves `application` and the open pages on `config.listen`."""

    def __init__(self, application: WSGIApplication, *, sessions: Sessions, hub: Hub, config: Config) -> None:
        self._config, self._hub = config, hub
        self.edge = Edge(application, sessions=sessions, hub=hub, config=config)
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.port = 0

    def start(self) -> None:
        """Bind and serve; returns when requests are answered. Raises OSError when the port is taken."""
        _allow_many_connections()
        listening = _bind(self._config.listen)
        self.port = listening.getsockname()[1]
        self._server = uvicorn.Server(self._uvicorn())
        self._thread = threading.Thread(target=self._server.run, args=([listening],), name="web-front")
        self._thread.start()
        if not self.edge.started.wait(timeout=30):
            raise OSError(f"the web server on {self._config.listen} did not start")

    def _uvicorn(self) -> uvicorn.Config:
        return uvicorn.Config(
            self.edge, http=PatientProtocol, ws="none", loop="asyncio", lifespan="on", backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_SECONDS, timeout_graceful_shutdown=DRAIN_SECONDS, limit_concurrency=MOST_CONNECTIONS,
            log_config=None, log_level="warning", access_log=False, server_header=False,
            proxy_headers=bool(self._config.trusted_proxies), forwarded_allow_ips=list(self._config.trusted_proxies),
        )  # fmt: skip

    def stop(self) -> None:
        """Let open pages go, finish running requests, close."""
        self._hub.close()
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
        self.edge.close()


class PatientProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, but a connection that does not get round to a request is closed."""

    _impatience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client connected: now it must say what it wants."""
        super().connection_made(transport)
        self._expect_headers()

    def data_received(self, data: bytes) -> None:
        """Some bytes came: of headers, or of a body."""
        super().data_received(data)
        self._await_request()

    def handle_events(self) -> None:
        """Whole headers start a request; half of the next may lie there when one has ended."""
        super().handle_events()
        if not self._between_requests():
            # The edge cuts off readers that have stopped; ASGI has no word for it.
            self.scope.setdefault("extensions", {})["kontor.abort"] = {"call": self.transport.abort}
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has left."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _between_requests(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _await_request(self) -> None:
        if not self._between_requests():
            self._stop_waiting()
        elif self._impatience is None and self.conn.trailing_data[0]:
            self._expect_headers()

    def _expect_headers(self) -> None:
        self._impatience = self.loop.call_later(HEADER_SECONDS, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._impatience is not None:
            self._impatience.cancel()
            self._impatience = None


def _bind(listen: str) -> socket.socket:
    host, _, port = listen.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host.strip("[]"), int(port)), family=family, backlog=BACKLOG)
    # asyncio does this only for sockets it makes itself. Without it the second answer on a kept connection waits 40 ms: its head and
    # its body are two writes, and Nagle holds the second back until the client's delayed acknowledgement of the first.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _allow_many_connections() -> None:
    """Every open page is a file to the system, whose usual limit of 1,024 is meant for programs that serve nobody."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
