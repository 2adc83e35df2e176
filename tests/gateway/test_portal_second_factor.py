"""Second factors on the pages: the method asked for, another one, a new one; confirmed in place; one's own."""

import html
import re
from typing import Any

import pytest
from kontor.identity.v1 import identity_pb2
from werkzeug.datastructures import MultiDict

from chassis.errors import Denied, Failure, Invalid, TooMany, Unauthenticated, Unavailable
from tests.gateway.peers import Book
from tests.gateway.portal import AT, FORM, MEMBERSHIP, Portal, portal, words

TOTP, SMS, RECOVERY, VOUCHED = (
    identity_pb2.METHOD_TOTP,
    identity_pb2.METHOD_SMS,
    identity_pb2.METHOD_RECOVERY_CODE,
    identity_pb2.METHOD_VOUCHED_CODE,
)
URI = "otpauth://totp/Kontor:ola@testdal.example?secret=JBSWY3DPEHPK3PXP&issuer=Kontor"
ATTEMPT, PHONE = "a" * 43, "+46 ••• •• 05"
NEW = identity_pb2.StartSignInResponse(
    attempt=ATTEMPT, enrolment=identity_pb2.Enrolment(uri=URI, key="JBSWY3DPEHPK3PXP"), methods=[TOTP, SMS], preferred=TOTP
)
BY_SMS = identity_pb2.StartSignInResponse(attempt=ATTEMPT, methods=[SMS, TOTP, RECOVERY, VOUCHED], preferred=SMS, masked_phone=PHONE)
SENT = identity_pb2.SendSmsCodeResponse(masked_phone=PHONE)
FACTORS = identity_pb2.FactorList(
    factors=[
        identity_pb2.Factor(factor_id=MEMBERSHIP, method=TOTP, preferred=True, added_at=AT),
        identity_pb2.Factor(factor_id=MEMBERSHIP[:-1] + "9", method=SMS, masked_phone=PHONE, added_at=AT),
    ],
    recovery_codes_left=3, offered=[TOTP, SMS],
)  # fmt: skip


def nobody(**answers: Any) -> Portal:
    return portal(signed_in=False, book=Book(answers={"SendSmsCode": SENT, **answers}))


def begun(asked: Portal) -> str:
    return asked.post("/sign-in", email="ola@testdal.example", password="x").get_data(as_text=True)


