"""From which day to which a member may work in an organisation: others, and the person's other organisations, are not concerned."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from kontor.access.v1.access_pb2 import PERMISSION_DOCUMENT_READ
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1.events_pb2 import MemberValidityChanged, SessionsEnded

from chassis import clock
from chassis.caller import Caller
from chassis.errors import Conflict, Invalid, NotFound, Unauthenticated
from chassis.testing import at_once
from services.identity import rules
from tests.identity.world import Somebody, World, later

KARI, OLA = "kari@bakeri.example.no", "ola@bakeri.example.no"


@pytest.fixture
def kari(world: World, administrator: Caller) -> Caller:
    """The administrator of a client."""
    world.client(administrator)
    return world.caller(world.activated(KARI))


def day(number: int) -> str:
    """So many days from today in Oslo."""
    return (rules.today("Europe/Oslo", clock.now()) + timedelta(days=number)).isoformat()


def add(world: World, who: Caller, email: str = OLA, role: int = pb.ROLE_WRITE, **days: object) -> pb.Member:
    validity = pb.Validity(**days) if days else None  # type: ignore[arg-type]
    request = pb.AddMemberRequest(email=email, first_name="Ola", last_name="B", role=role, validity=validity)  # type: ignore[arg-type]
    return world.organisations(who).AddMember(request)


def limit(world: World, who: Caller, membership_id: str, **days: object) -> pb.Member:
    request = pb.SetMemberValidityRequest(membership_id=membership_id, validity=pb.Validity(**days))  # type: ignore[arg-type]
    return world.organisations(who).SetMemberValidity(request)


def works_in(world: World, somebody: Somebody) -> list[str]:
    """The organisations that are offered, the one worked in first."""
    answer = world.resolved(somebody)
    offered = [each.organisation_name for each in answer.profile.memberships]
    return [f"*{answer.current.organisation_name}" if answer.HasField("current") else "-", *offered]


def test_a_member_is_valid_until_further_notice(world: World, kari: Caller) -> None:
    """NET-12, NET-15: unless days are given, and then among the users all the same."""
    member = add(world, kari)
    assert (member.validity, member.in_force) == (pb.Validity(), True)
    limited = add(world, kari, "ada@bakeri.example.no", first_day=day(-1), last_day=day(3), stop_emails=True)
    assert limited.validity == pb.Validity(first_day=day(-1), last_day=day(3), stop_emails=True)
    assert limited.in_force
    listed = world.organisations(kari).ListMembers(pb.ListMembersRequest()).members
    assert limited in listed


def test_the_last_day_is_included_and_the_one_after_it_is_not(world: World, kari: Caller) -> None:
    """NET-13: in the organisation's time zone, with a session that lives through midnight too."""
    member = add(world, kari, last_day=day(1))
    ola = world.activated(OLA)
    assert works_in(world, ola) == ["*Bakerud Bakeri AS", "Bakerud Bakeri AS"]
    with later(days=1):
        world.signed_in(ola)
        assert works_in(world, ola) == ["*Bakerud Bakeri AS", "Bakerud Bakeri AS"]
    with later(days=2):
        world.signed_in(ola)
        assert works_in(world, ola) == ["-"]
        assert set(world.resolved(ola).assertions) == {"identity"}
        choose, stub = pb.ChooseOrganisationRequest(membership_id=member.membership_id), world.sessions_of(world.caller(ola))
        with pytest.raises(NotFound) as refused:
            stub.ChooseOrganisation(choose)
        assert refused.value.reason == "membership_not_found"


def test_an_open_session_loses_the_organisation_at_once(world: World, kari: Caller) -> None:
    """NET-13: an end that has passed is an end now; lifted, it is as before."""
    member = add(world, kari)
    ola = world.activated(OLA)
    world.service.relay()
    limit(world, kari, member.membership_id, last_day=day(-1))
    assert works_in(world, ola) == ["-"]
    events = world.service.relay()
    assert any(isinstance(event, SessionsEnded) and event.user_id == world.user_id(OLA) for event in events)
    limit(world, kari, member.membership_id)
    assert works_in(world, ola) == ["*Bakerud Bakeri AS", "Bakerud Bakeri AS"]


def test_other_organisations_are_not_concerned(world: World, administrator: Caller, kari: Caller) -> None:
    """NET-13: nor is the person slipped into the other one unasked."""
    here = add(world, kari)
    elsewhere = add(world, administrator, role=pb.ROLE_CONSULTANT)
    ola = world.activated(OLA)
    world.sessions_of(world.caller(ola)).ChooseOrganisation(pb.ChooseOrganisationRequest(membership_id=here.membership_id))
    limit(world, kari, here.membership_id, last_day=day(-1))
    assert works_in(world, ola) == ["-", "Nordlys Regnskap AS"]
    world.sessions_of(world.caller(ola)).ChooseOrganisation(pb.ChooseOrganisationRequest(membership_id=elsewhere.membership_id))
    assert works_in(world, ola) == ["*Nordlys Regnskap AS", "Nordlys Regnskap AS"]


def test_before_the_first_day_nobody_works_there(world: World, kari: Caller) -> None:
    """NET-13."""
    add(world, kari, first_day=day(2))
    ola = world.activated(OLA)
    assert works_in(world, ola) == ["-"]
    with later(days=2):
        world.signed_in(ola)
        assert works_in(world, ola)[0] == "*Bakerud Bakeri AS"


