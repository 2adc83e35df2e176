"""One who administers several organisations: adding to one of them, and ending somebody's access in those that are chosen."""

from dataclasses import dataclass

import pytest
from kontor.identity.v1 import administration_pb2 as ad
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1.administration_pb2_grpc import AdministrationStub
from kontor.identity.v1.events_pb2 import MemberRemoved
from kontor.notify.v1 import notify_pb2

from chassis.caller import Caller
from chassis.errors import Conflict, NotFound
from chassis.testing import at_once
from services.identity import identifiers
from tests.identity.invited import identification
from tests.identity.world import NUMBERS, Somebody, World

KARI, OLA, ADA = "kari@bakeri.example.no", "ola@bakeri.example.no", "ada@bakeri.example.no"


@dataclass
class Two:
    """Kari administers two companies; in a third, and at the firm, others do."""

    kari: Caller
    bakery: str
    cafe: str
    third: str


@pytest.fixture
def two(world: World, administrator: Caller) -> Two:
    bakery = world.client(administrator)
    cafe = world.client(administrator, number=NUMBERS["NO"][2])
    third = world.organisations(administrator).CreateClient(
        pb.CreateClientRequest(
            name="Tredje AS", organisation_number="999999964", country="NO",
            administrator=pb.FirstAdministrator(email=ADA, first_name="Ada", last_name="Tredje", language="nb"),
        )
    )  # fmt: skip
    somebody = world.activated(KARI)
    own = {each.organisation_id: each.membership_id for each in world.resolved(somebody).profile.memberships}
    for each in (cafe, bakery):
        _comes_in(world, somebody, own[each.organisation_id])
    return Two(world.caller(somebody), bakery.organisation_id, cafe.organisation_id, third.organisation_id)


def _comes_in(world: World, somebody: Somebody, membership: str) -> None:
    world.sessions_of(world.caller(somebody)).ChooseOrganisation(pb.ChooseOrganisationRequest(membership_id=membership))


def stub(world: World, who: Caller) -> AdministrationStub:
    return AdministrationStub(world.channel(who))


def add(world: World, who: Caller, organisation: str = "", email: str = OLA, role: "pb.Role.ValueType" = pb.ROLE_WRITE) -> pb.Member:
    request = pb.AddMemberRequest(email=email, first_name="Ola", last_name="Bakerud", role=role, organisation_id=organisation)
    return world.organisations(who).AddMember(request)


def remove(world: World, who: Caller, member: pb.Member, *ids: str) -> list[str]:
    request = ad.RemoveMembershipsRequest(membership_id=member.membership_id, removed_ids=ids)
    return [each.reason for each in stub(world, who).RemoveMemberships(request).results]


def organisations(world: World, who: Caller, member: pb.Member) -> list[str]:
    request = ad.ListMembershipsRequest(membership_id=member.membership_id)
    return [each.organisation_id for each in stub(world, who).ListMemberships(request).memberships]


def test_one_picks_from_the_companies_one_administers(world: World, two: Two) -> None:
    """AMI-04, AMI-05, ACC-12: those, and not where one only writes."""
    listed = stub(world, two.kari).ListAdministered(ad.ListAdministeredRequest()).memberships
    assert {each.organisation_id for each in listed} == {two.bakery, two.cafe}
    member = add(world, two.kari, two.cafe, role=pb.ROLE_READ)
    assert (member.organisation_id, member.role) == (two.cafe, pb.ROLE_READ)
    assert world.mail(OLA).organisation_name == "Bakerud Bakeri AS"
    assert OLA not in {each.email for each in world.organisations(two.kari).ListMembers(pb.ListMembersRequest()).members}


