"""Members are added, changed and removed by their organisation's administrators."""

import base64

import pytest
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1.events_pb2 import MemberAdded, MemberRemoved, MemberRoleChanged
from kontor.notify.v1 import notify_pb2

from chassis.caller import Caller
from chassis.errors import Conflict, Denied, Invalid, NotFound
from chassis.testing import at_once
from tests.identity.world import World, later

KARI, OLA = "kari@bakeri.example.no", "ola@bakeri.example.no"


@pytest.fixture
def kari(world: World, administrator: Caller) -> Caller:
    """The administrator of a client."""
    world.client(administrator)
    return world.caller(world.activated(KARI))


def add(world: World, who: Caller, email: str = OLA, **given: object) -> pb.Member:
    request = pb.AddMemberRequest(email=email, first_name="Ola", last_name="Bakerud")
    for name, value in given.items():
        setattr(request, name, value)
    return world.organisations(who).AddMember(request)


def remove(world: World, who: Caller, membership_id: str) -> None:
    world.organisations(who).RemoveMember(pb.RemoveMemberRequest(membership_id=membership_id))


def names(world: World, who: Caller) -> list[str]:
    return [member.email for member in world.organisations(who).ListMembers(pb.ListMembersRequest()).members]


def test_a_new_member_is_invited_and_announced(world: World, kari: Caller) -> None:
    """ACC-15, ACC-77: with what an address book needs."""
    world.service.relay()
    member = add(world, kari, email="Ola@Bakeri.Example.NO")
    assert (member.email, member.role, member.activated) == (OLA, pb.ROLE_WRITE, False)
    (event,) = world.service.relay()
    assert isinstance(event, MemberAdded)
    assert (event.membership_id, event.email, event.language, event.time_zone) == (member.membership_id, OLA, "nb", "Europe/Oslo")
    letter = world.mail(OLA)
    assert (letter.kind, letter.inviter_name) == (notify_pb2.LETTER_KIND_WELCOME, "Kari Bakerud")


def test_an_address_that_has_an_account_is_linked(world: World, administrator: Caller, kari: Caller) -> None:
    """ACC-32, ACC-19: one account, its names its own; the letter says that there is one more organisation."""
    member = add(world, administrator, email=KARI)
    assert member.role == pb.ROLE_CONSULTANT
    owner = "select distinct user_id::text, first_name from memberships join users on users.id = user_id where email = :email"
    assert world.sql(owner, email=KARI) == [(kari.user_id, "Kari")]
    assert world.mail(KARI).kind == notify_pb2.LETTER_KIND_ADDED_TO_ORGANISATION
    assert world.sql("select count(*) from users where email = :email", email=KARI) == [(1,)]


def test_adding_an_address_tells_nothing_about_an_account(world: World, administrator: Caller, kari: Caller) -> None:
    """P5, ACC-32: the same answer and the same entry in list and trail, whether or not there is one; until its owner comes in."""
    known, unknown = add(world, administrator, email=KARI), add(world, administrator)
    rpcs = world.organisations(administrator)
    named = rpcs.ResolveNames(pb.ResolveNamesRequest(ids=[known.membership_id, unknown.membership_id]))
    assert [each.name for each in named.names] == ["Ola Bakerud"] * 2
    for answer in (known, unknown):
        assert answer == rpcs.GetMember(pb.GetMemberRequest(membership_id=answer.membership_id))
        for field in ("membership_id", "email", "added_at"):
            answer.ClearField(field)
    assert known == unknown
    own = {each.organisation_id: each.membership_id for each in world.account(kari).GetProfile(pb.GetProfileRequest()).memberships}
    there = own[administrator.organisation_id]
    world.sessions_of(kari).ChooseOrganisation(pb.ChooseOrganisationRequest(membership_id=there))
    come = rpcs.GetMember(pb.GetMemberRequest(membership_id=there))
    assert (come.user_id, come.first_name, come.activated) == (kari.user_id, "Kari", True)


def test_nobody_is_added_twice_however_fast(world: World, kari: Caller) -> None:
    """ACC-32: one membership, one account, also when two administrators type at once."""
    results = at_once([lambda: add(world, kari)] * 8)
    assert len([result for result in results if isinstance(result, pb.Member)]) == 1
    assert {result.reason for result in results if isinstance(result, Conflict)} == {"already_member"}


