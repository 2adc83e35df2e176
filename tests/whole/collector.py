"""Where the product sends its traces in a test: an OpenTelemetry collector that keeps every span."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc


@dataclass(frozen=True)
class Span:
    """One step of a trace, with the process that took it."""

    trace: str
    id: str
    parent: str
    name: str
    process: str
    attributes: dict[str, str]


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Takes spans by OTLP over gRPC, as any collector does."""

    def __init__(self) -> None:
        self._spans: list[Span] = []
        self._lock = threading.Lock()
        self._server = grpc.server(ThreadPoolExecutor(2, thread_name_prefix="collector"))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self, self._server)
        self._port = self._server.add_insecure_port("127.0.0.1:0")

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process send its spans here, soon."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self._port}", "OTEL_BSP_SCHEDULE_DELAY": "100"}

    @property
    def spans(self) -> list[Span]:
        """All that came so far."""
        with self._lock:
            return list(self._spans)

    def of(self, trace: str) -> list[Span]:
        """What came so far of one trace."""
        return [span for span in self.spans if span.trace == trace]

    def start(self) -> None:
        """Listen."""
        self._server.start()

    def stop(self) -> None:
        """Hang up."""
        self._server.stop(1).wait()

    def Export(self, request: trace_service_pb2.ExportTraceServiceRequest, context: object) -> trace_service_pb2.ExportTraceServiceResponse:
        """Keep these."""
        came = []
        for resource in request.resource_spans:
            process = _texts(resource.resource.attributes).get("service.name", "")
            for each in (span for scope in resource.scope_spans for span in scope.spans):
                identity = (each.trace_id.hex(), each.span_id.hex(), each.parent_span_id.hex())
                came.append(Span(*identity, name=each.name, process=process, attributes=_texts(each.attributes)))
        with self._lock:
            self._spans += came
        return trace_service_pb2.ExportTraceServiceResponse()


def _texts(attributes: object) -> dict[str, str]:
    return {each.key: str(getattr(each.value, each.value.WhichOneof("value") or "string_value")) for each in attributes}  # type: ignore[attr-defined]