def test_nobody_is_added_where_one_does_not_administer(world: World, two: Two, administrator: Caller) -> None:
    """ACC-12, AMI-04: another company, the firm, a client of one's firm, or where one administers no longer."""
    for who, where in ((two.kari, two.third), (two.kari, administrator.organisation_id), (administrator, two.bakery)):
        with pytest.raises(NotFound) as refused:
            add(world, who, where)
        assert refused.value.reason == "organisation_not_found"
    ada = add(world, two.kari, two.cafe, ADA, pb.ROLE_ADMINISTRATOR)
    own = next(
        each.membership_id
        for each in stub(world, two.kari).ListAdministered(ad.ListAdministeredRequest()).memberships
        if each.organisation_id == two.cafe
    )
    world.sql("update memberships set role = 'write' where id = :id", id=own)
    with pytest.raises(NotFound):
        add(world, two.kari, two.cafe)
    assert ada.organisation_id == two.cafe


def test_unticked_companies_are_left_in_one_act_and_the_others_stay(world: World, two: Two) -> None:
    """AMI-07, ACC-85: each removal is announced for itself; what one does not administer is neither shown nor touched."""
    here, there = add(world, two.kari), add(world, two.kari, two.cafe)
    world.activated(OLA)
    world.sql(
        "insert into memberships (id, organisation_id, user_id, role, version, added_at)"
        " values ('01920000-0000-7000-8000-000000000001', :org, :user, 'write', 1, now())",
        org=two.third, user=world.user_id(OLA),
    )  # fmt: skip
    assert set(organisations(world, two.kari, here)) == {two.bakery, two.cafe}
    world.service.relay()
    assert remove(world, two.kari, here, there.membership_id) == [""]
    assert [each.organisation_id for each in world.service.relay() if isinstance(each, MemberRemoved)] == [two.cafe]
    assert organisations(world, two.kari, here) == [two.bakery]
    assert world.mail(OLA).change == notify_pb2.SECURITY_CHANGE_MEMBERSHIP_REMOVED
    assert remove(world, two.kari, here, "01920000-0000-7000-8000-000000000001", here.membership_id) == ["member_not_found", ""]
    left = world.sql("select organisation_id from memberships where user_id = :user and removed_at is null", user=world.user_id(OLA))
    assert [str(row[0]) for row in left] == [two.third]


def test_each_company_answers_for_itself(world: World, two: Two) -> None:
    """AMI-07, ACC-05: where the person is the last administrator the access stays, and only there."""
    here = world.organisations(two.kari).GetMember(pb.GetMemberRequest(membership_id=two.kari.membership_id))
    there = add(world, two.kari, two.cafe, ADA, pb.ROLE_ADMINISTRATOR)
    _comes_in(world, world.activated(ADA), there.membership_id)
    held = {each.organisation_id: each.membership_id for each in _own(world, two, here)}
    assert remove(world, two.kari, here, held[two.bakery], held[two.cafe]) == ["last_administrator", ""]
    assert organisations(world, two.kari, here) == [two.bakery]


def test_ones_own_power_is_looked_at_when_it_is_used(world: World, two: Two) -> None:
    """AMI-07, ACC-12: an assertion of a moment ago is not enough for another company."""
    here, there = add(world, two.kari), add(world, two.kari, two.cafe)
    world.sql(
        "update memberships set role = 'write' where organisation_id = :org and user_id = :user", org=two.cafe, user=two.kari.user_id
    )
    assert remove(world, two.kari, here, there.membership_id) == ["member_not_found"]
    stranger = world.caller(world.activated(ADA))
    with pytest.raises(NotFound):
        remove(world, stranger, here, there.membership_id)


def test_who_was_added_to_both_by_the_same_address_is_known_to_be_one(world: World, two: Two) -> None:
    """AMI-05, AMI-07: also before coming in: the address says it."""
    here, there = add(world, two.kari), add(world, two.kari, two.cafe)
    assert set(organisations(world, two.kari, here)) == {two.bakery, two.cafe}
    assert remove(world, two.kari, here, there.membership_id) == [""]


