"""The list of members: searched, counted, with when each was last seen, and of a client by its firm."""

import pytest
from kontor.access.v1.access_pb2 import PERMISSION_MEMBER_READ
from kontor.identity.v1 import identity_pb2 as pb

from chassis.caller import Caller
from chassis.errors import NotFound
from chassis.testing import person
from tests.identity.world import World, later

KARI, OLA = "kari@bakeri.example.no", "ola@bakeri.example.no"


@pytest.fixture
def client(world: World, administrator: Caller) -> pb.Organisation:
    """A client of the firm, whose administrator is Kari."""
    return world.client(administrator)


@pytest.fixture
def kari(world: World, client: pb.Organisation) -> Caller:
    """The client's administrator, signed in."""
    assert client.organisation_id
    return world.caller(world.activated(KARI))


def add(world: World, who: Caller, email: str, first_name: str, last_name: str) -> None:
    world.organisations(who).AddMember(pb.AddMemberRequest(email=email, first_name=first_name, last_name=last_name))


def listed(world: World, who: Caller, **given: object) -> pb.ListMembersResponse:
    return world.organisations(who).ListMembers(pb.ListMembersRequest(**given))  # type: ignore[arg-type]


EVERYBODY = ["Kari", "Ola", "Åse"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [("øst", ["Åse"]), ("ÅSE ØST", ["Åse"]), ("bakeri.EXAMPLE", EVERYBODY), ("ola@", ["Ola"]), ("%", []), ("\0", EVERYBODY)],
)
def test_members_are_found_by_part_of_name_or_address(world: World, kari: Caller, asked: str, found: list[str]) -> None:
    """ACC-76: any case, also of letters outside ASCII, also written with a combining sign."""
    add(world, kari, OLA, "Ola", "Prøvesen")
    add(world, kari, "aase@bakeri.example.no", "Åse", "Østbye")
    assert sorted(member.first_name for member in listed(world, kari, name=asked).members) == found
    assert [member.first_name for member in listed(world, kari, name="A\u030ase").members] == ["Åse"]


def test_all_are_counted_whatever_is_searched_for(world: World, kari: Caller) -> None:
    """ACC-76."""
    add(world, kari, OLA, "Ola", "Prøvesen")
    for asked in ({}, {"name": "nobody"}, {"invited": True}):
        answer = listed(world, kari, **asked)
        assert (answer.total, answer.total_invited) == (2, 1)
    assert [member.email for member in listed(world, kari, invited=True).members] == [OLA]


def test_a_member_was_last_seen_when_the_session_was_last_used(world: World, kari: Caller) -> None:
    """ACC-76: to the minute; whoever never signed in was never seen."""
    add(world, kari, OLA, "Ola", "Prøvesen")
    first, second = listed(world, kari).members
    assert first.HasField("last_seen_at")
    assert not second.HasField("last_seen_at")
    with later(minutes=10):
        somebody = world.activated(OLA)
        world.resolved(somebody)
        seen = {member.email: member.last_seen_at.seconds for member in listed(world, kari).members}
    assert 590 <= seen[OLA] - seen[KARI] <= 700


def test_the_firm_lists_the_people_of_its_clients_and_of_no_other(world: World, administrator: Caller, client: pb.Organisation) -> None:
    """ACC-12."""
    answer = listed(world, administrator, organisation_id=client.organisation_id)
    assert [member.email for member in answer.members] == [KARI]
    assert [member.email for member in listed(world, administrator).members] == ["berit@kontoret.example.no"]
    other = person(PERMISSION_MEMBER_READ, organisation_kind="firm")
    for organisation in (client.organisation_id, administrator.organisation_id, "01920000-0000-7000-8000-0000000000ff"):
        with pytest.raises(NotFound) as refused:
            listed(world, other, organisation_id=organisation)
        assert refused.value.reason == "organisation_not_found"


def test_a_client_lists_neither_its_firm_nor_a_fellow_client(world: World, administrator: Caller, kari: Caller) -> None:
    """ACC-12, P10."""
    fellow = world.client(administrator, email="nn@nabo.example.no", number="999999972")
    for organisation in (fellow.organisation_id, administrator.organisation_id):
        with pytest.raises(NotFound):
            listed(world, kari, organisation_id=organisation)
    assert [member.email for member in listed(world, kari, organisation_id=kari.organisation_id).members] == [KARI]
