"""One trace from somebody's HTTP request through gRPC, SQL and the outbox to the handler of its event in another service."""

import json
import secrets
from urllib.parse import quote

import urllib3
from kontor.access.v1 import access_pb2

from chassis import clock
from demo import files
from tests.journeys.stage import Stage
from tests.scenario import CLIENT
from tests.waiting import eventually
from tests.whole.collector import Collector, Span

PAYROLL = access_pb2.SERVICE_AREA_PAYROLL
UPLOADS = 5
RECEIVED, PUBLISHED = (f"handle kontor.documents.v1.{event}" for event in ("DocumentReceived", "DocumentPublished"))
SENT = "handle kontor.messaging.v1.MessageSent"


def test_a_message_is_one_trace_from_the_request_to_the_notice(stage: Stage, collector: Collector) -> None:
    """P28's other side: an operator finds what came of a request. Nothing but the outbox lies between it and notify's handler."""
    body = {"service_area": "SERVICE_AREA_PAYROLL", "subject": "Holiday pay", "body": "When is it paid?"}
    trace = _asked(stage, "POST", f"/api/v1/organisations/{stage.scenario.client}/messages", json.dumps(body).encode(), "application/json")
    (handled,) = eventually(lambda: _named(collector, trace, SENT))
    rpc = "kontor.messaging.v1.Messages/SendMessage"
    eventually(lambda: _way_up(collector, handled) == [SENT, rpc, rpc, "HTTP POST"])
    assert _statements(collector, handled), "what the handler writes hangs under it"


def test_an_upload_is_one_trace_from_the_request_to_the_notice(stage: Stage, collector: Collector) -> None:
    """ACC-67: HTTP, gRPC, SQL, outbox, handler, the scan, and notify's handler of what the scan has published.

    The scan is asked for by the event, but the round that the clock starts every two seconds may come first, and it is nobody's trace.
    So every upload is one trace as far as the first handler, and of a few at least one is to its end.
    """
    traces = [_upload(stage, f"Traced {number}.xlsx") for number in range(UPLOADS)]
    rpc = "kontor.documents.v1.Documents/Upload"
    for trace in traces:
        (handled,) = eventually(lambda trace=trace: _named(collector, trace, RECEIVED))  # type: ignore[misc]
        eventually(lambda handled=handled: _way_up(collector, handled) == [RECEIVED, rpc, rpc, "HTTP PUT"])  # type: ignore[misc]
        assert any(_statements(collector, span) for span in _named(collector, trace, rpc)), "the RPC's statements hang under it"
    (told, *_) = eventually(lambda: [span for trace in traces for span in _named(collector, trace, PUBLISHED)], seconds=60)
    eventually(lambda: _way_up(collector, told) == [PUBLISHED, "job documents.scan_waiting", RECEIVED, rpc, rpc, "HTTP PUT"])
    assert _statements(collector, told), "notify wrote the notice in it"


def _upload(stage: Stage, name: str) -> str:
    today = clock.now()
    path = f"/api/v1/folders/{stage.scenario.folders[PAYROLL]}/files/{quote(name)}?period={today.month}&year={today.year}"
    return _asked(stage, "PUT", path, files.payroll("mai"), "application/octet-stream")


def _asked(stage: Stage, verb: str, path: str, body: bytes, content_type: str) -> str:
    """The trace of a request by a frontend that traces, too."""
    trace = secrets.token_hex(16)
    headers = {
        "Authorization": f"Bearer {stage.world.token(CLIENT.administrator)}",
        "Content-Type": content_type,
        "traceparent": f"00-{trace}-{secrets.token_hex(8)}-01",
    }
    with urllib3.PoolManager() as http:
        answer = http.request(verb, f"{stage.product.url}{path}", body=body, headers=headers)
    assert answer.status == 200, answer.data
    return trace


def _named(collector: Collector, trace: str, name: str) -> list[Span]:
    return [span for span in collector.of(trace) if span.name == name]


def _way_up(collector: Collector, span: Span) -> list[str]:
    """The names from a span to the first of ours above it; the frontend's own span did not come here."""
    known = {each.id: each for each in collector.of(span.trace)}
    names, above = [span.name], known.get(span.parent)
    while above is not None:
        names.append(above.name)
        above = known.get(above.parent)
    return names


def _statements(collector: Collector, span: Span) -> list[str]:
    said = [each for each in collector.of(span.trace) if each.parent == span.id]
    return [text for each in said if (text := each.attributes.get("db.statement") or each.attributes.get("db.query.text"))]
