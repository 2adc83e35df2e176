"""What a form says is read so that nothing in it breaks a page."""

import pytest
from kontor.identity.v1 import identity_pb2

from chassis.errors import Unauthenticated
from tests.gateway.portal import portal

ATTEMPT = "a" * 43


@pytest.mark.parametrize("many", ["9" * 5000, "²", "-1", "x"])
def test_what_is_no_method_is_none_whatever_its_length(many: str) -> None:
    """P16: a form that nobody's page has sent gets an answer like any other."""
    asked = portal(signed_in=False)
    asked.book.answers["FinishSignIn"] = Unauthenticated("wrong_code", "Not this one.")
    answer = asked.post("/sign-in/code", attempt=ATTEMPT, methods=f"2,{many}", method=many, code="123456")
    assert answer.status_code == 401
    assert asked.last("FinishSignIn").method == identity_pb2.METHOD_UNSPECIFIED
    confirmed = portal().post("/step-up", step_up_method=many, step_up_back="/")
    assert confirmed.status_code < 500
