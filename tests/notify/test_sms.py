"""Codes by SMS through Twilio's own library, against a server that checks each request as its Message resource does."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kontor.notify.v1 import notify_pb2 as pb
from kontor.notify.v1.notify_pb2_grpc import CodesStub, SmsReportsStub
from sqlalchemy import select, text

from chassis.caller import Caller
from chassis.config import BadSettings, Secret
from chassis.errors import Denied, Failure, Invalid, NotFound, TooMany, Unavailable
from chassis.language import LANGUAGES
from chassis.testing import FakePeers, ServiceUnderTest
from services.notify.actions.sms_reports import STATES
from services.notify.config import Config
from services.notify.models import SmsReport
from services.notify.service import build
from services.notify.sms import open_sms
from tests.servers.twilio import SID, TOKEN, Twilio, serving, signature

NUMBER, SENDER = "+46701740605", "+46701740699"
REPORTS = "https://portal.example.no/callbacks/sms"
CODE = pb.SendCodeRequest(kind=pb.SMS_KIND_CODE, phone_number=NUMBER, code="123456", language="en")


@pytest.fixture
def twilio() -> Iterator[Twilio]:
    with serving(Twilio()) as held:
        yield held
        held.silent.set()


@pytest.fixture
def sending(service_database: Callable[[str], str]) -> Iterator[Callable[[str], ServiceUnderTest]]:
    """Starts notify with these SMS settings."""
    services = []

    def start(url: str) -> ServiceUnderTest:
        config = Config(
            database_url=Secret(service_database("notify")), mail_url="smtp://127.0.0.1:1", public_url="https://portal.example.no",
            sms_url=url, sms_secret=Secret(TOKEN),
        )  # fmt: skip
        services.append(ServiceUnderTest(build(config, FakePeers())))
        return services[-1]

    yield start
    for service in services:
        service.close()


def codes(service: ServiceUnderTest) -> CodesStub:
    return CodesStub(service.channel(Caller(service="identity")))


def address(twilio: Twilio, query: str = f"from={SENDER}") -> str:
    return twilio.address(query)


def refused(service: ServiceUnderTest) -> Failure:
    with pytest.raises(Failure) as why:
        codes(service).SendCode(CODE)
    return why.value


def test_a_code_reaches_twilio_as_its_message_resource_wants_it(twilio: Twilio, sending: Callable[[str], ServiceUnderTest]) -> None:
    """ACC-24, ACC-25: the last line binds the code to the portal's own address, so that a phone fills it in nowhere else."""
    service = sending(address(twilio))
    assert codes(service).GetSmsState(pb.GetSmsStateRequest()).offered
    assert not codes(service).SendCode(CODE).uncertain
    (form,) = twilio.forms
    assert (form["To"], form["From"], form["StatusCallback"]) == ([NUMBER], [SENDER], [REPORTS])
    assert form["Body"] == ["123456 is your code for Kontor. It works for 5 minutes. Tell it to nobody.\n\n@portal.example.no #123456"]


def test_a_messaging_service_can_be_the_sender(twilio: Twilio, sending: Callable[[str], ServiceUnderTest]) -> None:
    """ACC-24."""
    codes(sending(address(twilio, f"service=MG{'1' * 32}"))).SendCode(CODE)
    assert (twilio.forms[0]["MessagingServiceSid"], "From" in twilio.forms[0]) == ([f"MG{'1' * 32}"], False)


@pytest.mark.parametrize(
    ("status", "code", "kind", "reason"),
    [
        (400, 21211, Invalid, "sms_refused"),
        (400, 21614, Invalid, "sms_refused"),
        (400, 21408, Invalid, "sms_refused"),
        (400, 21610, Invalid, "sms_blocked"),
        (429, 20429, TooMany, "sms_busy"),
        (401, 20003, Unavailable, "sms_unavailable"),
        (503, 20503, Unavailable, "sms_unavailable"),
    ],
)
def test_what_twilio_refuses_is_told_by_its_reason(
    twilio: Twilio,
    sending: Callable[[str], ServiceUnderTest],
    caplog: pytest.LogCaptureFixture,
    status: int,
    code: int,
    kind: type,
    reason: str,
) -> None:
    """ACC-24, P28: it has not left, it is not tried again, and neither number nor code is in what is told or logged."""
    twilio.status, twilio.code = status, code
    why = refused(sending(address(twilio)))
    assert (type(why), why.reason, len(twilio.forms)) == (kind, reason, 1)
    assert not [secret for secret in (NUMBER, "123456", TOKEN) if secret in f"{why} {why.facts} {why.fields} {caplog.text}"]


