"""Adding a foreign user, the invite view, and what the invited person types, as the pages do them."""

import re

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from kontor.identity.v1 import identity_pb2, invitations_pb2

from chassis.errors import Conflict, Denied, Invalid, Unavailable
from services.gateway import texts
from services.gateway.config import Config
from tests.gateway.portal import AT, OTHER, OWN, SECOND, Portal, portal, words

VIEW, ADD = f"/administration/members/{SECOND}/invitation", "/administration/members/new"
FIRM = identity_pb2.ORGANISATION_KIND_FIRM
UNTIL = Timestamp(seconds=AT.seconds + 24 * 60 * 60)
PERSON = invitations_pb2.Invitee(
    membership_id=SECOND, organisation_id=OWN, organisation_name="Testdal Bakeri AS", first_name="Jüri", last_name="Tamm",
    email="juri@testdal.example", phone_number="+46701740605", identifier_country="EE", identifier="38001085718", system_id="ABC-DEF-GHJ",
    state=identity_pb2.INVITATION_STATE_CODE_ENTERED, sent_at=AT, expires_at=UNTIL, inviter_name="Ingrid Eksempeldal", may_make_code=True,
    sms_reaches=True,
)  # fmt: skip
WHO = {"method": "code", "email": "juri@testdal.example", "identifier": "38001085718", "country": "EE", "registered": "1", "system_id": ""}
ENTRY = invitations_pb2.InvitationEntry(
    inviter_name="Ingrid Eksempeldal", organisation_name="Testdal Bakeri AS", masked_phone="+46 ••• •• 05", codes_left=2, expires_at=UNTIL
)


def _view(**changes: object) -> Portal:
    asked = portal()
    shown = invitations_pb2.Invitee()
    shown.CopyFrom(PERSON)
    for name, value in changes.items():
        setattr(shown, name, value)
    asked.book.answers["ShowInvitee"] = shown
    return asked


def test_adding_a_foreign_user_begins_with_the_method_and_asks_for_identifier_and_country() -> None:
    """NET-06, NET-07, NET-08, NET-11, NET-12: each page carries on what the one before asked; nothing of it is in an address."""
    asked = portal()
    assert 'value="link" checked' in asked.get(ADD).get_data(as_text=True)
    second = asked.post(ADD, WHO | {"step": "email"})
    assert "Country that issued it" in words(second)
    assert "Estonia" in words(second)
    for missing, said in (("identifier", "at least three"), ("country", "Choose the country"), ("registered", "a user already")):
        refused = asked.post(ADD, WHO | {"step": "identity", missing: ""})
        assert (refused.status_code, said in words(refused)) == (422, True), missing
    third = asked.post(ADD, WHO | {"step": "identity"})
    assert "Mobile number" in words(third)
    assert 'name="identifier" value="38001085718"' in third.get_data(as_text=True)
    assert asked.asked("AddMember") == []
    asked.book.answers["AddMember"] = identity_pb2.Member(membership_id=SECOND)
    person = {"step": "name", "first_name": "Jüri", "last_name": "Tamm", "phone_number": "+46 70 174 06 05", "role": "2"}
    assert asked.post(ADD, WHO | person).headers["Location"] == f"/administration/members/{SECOND}/folders?added=code"
    sent = asked.last("AddMember")
    assert (sent.email, sent.role, sent.HasField("validity")) == ("juri@testdal.example", identity_pb2.ROLE_WRITE, False)
    assert (sent.identification.identifier, sent.identification.country) == ("38001085718", "EE")
    assert (sent.identification.registered, sent.identification.phone_number) == (identity_pb2.REGISTERED_NO, "+46 70 174 06 05")


def test_somebody_who_is_a_user_already_is_named_by_the_own_identifier() -> None:
    """NET-07, NET-08: it is sent only where the administrator said so; one that nobody has is said beside it."""
    asked = portal()
    person = {"step": "name", "first_name": "Jüri", "last_name": "Tamm", "system_id": "ABC-DEF-GHJ"}
    asked.post(ADD, WHO | person)
    assert asked.last("AddMember").identification.system_id == ""
    asked.book.answers["AddMember"] = Invalid("system_id_unknown", fields={"identification.system_id": "system_id_unknown"})
    answer = asked.post(ADD, WHO | person | {"registered": "2"})
    assert asked.last("AddMember").identification.system_id == "ABC-DEF-GHJ"
    assert "Nobody has this identifier" in words(answer)
    assert 'name="system_id" value="ABC-DEF-GHJ"' in answer.get_data(as_text=True)


