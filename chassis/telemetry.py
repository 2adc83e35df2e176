"""What an operator sees: JSON logs without secrets, metrics, and one trace from the browser's request to the last event handler."""

import logging
import re
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import structlog
from opentelemetry import metrics, propagate, trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.sqlalchemy.engine import EngineTracer
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import Engine

from chassis.config import tracing_endpoint

CALLS = Counter("kontor_rpc_total", "RPCs answered", ["method", "code"])
CALL_SECONDS = Histogram("kontor_rpc_seconds", "Time to answer an RPC", ["method"])
EVENTS = Counter("kontor_events_total", "Events by what became of them", ["service", "type", "outcome"])
PARKED = Gauge("kontor_events_parked", "Events set aside after three failures", ["service"])
WAITING = Gauge("kontor_outbox_waiting", "Events not yet handed to the bus", ["service"])
JOBS = Counter("kontor_jobs_total", "Jobs run", ["job", "outcome"])

_request_id: ContextVar[str] = ContextVar("request_id", default="")
_SECRET_KEYS = re.compile(r"password|token|secret|code|assertion|session$|api_key|cookie|authorization|attempt$|link$", re.IGNORECASE)
# Six or eight digits, a sign or none, three to five more: how Nordic personal numbers are written. 43 characters and more: our tokens.
_SECRET_VALUES = re.compile(r"(?<![\w-])\d{6}(?:\d\d)?[-+A-FU-Y ]?\d{3,5}[0-9A-Z]?(?![\w-])|[A-Za-z0-9_-]{43,}")
_tracer = trace.get_tracer("kontor")


def request_id() -> str:
    """The id of the request being answered; it is in every log line, problem document and downstream call."""
    return _request_id.get()


@contextmanager
def request(identifier: str) -> Iterator[None]:
    """Answer a request under this id inside the block."""
    mark = _request_id.set(identifier)
    try:
        yield
    finally:
        _request_id.reset(mark)


def log(name: str) -> Any:
    """A logger: `log(__name__).info("document published", document_id=…)`."""
    return structlog.get_logger(name)


@contextmanager
def span(name: str, *, kind: SpanKind = SpanKind.INTERNAL, parent: Mapping[str, str] | None = None) -> Iterator[Any]:
    """Trace the block under `name`, continuing the trace whose `traceparent` is in `parent`."""
    context = propagate.extract(dict(parent)) if parent else None
    with _tracer.start_as_current_span(name, context=context, kind=kind, record_exception=False) as current:
        yield current


def traceparent() -> str:
    """The running trace as a W3C `traceparent`, empty outside one."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier.get("traceparent", "")


def trace_statements(engine: Engine) -> None:
    """Trace each SQL statement of this engine, where traces go anywhere: it makes a small read an eighth slower."""
    if tracing_endpoint() or not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        EngineTracer(_tracer, engine, metrics.get_meter("kontor").create_up_down_counter("db.client.connections.usage"))


def set_up(*, service: str, log_format: str = "json", log_level: str = "info") -> None:
    """Start logging and, where OTEL_EXPORTER_OTLP_ENDPOINT is set, tracing. Once per process."""
    log_as(log_format, log_level)
    if tracing_endpoint():
        _start_tracing(service)


def log_as(log_format: str, log_level: str) -> None:
    """Log as an operator wants it: `json` or `text`, from this level on."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars, structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"), _add_request, structlog.processors.format_exc_info, _redact,
    ]  # fmt: skip
    processors = [*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter]
    kind, factory = structlog.stdlib.BoundLogger, structlog.stdlib.LoggerFactory()
    structlog.configure(processors=processors, logger_factory=factory, wrapper_class=kind, cache_logger_on_first_use=False)
    last = structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[
        structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]))  # fmt: skip
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(log_level.upper())
    for noisy in ("amqp", "kombu", "celery", "alembic", "urllib3", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _start_tracing(service: str) -> None:
    provider = TracerProvider(resource=Resource.create({"service.name": f"kontor-{service}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def _add_request(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if request_id():
        event.setdefault("request_id", request_id())
    held = trace.get_current_span().get_span_context()
    if held.is_valid:
        event.setdefault("trace_id", f"{held.trace_id:032x}")
    return event


def _redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if _SECRET_KEYS.search(key):
            event[key] = "***"
        elif isinstance(value, str) and key not in ("request_id", "trace_id", "time"):
            event[key] = _SECRET_VALUES.sub("***", value)
    return event
