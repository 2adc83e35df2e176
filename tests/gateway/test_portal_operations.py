"""The pages of the platform's operator: help people who were invited, and make firms."""

import pytest
from kontor.access.v1 import access_pb2
from kontor.identity.v1 import identity_pb2, invitations_pb2

from chassis.errors import Conflict, Denied, Invalid
from tests.gateway.portal import EVERYTHING, OTHER, SECOND, Portal, portal, session, words
from tests.gateway.test_portal_inviting import PERSON

START, SEND, NEW = "/operations", f"/operations/invitees/{SECOND}/send", "/operations/firms/new"
OPERATOR = (access_pb2.PERMISSION_SESSION_USE, access_pb2.PERMISSION_INVITATION_SUPPORT, access_pb2.PERMISSION_FIRM_CREATE)
WHO = {"email": "juri@testdal.example"}
FIRM = {
    "name": "Nordlys Regnskap AS", "organisation_number": "899000021", "country": "NO", "email": "berit@nordlys.example",
    "first_name": "Berit", "last_name": "Revisordal", "language": "nb",
}  # fmt: skip


def _operator(*, member: bool = False) -> Portal:
    """Somebody who belongs to no organisation, and finds one person who was invited and has changed since."""
    asked = portal(permissions=OPERATOR, member=member)
    found = invitations_pb2.Invitee()
    found.CopyFrom(PERSON)
    found.organisation_id, found.changed = OTHER, True
    asked.book.answers["FindInvitees"] = invitations_pb2.FindInviteesResponse(invitees=[found])
    return asked


@pytest.mark.parametrize("member", [True, False])
def test_the_operator_finds_who_was_invited_and_invites_again(*, member: bool) -> None:
    """NET-17, NET-26, NET-19: by address, with the state and why the administrator cannot; the tick goes along and is demanded."""
    asked = _operator(member=member)
    assert "Juri" not in words(asked.get(START))
    found = words(asked.post(START, WHO))
    assert asked.last("FindInvitees").email == WHO["email"]
    for said in ("Jüri Tamm, Testdal Bakeri AS", "Code entered", "by Ingrid Eksempeldal", "details have changed since the last invitation"):
        assert said in found, said
    assert asked.post(SEND, WHO | {"identity_checked": "1"}).headers["Location"] == f"{START}?done=sent"
    assert (asked.last("InviteAgain").membership_id, asked.last("InviteAgain").identity_checked) == (SECOND, True)
    assert "The invitation is on its way" in words(asked.get(f"{START}?done=sent"))
    asked.book.answers["InviteAgain"] = Invalid("identity_not_checked", fields={"identity_checked": "identity_not_checked"})
    refused = asked.post(SEND, WHO)
    assert (refused.status_code, asked.last("InviteAgain").identity_checked) == (422, False)
    assert "tick the box" in words(refused)


def test_no_number_and_no_code_is_on_the_operators_page() -> None:
    """NET-26, NET-31: also where identity told more than it does, the page shows none of it and offers no code."""
    asked = _operator()
    found = asked.post(START, WHO).get_data(as_text=True)
    assert "Jüri" in found
    for secret in (PERSON.phone_number, PERSON.identifier, "confirmation code", "invitation/code"):
        assert secret not in found, secret


def test_what_stands_in_the_way_is_said() -> None:
    """NET-26."""
    asked = _operator()
    asked.book.answers["InviteAgain"] = Invalid("phone_number_missing", fields={"phone_number": "phone_number_missing"})
    assert "administrator writes it down" in words(asked.post(SEND, WHO | {"identity_checked": "1"}))
    asked.book.answers["FindInvitees"] = invitations_pb2.FindInviteesResponse()
    assert "Nobody with this address was invited" in words(asked.post(START, WHO))
    asked.book.answers["FindInvitees"] = Invalid("invalid_request", fields={"email": "string.min_len"})
    refused = asked.post(START, email="j")
    assert (refused.status_code, "Nobody with this address" in words(refused)) == (422, False)
    assert 'id="email-error"' in refused.get_data(as_text=True)