def test_who_was_found_by_an_identifier_is_not_known_elsewhere_before_coming_in(world: World, two: Two) -> None:
    """AMI-07, NET-09: nothing says that both are one person, not even to the administrator of both companies."""
    there = add(world, two.kari, two.cafe)
    known = world.sql("select system_id from users where id = :id", id=world.user_id(OLA))[0][0]
    asked = identification("someone else", registered=pb.REGISTERED_YES, system_id=str(identifiers.written(str(known))))
    request = pb.AddMemberRequest(email="x@bakeri.example.no", first_name="Olav", last_name="Bakerud", identification=asked)
    here = world.organisations(two.kari).AddMember(request)
    assert world.sql("select count(*) from memberships where user_id = :id", id=world.user_id(OLA)) == [(2,)]
    assert organisations(world, two.kari, here) == [two.bakery]
    assert remove(world, two.kari, here, there.membership_id) == ["member_not_found"]
    new = ad.StartReplacementRequest(membership_id=here.membership_id, email="y@bakeri.example.no")
    begun = stub(world, two.kari).StartReplacement(new)
    assert begun.email == "x@bakeri.example.no"
    assert world.sql("select first_name from users where email = 'y@bakeri.example.no'") == [("Olav",)]


def test_an_organisation_always_keeps_an_administrator_however_fast_they_go(world: World, two: Two) -> None:
    """ACC-05: demoted, removed, unticked, limited in time, two at once and in two companies in opposite order; 50 rounds."""
    ada = add(world, two.kari, email=ADA, role=pb.ROLE_ADMINISTRATOR)
    also = add(world, two.kari, two.cafe, ADA, pb.ROLE_ADMINISTRATOR)
    somebody = world.activated(ADA)
    for each in (ada, also):
        _comes_in(world, somebody, each.membership_id)
    own = {each.organisation_id: each.membership_id for each in _own(world, two, ada, two.kari.membership_id)}
    here, there = own[two.bakery], own[two.cafe]
    asked = world.organisations(two.kari)
    expired = pb.Validity(last_day="2020-01-01")

    def demote(membership: str) -> object:
        return asked.ChangeRole(pb.ChangeRoleRequest(membership_id=membership, role=pb.ROLE_READ))

    def leave(membership: str) -> object:
        return asked.RemoveMember(pb.RemoveMemberRequest(membership_id=membership))

    def end(membership: str) -> object:
        return asked.SetMemberValidity(pb.SetMemberValidityRequest(membership_id=membership, validity=expired))

    def untick(whose: str, *ids: str) -> object:
        found = stub(world, two.kari).RemoveMemberships(ad.RemoveMembershipsRequest(membership_id=whose, removed_ids=ids))
        return [each.reason for each in found.results]

    ways = (demote, leave, end)
    for number in range(50):
        way, other = ways[number % 3], ways[number // 3 % 3]
        results = at_once([
            lambda way=way: way(here),  # type: ignore[misc]
            lambda other=other: other(ada.membership_id),  # type: ignore[misc]
            lambda: untick(here, there, here), lambda: untick(ada.membership_id, ada.membership_id, also.membership_id),
        ])  # fmt: skip
        assert all(isinstance(each, (list, pb.Member, pb.RemoveMemberResponse, Conflict, NotFound)) for each in results), results
        assert [_administrators(world, each) for each in (two.bakery, two.cafe)] == [1, 1], (number, results)
        world.sql(
            "update memberships set role = 'administrator', removed_at = null, last_day = null, in_force = true"
            " where id = any(cast(:ids as uuid[]))",
            ids=[here, there, ada.membership_id, also.membership_id],
        )


def _administrators(world: World, organisation: str) -> object:
    """How many are there until further notice."""
    living = "organisation_id = :id and role = 'administrator' and removed_at is null and last_day is null"
    return world.sql(f"select count(*) from memberships where {living}", id=organisation)[0][0]  # noqa: S608 - nothing in it comes from outside


def _own(world: World, two: Two, member: pb.Member, whose: str = "") -> list[pb.Membership]:
    request = ad.ListMembershipsRequest(membership_id=whose or member.membership_id)
    return list(stub(world, two.kari).ListMemberships(request).memberships)
