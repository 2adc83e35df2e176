"""Sessions: who holds one is known at each request, and it ends on the server."""

import pytest
from kontor.access.v1 import access_pb2 as access
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1.events_pb2 import SessionsEnded

from chassis.caller import Caller
from chassis.errors import Denied, NotFound, Unauthenticated
from chassis.testing import at_once, person
from tests.identity.world import NUMBERS, Somebody, World, later

BERIT, KARI = "berit@kontoret.example.no", "kari@bakeri.example.no"


@pytest.fixture
def berit(world: World) -> Somebody:
    world.firm()
    return world.activated(BERIT)


def in_two(world: World, berit: Somebody) -> Somebody:
    """Berit, administrator of the firm and of a client of it, signed in anew."""
    world.client(world.caller(berit), email=BERIT)
    with later(minutes=1):
        world.signed_in(berit)
    return berit


def ended(world: World, somebody: Somebody) -> bool:
    try:
        world.resolved(somebody)
    except Unauthenticated as why:
        return why.reason == "session_ended"
    return False


def test_who_belongs_to_one_organisation_is_in_it(world: World, berit: Somebody) -> None:
    """ACC-29, ACC-31: name, role and permissions come with every request."""
    held = world.resolved(berit)
    assert (held.organisation.name, held.current.role) == ("Nordlys Regnskap AS", pb.ROLE_ADMINISTRATOR)
    assert access.PERMISSION_CLIENT_CREATE in held.permissions
    assert access.PERMISSION_FIRM_CREATE not in held.permissions
    assert [each.organisation_name for each in held.profile.memberships] == ["Nordlys Regnskap AS"]


def test_each_service_gets_an_assertion_for_itself_only(world: World, berit: Somebody) -> None:
    """Design § 5: documents, messaging and linking may also ask identity with it."""
    held = world.resolved(berit)
    assert set(held.assertions) == {"identity", "documents", "messaging", "linking", "notify"}
    for service, assertion in held.assertions.items():
        who = world.asserted(assertion, service)
        assert (who.organisation_kind, who.name, who.membership_id) == ("firm", "Berit Revisordal", held.current.membership_id)
        for other in set(held.assertions) - {service, "identity"}:
            with pytest.raises(Unauthenticated):
                world.asserted(assertion, other)
    assert world.asserted(held.assertions["documents"], "identity").stepped_up()
    with pytest.raises(Unauthenticated):
        world.asserted(held.assertions["notify"], "identity")


def test_who_belongs_to_several_chooses_without_signing_in_again(world: World, berit: Somebody) -> None:
    """ACC-29, ACC-30: nothing is chosen at first; a switch concerns one session only."""
    somebody = in_two(world, berit)
    held = world.resolved(somebody)
    assert not held.HasField("current")
    assert list(held.assertions) == ["identity"]
    assert list(held.permissions) == [access.PERMISSION_SESSION_USE]
    other = Somebody(BERIT, secret=berit.secret)
    with later(minutes=2):
        world.signed_in(other)
    for membership in held.profile.memberships:
        sessions = world.sessions_of(world.caller(somebody))
        sessions.ChooseOrganisation(pb.ChooseOrganisationRequest(membership_id=membership.membership_id))
        assert world.resolved(somebody).organisation.name == membership.organisation_name
    assert not world.resolved(other).HasField("current")


def test_nobody_chooses_an_organisation_they_do_not_belong_to(world: World, berit: Somebody) -> None:
    """ACC-12."""
    world.client(world.caller(berit))
    kari = world.activated(KARI)
    with pytest.raises(NotFound):
        world.sessions_of(world.caller(berit)).ChooseOrganisation(
            pb.ChooseOrganisationRequest(membership_id=world.resolved(kari).current.membership_id)
        )


def test_signing_out_ends_the_session_on_the_server(world: World, berit: Somebody) -> None:
    """ACC-28: the cookie's value is worth nothing afterwards, and open pages are told."""
    who = world.caller(berit)
    world.service.relay()
    stub = world.sessions_of(who)
    stub.SignOut(pb.SignOutRequest())
    assert ended(world, berit)
    assert world.service.relay() == [SessionsEnded(user_id=who.user_id, session_ids=[who.session_id])]
    stub.SignOut(pb.SignOutRequest())
    assert world.service.relay() == []


def test_a_session_ends_by_itself_when_unused_or_old(world: World, berit: Somebody) -> None:
    """Idle 30 minutes, 12 hours in all."""
    for half_hours in range(1, 24):
        with later(minutes=29 * half_hours):
            if 29 * half_hours < 12 * 60:
                assert not ended(world, berit)
    with later(hours=12, seconds=1):
        assert ended(world, berit)
    with later(minutes=1):
        world.signed_in(berit)
    with later(minutes=32):
        assert ended(world, berit)


