"""Answering calls: every RPC is authenticated, authorised, validated, measured and has its failures mapped, over either channel."""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import grpc
import protovalidate
from buf.validate import validate_pb2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from grpc_health.v1 import health, health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import reflection  # type: ignore[import-untyped]
from kontor.access.v1 import access_pb2
from opentelemetry.trace import SpanKind

from chassis import caller, telemetry
from chassis.config import Process
from chassis.errors import Denied, Failure, Internal, Invalid, Unauthenticated, Unavailable, to_status
from chassis.local import Handlers
from chassis.peers import deadline, server_credentials
from chassis.service import Rpc

MAX_MESSAGE = 4 * 1024 * 1024
# Calls that may run or wait for each thread.
WAITING = 8


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
    guards: Handlers = {}
    for path, handler in recorded(rpcs).items():
        _, service, name = path.split("/")
        method = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
        guards[path] = _Guard(path, access_of(method), verifier).wrap(handler)
    return guards


def recorded(rpcs: Iterable[Rpc]) -> Handlers:
    """The handlers of these servicers by full path, as they are."""
    handlers: Handlers = {}

    def add(service: str, methods: Handlers) -> None:
        handlers.update({f"/{service}/{name}": handler for name, handler in methods.items()})

    # Generated code registers everything twice; this way has the names in it, and the other is only counted.
    server = SimpleNamespace(add_registered_method_handlers=add, add_generic_rpc_handlers=len)
    for rpc in rpcs:
        rpc.add(rpc.servicer, server)
    return handlers


def certificate_of(context: grpc.ServicerContext) -> str:
    """SHA-256 of the certificate that the caller's channel has proved to hold, in hexadecimal; empty without mutual TLS."""
    shown: Any
    for shown in context.auth_context().get("x509_pem_cert", ()):
        return x509.load_pem_x509_certificate(shown).fingerprint(hashes.SHA256()).hex()
    return ""


def address_of(context: grpc.ServicerContext) -> str:
    """The IP address at the other end of the channel; empty where there is none."""
    kind, _, where = unquote(context.peer()).partition(":")
    return where.rpartition(":")[0].strip("[]") if kind in ("ipv4", "ipv6") else ""