def test_who_is_sent_back_to_the_identifier_finds_the_last_page_filled_in_again() -> None:
    """NET-07, NET-08, NET-12: names, number, role and days."""
    asked = portal()
    asked.book.answers["AddMember"] = Invalid("system_id_unknown", fields={"identification.system_id": "system_id_unknown"})
    last = {"first_name": "Jüri", "last_name": "Tamm", "phone_number": "+46 70 174 06 05", "role": "3", "first_day": "2026-06-01",
            "last_day": "2026-06-30", "stop_emails": "1"}  # fmt: skip
    back = asked.post(ADD, WHO | last | {"step": "name", "registered": "2", "system_id": "ABC-DEF-GHJ"}).get_data(as_text=True)
    carried = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', back))
    assert carried.items() >= last.items()
    visible = {name: WHO[name] for name in ("identifier", "country")} | {"registered": "2", "system_id": ""}
    page = asked.post(ADD, carried | visible).get_data(as_text=True)
    assert 'name="role" value="3" checked' in page
    assert 'name="stop_emails" value="1" checked' in page
    for name in last.keys() - {"role", "stop_emails"}:
        assert re.search(rf'name="{name}"[^>]* value="{re.escape(last[name])}"', page), name


def test_an_address_that_is_refused_can_be_written_anew_beside_the_identifier() -> None:
    """NET-07, P21: whichever of the two is wrong."""
    asked = portal()
    asked.book.answers["AddMember"] = Conflict("already_member", fields={"email": "already_member"})
    back = asked.post(ADD, WHO | {"step": "name", "first_name": "Jüri", "last_name": "Tamm"}).get_data(as_text=True)
    assert re.findall(r'<input[^>]* name="email" type="email" value="juri@testdal.example"[^>]* aria-invalid="true"', back)


def test_one_who_gets_a_link_by_mail_is_added_as_ever() -> None:
    """ACC-77."""
    asked = portal()
    person = {"first_name": "Ola", "last_name": "P", "method": "link", "identifier": "x"}
    asked.post(ADD, {"step": "name", "email": "ola@testdal.example", **person})
    assert not asked.last("AddMember").HasField("identification")


def test_the_firm_goes_from_adding_to_inviting() -> None:
    asked = portal(kind=FIRM)
    asked.book.answers["AddMember"] = identity_pb2.Member(membership_id=SECOND)
    assert asked.post(ADD, WHO | {"step": "name", "first_name": "J", "last_name": "T"}).headers["Location"] == f"{VIEW}?done=added"


def test_the_invite_view_shows_what_to_check() -> None:
    """NET-16, NET-18, NET-10: reached from the user's page; name, address, number, identifier."""
    asked = _view()
    asked.book.answers["GetMember"] = identity_pb2.Member(
        membership_id=SECOND, first_name="Jüri", system_id="ABC-DEF-GHJ", invitation=identity_pb2.INVITATION_STATE_CODE_ENTERED
    )
    panel = asked.get(f"/administration/members/{SECOND}")
    assert f'href="{VIEW}"' in panel.get_data(as_text=True)
    assert "ABC-DEF-GHJ" in words(panel)
    assert "Code entered" in words(panel)
    said = words(asked.get(VIEW))
    for fact in ("Jüri Tamm", "juri@testdal.example", "+46701740605", "38001085718 (Estonia)", "Code entered", "by Ingrid Eksempeldal"):
        assert fact in said, fact


def test_the_tick_goes_along_and_its_lack_is_said() -> None:
    """NET-19."""
    asked = _view()
    answer = asked.post(f"{VIEW}/send", identity_checked="1")
    assert answer.headers["Location"] == f"{VIEW}?done=sent"
    assert asked.last("Invite").identity_checked
    asked.book.answers["Invite"] = Invalid("identity_not_checked", fields={"identity_checked": "identity_not_checked"})
    refused = asked.post(f"{VIEW}/send")
    assert (refused.status_code, asked.last("Invite").identity_checked) == (422, False)
    assert "tick the box" in words(refused)


def test_a_changed_person_is_invited_by_customer_service() -> None:
    """NET-17: no button, and the refusal in words where the change came meanwhile."""
    asked = _view(changed=True)
    page = asked.get(VIEW)
    assert "Contact customer service" in words(page)
    assert "Send invitation" not in words(page)
    asked.book.answers["Invite"] = Denied("invitee_changed")
    assert asked.post(f"{VIEW}/send", identity_checked="1").status_code == 403


