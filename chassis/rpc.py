"""Answering calls: every RPC is authenticated, authorised, validated, measured and has its failures mapped, over either channel."""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import protovalidate
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from kontor.access.v1 import access_pb2
from opentelemetry.trace import SpanKind

from chassis import caller, telemetry
from chassis.config import Process
from chassis.errors import Denied, Failure, Internal, Invalid, Unauthenticated, to_status
from chassis.peers import deadline, server_credentials
from chassis.service import Rpc

Handlers = dict[str, grpc.RpcMethodHandler]
MAX_MESSAGE = 4 * 1024 * 1024


class UndeclaredAccess(Exception):
    """An RPC says nobody may call it or everybody: it must declare `kontor.access.v1.access`, so the server does not start."""


def access_of(method: MethodDescriptor) -> access_pb2.Access:
    """Who may call this method. Raises UndeclaredAccess."""
    declared: access_pb2.Access = method.GetOptions().Extensions[access_pb2.access]
    if declared.WhichOneof("who") is None or (declared.WhichOneof("who") == "permission" and not declared.permission):
        raise UndeclaredAccess(f"{method.full_name} declares no access")
    return declared


def guarded(rpcs: Iterable[Rpc], verifier: caller.Verifier) -> Handlers:
    """The handlers of these servicers by full path, each behind its guard. Raises UndeclaredAccess."""
    recorder = _Recorder()
    for rpc in rpcs:
        rpc.add(rpc.servicer, recorder)
    guards: Handlers = {}
    for path, handler in recorder.handlers.items():
        _, service, name = path.split("/")
        method = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]  # type: ignore[no-untyped-call]
        guards[path] = _Guard(path, access_of(method), verifier).wrap(handler)
    return guards


class _Recorder:
    """Takes what generated code registers with a server."""

    def __init__(self) -> None:
        self.handlers: Handlers = {}

    def add_generic_rpc_handlers(self, _: Any) -> None:
        """Generated code registers everything twice; the other way is the one used here."""

    def add_registered_method_handlers(self, service: str, handlers: Handlers) -> None:
        """Remember handlers by full path."""
        self.handlers |= {f"/{service}/{name}": handler for name, handler in handlers.items()}