@pytest.mark.parametrize(("stop", "stopped"), [(False, False), (True, True)])
def test_the_end_is_announced_once_with_whether_mails_stop(world: World, kari: Caller, *, stop: bool, stopped: bool) -> None:
    """NET-14: by itself the end stops no mails."""
    member = add(world, kari, last_day=day(1), stop_emails=stop)
    world.service.relay()
    world.service.run_job("announce_validity")
    assert world.service.relay() == []
    with later(days=2):
        world.service.run_job("announce_validity")
        world.service.run_job("announce_validity")
    ended = MemberValidityChanged(
        membership_id=member.membership_id, organisation_id=kari.organisation_id, user_id=world.user_id(OLA), in_force=False,
        emails_stopped=stopped,
    )  # fmt: skip
    assert world.service.relay() == [ended]


def test_a_removed_member_is_announced_no_more(world: World, kari: Caller) -> None:
    """ACC-82."""
    member = add(world, kari, last_day=day(1))
    world.organisations(kari).RemoveMember(pb.RemoveMemberRequest(membership_id=member.membership_id))
    world.service.relay()
    with later(days=2):
        world.service.run_job("announce_validity")
    assert world.service.relay() == []


@pytest.mark.parametrize(
    ("days", "field"),
    [
        ({"first_day": "2026-02-30"}, "first_day"), ({"last_day": "2026-13-01"}, "last_day"),
        ({"first_day": "2026-05-02", "last_day": "2026-05-01"}, "last_day"),
    ],
)  # fmt: skip
def test_days_that_cannot_be_are_refused_by_name(world: World, kari: Caller, days: dict[str, Any], field: str) -> None:
    """NET-13: and a member is not added with them either."""
    validity, stub = pb.Validity(**days), world.organisations(kari)
    adding = pb.AddMemberRequest(email=OLA, first_name="Ola", last_name="B", validity=validity)
    changing = pb.SetMemberValidityRequest(membership_id=kari.membership_id, validity=validity)
    attempts: list[Callable[[], object]] = [lambda: stub.AddMember(adding), lambda: stub.SetMemberValidity(changing)]
    for attempt in attempts:
        with pytest.raises(Invalid) as refused:
            attempt()
        assert refused.value.fields == {f"validity.{field}": "validity_invalid"}
    assert len(world.organisations(kari).ListMembers(pb.ListMembersRequest()).members) == 1


def test_an_administrator_until_further_notice_always_stays(world: World, kari: Caller) -> None:
    """ACC-05: one with a last day, or not yet there, makes up for nobody."""
    add(world, kari, role=pb.ROLE_ADMINISTRATOR, last_day=day(10))
    add(world, kari, "ada@bakeri.example.no", role=pb.ROLE_ADMINISTRATOR, first_day=day(10))
    for email in (OLA, "ada@bakeri.example.no"):
        world.activated(email)
    stub = world.organisations(kari)
    for attempt in (
        lambda: limit(world, kari, kari.membership_id, last_day=day(20)),
        lambda: stub.RemoveMember(pb.RemoveMemberRequest(membership_id=kari.membership_id)),
        lambda: stub.ChangeRole(pb.ChangeRoleRequest(membership_id=kari.membership_id, role=pb.ROLE_READ)),
    ):
        with pytest.raises(Conflict) as refused:
            attempt()
        assert refused.value.reason == "last_administrator"
    assert stub.GetMember(pb.GetMemberRequest(membership_id=kari.membership_id)).validity == pb.Validity()


def test_two_administrators_cannot_limit_each_other_at_once(world: World, kari: Caller) -> None:
    """ACC-05: whoever is second is refused."""
    other = add(world, kari, role=pb.ROLE_ADMINISTRATOR)
    world.activated(OLA)
    both, end = (kari.membership_id, other.membership_id), day(5)
    results = at_once([partial(limit, world, kari, each, last_day=end) for each in both])
    assert [result.reason for result in results if isinstance(result, Conflict)] == ["last_administrator"]


def test_one_organisation_limits_nobody_elsewhere(world: World, administrator: Caller, kari: Caller) -> None:
    """ACC-12, P10."""
    with pytest.raises(NotFound):
        limit(world, administrator, kari.membership_id, last_day=day(1))


def test_a_key_ends_with_the_days_of_who_made_it(world: World, administrator: Caller) -> None:
    """NET-13: a back-office system acts as its member."""
    other = add(world, administrator, role=pb.ROLE_ADMINISTRATOR)
    anna = world.caller(world.activated(OLA))
    asked = pb.CreateApiKeyRequest(label="ERP", valid_days=30, permissions=[PERMISSION_DOCUMENT_READ], all_clients=True)
    secret = world.organisations(anna).CreateApiKey(asked).secret
    assert world.sessions.ExchangeApiKey(pb.ExchangeApiKeyRequest(api_key=secret)).assertions
    limit(world, administrator, other.membership_id, last_day=day(-1))
    with pytest.raises(Unauthenticated) as refused:
        world.sessions.ExchangeApiKey(pb.ExchangeApiKeyRequest(api_key=secret))
    assert refused.value.reason == "api_key_unknown"


def test_the_trail_says_who_set_which_days(world: World, kari: Caller) -> None:
    """BEY-09."""
    member = add(world, kari)
    limit(world, kari, member.membership_id, last_day=day(1))
    newest = "select action, caller from audit where organisation_id = :id order by number desc limit 1"
    assert world.sql(newest, id=kari.organisation_id) == [("member.set_validity", f"user:{kari.user_id}")]