def test_without_a_number_the_view_asks_for_one_first() -> None:
    """NET-18, NET-27."""
    asked = _view(phone_number="", state=0)
    assert "Write the person's mobile number first" in words(asked.get(VIEW))
    answer = asked.post(f"/administration/members/{SECOND}/details", phone_number="+46 70 174 06 05", first_name="Else")
    assert answer.headers["Location"] == f"{VIEW}?done=saved"
    assert (asked.last("ChangeInvitee").phone_number, asked.last("ChangeInvitee").first_name) == ("+46 70 174 06 05", "")
    asked.book.answers["ChangeInvitee"] = Invalid("phone_number_invalid", fields={"phone_number": "phone_number_invalid"})
    refused = asked.post(f"/administration/members/{SECOND}/details", phone_number="12")
    assert 'value="12"' in refused.get_data(as_text=True)
    assert "This is not a mobile number" in words(refused)


def test_an_invitation_is_cancelled_from_the_view() -> None:
    """NET-22."""
    asked = _view()
    assert asked.post(f"{VIEW}/cancel").headers["Location"] == f"{VIEW}?done=cancelled"
    asked.book.answers["CancelInvitation"] = Conflict("nothing_to_cancel")
    assert "nothing to cancel" in words(asked.post(f"{VIEW}/cancel"))


def test_a_code_is_offered_once_the_digits_are_in_and_shown_once() -> None:
    """NET-29, NET-30, NET-31: on the answer to the button, and on no page that can be opened again."""
    waiting = _view(may_make_code=False, state=identity_pb2.INVITATION_STATE_SENT)
    assert "Make a confirmation code" not in words(waiting.get(VIEW))
    asked = _view()
    assert "Did the invited person not get the confirmation code?" in words(asked.get(VIEW))
    asked.book.answers["MakeCode"] = invitations_pb2.MakeCodeResponse(code="246810", expires_at=UNTIL)
    assert "246810" in words(asked.post(f"{VIEW}/code"))
    assert "246810" not in words(asked.get(VIEW))
    assert asked.get(f"{VIEW}/code").status_code == 405
    asked.book.answers["MakeCode"] = Conflict("code_not_entered")
    assert "has not entered the 16 digits" in words(asked.post(f"{VIEW}/code"))


def test_what_needs_a_fresh_factor_is_asked_for_in_place() -> None:
    """NET-05: the form's content is kept while the code is asked for."""
    asked = _view()
    asked.book.answers["Invite"] = Denied("step_up_needed")
    page = asked.post(f"{VIEW}/send", identity_checked="1").get_data(as_text=True)
    assert 'name="identity_checked" value="1"' in page
    assert f'name="step_up_back" value="{VIEW}/send"' in page


def test_the_firm_invites_the_people_of_its_clients() -> None:
    """NET-03: from the client's people, and back there."""
    asked = portal(kind=FIRM)
    asked.book.answers["ListMembers"] = identity_pb2.ListMembersResponse(
        members=[identity_pb2.Member(membership_id=SECOND, first_name="Jüri", invitation=identity_pb2.INVITATION_STATE_SENT)], total=1
    )
    shown = invitations_pb2.Invitee()
    shown.CopyFrom(PERSON)
    shown.organisation_id = OTHER
    people = asked.get(f"/administration/clients/{OTHER}/people")
    assert f'href="{VIEW}"' in people.get_data(as_text=True)
    assert "Invitation sent" in words(people)
    asked.book.answers["ShowInvitee"] = shown
    assert f'href="/administration/clients/{OTHER}/people"' in asked.get(VIEW).get_data(as_text=True)


def test_every_state_has_its_words() -> None:
    """NET-16, NET-20, NET-22, NET-25, NET-27: in the list of users as on the page."""
    asked = portal(signed_in=False)
    with asked.app.test_request_context():
        asked.app.preprocess_request()
        assert all(texts.invitation(state) for state in identity_pb2.InvitationState.values() if state)
        assert {"EE", "NO", "US"} < texts.all_countries().keys()
        assert not {"EU", "ZZ"} & texts.all_countries().keys()


