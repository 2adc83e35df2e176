"""What administrators and the platform's operator do about invitations by code (NET-03, NET-05, NET-16 to NET-22, NET-26)."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from kontor.access.v1.access_pb2 import PERMISSION_FIRM_CREATE, PERMISSION_INVITATION_SUPPORT
from kontor.identity.v1 import events_pb2
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1 import invitations_pb2 as inv

from chassis.caller import Caller
from chassis.errors import Failure
from chassis.testing import at_once
from tests.identity.invited import EMAIL, NUMBER, Inviting, added, confirm, enter, identification, inviting, send, stub, with_account
from tests.identity.world import NUMBERS, Somebody, World, later, operator

BERIT, KARI = "berit@kontoret.example.no", "kari@bakeri.example.no"


def reason(call: Callable[[], object]) -> str:
    with pytest.raises(Failure) as why:
        call()
    return why.value.reason


def test_nothing_is_sent_before_the_identity_is_confirmed(world: World, kari: Caller, juri: Inviting) -> None:
    """NET-19: the tick is demanded, and recorded with who gave it."""
    assert reason(lambda: juri.invite(checked=False)) == "identity_not_checked"
    assert world.sql("select count(*) from invitations") == [(0,)]
    juri.invite()
    sent = "select facts, caller from audit where action = 'invitation.send' and organisation_id = :id"
    written = world.sql(sent, id=kari.organisation_id)
    assert [(facts["identity_checked"], by) for facts, by in written] == [("yes", f"user:{kari.user_id}")]  # type: ignore[index]
    assert world.sql("select inviter_id, identity_checked_at is not null from invitations") == [(kari.user_id, True)]


def test_a_cancelled_invitation_is_good_for_nothing_at_any_step(world: World, juri: Inviting) -> None:
    """NET-22: before it is sent, when it was sent, after the 16 digits, and with a code made."""
    assert reason(juri.cancel) == "nothing_to_cancel"
    juri.invite()
    juri.cancel()
    world.service.run_job("send_letters")
    assert [letter for letter in world.notify.sent if letter.activation_code] == []
    juri.invite()
    code = juri.mailed()
    assert juri.cancel().state == inv.Invitee(state=7).state  # type: ignore[arg-type]
    assert reason(lambda: enter(world, code)) == "invitation_cancelled"
    entry = juri.entered()
    sms, made = world.sms.sent[-1].code, juri.make_code().code
    juri.cancel()
    assert [reason(lambda: confirm(world, entry, digits)) for digits in (sms, made)] == ["entry_over"] * 2  # noqa: B023 - called at once
    assert (juri.state, reason(juri.cancel)) == ("cancelled", "nothing_to_cancel")


def test_a_new_invitation_takes_the_place_of_the_former(world: World, juri: Inviting) -> None:
    """NET-17, NET-22: also of one whose 16 digits were entered; after the identification was completed a further one can be sent."""
    entry, code = juri.entered(), world.sms.sent[-1].code
    juri.invite()
    assert reason(lambda: confirm(world, entry, code)) == "entry_over"
    entry = enter(world, juri.mailed()).entry
    with later(minutes=11):
        send(world, entry)
        confirm(world, entry, world.sms.sent[-1].code)
        assert juri.state == "completed"
        juri.invite()
        assert juri.state == "sending"


def test_of_invitations_at_the_same_moment_one_stays(world: World, juri: Inviting) -> None:
    """NET-17: of twenty clicks the last counts, and no code of another works."""
    at_once([juri.invite] * 20)
    assert world.sql("select count(*) from invitations where cancelled_at is null") == [(1,)]
    world.service.run_job("send_letters")
    codes = [letter.activation_code for letter in world.notify.sent if letter.activation_code]
    assert len(codes) == 1


def test_changed_data_are_the_operators_business(world: World, kari: Caller, juri: Inviting) -> None:
    """NET-17, NET-26: while nothing has changed, any number of times; then the operator only, wherever it is."""
    juri.invite()
    juri.invite()
    juri.stub.ChangeInvitee(inv.ChangeInviteeRequest(membership_id=juri.membership_id, phone_number="+46701740606"))
    assert juri.shown.changed
    assert reason(juri.invite) == "invitee_changed"
    support = stub(world, operator(PERMISSION_INVITATION_SUPPORT))
    assert reason(lambda: stub(world, kari).FindInvitees(inv.FindInviteesRequest(email=EMAIL))) == "not_permitted"
    (found,) = support.FindInvitees(inv.FindInviteesRequest(email=EMAIL)).invitees
    assert (found.membership_id, found.organisation_name, found.changed) == (juri.membership_id, "Bakerud Bakeri AS", True)
    assert (found.phone_number, found.identifier) == ("", ""), "what helping does not need"
    support.InviteAgain(inv.InviteRequest(membership_id=juri.membership_id, identity_checked=True))
    enter(world, juri.mailed())
    assert world.sms.sent[-1].phone_number == "+46701740606"
    assert not juri.shown.changed


def test_data_changed_by_the_person_count_as_well(world: World, juri: Inviting) -> None:
    """NET-17."""
    confirm(world, juri.entered(), world.sms.sent[-1].code)
    account = with_account(world)
    world.account(world.caller(account)).UpdateProfile(pb.UpdateProfileRequest(last_name="Kask"))
    assert reason(juri.invite) == "invitee_changed"


def test_the_firm_invites_on_its_clients_behalf_and_nobody_elses(world: World, berit: Somebody, juri: Inviting) -> None:
    """NET-03."""
    firm = world.caller(berit)
    theirs = Inviting(world, firm, juri.membership_id)
    assert theirs.invite().inviter_name == "Berit Revisordal"
    assert world.mail(EMAIL).inviter_name == "Berit Revisordal"
    other = world.firm_by(operator(PERMISSION_FIRM_CREATE), number=NUMBERS["SE"][0], country="SE")
    stranger = replace(firm, organisation_id=other.organisation_id)
    for who in (stranger, replace(stranger, organisation_id="")):
        refused = Inviting(world, who, juri.membership_id)
        acts = (refused.invite, refused.cancel, refused.make_code, lambda: refused.shown)  # noqa: B023 - called at once
        assert [reason(act) for act in acts] == ["member_not_found"] * 4


def test_who_was_removed_is_invited_no_more(world: World, kari: Caller, juri: Inviting) -> None:
    """NET-22, ACC-82: the codes end with the membership."""
    entry, code = juri.entered(), world.sms.sent[-1].code
    world.organisations(kari).RemoveMember(pb.RemoveMemberRequest(membership_id=juri.membership_id))
    assert reason(lambda: confirm(world, entry, code)) == "entry_over"
    assert reason(juri.invite) == "member_not_found"


def test_inviting_and_making_codes_takes_a_fresh_factor(world: World, kari: Caller, juri: Inviting) -> None:
    """NET-05: adding, inviting, making a code and changing where it goes."""
    juri.entered()
    stale = replace(kari, authenticated_at=kari.authenticated_at - 16 * 60)
    calls = (
        lambda: added(world, stale),
        lambda: stub(world, stale).Invite(inv.InviteRequest(membership_id=juri.membership_id, identity_checked=True)),
        lambda: stub(world, stale).MakeCode(inv.MakeCodeRequest(membership_id=juri.membership_id)),
        lambda: stub(world, stale).ChangeInvitee(inv.ChangeInviteeRequest(membership_id=juri.membership_id, phone_number=NUMBER)),
    )
    assert [reason(call) for call in calls] == ["step_up_needed"] * 4


def test_what_is_wrong_in_the_data_is_corrected_before_inviting(world: World, kari: Caller) -> None:
    """NET-18: names while nobody has used the account, the number always; without one nothing is sent."""
    juri = inviting(world, kari, who=identification(phone_number=""))
    assert (juri.shown.phone_number, reason(juri.invite)) == ("", "phone_number_missing")
    change = partial(inv.ChangeInviteeRequest, membership_id=juri.membership_id)
    assert reason(lambda: juri.stub.ChangeInvitee(change(phone_number="12345"))) == "phone_number_invalid"
    shown = juri.stub.ChangeInvitee(change(phone_number="070-174 06 05", phone_country="SE", first_name="Jüri"))
    assert (shown.phone_number, shown.first_name, shown.identifier, shown.identifier_country) == (NUMBER, "Jüri", "38001085718", "EE")
    confirm(world, juri.entered(), world.sms.sent[-1].code)
    with_account(world)
    assert not juri.shown.names_open
    assert reason(lambda: juri.stub.ChangeInvitee(change(first_name="Else"))) == "names_are_the_owners"


def test_a_corrected_name_is_told_and_one_that_was_only_entered_is_not(world: World, berit: Somebody, kari: Caller) -> None:
    """NET-18, NET-09, P5: mails and lists follow what the account is called; what others entered of somebody known stays theirs."""
    new, known = inviting(world, kari), added(world, kari, email=BERIT)
    world.service.relay()
    new.stub.ChangeInvitee(inv.ChangeInviteeRequest(membership_id=new.membership_id, first_name="Jüri"))
    new.stub.ChangeInvitee(inv.ChangeInviteeRequest(membership_id=known.membership_id, first_name="Else"))
    (told,) = [event for event in world.service.relay() if isinstance(event, events_pb2.ProfileChanged)]
    assert (told.user_id, told.first_name, list(told.membership_ids)) == (world.user_id(EMAIL), "Jüri", [new.membership_id])
