"""Calling other services: each call carries the caller, the request id, the trace and a deadline, and none may run inside a transaction."""

import importlib.resources
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import cache
from typing import Any, cast

import grpc
from google.api import annotations_pb2  # type: ignore[import-untyped]
from google.protobuf.descriptor_pb2 import FileDescriptorSet, MethodOptions
from opentelemetry.trace import SpanKind

from chassis import caller, db, telemetry
from chassis.caller import NOBODY, Caller
from chassis.config import Process
from chassis.errors import TimedOut, from_rpc
from chassis.local import LocalChannel, in_context

UNARY_SECONDS = 5.0
STREAM_SECONDS = 3600.0
# What is kept back at each hop, so that the inner service is the one that reports the timeout.
HOP_SECONDS = 0.02
AGAIN = {
    "maxAttempts": 3, "initialBackoff": "0.05s", "maxBackoff": "0.5s", "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE"],
}  # fmt: skip
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def deadline(seconds: float | None) -> Iterator[None]:
    """Calls made inside the block end at the latest this many seconds from now."""
    mark = _deadline.set(None if seconds is None else time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(mark)


class PeerChannel(grpc.Channel):
    """A channel to one service, remote or in this process, that generated stubs take as it is. Calls fail with chassis.errors."""

    def __init__(
        self, service: str, inner: grpc.Channel | LocalChannel, *, signer: caller.Signer | None = None, speaker: Caller = NOBODY
    ) -> None:
        # Typed by halves: what LocalChannel lacks of a grpc.Channel, nobody here asks for.
        self._service, self._inner, self._signer, self._speaker = service, cast("grpc.Channel", inner), signer, speaker

    def speaking_for(self, signer: caller.Signer, service: str) -> "PeerChannel":
        """The same channel, with `service` itself as the caller."""
        return PeerChannel(self._service, self._inner, signer=signer, speaker=Caller(service=service))

    def unary_unary(self, method: str, *given: Any, **named: Any) -> Any:
        """One message each way."""
        return self._calling(method, self._inner.unary_unary(method, *given, **named), UNARY_SECONDS)

    def stream_unary(self, method: str, *given: Any, **named: Any) -> Any:
        """Many messages there, one back."""
        return self._calling(method, self._inner.stream_unary(method, *given, **named), STREAM_SECONDS)

    def unary_stream(self, method: str, *given: Any, **named: Any) -> Any:
        """One message there, many back."""
        return self._streaming(method, self._inner.unary_stream(method, *given, **named))

    def stream_stream(self, method: str, *given: Any, **named: Any) -> Any:
        """Many messages each way."""
        return self._streaming(method, self._inner.stream_stream(method, *given, **named))

    def subscribe(self, *given: Any, **named: Any) -> None:
        """Be told how the connection is."""
        self._inner.subscribe(*given, **named)

    def unsubscribe(self, *given: Any) -> None:
        """Be told no more."""
        self._inner.unsubscribe(*given)

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def _calling(self, method: str, invoke: Callable[..., Any], limit: float) -> Callable[..., Any]:
        def call(request: Any, timeout: float | None = None, metadata: Any = None, **_: Any) -> Any:
            with self._calls(method):
                return invoke(request, timeout=_within(timeout or limit), metadata=self._metadata(metadata))

        return call

    def _streaming(self, method: str, invoke: Callable[..., Any]) -> Callable[..., Any]:
        def call(request: Any, timeout: float | None = None, metadata: Any = None, **_: Any) -> Iterator[Any]:
            def replies() -> Iterator[Any]:
                with self._calls(method):
                    yield from invoke(request, timeout=_within(timeout or STREAM_SECONDS), metadata=self._metadata(metadata))

            return in_context(copy_context(), replies())

        return call

    @contextmanager
    def _calls(self, method: str) -> Iterator[None]:
        if db.in_transaction():
            raise RuntimeError(f"{method} is called inside a transaction: its locks would be held for the length of a network call")
        with telemetry.span(method[1:], kind=SpanKind.CLIENT):
            try:
                yield
            except grpc.RpcError as error:
                raise from_rpc(error) from error

    def _metadata(self, given: Any) -> tuple[tuple[str, str | bytes], ...]:
        signed = self._signer.sign(self._speaker, audience=[self._service]) if self._signer else caller.assertion_for(self._service)
        pairs = {"kontor-assertion": signed, "x-request-id": telemetry.request_id(), "traceparent": telemetry.traceparent()}
        return (*(given or ()), *((key, value) for key, value in pairs.items() if value))


def _within(limit: float) -> float:
    held = _deadline.get()
    if held is None:
        return limit
    remaining = held - time.monotonic() - HOP_SECONDS
    if remaining <= 0:
        raise TimedOut("deadline_exceeded", "No time is left for this call.")
    return min(limit, remaining)


def connect(target: str, process: Process) -> grpc.Channel:
    """A network channel to `target`; headless names are balanced round robin."""
    options = [("grpc.service_config", _service_config()), ("grpc.keepalive_time_ms", 60_000)]
    credentials = client_credentials(process)
    return grpc.secure_channel(target, credentials, options) if credentials else grpc.insecure_channel(target, options)


def repeatable(options: MethodOptions) -> bool:
    """Whether the contract says that an RPC may be asked for twice: by a GET route, or an `idempotency_level`.

    Of a call whose answer was lost nobody knows whether it was done: a repeated write would be two messages, and two SMS to pay for.
    """
    return bool(options.idempotency_level or options.Extensions[annotations_pb2.http].get)


@cache
def _service_config() -> str:
    """Calls are balanced; those that may be repeated are, when no service has answered (gRFC A6)."""
    image = FileDescriptorSet.FromString(importlib.resources.files("kontor").joinpath("api.binpb").read_bytes())
    offered = [(f"{file.package}.{each.name}", method) for file in image.file for each in file.service for method in each.method]
    named = [{"service": service, "method": method.name} for service, method in offered if repeatable(method.options)]
    return json.dumps({"loadBalancingConfig": [{"round_robin": {}}], "methodConfig": [{"name": named, "retryPolicy": AGAIN}]})


def server_credentials(process: Process) -> grpc.ServerCredentials | None:
    """Credentials that demand a client certificate, where TLS is configured."""
    held = _certificates(process)
    return grpc.ssl_server_credentials([held[1:]], held[0], require_client_auth=True) if held else None


def client_credentials(process: Process) -> grpc.ChannelCredentials | None:
    """Credentials that show our certificate, where TLS is configured."""
    held = _certificates(process)
    return grpc.ssl_channel_credentials(*held) if held else None


def _certificates(process: Process) -> tuple[bytes, bytes, bytes] | None:
    """The authority's certificate, our key and our certificate; None without TLS."""
    if not (process.tls_authority and process.tls_key and process.tls_certificate):
        return None
    return process.tls_authority.read_bytes(), process.tls_key.read_bytes(), process.tls_certificate.read_bytes()