def test_the_invited_person_types_both_codes() -> None:
    """NET-24, NET-25, NET-27, NET-34: without a session; the entry is a cookie no script reads, and goes when it is done."""
    asked = portal(signed_in=False, config=Config(public_url="https://portal.example.no"))
    assert "Enter your activation code" in words(asked.get("/activate"))
    shown = invitations_pb2.InvitationEntry()
    shown.CopyFrom(ENTRY)
    shown.sms = invitations_pb2.SMS_OUTCOME_SENT
    asked.book.answers.update(EnterCode=invitations_pb2.EnterCodeResponse(entry="e" * 43, shown=shown), ShowEntry=ENTRY)
    entered = asked.post("/activate", code="1234 5678 9012 3456")
    assert entered.headers["Location"] == "/activate/code?sms=sent"
    cookie = entered.headers["Set-Cookie"]
    assert all(part in cookie for part in ("__Host-invitation=" + "e" * 43, "HttpOnly", "Secure", "SameSite=Lax", "Path=/"))
    said = words(asked.get("/activate/code?sms=sent"))
    assert "Ingrid Eksempeldal invites you to Testdal Bakeri AS." in said
    assert "We have sent a code to +46" in said
    assert "2 more can be sent." in said
    assert asked.get("/activate").headers["Location"] == "/activate/code", "goes on where it was"
    asked.book.answers["ConfirmCode"] = invitations_pb2.ConfirmCodeResponse(
        activation="a" * 43, expires_at=UNTIL, email="juri@testdal.example", password_mailed=True
    )
    done = asked.post("/activate/code", code=" 246 810 ")
    assert (asked.last("ConfirmCode").entry, asked.last("ConfirmCode").code) == ("e" * 43, "246810")
    assert "a mail with a link is on its way to juri@testdal.example" in words(done)
    cookies = done.headers.getlist("Set-Cookie")
    assert any(each.startswith("__Host-activation=" + "a" * 43) and "Max-Age=3600" in each for each in cookies)
    assert any(each.startswith("__Host-invitation=;") for each in cookies)


def test_who_has_an_account_signs_in_with_it() -> None:
    """NET-23, NET-34."""
    asked = portal(signed_in=False)
    asked.book.answers["ConfirmCode"] = invitations_pb2.ConfirmCodeResponse(activation="a" * 43, email="juri@testdal.example")
    said = words(asked.post("/activate/code", code="246810"))
    assert "You have an account already" in said
    assert "link is on its way" not in said


@pytest.mark.parametrize("reason", ["wrong_code", "code_over"])
def test_a_wrong_code_is_said_at_the_field(reason: str) -> None:
    asked = portal(signed_in=False)
    asked.book.answers.update(ShowEntry=ENTRY, ConfirmCode=Invalid(reason, fields={"code": reason}))
    answer = asked.post("/activate/code", code="000000")
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.get_data(as_text=True)
    asked.book.answers["EnterCode"] = Invalid("wrong_code", fields={"code": "wrong_code"})
    assert asked.post("/activate", code="0000").status_code == 422


def test_another_sms_is_asked_for_and_its_failure_leads_to_the_administrator() -> None:
    """NET-28, NET-29."""
    asked = portal(signed_in=False)
    again = invitations_pb2.InvitationEntry()
    again.CopyFrom(ENTRY)
    again.sms = invitations_pb2.SMS_OUTCOME_UNCERTAIN
    asked.book.answers.update(ShowEntry=ENTRY, SendCode=again)
    assert asked.post("/activate/send").headers["Location"] == "/activate/code?sms=uncertain"
    asked.book.answers["SendCode"] = Unavailable("sms_unavailable")
    said = words(asked.post("/activate/send"))
    assert "Ask Ingrid Eksempeldal for a confirmation code" in said
    used_up = invitations_pb2.InvitationEntry(masked_phone="+46", inviter_name="I", codes_left=0)
    asked.book.answers["ShowEntry"] = used_up
    assert "No more codes can be sent" in words(asked.get("/activate/code"))


def test_an_invitation_that_is_over_leads_back_to_the_start() -> None:
    """BEY-01: and the browser forgets it."""
    asked = portal(signed_in=False)
    asked.book.answers["ShowEntry"] = Conflict("entry_over")
    answer = asked.get("/activate/code")
    assert "Ask the person who invited you for a new one" in words(answer)
    assert answer.headers["Set-Cookie"].startswith("invitation=;")


def test_the_own_identifier_stands_in_the_basic_settings() -> None:
    """NET-10."""
    asked = portal()
    session = asked.book.answers["ResolveSession"]
    assert isinstance(session, identity_pb2.ResolveSessionResponse)
    session.profile.system_id = "ABC-DEF-GHJ"
    assert "Your Kontor identifier ABC-DEF-GHJ" in words(asked.get("/account"))
