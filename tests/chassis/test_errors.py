"""A failure is the same wherever it is seen: over gRPC, and as a problem document."""

import grpc
import pytest

from chassis import errors
from chassis.errors import Conflict, Failure, TooMany, to_problem

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Failure) and kind is not Failure]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_own_status(kind: type[Failure]) -> None:
    others = [other for other in KINDS if other is not kind]
    assert kind.code not in {other.code for other in others}
    assert kind.http_status not in {other.http_status for other in others}
    assert isinstance(kind.code, grpc.StatusCode)
    assert 400 <= kind.http_status < 600


def test_a_problem_document_says_what_a_client_can_act_on() -> None:
    """RFC 9457."""
    failure = Conflict("document_exists", "It is there.", fields={"name": "taken"}, facts={"name": "a.pdf", "request_id": "r-1"})
    assert to_problem(failure, instance="/api/v1/documents") == {
        "type": "urn:kontor:problem:document_exists",
        "title": "It is there.",
        "status": 409,
        "reason": "document_exists",
        "instance": "/api/v1/documents",
        "request_id": "r-1",
        "errors": [{"field": "name", "reason": "taken"}],
        "facts": {"name": "a.pdf"},
    }


def test_a_problem_document_leaves_out_what_there_is_not() -> None:
    assert to_problem(TooMany("slow_down")) == {
        "type": "urn:kontor:problem:slow_down", "title": "slow_down", "status": 429, "reason": "slow_down",
    }  # fmt: skip