class _Guard:
    """Stands before one RPC."""

    def __init__(self, path: str, access: access_pb2.Access, verifier: caller.Verifier) -> None:
        self._path, self._access, self._verifier = path, access, verifier
        self._validator = protovalidate.Validator()
        self._log = telemetry.log("chassis.rpc")

    def wrap(self, handler: grpc.RpcMethodHandler) -> grpc.RpcMethodHandler:
        """The same handler, guarded."""
        given: dict[str, Any] = {
            "request_deserializer": handler.request_deserializer, "response_serializer": handler.response_serializer,
        }  # fmt: skip
        if handler.request_streaming:
            return grpc.stream_unary_rpc_method_handler(self._stream_unary(handler.stream_unary), **given)
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(self._unary_stream(handler.unary_stream), **given)
        return grpc.unary_unary_rpc_method_handler(self._unary(handler.unary_unary), **given)

    def _unary(self, answer: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def call(request: Message, context: grpc.ServicerContext) -> Any:
            with self._answering(context):
                self._validate(request)
                return answer(request, context)

        return call

    def _unary_stream(self, answer: Callable[[Any, Any], Iterator[Any]]) -> Callable[[Any, Any], Iterator[Any]]:
        def call(request: Message, context: grpc.ServicerContext) -> Iterator[Any]:
            with self._answering(context):
                self._validate(request)
                yield from answer(request, context)

        return call

    def _stream_unary(self, answer: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def valid(requests: Iterator[Message]) -> Iterator[Message]:
            for number, request in enumerate(requests):
                if number == 0:
                    self._validate(request)
                yield request

        def call(requests: Iterator[Message], context: grpc.ServicerContext) -> Any:
            with self._answering(context):
                return answer(valid(requests), context)

        return call

    @contextmanager
    def _answering(self, context: grpc.ServicerContext) -> Iterator[None]:
        sent = {item.key: item.value for item in context.invocation_metadata() or ()}
        request_id = str(sent.get("x-request-id") or uuid.uuid4().hex)[:64]
        started, code = time.perf_counter(), "OK"
        try:
            with (
                telemetry.request(request_id),
                telemetry.span(self._path[1:], kind=SpanKind.SERVER, parent={"traceparent": str(sent.get("traceparent", ""))}),
                self._told(),
            ):
                token = str(sent.get("kontor-assertion", ""))
                who = self._verifier.verify(token) if token else caller.NOBODY
                self._authorise(who)
                with caller.acting(who, {"*": token} if token else {}), deadline(context.time_remaining()):
                    yield
        except Failure as failure:
            code = failure.code.name
            context.abort_with_status(to_status(failure, request_id=request_id))
        finally:
            telemetry.CALLS.labels(self._path, code).inc()
            telemetry.CALL_SECONDS.labels(self._path).observe(time.perf_counter() - started)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except Failure:
            raise
        except Exception as why:
            # grpc would send the exception's text to the caller; it goes to the log and only the request id goes out.
            self._log.error("rpc failed", method=self._path, exc_info=why)
            raise Internal("internal", "Something went wrong on our side.") from why

    def _authorise(self, who: caller.Caller) -> None:
        kind = self._access.WhichOneof("who")
        if kind == "anyone":
            return
        if who == caller.NOBODY:
            raise Unauthenticated("sign_in_needed", "Sign in first.")
        if kind == "service" and who.service != self._access.service:
            raise Denied("for_services_only", "Only another service may call this.")
        if kind == "permission" and self._access.permission not in who.permissions:
            raise Denied("not_permitted", "Your role does not include this.")
        if self._access.step_up and not who.stepped_up():
            raise Denied("step_up_needed", "Confirm with a fresh second factor.")

    def _validate(self, request: Message) -> None:
        violations = self._validator.collect_violations(request)
        if violations:
            fields = {".".join(part.field_name for part in each.proto.field.elements) or "request": each.proto.message for each in violations}
            raise Invalid("invalid_request", "Some fields are not right.", fields=fields)


class NetworkServer:
    """The gRPC server of a process: bounded threads, health and reflection, mutual TLS where configured."""

    def __init__(self, process: Process, handlers: Handlers) -> None:
        # Health answers from its own pool: a full pool must not look like a dead process (reliability-security 4.6).
        self._server = grpc.server(
            ThreadPoolExecutor(process.threads, thread_name_prefix="rpc"),
            maximum_concurrent_rpcs=process.threads * 8,
            options=[
                ("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", MAX_MESSAGE), ("grpc.max_connection_age_ms", 300_000),
                ("grpc.max_connection_age_grace_ms", 30_000), ("grpc.http2.min_ping_interval_without_data_ms", 30_000),
            ],
        )  # fmt: skip
        self._health = health.HealthServicer()
        services: dict[str, Handlers] = {}
        for path, handler in handlers.items():
            _, service, name = path.split("/")
            services.setdefault(service, {})[name] = handler
        for service, methods in services.items():
            self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, methods),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection([*services, reflection.SERVICE_NAME, health.SERVICE_NAME], self._server)
        self._names, self._process = ["", *services], process
        self.port = 0

    def start(self) -> None:
        """Bind and serve. Raises OSError when the port is taken."""
        credentials = server_credentials(self._process)
        try:
            self.port = (
                self._server.add_secure_port(self._process.listen, credentials)
                if credentials
                else self._server.add_insecure_port(self._process.listen)
            )
        except RuntimeError as why:
            raise OSError(f"cannot listen on {self._process.listen}: {why}") from why
        self._server.start()
        self._tell(health_pb2.HealthCheckResponse.SERVING)

    def drain(self) -> None:
        """Tell balancers to go elsewhere, finish what runs, refuse what is new."""
        self._tell(health_pb2.HealthCheckResponse.NOT_SERVING)
        self._server.stop(self._process.drain_seconds).wait()

    def _tell(self, state: int) -> None:
        for name in self._names:
            self._health.set(name, state)  # type: ignore[arg-type]