class _Guard:
    """Stands before one RPC."""

    def __init__(self, path: str, access: access_pb2.Access, verifier: caller.Verifier) -> None:
        self._path, self._access, self._verifier = path, access, verifier
        self._validator = protovalidate.Validator()
        self._log = telemetry.log("chassis.rpc")

    def wrap(self, handler: "grpc.RpcMethodHandler[Any, Any]") -> "grpc.RpcMethodHandler[Any, Any]":
        """The same handler, guarded."""
        many, streams = handler.request_streaming, handler.response_streaming
        kind = f"{'stream' if many else 'unary'}_{'stream' if streams else 'unary'}"
        make: Callable[..., grpc.RpcMethodHandler[Any, Any]] = getattr(grpc, f"{kind}_rpc_method_handler")
        guard = (self._streaming if streams else self._answering)(getattr(handler, kind), self._each if many else self._valid)
        return make(guard, request_deserializer=handler.request_deserializer, response_serializer=handler.response_serializer)

    def _answering(self, answer: Callable[[Any, Any], Any], valid: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
        def call(request: Any, context: grpc.ServicerContext) -> Any:
            with self._call(context):
                return answer(valid(request), context)

        return call

    def _streaming(self, answer: Callable[[Any, Any], Iterator[Any]], valid: Callable[[Any], Any]) -> Callable[[Any, Any], Iterator[Any]]:
        def call(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            with self._call(context):
                yield from answer(valid(request), context)

        return call

    @contextmanager
    def _call(self, context: grpc.ServicerContext) -> Iterator[None]:
        sent = dict(context.invocation_metadata() or ())
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
                if who.certificate and certificate_of(context) != who.certificate:
                    raise Unauthenticated("certificate_needed", "This works only on a channel that shows the key's certificate.")
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
        except grpc.RpcError as why:
            # Calls to peers fail with Failures: this is grpc's way to say that the caller went away while sending.
            raise Unavailable("caller_left", "The call was given up.") from why
        except Exception as why:
            # grpc would send the exception's text to the caller; it goes to the log and only the request id goes out.
            self._log.exception("rpc failed", method=self._path)
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
        if who.clients and not self._access.limited_keys:
            raise Denied("not_for_this_key", "The API key is limited to some clients, and this is about more than those.")
        if self._access.beta and not who.beta:
            raise Denied("beta_needed", "Only for those who have switched on the beta programme.")
        if self._access.step_up and not who.stepped_up():
            raise Denied("step_up_needed", "Confirm with a fresh second factor.")

    def _valid(self, request: Message) -> Message:
        _spell(request)
        violations = [each.proto for each in self._validator.collect_violations(request)]
        if violations:
            paths = [".".join(part.field_name for part in (each.field.elements if each.field else ())) for each in violations]
            fields = {path or "request": each.message for path, each in zip(paths, violations, strict=True)}
            raise Invalid("invalid_request", "Some fields are not right.", fields=fields)
        return request

    def _each(self, requests: Iterator[Message]) -> Iterator[Message]:
        return map(self._valid, requests)


@cache
def _spelled(kind: Descriptor) -> tuple[list[str], list[FieldDescriptor]]:
    """The fields of such a message that hold ids, by the rules of the contract, and those that hold further messages."""
    rules = {field.name: field.GetOptions().Extensions[validate_pb2.field] for field in kind.fields}
    ids = [name for name, rule in rules.items() if rule.string.uuid or rule.repeated.items.string.uuid]
    return ids, [field for field in kind.fields if field.message_type and not field.message_type.GetOptions().map_entry]


def _spell(message: Message) -> None:
    """Ids in small letters, whoever wrote them (RFC 9562 § 4): what is kept, compared and told has one spelling of each."""
    ids, parts = _spelled(message.DESCRIPTOR)
    for name in ids:
        held = getattr(message, name)
        if not isinstance(held, str):
            held[:] = [each.lower() for each in held]
        elif held != held.lower():
            setattr(message, name, held.lower())
    for part in parts:
        held = getattr(message, part.name)
        for each in held if part.is_repeated else [held] * message.HasField(part.name):
            _spell(each)


class _Transfers:
    """Threads of their own for what streams: its pace is the other side's, and a few slow lines would hold up every other call.

    As many uploads at once as other calls, for each holds parts of its file in memory; a download holds one small piece.
    """

    def __init__(self, threads: int) -> None:
        self._up = ThreadPoolExecutor(threads, thread_name_prefix="rpc-up")
        self._down = ThreadPoolExecutor(threads * WAITING, thread_name_prefix="rpc-down")

    def apart(self, handler: "grpc.RpcMethodHandler[Any, Any]") -> "grpc.RpcMethodHandler[Any, Any]":
        """The handler, in those threads if it streams."""
        many, streams = handler.request_streaming, handler.response_streaming
        if not (many or streams):
            return handler
        kind = f"{'stream' if many else 'unary'}_{'stream' if streams else 'unary'}"
        make: Callable[..., grpc.RpcMethodHandler[Any, Any]] = getattr(grpc, f"{kind}_rpc_method_handler")
        behaviour: Any = partial(getattr(handler, kind))
        # grpc looks for this attribute; without it, or with a grpc that no longer does, streams share the threads of all calls.
        behaviour.experimental_thread_pool = self._up if many else self._down
        return make(behaviour, request_deserializer=handler.request_deserializer, response_serializer=handler.response_serializer)


class NetworkServer:
    """The gRPC server of a process: bounded threads, health and reflection, mutual TLS where configured."""

    def __init__(self, process: Process, handlers: Handlers) -> None:
        # Health over gRPC waits in line like any call, so that balancers see a full server; whether the process lives, /healthz says.
        self._server = grpc.server(
            ThreadPoolExecutor(process.threads, thread_name_prefix="rpc"),
            maximum_concurrent_rpcs=process.threads * (2 * WAITING + 1),
            # Connections end so that clients find new replicas; what streams on one may finish.
            options=[
                ("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", MAX_MESSAGE), ("grpc.max_connection_age_ms", 300_000),
                ("grpc.max_connection_age_grace_ms", 3_600_000), ("grpc.http2.min_ping_interval_without_data_ms", 30_000),
            ],
        )  # fmt: skip
        self._health = health.HealthServicer()
        services: dict[str, Handlers] = {}
        transfers = _Transfers(process.threads)
        for path, handler in handlers.items():
            _, service, name = path.split("/")
            services.setdefault(service, {})[name] = transfers.apart(handler)
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
            at, server = self._process.listen, self._server
            self.port = server.add_secure_port(at, credentials) if credentials else server.add_insecure_port(at)
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
            self._health.set(name, state)
