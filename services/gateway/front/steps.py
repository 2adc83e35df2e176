"""One request carried through the Flask application in steps: each on whichever thread is free, all in one context."""

import contextvars
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from urllib.parse import unquote_to_bytes
from wsgiref.types import StartResponse, WSGIApplication

from opentelemetry.trace import SpanKind
from prometheus_client import Histogram

from chassis import telemetry
from services.gateway.front.bodies import KEPT, Body, Scope, length_of
from services.gateway.front.reply import Headers

SECONDS = Histogram("kontor_http_seconds", "Time to answer an HTTP request, body received", ["method", "status"])
# What one step hands over at the least, unless it is the last: a thread is not woken for every line of a stream.
STEP = 512 * 1024

T = TypeVar("T")


@dataclass(frozen=True)
class Part:
    """What a step produced of the response."""

    data: bytes
    more: bool


class Steps:
    """A WSGI call that can pause between two pieces of its response without holding a thread."""

    def __init__(self, application: WSGIApplication, environ: dict[str, Any], *, request_id: str) -> None:
        self._application, self._environ, self._request_id = application, environ, request_id
        self._held, self._written = ExitStack(), list[bytes]()
        self._pieces: Iterator[bytes] = iter(())
        self._context = contextvars.copy_context()
        # A request that is cut off is closed while its last step may still run.
        self._one_at_a_time = threading.Lock()
        self.status, self.headers = 0, Headers()
        self.open = False

    def begin(self) -> Part:
        """Call the application, and take the first step."""
        return self._alone(self._begin)

    def go_on(self) -> Part:
        """The next step."""
        return self._alone(self._step)

    def close(self) -> None:
        """Tell the application that it is over, whether or not it was at its end. May be called again."""
        self._alone(self._close)

    def _alone(self, do: Callable[[], T]) -> T:
        with self._one_at_a_time:
            return self._context.run(do)

    def _begin(self) -> Part:
        self.open = True
        self._held.enter_context(telemetry.request(self._request_id))
        self._held.enter_context(self._measured())
        pieces = self._application(self._environ, cast(StartResponse, self._start))
        self._held.callback(getattr(pieces, "close", lambda: None))
        self._pieces = iter(pieces)
        return self._step()

    def _close(self) -> None:
        self.open = False
        self._held.close()

    def _step(self) -> Part:
        data, more = self._written, True
        size = sum(map(len, data))
        while more and size < STEP:
            piece = next(self._pieces, None)
            more = piece is not None
            data.append(piece or b"")
            size += len(piece or b"")
        self._written = []
        if not more:
            self._close()
        return Part(b"".join(data), more)

    def _start(self, status: str, headers: Headers, exc_info: object = None) -> Callable[[bytes], None]:
        del exc_info
        self.status, self.headers = int(status[:3]), headers
        return self._written.append

    def _measured(self) -> Any:
        stack, started = ExitStack(), time.perf_counter()
        method = self._environ["REQUEST_METHOD"]
        parent = {"traceparent": self._environ.get("HTTP_TRACEPARENT", "")}
        span = stack.enter_context(telemetry.span(f"HTTP {method}", kind=SpanKind.SERVER, parent=parent))

        def done() -> None:
            # The route, never the address: mailed links have their secret in it, uploads the name of the file (P28).
            rule = getattr(self._environ.get("werkzeug.request"), "url_rule", None)
            span.set_attributes({"http.request.method": method, "http.route": str(rule or ""), "http.response.status_code": self.status})
            SECONDS.labels(method if method in _METHODS else "other", self.status).observe(time.perf_counter() - started)

        stack.callback(done)
        return stack


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def environ_of(scope: Scope, body: Body, *, scheme: str, request_id: str) -> dict[str, Any]:
    """The WSGI environment of a request (PEP 3333). `kontor.body` says whether the body was kept."""
    host, port = scope.get("server") or ("localhost", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"], "SCRIPT_NAME": "", "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"), "SERVER_NAME": host, "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}", "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "wsgi.version": (1, 0), "wsgi.url_scheme": scheme, "wsgi.input": body.file, "wsgi.errors": None, "wsgi.multithread": True,
        "wsgi.multiprocess": False, "wsgi.run_once": False, "wsgi.input_terminated": True, "kontor.body": body.state,
    }  # fmt: skip
    environ |= _headers(scope["headers"])
    environ["HTTP_X_REQUEST_ID"] = request_id
    if body.state == KEPT and length_of(scope) != 0:
        environ["CONTENT_LENGTH"] = str(body.size)
    else:
        environ.pop("CONTENT_LENGTH", None)
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    return environ


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for raw, value in pairs:
        name = raw.decode("latin-1")
        if "_" in name:
            continue  # would look the same as the name with a hyphen
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        text = value.decode("latin-1")
        found[key] = f"{found[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{text}" if key in found else text
    return found
