"""Whoever enters somebody's address or number learns no more of them, by list, event or trail, until that person comes in."""

import json

import pytest
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1.events_pb2 import MemberAdded, ProfileChanged

from chassis.caller import Caller
from tests.identity.invited import EMAIL, Inviting, added, confirm, identification, inviting, with_account
from tests.identity.world import NUMBERS, PASSWORD, Somebody, World, later

OLA, NEW = "ola@kontoret.example.no", "helt nye ord hver dag"


@pytest.fixture
def lise(world: World, berit: Somebody) -> Caller:
    """Administers another client of the firm, and knows nobody elsewhere."""
    world.client(world.caller(berit), "lise@frisor.example.no", NUMBERS["NO"][2])
    return world.caller(world.activated("lise@frisor.example.no"))


def entered(world: World, by: Caller, email: str) -> str:
    """Added by an address that may be anybody's, under a name of one's own making."""
    return world.organisations(by).AddMember(pb.AddMemberRequest(email=email, first_name="Ukjent", last_name="Skrevet")).membership_id


def comes_in(world: World, somebody: Somebody, membership: str) -> None:
    world.sessions_of(world.caller(somebody)).ChooseOrganisation(pb.ChooseOrganisationRequest(membership_id=membership))


def trail(world: World, by: Caller) -> list[tuple[str, str, str]]:
    """The organisation's chain: who did what, and all that is said of it."""
    rows = world.sql("select action, caller, subject, facts from audit where organisation_id = :id order by number", id=by.organisation_id)
    return [(str(action), str(caller), json.dumps([subject, facts])) for action, caller, subject, facts in rows]


def acts_on_the_account(world: World, somebody: Somebody) -> None:
    """Signs in once more, and changes the password."""
    with later(minutes=1):
        world.signed_in(somebody)
        change = pb.ChangePasswordRequest(present_password=PASSWORD, password=NEW, password_again=NEW)
        world.account(world.caller(somebody)).ChangePassword(change)


def test_what_a_stranger_does_with_their_account_is_nobodys_business(world: World, berit: Somebody, kari: Caller) -> None:
    """BEY-09, P5, ACC-32: sign-ins, password and factors stand in the trail of those who know the person, from coming in on."""
    home, there = world.caller(berit), entered(world, kari, berit.email)
    user, before = home.user_id, len(trail(world, kari))
    acts_on_the_account(world, berit)
    assert len(trail(world, kari)) == before
    assert "password.change" in {action for action, _, _ in trail(world, home)}, "at home they do"
    assert user not in "".join(trail(world, kari)[-1]), "it says that somebody was added"
    comes_in(world, berit, there)
    world.sessions_of(world.caller(berit)).SignOut(pb.SignOutRequest())
    (came, *later_on) = trail(world, kari)[before:]
    assert came == ("member.come_in", f"user:{user}", json.dumps([there, {"user": user}]))
    assert [action for action, _, _ in later_on] == ["session.choose", "session.end"]


def test_who_entered_an_address_first_knows_no_more_of_its_owner_than_who_did_so_later(world: World, berit: Somebody, kari: Caller) -> None:
    """BEY-09, ACC-32: the account is made for whoever holds the mailbox, and that person came in elsewhere."""
    first, second = entered(world, kari, OLA), entered(world, world.caller(berit), OLA)
    before = len(trail(world, kari))
    ola = world.activated(OLA)
    comes_in(world, ola, second)
    acts_on_the_account(world, ola)
    assert len(trail(world, kari)) == before
    member = world.organisations(kari).GetMember(pb.GetMemberRequest(membership_id=first))
    assert (member.activated, member.user_id, member.system_id) == (False, "", "")
    assert "session.open" in {action for action, _, _ in trail(world, world.caller(berit))}


def test_no_trail_says_whose_account_it_is_before_its_owner_comes_in(world: World, kari: Caller, lise: Caller) -> None:
    """BEY-09, NET-09, P5: neither adding nor inviting does, nor that there is a link or none; the person's own trail has it all."""
    confirm(world, inviting(world, kari).entered(), world.sms.sent[-1].code)
    juri = with_account(world)
    user = world.caller(juri).user_id
    found = added(world, lise, identification("380 010 85718"), email="x@frisor.example.no")
    confirm(world, Inviting(world, lise, found.membership_id).entered(), world.sms.sent[-1].code)
    for email in (OLA, "kari@bakeri.example.no"):
        entered(world, lise, email)
    world.service.run_job("send_letters")
    rows = trail(world, lise)
    assert {"member.add", "invitation.send", "invitation.enter", "invitation.complete"} <= {action for action, _, _ in rows}
    assert "link.make" not in {action for action, _, _ in rows}
    assert not [each for each in rows if user in "".join(each) or world.user_id(OLA) in "".join(each)]
    own = world.sql("select action from audit where organisation_id = :id and facts ->> 'user' = :id", id=user)
    assert own.count(("invitation.complete",)) == 2


def test_events_carry_the_name_that_was_entered_until_the_person_comes_in(world: World, berit: Somebody, kari: Caller) -> None:
    """NET-09, P5: those who read events at a stranger's firm are told a name when there is one to know, and where."""
    world.service.relay()
    there = entered(world, kari, berit.email)
    (event,) = [each for each in world.service.relay() if isinstance(each, MemberAdded)]
    assert (event.first_name, event.last_name, event.email) == ("Ukjent", "Skrevet", berit.email)
    own = world.resolved(berit).current.membership_id
    world.account(world.caller(berit)).UpdateProfile(pb.UpdateProfileRequest(first_name="Berta"))
    comes_in(world, berit, there)
    changed, came = (each for each in world.service.relay() if isinstance(each, ProfileChanged))
    assert [changed.first_name, *changed.membership_ids] == ["Berta", own]
    assert [came.first_name, came.last_name, *came.membership_ids] == ["Berta", "Revisordal", own, there]
    comes_in(world, berit, own)
    comes_in(world, berit, there)
    assert world.service.relay() == [], "told once"


def test_a_number_is_shown_as_it_was_entered_here(world: World, kari: Caller, lise: Caller) -> None:
    """NET-06, P5: another spelling would tell that somebody elsewhere has entered the same number, and how."""
    inviting(world, kari)
    written = " 380-0108 5718 "
    here = Inviting(world, lise, added(world, lise, identification(written), email=EMAIL).membership_id)
    assert (here.shown.identifier_country, here.shown.identifier) == ("EE", written.strip())
    assert not here.invite().changed
    world.sql("update memberships set identifier = null")
    assert here.shown.identifier == "38001085718", "from before it was kept for each"
