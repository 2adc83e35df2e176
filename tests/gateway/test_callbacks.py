"""Reports of the provider of SMS: they come from another site, with no session, and are passed on as they came."""

import pytest
from kontor.notify.v1 import notify_pb2

from chassis.errors import Denied, Failure, Invalid, Unavailable
from tests.gateway.peers import Book
from tests.gateway.portal import portal

REPORT = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+46701740605", "AccountSid": "AC1"}
TWILIO = {"X-Twilio-Signature": "c2lnbmVk", "User-Agent": "TwilioProxy/1.1", "Sec-Fetch-Site": "cross-site"}


def test_a_report_is_passed_on_with_its_signature() -> None:
    """ACC-24: whole, as the signature covers every field; nobody is signed in, and nothing is answered."""
    asked = portal(signed_in=False, book=Book(answers={"ReportSms": notify_pb2.ReportSmsResponse()}))
    answer = asked.client.post("/callbacks/sms", data=REPORT, headers=TWILIO)
    assert (answer.status_code, answer.get_data(), "Set-Cookie" in answer.headers) == (204, b"", False)
    told = asked.last("ReportSms")
    assert (dict(told.fields), told.signature) == (REPORT, "c2lnbmVk")


@pytest.mark.parametrize(("failure", "status"), [(Denied("signature_wrong"), 403), (Invalid("sms_report_unreadable"), 422)])
def test_a_report_that_is_refused_says_no_more_than_that(failure: Failure, status: int) -> None:
    """ACC-24, P10, P28: a forged one."""
    asked = portal(signed_in=False, book=Book(answers={"ReportSms": failure}))
    answer = asked.client.post("/callbacks/sms", data=REPORT, headers=TWILIO)
    assert (answer.status_code, answer.get_data()) == (status, b"")


def test_while_notify_is_away_twilio_is_told_to_come_again() -> None:
    """ACC-24: Twilio repeats what was not answered well."""
    asked = portal(signed_in=False, book=Book(answers={"ReportSms": Unavailable("unreachable")}))
    assert asked.client.post("/callbacks/sms", data=REPORT, headers=TWILIO).status_code == 503


def test_a_report_is_posted_and_nothing_else() -> None:
    """P10."""
    assert portal(signed_in=False).client.get("/callbacks/sms").status_code == 405
