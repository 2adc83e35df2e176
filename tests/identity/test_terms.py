"""The terms and conditions are accepted before anything else, and that is recorded."""

import pytest
from kontor.access.v1 import access_pb2 as access
from kontor.identity.v1 import identity_pb2 as pb

from chassis.errors import Conflict, Failure
from services.identity import rules
from tests.identity.phone import Phone, enrolled
from tests.identity.world import Somebody, World, code

BERIT = "berit@kontoret.example.no"


@pytest.fixture
def newcomer(world: World) -> Somebody:
    """Signed in for the first time."""
    world.firm()
    somebody = world.with_password(BERIT)
    begun = world.started(somebody)
    somebody.secret = begun.enrolment.key
    somebody.session = world.finished(begun.attempt, code(somebody)).session
    return somebody


def test_before_the_terms_are_accepted_nobody_reaches_an_organisation(world: World, newcomer: Somebody) -> None:
    """NET-36: not over any service, and no device is enrolled."""
    held = world.resolved(newcomer)
    assert (held.profile.terms_due, held.organisation.name) == (rules.TERMS_VERSION, "")
    assert list(held.permissions) == [access.PERMISSION_SESSION_USE]
    for service in held.assertions:
        assert world.asserted(held.assertions[service], service).organisation_id == ""
    with pytest.raises(Failure) as refused:
        enrolled(world, newcomer, Phone())
    assert refused.value.reason == "terms_due"


def test_acceptance_is_recorded_with_version_and_time(world: World, newcomer: Somebody) -> None:
    """NET-36: once, in the person's own chain and the organisation's; other versions are not accepted."""
    own = world.account(world.caller(newcomer))
    with pytest.raises(Conflict) as other:
        own.AcceptTerms(pb.AcceptTermsRequest(version="1999-01"))
    assert other.value.reason == "terms_outdated"
    for _ in range(2):
        assert own.AcceptTerms(pb.AcceptTermsRequest(version=rules.TERMS_VERSION)).terms_due == ""
    assert world.resolved(newcomer).organisation.name == "Nordlys Regnskap AS"
    ((version, accepted),) = world.sql("select terms_version, terms_accepted_at is not null from users where email = :email", email=BERIT)
    assert (version, accepted) == (rules.TERMS_VERSION, True)
    rows = world.sql("select facts->>'version' from audit where action = 'terms.accept'")
    assert rows == [(rules.TERMS_VERSION,)] * 2


def test_new_terms_are_accepted_before_going_on(world: World, newcomer: Somebody) -> None:
    """NET-36: whoever accepted others, in a session that is open too."""
    world.accepted(newcomer)
    world.sql("update users set terms_version = '2020-01'")
    assert world.resolved(newcomer).profile.terms_due == rules.TERMS_VERSION