@pytest.mark.parametrize("trouble", ["500", "hangs up", "silent"])
def test_where_it_stays_open_whether_the_sms_left_it_is_not_sent_again(
    twilio: Twilio, sending: Callable[[str], ServiceUnderTest], trouble: str
) -> None:
    """P6: each costs money, and the person is told to ask again if it does not come."""
    service = sending(address(twilio))
    twilio.status, twilio.hangs_up = 500 if trouble == "500" else 201, trouble == "hangs up"
    if trouble == "silent":
        twilio.silent.clear()
    assert codes(service).SendCode(CODE).uncertain
    assert len(twilio.forms) == 1


def test_an_sms_that_has_left_is_no_failure_when_it_cannot_be_noted(
    twilio: Twilio, sending: Callable[[str], ServiceUnderTest], caplog: pytest.LogCaptureFixture
) -> None:
    """P6: whoever heard of one would send it, and pay for it, again. What becomes of it the provider's report tells all the same."""
    service = sending(address(twilio))
    database = service.service.database
    assert database is not None
    with database.begin() as holding:
        holding.execute(text("lock table sms_reports"))
        assert not codes(service).SendCode(CODE).uncertain
    assert ("sms not noted" in caplog.text, NUMBER in caplog.text, len(twilio.forms)) == (True, False, 1)
    assert kept(service) == []


def test_where_twilio_is_out_of_reach_nothing_has_left(sending: Callable[[str], ServiceUnderTest]) -> None:
    """ACC-24."""
    with serving(Twilio()) as gone:
        pass
    assert refused(sending(address(gone))).reason == "sms_unavailable"


def test_without_the_setting_nothing_is_offered_and_nothing_sent(sending: Callable[[str], ServiceUnderTest]) -> None:
    """ACC-24."""
    service = sending("")
    assert not codes(service).GetSmsState(pb.GetSmsStateRequest()).offered
    assert refused(service).reason == "sms_not_offered"