def test_the_operator_confirms_who_it_is_and_goes_on_with_what_was_written() -> None:
    """NET-05, NET-17: the fresh code is asked for in place, without an organisation too."""
    asked = _operator()
    asked.book.answers["InviteAgain"] = Denied("step_up_needed")
    asked.book.answers["ListFactors"] = identity_pb2.FactorList(factors=[identity_pb2.Factor(method=identity_pb2.METHOD_TOTP)])
    page = asked.post(SEND, WHO | {"identity_checked": "1"})
    assert "Confirm that it is you" in words(page)
    assert 'name="identity_checked" value="1"' in page.get_data(as_text=True)
    kept = {"step_up_back": SEND, "step_up_post": "1", "step_up_method": "1", "step_up_code": "123456"}
    went_on = asked.post("/step-up", WHO | {"identity_checked": "1"} | kept)
    assert (went_on.status_code, went_on.headers["Location"]) == (307, SEND)
    assert asked.last("StepUp").code == "123456"


def test_the_operator_makes_a_firm_with_its_first_administrator() -> None:
    """ACC-06: what is wrong stands beside its field, and what was written stays."""
    asked = _operator()
    assert "New firm" in words(asked.get(NEW))
    asked.book.answers["CreateFirm"] = Conflict("organisation_exists")
    refused = asked.post(NEW, FIRM)
    assert refused.status_code == 409
    assert "is here already" in words(refused)
    assert 'value="Nordlys Regnskap AS"' in refused.get_data(as_text=True)
    asked.book.answers["CreateFirm"] = Invalid("invalid_request", fields={"administrator.email": "email_invalid"})
    assert 'id="email-error"' in asked.post(NEW, FIRM).get_data(as_text=True)
    asked.book.answers["CreateFirm"] = identity_pb2.Organisation()
    assert asked.post(NEW, FIRM).headers["Location"] == f"{START}?done=made"
    sent = asked.last("CreateFirm")
    assert (sent.name, sent.organisation_number, sent.country) == ("Nordlys Regnskap AS", "899000021", "NO")
    first = sent.administrator
    assert (first.email, first.first_name, first.last_name, first.language) == ("berit@nordlys.example", "Berit", "Revisordal", "nb")


def test_nobody_else_reaches_the_operators_pages() -> None:
    """NET-17, NET-26, P10: an administrator who may everything else is refused before anything is asked, and sees no entry."""
    others = tuple(each for each in EVERYTHING if each not in OPERATOR[1:])
    asked = portal(permissions=others)
    assert 'href="/operations"' not in asked.get("/account").get_data(as_text=True)
    for answer in (asked.get(START), asked.post(START, WHO), asked.post(SEND, WHO), asked.get(NEW), asked.post(NEW, FIRM)):
        assert answer.status_code == 403
    assert [asked.asked(rpc) for rpc in ("FindInvitees", "InviteAgain", "CreateFirm")] == [[], [], []]
    outside = portal(permissions=OPERATOR[:1], member=False)
    assert outside.get(START).headers["Location"] == "/organisations"


def test_an_operator_comes_in_at_the_operators_pages() -> None:
    """Without an organisation straight away, with several from the choice, and inside one from the menu; all else stays closed."""
    alone = _operator()
    assert alone.get("/").headers["Location"] == START
    assert alone.get("/documents").headers["Location"] == START
    assert 'action="/sign-out"' in alone.get(START).get_data(as_text=True)
    inside = portal(permissions=EVERYTHING)
    assert inside.get("/account").get_data(as_text=True).count('href="/operations"') == 2
    several = session(permissions=OPERATOR, organisations=2)
    several.ClearField("current")
    choosing = portal()
    choosing.book.answers["ResolveSession"] = several
    assert choosing.get("/").headers["Location"] == "/organisations"
    assert 'href="/operations"' in choosing.get("/organisations").get_data(as_text=True)
    due = session(permissions=OPERATOR, member=False)
    due.profile.terms_due = "2026-01"
    choosing.book.answers["ResolveSession"] = due
    assert choosing.get(START).headers["Location"] == "/terms"
