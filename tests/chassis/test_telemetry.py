"""One request is one trace and one id, from the browser to the last handler; no log line gives away a secret."""

import io
import json
import logging
from collections.abc import Callable, Iterator

import pytest
import structlog
from kontor.access.v1.access_pb2 import PERMISSION_MESSAGE_WRITE, SERVICE_AREA_PAYROLL
from kontor.messaging.v1 import messaging_pb2, messaging_pb2_grpc
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from chassis import telemetry
from chassis.db import Database
from chassis.testing import ServiceUnderTest, person
from tests.chassis import sample

ORGANISATION = "0190a0a0-0000-7000-8000-000000000001"
Logged = Callable[[], list[dict[str, object]]]
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans() -> Iterator[Callable[[], list[ReadableSpan]]]:
    """What is traced from here on."""
    exporter = InMemorySpanExporter()
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider()
        trace.set_tracer_provider(provider)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield lambda: list(exporter.get_finished_spans())
    exporter.shutdown()


@pytest.fixture
def logged() -> Iterator[Logged]:
    """The JSON lines written to standard error."""
    root = logging.getLogger()
    before, level, configured = root.handlers[:], root.level, structlog.get_config()
    telemetry.set_up(service="sample", log_level="debug")
    stream = io.StringIO()
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = before
    root.setLevel(level)
    structlog.configure(**configured)


def test_a_request_is_one_trace_from_the_browser_to_sql_to_the_handler(
    new_database: Callable[[str], str], spans: Callable[[], list[ReadableSpan]]
) -> None:
    service = ServiceUnderTest(sample.build(new_database("trace")))
    stub = messaging_pb2_grpc.MessagesStub(service.channel(person(PERMISSION_MESSAGE_WRITE)))
    with telemetry.span("POST /messages", parent={"traceparent": PARENT}):
        area = SERVICE_AREA_PAYROLL
        stub.SendMessage(messaging_pb2.SendMessageRequest(organisation_id=ORGANISATION, service_area=area, subject="s", body="b"))
    service.relay()
    service.close()
    mine = [span for span in spans() if span.context and span.context.trace_id == int(PARENT.split("-")[1], 16)]
    names = [span.name for span in mine]
    assert {"POST /messages", "kontor.messaging.v1.Messages/SendMessage", "handle kontor.messaging.v1.MessageSent"} <= set(names)
    statements = [str((span.attributes or {}).get("db.statement", "")) for span in mine]
    under_handler = [each for each in statements if "INSERT INTO notes" in each]
    assert len(under_handler) == 2, "one in the call, one in the handler"
    assert not any("Payroll" in each for each in statements)


def test_a_log_line_is_json_with_the_request_and_the_trace(logged: Logged) -> None:
    with telemetry.request("r-7"), telemetry.span("work", parent={"traceparent": PARENT}):
        telemetry.log("services.documents").info("document published", document_id="d1")
        logging.getLogger("somebody.else").warning("old style %s", "line")
    first, second = logged()
    said = {"event": "document published", "document_id": "d1", "level": "info", "logger": "services.documents"}
    assert said.items() <= first.items()
    assert first["request_id"] == second["request_id"] == "r-7"
    assert first["trace_id"] == second["trace_id"] == PARENT.split("-")[1]
    assert second["event"] == "old style line"
    assert str(first["time"]).endswith("Z")


SECRETS = {
    "password": "correct horse battery staple", "session": "s3ss10n", "recovery_code": "123456", "api_key": "k-4711",
    "Authorization": "Bearer x", "link": "https://kontor.example/links/abc",
}  # fmt: skip


@pytest.mark.parametrize("key", SECRETS)
def test_what_is_called_a_secret_is_not_logged(logged: Logged, key: str) -> None:
    """P28."""
    telemetry.log("x").info("happened", **{key: SECRETS[key]})
    assert SECRETS[key] not in str(logged())


@pytest.mark.parametrize(
    "secret", ["010190-1234", "01019012345", "010190 12345", "19900101-1234", "131052-308T", "131052A308T", "Gf0kd9_" * 7]
)
def test_what_looks_like_a_personal_number_or_a_token_is_not_logged(logged: Logged, secret: str) -> None:
    """P28."""
    log = telemetry.log("x")
    log.info(secret, note=f"({secret}).")
    logging.getLogger("y").warning("%s", secret)
    try:
        raise ValueError(f"not {secret}")
    except ValueError:
        log.exception("failed")
    assert len(logged()) == 3
    assert secret not in str(logged())


def test_identifiers_stay_readable(logged: Logged) -> None:
    telemetry.log("x").info("document published", document_id="ab123456-7890-7000-8000-000000000001", size=1234567890)
    (line,) = logged()
    assert (line["document_id"], line["size"]) == ("ab123456-7890-7000-8000-000000000001", 1234567890)


def test_sql_parameters_are_in_no_error(new_database: Callable[[str], str]) -> None:
    """P28."""
    database = Database(new_database("hidden"), service="sample")
    with pytest.raises(ProgrammingError) as raised, database.transaction() as tx:
        tx.execute(text("select nothing from nowhere where :canary = 'x'"), {"canary": "canary-4711"})
    assert "canary-4711" not in str(raised.value)
    database.close()
