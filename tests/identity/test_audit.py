"""What people do with their accounts is seen where they work, and holds nothing that could be used."""

import pytest
from kontor.identity.v1 import identity_pb2 as pb

from chassis.caller import Caller
from chassis.errors import Invalid, Unauthenticated
from tests.identity.world import PASSWORD, World, code, later, wrong


def trail(world: World, who: Caller) -> list[tuple[object, ...]]:
    """What stands in the organisation's chain about this person's account, oldest first."""
    statement = "select action, caller from audit where organisation_id = :id and facts->>'user' = :user order by number"
    return world.sql(statement, id=who.organisation_id, user=who.user_id)


def test_every_sign_in_is_in_the_organisations_trail_also_one_that_failed(world: World) -> None:
    """P29, BEY-09: password, wrong code, right code, step-up, signing out."""
    world.firm()
    berit = world.activated("berit@kontoret.example.no")
    known = len(trail(world, world.caller(berit)))
    with later(minutes=1):
        attempt = world.started(berit).attempt
        with pytest.raises(Unauthenticated):
            world.finished(attempt, wrong(berit))
        berit.session = world.finished(attempt, code(berit)).session
        who = world.caller(berit)
    with later(minutes=2):
        who = world.caller(berit)
        with pytest.raises(Invalid):
            world.sessions_of(who).StepUp(pb.StepUpRequest(method=pb.METHOD_TOTP, code=wrong(berit)))
        world.sessions_of(who).StepUp(pb.StepUpRequest(method=pb.METHOD_TOTP, code=code(berit)))
        world.sessions_of(who).SignOut(pb.SignOutRequest())
    by = f"user:{who.user_id}"
    assert trail(world, who)[known:] == [
        ("sign_in.start", "anyone"), ("sign_in.refuse", "anyone"), ("session.open", "anyone"),
        ("session.refuse", by), ("session.step_up", by), ("session.end", by),
    ]  # fmt: skip


def test_the_next_sign_in_says_how_many_passwords_were_tried(world: World) -> None:
    """P29, P5: a row for each would tell known addresses from unknown ones."""
    world.firm()
    berit = world.activated("berit@kontoret.example.no")
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            world.sign_in.StartSignIn(pb.StartSignInRequest(email=berit.email, password="not this one either"))
    world.started(berit)
    newest = "select facts->>'tries' from audit where action = 'sign_in.start' order by at desc, number desc limit 1"
    assert world.sql(newest) == [("3",)]


def test_no_row_holds_a_secret(world: World) -> None:
    """P29, BEY-09."""
    world.firm()
    berit = world.activated("berit@kontoret.example.no")
    rows = str(world.sql("select cast(a as text) from audit a"))
    assert "session.open" in rows
    assert not [secret for secret in (PASSWORD, berit.secret, berit.session, berit.email, "Berit") if secret in rows]