def test_what_an_open_page_asks_by_itself_does_not_keep_a_session_going(world: World, berit: Somebody) -> None:
    """30 minutes without the person end it, however often a page asks meanwhile; asking writes nothing."""
    quietly = pb.ResolveSessionRequest(session=berit.session, address="192.0.2.9", quiet=True)
    for minutes in range(2, 30, 2):
        with later(minutes=minutes):
            assert world.sessions.ResolveSession(quietly).current.organisation_name == "Nordlys Regnskap AS"
    assert world.sql("select seen_at = created_at, address from sessions") == [(True, "")]
    with later(minutes=30, seconds=1):
        assert ended(world, berit)


def test_a_session_in_use_is_written_once_a_minute(world: World, berit: Somebody) -> None:
    """Reading a page costs a read."""

    def seen() -> object:
        return world.sql("select seen_at from sessions")[0][0]

    first = seen()
    at_once([lambda: world.resolved(berit)] * 8)
    assert seen() == first
    with later(minutes=1, seconds=1):
        world.resolved(berit)
    assert seen() != first


def test_a_removed_member_loses_the_organisation_and_keeps_the_session(world: World, berit: Somebody) -> None:
    """ACC-82, ACC-85, P7: at once, and is not slipped into another organisation unasked."""
    firm_side = world.caller(berit)
    world.client(firm_side)
    kari = world.activated(KARI)
    second = world.client(firm_side, email=KARI, number=NUMBERS["NO"][2])
    held = world.resolved(kari)
    assert held.current.organisation_id != second.organisation_id
    world.organisations(world.caller(kari)).AddMember(
        pb.AddMemberRequest(email="per@bakeri.example.no", first_name="Per", last_name="Ny", role=pb.ROLE_ADMINISTRATOR)
    )
    per = world.activated("per@bakeri.example.no")
    world.service.relay()
    world.organisations(world.caller(per)).RemoveMember(pb.RemoveMemberRequest(membership_id=held.current.membership_id))
    after = world.resolved(kari)
    assert not after.HasField("current")
    assert not after.HasField("organisation")
    assert [each.organisation_id for each in after.profile.memberships] == [second.organisation_id]
    told = [event for event in world.service.relay() if isinstance(event, SessionsEnded)]
    assert [event.user_id for event in told] == [held.profile.user_id]
    assert len(told[0].session_ids) == 1


def test_nonsense_is_no_session(world: World) -> None:
    """Nor is a session's digest."""
    with pytest.raises(Unauthenticated) as refused:
        world.sessions.ResolveSession(pb.ResolveSessionRequest(session="x" * 43))
    assert refused.value.reason == "session_ended"


def test_tokens_are_not_in_the_database(world: World, berit: Somebody) -> None:
    """ASVS 7.2.3: what is stored cannot be used."""
    rows = world.sql("select cast(s as text) from sessions s union all select cast(a as text) from sign_in_attempts a")
    assert rows
    assert not [row for row in rows if berit.session in str(row)]


def test_an_operator_makes_firms_without_belonging_to_one(world: World, berit: Somebody) -> None:
    """The platform's operator."""
    with pytest.raises(Denied):
        world.firm_by(world.caller(berit), number=NUMBERS["NO"][1])
    world.sql("update users set operator = true")
    world.sql("update memberships set removed_at = added_at")
    assert not world.resolved(berit).HasField("current")
    assert world.firm_by(world.caller(berit), number=NUMBERS["NO"][1]).organisation_id


def test_an_api_key_has_no_session(world: World) -> None:
    """What concerns a person's account needs the person."""
    machine: Caller = person(access.PERMISSION_SESSION_USE, session_id="")
    with pytest.raises(Denied) as refused:
        world.sessions_of(machine).SignOut(pb.SignOutRequest())
    assert refused.value.reason == "session_needed"


def test_where_one_is_signed_in_is_listed_and_can_be_ended(world: World, berit: Somebody) -> None:
    """ASVS 7.5.2: one of them, or all others; what is somebody else's stays."""
    others = []
    for minutes in (1, 2, 3):
        with later(minutes=minutes):
            others.append(Somebody(BERIT, secret=berit.secret))
            world.signed_in(others[-1])
    with later(minutes=4):
        sessions = world.sessions_of(world.caller(berit))
        listed = sessions.ListSessions(pb.ListSessionsRequest()).sessions
        assert ([each.present for each in listed], {each.user_agent for each in listed}) == ([False, False, False, True], {"Test"})
        sessions.EndSessions(pb.EndSessionsRequest(session_id=listed[0].session_id))
        assert ended(world, others[2])
        assert world.resolved(others[0]).current.membership_id
        sessions.EndSessions(pb.EndSessionsRequest())
        assert len(sessions.ListSessions(pb.ListSessionsRequest()).sessions) == 1
        assert ended(world, others[0])