def test_members_are_listed_by_name_a_page_at_a_time(world: World, kari: Caller) -> None:
    """ACC-76: each once, none missing."""
    for number in range(7):
        add(world, kari, email=f"ansatt{number}@bakeri.example.no", last_name=f"Etternavn{(number * 3) % 7}")
    listed: list[pb.Member] = []
    token = ""
    while True:
        page = world.organisations(kari).ListMembers(pb.ListMembersRequest(page_size=3, page_token=token))
        listed += page.members
        token = page.next_page_token
        if not token:
            break
    assert [member.last_name for member in listed] == ["Bakerud", *(f"Etternavn{number}" for number in range(7))]
    half = base64.urlsafe_b64encode(b'["\\ud800", "", "01920000-0000-7000-8000-000000000001"]').decode()
    for nonsense in ("nonsense", half):
        with pytest.raises(Invalid):
            world.organisations(kari).ListMembers(pb.ListMembersRequest(page_token=nonsense))


def test_the_longest_names_have_a_next_page(world: World, kari: Caller) -> None:
    """ACC-76: where a page ends is told by the names of its last member."""
    for number in range(2):
        add(world, kari, email=f"ansatt{number}@bakeri.example.no", last_name="Å" * 100, first_name="\U0001d538" * 100)
    listed, token = 0, ""
    while listed == 0 or token:
        page = world.organisations(kari).ListMembers(pb.ListMembersRequest(page_size=1, page_token=token))
        listed, token = listed + len(page.members), page.next_page_token
    assert listed == 3


def test_an_organisation_keeps_an_administrator(world: World, kari: Caller) -> None:
    """ACC-05, ACC-06: neither removed nor demoted."""
    for change in (
        lambda: remove(world, kari, kari.membership_id),
        lambda: world.organisations(kari).ChangeRole(pb.ChangeRoleRequest(membership_id=kari.membership_id, role=pb.ROLE_READ)),
    ):
        with pytest.raises(Conflict) as refused:
            change()
        assert refused.value.reason == "last_administrator"


def test_an_administrator_who_has_not_come_in_makes_up_for_nobody(world: World, administrator: Caller, kari: Caller) -> None:
    """ACC-05: behind a mistyped address there may be nobody; behind a known one, somebody who never looks in here."""
    berit = "berit@kontoret.example.no"
    for email in (OLA, berit):
        add(world, kari, email=email, role=pb.ROLE_ADMINISTRATOR)
        with pytest.raises(Conflict) as refused:
            remove(world, kari, kari.membership_id)
        assert refused.value.reason == "last_administrator"
    world.with_password(OLA)
    with pytest.raises(Conflict):
        world.organisations(kari).ChangeRole(pb.ChangeRoleRequest(membership_id=kari.membership_id, role=pb.ROLE_READ))
    there = world.sql("select id from memberships where user_id = :id and organisation_id = :at", id=administrator.user_id,
                      at=kari.organisation_id)[0][0]  # fmt: skip
    world.sessions_of(administrator).ChooseOrganisation(pb.ChooseOrganisationRequest(membership_id=str(there)))
    remove(world, kari, kari.membership_id)


@pytest.mark.parametrize("way", ["demote", "remove", "both"])
def test_two_administrators_cannot_end_each_other_at_once(world: World, kari: Caller, way: str) -> None:
    """ACC-05: whoever is second is refused."""
    other = add(world, kari, role=pb.ROLE_ADMINISTRATOR)
    world.activated(OLA)

    def demote(membership_id: str) -> object:
        return world.organisations(kari).ChangeRole(pb.ChangeRoleRequest(membership_id=membership_id, role=pb.ROLE_WRITE))

    def leave(membership_id: str) -> object:
        return world.organisations(kari).RemoveMember(pb.RemoveMemberRequest(membership_id=membership_id))

    first, second = {"demote": (demote, demote), "remove": (leave, leave), "both": (demote, leave)}[way]
    results = at_once([lambda: first(kari.membership_id), lambda: second(other.membership_id)])
    assert [result.reason for result in results if isinstance(result, Conflict)] == ["last_administrator"]
    left = world.sql(
        "select count(*) from memberships where organisation_id = :id and role = 'administrator' and removed_at is null",
        id=kari.organisation_id,
    )
    assert left == [(1,)]


def test_a_role_is_changed_and_announced(world: World, kari: Caller) -> None:
    """ACC-07."""
    member = add(world, kari)
    world.service.relay()
    request = pb.ChangeRoleRequest(membership_id=member.membership_id, role=pb.ROLE_READ)
    assert world.organisations(kari).ChangeRole(request).role == pb.ROLE_READ
    expected = MemberRoleChanged(membership_id=member.membership_id, organisation_id=kari.organisation_id, role=pb.ROLE_READ)
    assert world.service.relay() == [expected]
    world.organisations(kari).ChangeRole(request)
    assert world.service.relay() == []