def carried(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that leads there."""
    (form,) = re.findall(rf'<form[^>]*action="{action}".*?</form>', page, re.DOTALL)[:1]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form.replace("&amp;", "&")))


def stale(**answers: Any) -> Portal:
    """Somebody whose second factor is older than 15 minutes."""
    return portal(book=Book(answers={"ListFactors": FACTORS, **answers}))


def test_the_enrolment_page_helps_to_choose() -> None:
    """ACC-27: who should take the app, and who SMS."""
    page = words(nobody(StartSignIn=NEW).post("/sign-in", email="o@t.example", password="x"))
    for said in (
        "Use another method",
        "The safest way",
        "if you have a smartphone",
        "already use such an app",
        "no smartphone",
        "do not want to install",
    ):
        assert said in page
    without = identity_pb2.StartSignInResponse(attempt=ATTEMPT, enrolment=NEW.enrolment, methods=[TOTP], preferred=TOTP)
    assert "Use another method" not in words(nobody(StartSignIn=without).post("/sign-in", email="o@t.example", password="x"))


def test_another_method_leads_by_number_and_code_to_signed_in() -> None:
    """ACC-24: each page carries what the next one needs."""
    asked = nobody(StartSignIn=NEW, FinishSignIn=identity_pb2.FinishSignInResponse(session="s" * 43))
    page = begun(asked)
    listed = asked.post("/sign-in/method", {**carried(page, "/sign-in/method"), "choose": "1"})
    assert "Code by SMS" in words(listed)
    form = asked.post("/sign-in/method", {**carried(page, "/sign-in/method"), "method": str(SMS)})
    assert "Mobile number" in words(form)
    typed = {**carried(form.get_data(as_text=True), "/sign-in/phone"), "phone_number": "070-174 06 05"}
    code = asked.post("/sign-in/phone", typed)
    assert f"We have sent a code to {PHONE}" in words(code)
    wanted = asked.last("SendSmsCode")
    assert (wanted.attempt, wanted.phone_number, wanted.language) == (ATTEMPT, "070-174 06 05", "en")
    done = asked.post("/sign-in/code", {**carried(code.get_data(as_text=True), "/sign-in/code"), "code": "123456"})
    assert done.headers["Location"] == "/"
    assert (asked.last("FinishSignIn").method, asked.last("FinishSignIn").code) == (SMS, "123456")


def test_a_number_without_its_countrys_code_is_read_as_the_readers() -> None:
    """ACC-24, ACC-20."""
    asked = nobody(StartSignIn=NEW)
    form = {"attempt": ATTEMPT, "method": str(SMS), "methods": "1,2", "uri": URI, "phone_number": "406 12 345"}
    asked.client.post("/sign-in/phone", data=form, headers=FORM | {"Accept-Language": "nb"})
    assert asked.last("SendSmsCode").country == "NO"


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (Invalid("phone_country", fields={"phone_number": "phone_country"}), "numbers of this country"),
        (TooMany("too_many_codes", facts={"retry_after": "300"}), "Wait 5 minutes"),
        (Unavailable("sms_unavailable"), "could not be sent just now"),
        (Invalid("sms_blocked", fields={"phone_number": "sms_blocked"}), "answered STOP"),
    ],
)
def test_a_number_that_gets_no_code_stays_to_be_corrected(failure: Failure, said: str) -> None:
    """ACC-24."""
    asked = nobody(SendSmsCode=failure)
    answer = asked.post("/sign-in/phone", {"attempt": ATTEMPT, "method": str(SMS), "methods": "1,2", "uri": URI, "phone_number": "+371 2"})
    assert said in words(answer)
    assert 'id="phone_number-error"' in answer.get_data(as_text=True)
    assert 'value="+371 2"' in answer.get_data(as_text=True)


def test_a_later_sign_in_by_sms_has_sent_the_code_already() -> None:
    """ACC-26: and offers the other methods there are."""
    asked = nobody(StartSignIn=BY_SMS)
    page = begun(asked)
    assert f"We have sent a code to {PHONE}" in page
    assert asked.last("SendSmsCode").phone_number == ""
    listed = words(asked.post("/sign-in/method", {**carried(page, "/sign-in/method"), "choose": "1"}))
    for said in ("Authenticator app", f"We send it to {PHONE}", "Recovery code", "Code from your administrator"):
        assert said in listed


def test_where_no_code_could_be_sent_the_other_methods_are_a_press_away() -> None:
    """ACC-26."""
    page = begun(nobody(StartSignIn=BY_SMS, SendSmsCode=TooMany("too_many_codes", facts={"retry_after": "60"})))
    assert "No code has been sent." in page
    assert "Use another method" in page


def test_it_is_told_when_nobody_knows_whether_the_sms_left() -> None:
    """ACC-24."""
    asked = nobody(StartSignIn=BY_SMS, SendSmsCode=identity_pb2.SendSmsCodeResponse(masked_phone=PHONE, uncertain=True))
    assert "If it does not come within a minute" in begun(asked)


def test_a_recovery_code_opens_and_leads_to_the_own_factors() -> None:
    """BEY-05: where the lost phone is replaced."""
    asked = nobody(StartSignIn=BY_SMS, FinishSignIn=identity_pb2.FinishSignInResponse(session="s" * 43))
    form = asked.post("/sign-in/method", {**carried(begun(asked), "/sign-in/method"), "method": str(RECOVERY)})
    assert "recovery codes that you wrote down" in words(form)
    done = asked.post("/sign-in/code", {**carried(form.get_data(as_text=True), "/sign-in/code"), "code": "ABCD-EFGH"})
    assert done.headers["Location"] == "/security"


def test_a_vouched_code_leads_to_a_new_app_or_phone() -> None:
    """BEY-05: no session yet."""
    further = identity_pb2.FinishSignInResponse(enrolment=NEW.enrolment, methods=[TOTP, SMS])
    asked = nobody(StartSignIn=BY_SMS, FinishSignIn=further)
    answer = asked.post("/sign-in/code", attempt=ATTEMPT, methods="2,4", method=str(VOUCHED), code="ABCD-EFGH-JKLM-NPQR")
    assert "Set-Cookie" not in answer.headers
    assert "Connect the authenticator app" in words(answer)
    assert carried(answer.get_data(as_text=True), "/sign-in/code")["attempt"] == ATTEMPT


def test_a_code_that_ran_out_can_be_asked_for_again() -> None:
    """P3."""
    answer = nobody(FinishSignIn=Unauthenticated("code_over")).post(
        "/sign-in/code", attempt=ATTEMPT, methods="2", method=str(SMS), masked_phone=PHONE, code="1"
    )
    assert "Ask for another one" in words(answer)
    assert "Send another code" in words(answer)


def test_a_fresh_code_is_asked_for_in_place_and_the_form_goes_on() -> None:
    """NET-05: adding a user, with everything that was written, several values of a field and odd characters included."""
    asked = stale(AddMember=Denied("step_up_needed"))
    written = MultiDict(
        [
            ("step", "name"),
            ("email", "ny@testdal.example"),
            ("first_name", 'Ny "<b>'),
            ("last_name", "Ås"),
            ("role", "2"),
            ("x", "1"),
            ("x", "2"),
        ]
    )
    answer = asked.post("/administration/members/new", written)
    assert (answer.status_code, answer.mimetype, "Confirm that it is you" in words(answer)) == (403, "text/html", True)
    page = answer.get_data(as_text=True)
    form = re.findall(r'<form class="sheet.*?</form>', page, re.DOTALL)[0]
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    held = MultiDict((name, html.unescape(value)) for name, value in hidden)
    own = ("step_up", "written_as")  # of this page, and of every form
    assert [(name, value) for name, value in held.items(multi=True) if not name.startswith(own)] == list(written.items(multi=True))
    held["step_up_code"] = "123456"
    confirmed = asked.client.post("/step-up", data=held, headers=FORM)
    assert (confirmed.status_code, confirmed.headers["Location"]) == (307, "/administration/members/new")
    assert (asked.last("StepUp").code, asked.last("StepUp").method, asked.last("StepUp").password) == ("123456", TOTP, "")
    asked.book.answers.pop("AddMember")
    again = asked.client.post("/administration/members/new", data=held, headers=FORM)
    assert again.status_code == 302
    assert (asked.last("AddMember").first_name, asked.last("AddMember").email) == ('Ny "<b>', "ny@testdal.example")


def test_a_wrong_code_is_told_there_and_keeps_the_form() -> None:
    """NET-05."""
    asked = stale(StepUp=Invalid("wrong_code", fields={"code": "wrong_code"}))
    answer = asked.post(
        "/step-up", step_up_code="1", step_up_method="1", step_up_back="/x", step_up_post="1", step_up_both="0", kept="this"
    )
    page = answer.get_data(as_text=True)
    assert ('id="step_up_code-error"' in page, 'name="kept" value="this"' in page) == (True, True)


def test_changing_factors_asks_for_the_password_too() -> None:
    """BEY-05."""
    asked = stale(RegenerateRecoveryCodes=Denied("step_up_needed"))
    page = asked.post("/security/recovery-codes").get_data(as_text=True)
    assert 'name="step_up_password"' in page
    asked.post("/step-up", {**carried(page, "/step-up"), "step_up_code": "123456", "step_up_password": "gran furu"})
    assert asked.last("StepUp").password == "gran furu"


def test_a_code_by_sms_is_sent_when_asked_for_and_the_method_can_be_changed() -> None:
    """NET-05."""
    asked = stale(SendStepUpCode=SENT)
    given = {"step_up_back": "/security", "step_up_post": "0", "step_up_both": "0", "kept": "this"}
    chosen = asked.post("/step-up", {**given, "step_up_choose": str(SMS)})
    assert f"Send a code to {PHONE}" in words(chosen)
    assert asked.asked("SendStepUpCode") == []
    sent = asked.post("/step-up", {**given, "step_up_method": str(SMS), "step_up_send": "1"})
    assert f"We have sent a code to {PHONE}" in words(sent)
    assert 'name="kept" value="this"' in sent.get_data(as_text=True)
    confirmed = asked.post("/step-up", {**given, "step_up_method": str(SMS), "step_up_code": "123456"})
    assert (confirmed.status_code, confirmed.headers["Location"]) == (303, "/security")


@pytest.mark.parametrize("elsewhere", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)"])
def test_nobody_is_led_elsewhere_with_what_was_written(elsewhere: str) -> None:
    """ASVS 3.7.2: a form that goes on goes on here."""
    given = {"step_up_code": "1", "step_up_method": "1", "step_up_back": elsewhere, "step_up_post": "1", "step_up_both": "0"}
    assert stale().post("/step-up", given).headers["Location"] == "/"


def test_programs_are_told_and_not_asked() -> None:
    """NET-05: the reason is what a script reads."""
    asked = stale(AddMember=Denied("step_up_needed"))
    given = {"step": "name", "email": "ny@testdal.example", "first_name": "N", "last_name": "Y", "role": "2"}
    answer = asked.client.post("/administration/members/new", data=given, headers=FORM | {"Accept": "application/json"})
    assert (answer.status_code, asked.asked("ListFactors")) == (403, [])


def test_the_own_page_shows_factors_codes_and_sessions() -> None:
    """BEY-05, ACC-70, ASVS 7.5.2: and only masked numbers."""
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36 Edg/126.0"
    here = identity_pb2.SessionInfo(session_id=MEMBERSHIP, user_agent=agent, seen_at=AT, present=True)
    there = identity_pb2.SessionInfo(session_id=MEMBERSHIP[:-1] + "8", user_agent="Kontor-Test/1", seen_at=AT)
    asked = stale(ListSessions=identity_pb2.ListSessionsResponse(sessions=[here, there]))
    said = words(asked.get("/security"))
    for each in (
        "Authenticator app",
        f"Code by SMS {PHONE}",
        "Asked for first",
        "3 codes are left",
        "Edge, Windows",
        "Here, now",
        "Kontor-Test",
    ):
        assert each in said
    assert asked.post("/security/sessions/end", session=there.session_id).headers["Location"] == "/security?saved=ended"
    assert asked.last("EndSessions").session_id == there.session_id


def test_a_number_is_added_by_its_code() -> None:
    """ACC-22."""
    asked = stale(StartFactor=identity_pb2.StartFactorResponse(setup="u" * 43, masked_phone=PHONE))
    page = asked.post("/security/factors/start", method=str(SMS), phone_number="070-174 06 05").get_data(as_text=True)
    assert PHONE in page
    done = asked.post("/security/factors/confirm", {**carried(page, "/security/factors/confirm"), "code": "123 456"})
    assert done.headers["Location"] == "/security?saved=factor"
    assert (asked.last("ConfirmFactor").setup, asked.last("ConfirmFactor").code) == ("u" * 43, "123456")
    asked.book.answers["ConfirmFactor"] = Invalid("wrong_code", fields={"code": "wrong_code"})
    assert 'id="code-error"' in asked.post("/security/factors/confirm", setup="u" * 43, code="1").get_data(as_text=True)


def test_recovery_codes_are_on_the_screen_once() -> None:
    """BEY-05."""
    asked = stale(RegenerateRecoveryCodes=identity_pb2.RegenerateRecoveryCodesResponse(codes=["ABCD-EFGH"] * 10))
    answer = asked.post("/security/recovery-codes")
    assert answer.get_data(as_text=True).count("ABCD-EFGH") == 10
    assert answer.headers["Cache-Control"] == "no-store"


def test_vouching_wants_the_tick_and_shows_the_code_once() -> None:
    """BEY-05."""
    made = identity_pb2.VouchForMemberResponse(code="ABCD-EFGH-JKLM-NPQR", expires_at=AT)
    asked = stale(VouchForMember=made)
    assert "make sure that it really is" in words(asked.get(f"/security/vouch/{MEMBERSHIP}"))
    asked.book.answers["VouchForMember"] = Invalid("identity_not_checked", fields={"identity_checked": "identity_not_checked"})
    assert "tick the box" in words(asked.post(f"/security/vouch/{MEMBERSHIP}"))
    asked.book.answers["VouchForMember"] = made
    assert "ABCD-EFGH-JKLM-NPQR" in words(asked.post(f"/security/vouch/{MEMBERSHIP}", identity_checked="on"))
    assert asked.last("VouchForMember").identity_checked
