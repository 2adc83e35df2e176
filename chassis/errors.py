"""One vocabulary of failures that crosses gRPC intact and is put into words for people only at the edge."""

from collections.abc import Mapping
from typing import Any, ClassVar

import grpc
from google.protobuf import any as any_message
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]
from grpc_status import rpc_status

DOMAIN = "kontor"
NOT_AGAIN = ("grpc-retry-pushback-ms", "-1")  # gRFC A6: a channel's retry policy obeys it


class Failure(Exception):
    """Something a caller can act on. `reason` is a stable word such as `document_exists`; `message` is for developers.

    `fields` maps a request field to what is wrong with it; `facts` are values that the sentence for people may use.
    Neither ever holds a secret or a personal number.
    """

    code: ClassVar[grpc.StatusCode] = grpc.StatusCode.UNKNOWN
    http_status: ClassVar[int] = 500

    def __init__(
        self, reason: str, message: str = "", *, fields: Mapping[str, str] | None = None, facts: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message or reason)
        self.reason = reason
        self.message = message or reason
        self.fields = dict(fields or {})
        self.facts = dict(facts or {})


class Invalid(Failure):
    """The request cannot be right, whoever sends it and whenever."""

    code, http_status = grpc.StatusCode.INVALID_ARGUMENT, 422


class Unauthenticated(Failure):
    """Nobody known is asking: no session, an ended one, a wrong password or code."""

    code, http_status = grpc.StatusCode.UNAUTHENTICATED, 401


class Denied(Failure):
    """The caller is known and may not do this."""

    code, http_status = grpc.StatusCode.PERMISSION_DENIED, 403


class NotFound(Failure):
    """There is no such thing, or none that this caller may know of."""

    code, http_status = grpc.StatusCode.NOT_FOUND, 404


class Conflict(Failure):
    """The state of things forbids it now: exists already, last administrator, used up."""

    code, http_status = grpc.StatusCode.FAILED_PRECONDITION, 409


class TooMany(Failure):
    """A limit was reached; `retry_after` in `facts` says the seconds to wait."""

    code, http_status = grpc.StatusCode.RESOURCE_EXHAUSTED, 429


class Unavailable(Failure):
    """Something needed does not answer; trying again later may succeed."""

    code, http_status = grpc.StatusCode.UNAVAILABLE, 503


class TimedOut(Failure):
    """The call's deadline passed before an answer came."""

    code, http_status = grpc.StatusCode.DEADLINE_EXCEEDED, 504


class Internal(Failure):
    """A defect of ours. Carries nothing but the request id."""

    code, http_status = grpc.StatusCode.INTERNAL, 500


_BY_CODE: Mapping[grpc.StatusCode, type[Failure]] = {
    kind.code: kind for kind in (Invalid, Unauthenticated, Denied, NotFound, Conflict, TooMany, Unavailable, TimedOut, Internal)
}
# Where no service answered: a full or stopping server, a connection that was cut.
_BETWEEN: Mapping[grpc.StatusCode, type[Failure]] = {
    **_BY_CODE, grpc.StatusCode.RESOURCE_EXHAUSTED: Unavailable, grpc.StatusCode.CANCELLED: Unavailable,
}  # fmt: skip


def to_status(failure: Failure, *, request_id: str = "") -> Any:
    """The gRPC status of a failure, with google.rpc error details."""
    details: list[Any] = [error_details_pb2.ErrorInfo(reason=failure.reason, domain=DOMAIN, metadata=failure.facts)]
    if failure.fields:
        wrong = error_details_pb2.BadRequest.FieldViolation
        violations = [wrong(field=field, description=what) for field, what in failure.fields.items()]
        details.append(error_details_pb2.BadRequest(field_violations=violations))
    if request_id:
        details.append(error_details_pb2.RequestInfo(request_id=request_id))
    packed = status_pb2.Status(code=failure.code.value[0], message=failure.message, details=map(any_message.pack, details))
    status = rpc_status.to_status(packed)
    if failure.code is grpc.StatusCode.UNAVAILABLE:
        # The call has been here and may have done something: channels repeat only calls that reached nobody.
        return status._replace(trailing_metadata=(*status.trailing_metadata, NOT_AGAIN))
    return status


def from_rpc(error: grpc.RpcError) -> Failure:
    """The failure that a call ended with, as the called service raised it."""
    status = rpc_status.from_call(error)
    if status is None:
        # Not raised by a service but by what lies between: its words name addresses, so they stay in the chained error.
        return _BETWEEN.get(error.code(), Internal)(error.code().name.lower(), "The service did not answer.")
    info, bad, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RequestInfo()
    for detail in status.details:
        for message in (info, bad, request):
            detail.Unpack(message)
    facts = dict(info.metadata)
    if request.request_id:
        facts.setdefault("request_id", request.request_id)
    fields = {violation.field: violation.description for violation in bad.field_violations}
    return _BY_CODE.get(error.code(), Internal)(info.reason or error.code().name.lower(), status.message, fields=fields, facts=facts)


def to_problem(failure: Failure, *, instance: str = "", request_id: str = "") -> dict[str, Any]:
    """The failure as an RFC 9457 problem document."""
    facts = dict(failure.facts)
    held = facts.pop("request_id", "")
    problem = {"type": f"urn:{DOMAIN}:problem:{failure.reason}", "title": failure.message, "status": failure.http_status}
    errors = [{"field": field, "reason": what} for field, what in failure.fields.items()]
    known = {"reason": failure.reason, "instance": instance, "request_id": request_id or held, "errors": errors, "facts": facts}
    return problem | {name: value for name, value in known.items() if value}