def test_a_role_must_exist_in_that_kind_of_organisation(world: World, administrator: Caller, kari: Caller) -> None:
    """A client has no consultants, a firm no readers."""
    for who, role in ((kari, pb.ROLE_CONSULTANT), (administrator, pb.ROLE_READ)):
        with pytest.raises(Invalid) as refused:
            add(world, who, role=role)
        assert refused.value.fields == {"role": "role_not_here"}


def test_removal_takes_effect_at_once_and_is_announced(world: World, kari: Caller) -> None:
    """ACC-82, ACC-83, ACC-85: the account stays."""
    member = add(world, kari)
    ola = world.activated(OLA)
    world.service.relay()
    remove(world, kari, member.membership_id)
    events = world.service.relay()
    removed = MemberRemoved(membership_id=member.membership_id, organisation_id=kari.organisation_id, user_id=world.user_id(OLA))
    assert removed in events
    assert OLA not in names(world, kari)
    assert world.resolved(ola).profile.email == OLA
    assert not world.resolved(ola).profile.memberships
    with pytest.raises(NotFound):
        remove(world, kari, member.membership_id)


def test_one_who_is_added_again_is_a_new_member(world: World, kari: Caller) -> None:
    """ACC-84: fresh membership, fresh invitation."""
    first = add(world, kari)
    world.mail(OLA)
    remove(world, kari, first.membership_id)
    again = add(world, kari)
    assert again.membership_id != first.membership_id
    assert world.sql("select count(*) from users where email = :email", email=OLA) == [(1,)]
    assert world.mail(OLA).kind == notify_pb2.LETTER_KIND_WELCOME


def test_a_removed_members_welcome_link_is_cancelled(world: World, kari: Caller) -> None:
    """BEY-01: and a letter not yet sent is not sent."""
    member = add(world, kari)
    token = world.token(OLA)
    remove(world, kari, member.membership_id)
    assert world.sign_in.ShowLink(pb.ShowLinkRequest(token=token)).state == pb.LINK_STATE_CANCELLED
    other = add(world, kari, email="ada@bakeri.example.no")
    remove(world, kari, other.membership_id)
    world.service.run_job("send_letters")
    assert "ada@bakeri.example.no" not in {letter.email for letter in world.notify.sent}


def test_an_administrators_power_ends_at_the_organisation(world: World, administrator: Caller, kari: Caller) -> None:
    """ACC-12, P10: also the firm's over its client's members; what is not one's own does not exist."""
    stub = world.organisations(administrator)
    for call in (
        lambda: stub.GetMember(pb.GetMemberRequest(membership_id=kari.membership_id)),
        lambda: stub.ChangeRole(pb.ChangeRoleRequest(membership_id=kari.membership_id, role=pb.ROLE_CONSULTANT)),
        lambda: stub.RemoveMember(pb.RemoveMemberRequest(membership_id=kari.membership_id)),
        lambda: world.organisations(kari).GetMember(pb.GetMemberRequest(membership_id=administrator.membership_id)),
    ):
        with pytest.raises(NotFound) as refused:
            call()
        assert refused.value.reason == "member_not_found"
    assert world.organisations(kari).GetMember(pb.GetMemberRequest(membership_id=kari.membership_id)).email == KARI


def test_members_without_that_role_manage_nobody(world: World, kari: Caller) -> None:
    """ACC-13: refused by the server."""
    add(world, kari)
    ola = world.caller(world.activated(OLA))
    for call in (lambda: add(world, ola, email="x@bakeri.example.no"), lambda: names(world, ola), lambda: remove(world, ola, "x")):
        with pytest.raises(Denied) as refused:
            call()
        assert refused.value.reason == "not_permitted"


def test_every_change_is_in_the_organisations_trail(world: World, kari: Caller) -> None:
    """P29, BEY-09."""
    member = add(world, kari)
    world.organisations(kari).ChangeRole(pb.ChangeRoleRequest(membership_id=member.membership_id, role=pb.ROLE_READ))
    remove(world, kari, member.membership_id)
    newest = "select action, caller from audit where organisation_id = :id order by number desc limit 3"
    by = f"user:{kari.user_id}"
    assert world.sql(newest, id=kari.organisation_id) == [("member.remove", by), ("member.change_role", by), ("member.add", by)]


def test_a_malformed_address_is_named(world: World, kari: Caller) -> None:
    """ACC-77."""
    with pytest.raises(Invalid) as refused:
        add(world, kari, email="ola@bakeri")
    assert set(refused.value.fields) == {"email"}
    with later(days=1):
        assert names(world, kari) == [KARI]
