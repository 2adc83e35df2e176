"""An address is not changed but replaced: the new one is invited and takes over when it is first used."""

import pytest
from kontor.identity.v1 import administration_pb2 as ad
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1.administration_pb2_grpc import AdministrationStub
from kontor.identity.v1.events_pb2 import MemberAdded, MemberRemoved
from kontor.notify.v1 import notify_pb2

from chassis.caller import Caller
from chassis.errors import Conflict, Denied, NotFound
from chassis.testing import at_once
from tests.identity.invited import EMAIL, added, confirm, inviting
from tests.identity.world import World, later

KARI, OLA, NEW = "kari@bakeri.example.no", "ola@bakeri.example.no", "ola.bakerud@bakeri.example.no"


@pytest.fixture
def kari(world: World, administrator: Caller) -> Caller:
    """The administrator of a client."""
    world.client(administrator)
    return world.caller(world.activated(KARI))


@pytest.fixture
def ola(world: World, kari: Caller) -> pb.Member:
    """A member with a limited time, who reads only."""
    request = pb.AddMemberRequest(
        email=OLA, first_name="Ola", last_name="Bakerud", role=pb.ROLE_READ,
        validity=pb.Validity(first_day="2020-01-01", last_day="2099-12-31", stop_emails=True),
    )  # fmt: skip
    return world.organisations(kari).AddMember(request)


def stub(world: World, who: Caller) -> AdministrationStub:
    return AdministrationStub(world.channel(who))


def replace(world: World, who: Caller, member: pb.Member, email: str = NEW) -> ad.Replacement:
    return stub(world, who).StartReplacement(ad.StartReplacementRequest(membership_id=member.membership_id, email=email))


def waiting(world: World, who: Caller) -> list[ad.Replacement]:
    return list(stub(world, who).ListReplacements(ad.ListReplacementsRequest()).replacements)


def living(world: World, who: Caller) -> dict[str, pb.Member]:
    return {each.email: each for each in world.organisations(who).ListMembers(pb.ListMembersRequest()).members}


def test_the_new_address_is_invited_with_what_the_old_one_had(world: World, kari: Caller, ola: pb.Member) -> None:
    """AMI-11: role, days and name; the old one works on, and both addresses are told."""
    world.activated(OLA)
    world.service.relay()
    begun = replace(world, kari, ola, email="Ola.Bakerud@Bakeri.Example.no")
    assert (begun.membership_id, begun.email, begun.new_email) == (ola.membership_id, OLA, NEW)
    assert waiting(world, kari) == [begun]
    people = living(world, kari)
    assert (people[NEW].first_name, people[NEW].role, people[NEW].validity) == ("Ola", pb.ROLE_READ, ola.validity)
    assert people[OLA].role == pb.ROLE_READ
    added = [each for each in world.service.relay() if isinstance(each, MemberAdded)]
    assert [each.membership_id for each in added] == [begun.new_membership_id]
    assert world.mail(NEW).kind == notify_pb2.LETTER_KIND_WELCOME
    told = world.mail(OLA)
    assert (told.change, told.inviter_name) == (notify_pb2.SECURITY_CHANGE_ADDRESS_REPLACING, "Kari Bakerud")
    assert told.organisation_name == "Bakerud Bakeri AS"


def test_who_was_found_by_an_identifier_is_told_at_the_own_address(world: World, administrator: Caller, kari: Caller) -> None:
    """AMI-11, NET-09: whatever address was entered for them; a stranger who has that one hears nothing, and is shown all the same."""
    confirm(world, inviting(world, kari).entered(), world.sms.sent[-1].code)
    found = added(world, administrator, email="entered@kontoret.example.no")
    begun = replace(world, administrator, found, email="new@kontoret.example.no")
    assert begun.email == "entered@kontoret.example.no"
    assert world.mail(EMAIL).change == notify_pb2.SECURITY_CHANGE_ADDRESS_REPLACING
    assert "entered@kontoret.example.no" not in {letter.email for letter in world.notify.sent}


def test_the_first_sign_in_of_the_new_one_ends_the_old_one(world: World, kari: Caller, ola: pb.Member) -> None:
    """AMI-11, ACC-82: at once, also where it is signed in; what was granted goes on with the new membership."""
    old = world.activated(OLA)
    begun = replace(world, kari, ola)
    new = world.with_password(NEW)
    assert OLA in living(world, kari), "a password is not yet a sign-in"
    world.service.relay()
    world.signed_in(new)
    (removed,) = [each for each in world.service.relay() if isinstance(each, MemberRemoved)]
    assert (removed.membership_id, removed.replaced_by) == (ola.membership_id, begun.new_membership_id)
    assert set(living(world, kari)) == {KARI, NEW}
    assert not world.resolved(old).profile.memberships
    assert [each.role for each in world.resolved(new).profile.memberships] == [pb.ROLE_READ]
    assert waiting(world, kari) == []
    world.service.run_job("send_letters")
    told = [letter.change for letter in world.notify.sent if letter.email == OLA and letter.change]
    assert told[-1] == notify_pb2.SECURITY_CHANGE_ADDRESS_REPLACED
    assert notify_pb2.SECURITY_CHANGE_MEMBERSHIP_REMOVED not in told
    trail = world.sql("select action, subject, facts from audit where organisation_id = :id order by number", id=kari.organisation_id)
    assert ("member.replace_address", ola.membership_id, {"by": begun.new_membership_id}) in trail
    assert ("member.remove", ola.membership_id, {"replaced_by": begun.new_membership_id}) in trail


