"""Roles and their scope: programme administrators of a firm, and what a person's own choice adds."""

import pytest
from kontor.access.v1 import access_pb2 as access
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1.events_pb2 import MemberRoleChanged

from chassis.caller import Caller
from chassis.errors import Denied, Invalid, NotFound
from services.identity import rules
from tests.identity.world import World

OLA = "ola@kontoret.example.no"
CLIENTS, DOCUMENTS, NEWS = access.PROGRAMME_CLIENT_MANAGER, access.PROGRAMME_DOCUMENTS, access.PROGRAMME_NEWS
PROGRAMMES: tuple["access.Programme.ValueType", ...] = (CLIENTS, DOCUMENTS, NEWS)


def invited(world: World, who: Caller, *programmes: "access.Programme.ValueType") -> pb.Member:
    role = pb.ROLE_PROGRAMME_ADMINISTRATOR
    request = pb.AddMemberRequest(email=OLA, first_name="Ola", last_name="Revisordal", role=role, programmes=programmes)
    return world.organisations(who).AddMember(request)


def changed(
    world: World, who: Caller, member: pb.Member, role: "pb.Role.ValueType", *programmes: "access.Programme.ValueType"
) -> pb.Member:
    request = pb.ChangeRoleRequest(membership_id=member.membership_id, role=role, programmes=programmes)
    return world.organisations(who).ChangeRole(request)


def test_a_programme_administrator_may_what_a_consultant_may_and_what_the_programme_takes() -> None:
    """FNK-06: each programme for itself, and none of them as much as the firm's administrator."""
    consultant, all_of_it = set(rules.permissions("firm", "consultant")), set(rules.permissions("firm", "administrator"))
    for programme in PROGRAMMES:
        may = set(rules.permissions("firm", "programme_administrator", [programme]))
        assert consultant < may < all_of_it
        assert may - consultant == rules.PROGRAMMES[programme]
        assert access.PERMISSION_MEMBER_MANAGE not in may
        assert access.PERMISSION_LINK_MANAGE not in may
    assert set(rules.permissions("firm", "programme_administrator")) == consultant
    assert access.PERMISSION_CONSULTANT_ASSIGN not in rules.permissions("firm", "programme_administrator", [DOCUMENTS, NEWS])


def test_every_programme_of_the_contract_is_made_of_something() -> None:
    """FNK-06: one that grants nothing would be a word only."""
    assert set(rules.PROGRAMMES) == set(access.Programme.values()) - {access.PROGRAMME_UNSPECIFIED}
    assert all(rules.PROGRAMMES.values())


def test_the_role_and_its_programmes_are_what_the_session_carries(world: World, administrator: Caller) -> None:
    """FNK-04, FNK-06: from being added, in the profile, the permissions and the assertions for all services."""
    member = invited(world, administrator, CLIENTS)
    assert (member.role, list(member.programmes)) == (pb.ROLE_PROGRAMME_ADMINISTRATOR, [CLIENTS])
    ola = world.activated(OLA)
    held = world.resolved(ola)
    assert list(held.current.programmes) == [CLIENTS]
    assert access.PERMISSION_CONSULTANT_ASSIGN in held.permissions
    assert access.PERMISSION_NEWS_MANAGE not in held.permissions
    assert access.PERMISSION_CONSULTANT_ASSIGN in world.asserted(held.assertions["linking"], "linking").permissions
    world.service.relay()
    changed(world, administrator, member, pb.ROLE_PROGRAMME_ADMINISTRATOR, NEWS, DOCUMENTS)
    (event,) = world.service.relay()
    assert isinstance(event, MemberRoleChanged)
    assert list(event.programmes) == [DOCUMENTS, NEWS]
    may = set(world.resolved(ola).permissions)
    assert access.PERMISSION_CONSULTANT_ASSIGN not in may
    assert {access.PERMISSION_NEWS_MANAGE, access.PERMISSION_FOLDER_MANAGE} <= may
    assert not changed(world, administrator, member, pb.ROLE_CONSULTANT, NEWS).programmes
    assert access.PERMISSION_NEWS_MANAGE not in world.resolved(ola).permissions


def test_programmes_must_be_named_and_exist_at_firms_only(world: World, administrator: Caller) -> None:
    """FNK-06, AMI-05: a client has its three levels and no programmes."""
    with pytest.raises(Invalid) as refused:
        invited(world, administrator)
    assert refused.value.fields == {"programmes": "programmes_missing"}
    world.client(administrator)
    kari = world.caller(world.activated("kari@bakeri.example.no"))
    with pytest.raises(Invalid) as refused:
        invited(world, kari, CLIENTS)
    assert refused.value.fields == {"role": "role_not_here"}


def test_a_programme_administrator_sees_the_firms_people_and_changes_nobody(world: World, administrator: Caller) -> None:
    """FNK-06, ACC-13: weaker than the firm's administrator; the people of clients are not theirs to see either."""
    client = world.client(administrator)
    member = invited(world, administrator, CLIENTS)
    ola = world.organisations(world.caller(world.activated(OLA)))
    assert ola.ListMembers(pb.ListMembersRequest()).total == 2
    for call in (
        lambda: ola.ChangeRole(pb.ChangeRoleRequest(membership_id=member.membership_id, role=pb.ROLE_ADMINISTRATOR)),
        lambda: ola.AddMember(pb.AddMemberRequest(email="x@kontoret.example.no", first_name="X", last_name="Y")),
    ):
        with pytest.raises(Denied) as denied:
            call()  # type: ignore[no-untyped-call]
        assert denied.value.reason == "not_permitted"
    with pytest.raises(NotFound):
        ola.ListMembers(pb.ListMembersRequest(organisation_id=client.organisation_id))


def test_programmes_stand_in_the_trail(world: World, administrator: Caller) -> None:
    """P29, BEY-09: which programmes somebody was given is as much a fact as the role."""
    member = invited(world, administrator, CLIENTS)
    changed(world, administrator, member, pb.ROLE_PROGRAMME_ADMINISTRATOR, NEWS)
    newest = world.sql("select facts from audit where organisation_id = :id order by number desc limit 2", id=administrator.organisation_id)
    assert [row[0]["programmes"] for row in newest] == [str(NEWS), str(CLIENTS)]  # type: ignore[index]


def test_the_beta_programme_is_switched_on_by_oneself(world: World, administrator: Caller) -> None:
    """AMI-24: kept with the person, said in the profile and in the assertion for every service, in all organisations."""
    invited(world, administrator, NEWS)
    ola = world.activated(OLA)
    who = world.caller(ola)
    assert not who.beta
    assert world.account(who).UpdateProfile(pb.UpdateProfileRequest(beta=True)).beta
    held = world.resolved(ola)
    assert held.profile.beta
    assert all(world.asserted(token, service).beta for service, token in held.assertions.items())
    assert world.account(who).UpdateProfile(pb.UpdateProfileRequest(first_name="Olaf")).beta, "what is not named stays"
    assert not world.account(who).UpdateProfile(pb.UpdateProfileRequest(beta=False)).beta
    assert not world.caller(ola).beta
