"""Many members are added at once: each stands for itself."""

import pytest
from kontor.identity.v1 import identity_pb2 as pb
from kontor.notify.v1 import notify_pb2

from chassis.caller import Caller
from chassis.errors import Denied, Invalid
from tests.identity.world import World

KARI, OLA, ADA = "kari@bakeri.example.no", "ola@bakeri.example.no", "ada@bakeri.example.no"


@pytest.fixture
def kari(world: World, administrator: Caller) -> Caller:
    """The administrator of a client."""
    world.client(administrator)
    return world.caller(world.activated(KARI))


def person(email: str, first_name: str = "Ola", last_name: str = "Bakerud", role: int = pb.ROLE_READ) -> pb.NewMember:
    return pb.NewMember(email=email, first_name=first_name, last_name=last_name, role=role)  # type: ignore[arg-type]


def test_each_has_a_result_of_its_own_and_keeps_no_other_out(world: World, kari: Caller) -> None:
    """ACC-77, AMI-04, ACC-32: in the order given; the same address twice is one member."""
    asked = [
        person(OLA), person("ola@bakeri"), person(OLA.upper()), person(KARI), person("x@bakeri.example.no", last_name=" "),
        person("y@bakeri.example.no", role=pb.ROLE_CONSULTANT), person(f" {ADA} ", "Ada", role=pb.ROLE_UNSPECIFIED),
    ]  # fmt: skip
    answer = world.organisations(kari).AddMembers(pb.AddMembersRequest(members=asked, language="sv"))
    said = [each.reason for each in answer.results]
    assert said == ["", "email_invalid", "already_member", "already_member", "name_missing", "role_not_here", ""]
    members = {each.membership_id: each for each in world.organisations(kari).ListMembers(pb.ListMembersRequest()).members}
    added = [members[each.membership_id] for each in answer.results if not each.reason]
    assert [(each.email, each.role) for each in added] == [(OLA, pb.ROLE_READ), (ADA, pb.ROLE_WRITE)]
    assert len(members) == 3
    assert (world.mail(ADA).kind, world.mail(ADA).language) == (notify_pb2.LETTER_KIND_WELCOME, "sv")


def test_twenty_five_are_the_most(world: World, kari: Caller) -> None:
    """AMI-04."""
    many = [person(f"a{number}@bakeri.example.no") for number in range(26)]
    stub = world.organisations(kari)
    for asked in ([], many):
        with pytest.raises(Invalid):
            stub.AddMembers(pb.AddMembersRequest(members=asked))
    assert not any(each.reason for each in stub.AddMembers(pb.AddMembersRequest(members=many[:25])).results)


def test_others_than_administrators_add_nobody(world: World, kari: Caller) -> None:
    """ACC-13."""
    world.organisations(kari).AddMembers(pb.AddMembersRequest(members=[person(OLA)]))
    stub = world.organisations(world.caller(world.activated(OLA)))
    with pytest.raises(Denied):
        stub.AddMembers(pb.AddMembersRequest(members=[person(ADA)]))