def test_only_identity_has_codes_sent(sending: Callable[[str], ServiceUnderTest], tmp_path: Path) -> None:
    """P10."""
    service = sending(tmp_path.as_uri())
    with pytest.raises(Denied):
        CodesStub(service.channel(Caller(service="documents"))).SendCode(CODE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_caught_sms_is_in_the_readers_language_and_short(
    sending: Callable[[str], ServiceUnderTest], tmp_path: Path, language: str
) -> None:
    """ACC-20, ACC-24: in the alphabet that telephone networks count 160 characters of to an SMS, so that a code costs one."""
    codes(sending(tmp_path.as_uri())).SendCode(
        pb.SendCodeRequest(kind=pb.SMS_KIND_CODE, phone_number=NUMBER, code="123456", language=language)
    )
    (caught,) = tmp_path.glob("*.json")
    held = json.loads(caught.read_text())
    assert (held["to"], held["text"].count("123456")) == (NUMBER, 2)
    assert len(held["text"]) <= 160
    assert not set(held["text"]) - set("@#\n .,:;/?!%()'\"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyzÄÖÑÜäöñüàÅåÆæØøÉé")


def test_a_warning_has_no_code_in_it(sending: Callable[[str], ServiceUnderTest], tmp_path: Path) -> None:
    """BEY-05."""
    codes(sending(tmp_path.as_uri())).SendCode(pb.SendCodeRequest(kind=pb.SMS_KIND_VOUCHED, phone_number=NUMBER, language="nb"))
    (caught,) = tmp_path.glob("*.json")
    assert "https://portal.example.no" in json.loads(caught.read_text())["text"]
    assert "#" not in json.loads(caught.read_text())["text"]


@pytest.mark.parametrize("url", ["twilio://api.twilio.com?from=+47", f"twilio://{SID}@api.twilio.com", "https://example.com", "file://"])
def test_settings_that_could_not_send_anything_are_refused_at_the_start(url: str) -> None:
    with pytest.raises(BadSettings):
        open_sms(url, Secret(TOKEN))


def test_a_token_that_is_missing_is_named() -> None:
    with pytest.raises(BadSettings, match="SMS_SECRET"):
        open_sms(f"twilio://{SID}@api.twilio.com?from={SENDER}", Secret(""))


def report(service: ServiceUnderTest, fields: dict[str, str], signed: str) -> None:
    SmsReportsStub(service.channel()).ReportSms(pb.ReportSmsRequest(fields=fields, signature=signed))


def kept(service: ServiceUnderTest) -> list[tuple[str, str, int | None]]:
    """What is known of the SMS that were sent."""
    assert service.service.database is not None
    return [(row.message_id, STATES[row.state], row.error) for row in service.service.database.read(select(SmsReport.__table__))]


def test_what_twilio_reports_of_an_sms_is_kept_without_number_or_text(
    twilio: Twilio, sending: Callable[[str], ServiceUnderTest], caplog: pytest.LogCaptureFixture
) -> None:
    """ACC-24, P28: each report once, in whichever order they come; one that was not delivered is logged with its code."""
    service = sending(address(twilio))
    codes(service).SendCode(CODE)
    message = kept(service)[0][0]
    assert kept(service) == [(message, "handed_over", None)]
    for state, error, becomes in (("sent", "", "sent"), ("queued", "", "sent"), ("undelivered", "30003", "undelivered"), ("sent", "", "")):
        fields = {"MessageSid": message, "MessageStatus": state, "To": NUMBER, "From": SENDER, "ApiVersion": "2010-04-01"}
        fields |= {"ErrorCode": error} if error else {}
        for _ in range(2):
            report(service, fields, signature(REPORTS, fields))
        assert kept(service) == [(message, becomes or "undelivered", 30003 if becomes in ("undelivered", "") else None)]
    assert not [secret for secret in (NUMBER, "123456", TOKEN) if secret in f"{kept(service)} {caplog.text}"]


def test_a_report_that_is_faster_than_the_answer_is_kept(twilio: Twilio, sending: Callable[[str], ServiceUnderTest]) -> None:
    """ACC-24."""
    service, fields = sending(address(twilio)), {"MessageSid": f"SM{0:032x}", "MessageStatus": "delivered"}
    report(service, fields, signature(REPORTS, fields))
    codes(service).SendCode(CODE)
    assert kept(service) == [(f"SM{0:032x}", "delivered", None)]


@pytest.mark.parametrize("forged", ["by another key", "another field", "another address", "no signature"])
def test_a_report_that_twilio_did_not_sign_is_refused(twilio: Twilio, sending: Callable[[str], ServiceUnderTest], forged: str) -> None:
    """ACC-24, P10: X-Twilio-Signature covers the address and every field."""
    service, fields = sending(address(twilio)), {"MessageSid": "SM1", "MessageStatus": "delivered"}
    signed = {
        "by another key": signature(REPORTS, fields, token="guessed"),
        "another field": signature(REPORTS, fields | {"MessageStatus": "failed"}),
        "another address": signature("https://elsewhere.example.no/callbacks/sms", fields),
        "no signature": "",
    }[forged]
    with pytest.raises(Denied) as why:
        report(service, fields, signed)
    assert (why.value.reason, kept(service)) == ("signature_wrong", [])


def test_where_no_provider_sends_none_reports(sending: Callable[[str], ServiceUnderTest], tmp_path: Path) -> None:
    """P10: nothing is believed without a key."""
    with pytest.raises(NotFound):
        report(sending(""), {}, "")
    with pytest.raises(Denied):
        report(sending(tmp_path.as_uri()), {"MessageSid": "SM1", "MessageStatus": "sent"}, "")


@pytest.mark.parametrize("fields", [{}, {"MessageSid": "SM1", "MessageStatus": "lost"}, {"MessageStatus": "sent"}])
def test_a_signed_report_about_nothing_changes_nothing(
    twilio: Twilio, sending: Callable[[str], ServiceUnderTest], fields: dict[str, str]
) -> None:
    """P28."""
    service = sending(address(twilio))
    with pytest.raises(Invalid):
        report(service, fields, signature(REPORTS, fields))
    assert kept(service) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("change", [each for each in pb.SecurityChange.values() if each])
def test_an_sms_about_a_change_is_short_and_in_the_readers_language(
    sending: Callable[[str], ServiceUnderTest], tmp_path: Path, language: str, change: pb.SecurityChange.ValueType
) -> None:
    """BEY-05, ACC-20: what happened and what to do, in two SMS at most, in the telephone's own alphabet, and no code."""
    service = sending(tmp_path.as_uri())
    about = {"phone_number": NUMBER, "language": language, "organisation_name": "Testdal Bakeri AS"}
    codes(service).SendCode(pb.SendCodeRequest(kind=pb.SMS_KIND_SECURITY_CHANGED, change=change, **about))
    (caught,) = tmp_path.glob("*.json")
    text = json.loads(caught.read_text())["text"]
    assert ("#" not in text, len(text) <= 306, "%(" in text, "\n" in text) == (True, True, False, False), text
    assert not set(text) - set("@ .,:;/?!%()'-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyzÄÖÑÜäöñüàÅåÆæØøÉé"), text