def test_an_administrators_own_address_is_replaced_too(world: World, kari: Caller) -> None:
    """AMI-11, ACC-05: the organisation is never without an administrator in between; an account that exists already is taken as it is."""
    own = world.organisations(kari).GetMember(pb.GetMemberRequest(membership_id=kari.membership_id))
    replace(world, kari, own)
    world.activated(NEW)
    left = world.sql("select role from memberships where organisation_id = :id and removed_at is null", id=kari.organisation_id)
    assert left == [("administrator",)]


def test_nobody_is_kept_out_by_a_replacing_that_cannot_come_to_its_end(world: World, kari: Caller) -> None:
    """AMI-11, ACC-05: made less meanwhile, the new one signs in all the same, and the last administrator stays."""
    own = world.organisations(kari).GetMember(pb.GetMemberRequest(membership_id=kari.membership_id))
    begun = replace(world, kari, own)
    world.organisations(kari).ChangeRole(pb.ChangeRoleRequest(membership_id=begun.new_membership_id, role=pb.ROLE_READ))
    assert world.activated(NEW).session
    assert set(living(world, kari)) == {KARI, NEW}
    assert waiting(world, kari) == [begun]


def test_a_replacing_is_given_up(world: World, kari: Caller, ola: pb.Member) -> None:
    """AMI-11: the old one stays as it was, the invitation to the new one ends; a second time there is nothing to give up."""
    begun = replace(world, kari, ola)
    token = world.token(NEW)
    stub(world, kari).CancelReplacement(ad.CancelReplacementRequest(replacement_id=begun.replacement_id))
    assert set(living(world, kari)) == {KARI, OLA}
    assert waiting(world, kari) == []
    assert world.sign_in.ShowLink(pb.ShowLinkRequest(token=token)).state == pb.LINK_STATE_CANCELLED
    with pytest.raises(NotFound) as refused:
        stub(world, kari).CancelReplacement(ad.CancelReplacementRequest(replacement_id=begun.replacement_id))
    assert refused.value.reason == "replacement_not_found"
    assert replace(world, kari, ola).new_membership_id != begun.new_membership_id


@pytest.mark.parametrize("which", ["membership_id", "new_membership_id"])
def test_the_removal_of_either_ends_it(world: World, kari: Caller, ola: pb.Member, which: str) -> None:
    """AMI-11, ACC-82: nothing waits for somebody who is no member any more."""
    begun = replace(world, kari, ola)
    world.organisations(kari).RemoveMember(pb.RemoveMemberRequest(membership_id=getattr(begun, which)))
    assert waiting(world, kari) == []
    stays = {"membership_id": NEW, "new_membership_id": OLA}[which]
    assert set(living(world, kari)) == {KARI, stays}
    if stays == NEW:
        world.activated(NEW)
        assert set(living(world, kari)) == {KARI, NEW}


def test_one_address_replaces_one(world: World, kari: Caller, ola: pb.Member) -> None:
    """AMI-11: neither a member's, nor a second one while the first waits, also when two ask at once."""
    with pytest.raises(Conflict) as refused:
        replace(world, kari, ola, email=KARI)
    assert refused.value.reason == "already_member"
    addresses = [f"ola{number}@bakeri.example.no" for number in range(4)]
    results = at_once([lambda each=each: replace(world, kari, ola, email=each) for each in addresses])  # type: ignore[misc]
    assert len([each for each in results if isinstance(each, ad.Replacement)]) == 1
    assert {each.reason for each in results if isinstance(each, Conflict)} == {"replacement_pending"}
    assert len(living(world, kari)) == 3, "an address that was refused is not left as a member"


def test_only_an_administrator_with_a_fresh_code_begins_it_and_only_at_home(
    world: World, kari: Caller, ola: pb.Member, administrator: Caller
) -> None:
    """AMI-11, NET-05, ACC-12."""
    for call in (
        lambda: replace(world, administrator, ola),
        lambda: stub(world, administrator).CancelReplacement(
            ad.CancelReplacementRequest(replacement_id=replace(world, kari, ola).replacement_id)
        ),
    ):
        with pytest.raises(NotFound):
            call()
    with later(minutes=20), pytest.raises(Denied) as refused:
        replace(world, kari, ola)
    assert refused.value.reason == "step_up_needed"
