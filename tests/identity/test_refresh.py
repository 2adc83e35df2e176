"""Apps renew a device's session with a token that works once: an honest repeat is answered, a thief ends it."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from kontor.identity.v1 import devices_pb2 as dv
from kontor.identity.v1 import identity_pb2 as pb
from kontor.notify.v1 import notify_pb2

from chassis.errors import Failure
from chassis.testing import at_once
from tests.identity.phone import Phone, alive, asked, devices, enrolled, opened
from tests.identity.world import Somebody, World, code, later

BERIT = "berit@kontoret.example.no"


@pytest.fixture
def somebody(world: World) -> Somebody:
    world.firm()
    return world.activated(BERIT)


@pytest.fixture
def app(world: World, somebody: Somebody) -> tuple[Phone, Somebody]:
    """A telephone with an app, opened with its PIN."""
    phone = enrolled(world, somebody, Phone())
    return phone, opened(world, somebody, phone, refresh=True)


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(Failure) as why:
        call()
    return why.value.reason


def request(world: World, phone: Phone, token: str = "") -> dv.RefreshSessionRequest:
    challenge = asked(world, phone)
    given = {"device_id": phone.id, "challenge": challenge, "refresh_token": token or phone.refresh_token}
    return dv.RefreshSessionRequest(signature=phone.signs("refresh", challenge), **given)


def refreshed(world: World, phone: Phone, token: str = "") -> dv.RefreshSessionResponse:
    return devices(world).RefreshSession(request(world, phone, token))


def session(answer: Any) -> Somebody:
    return Somebody(BERIT, session=answer.session)


def test_two_refreshes_at_once_are_one_family_with_one_successor(world: World, app: tuple[Phone, Somebody]) -> None:
    """P8: honest double refresh is not punished: both get the same, and it works."""
    phone, old = app
    requests = [request(world, phone) for _ in range(2)]
    first, second = at_once([partial(devices(world).RefreshSession, each) for each in requests])
    assert isinstance(first, dv.RefreshSessionResponse), first
    assert first == second
    assert world.sql("select count(*), count(used_at) from refresh_tokens") == [(2, 1)]
    assert (alive(world, session(first)), alive(world, old)) == (True, False)
    with later(seconds=9):
        assert refreshed(world, phone) == first
    assert alive(world, session(refreshed(world, phone, first.refresh_token)))


def test_a_replay_after_eleven_seconds_revokes_the_family(world: World, app: tuple[Phone, Somebody]) -> None:
    """P8: a stolen refresh token is useless after one use: both are out, the PIN lets the owner in, and the owner is told."""
    phone, _ = app
    stolen = phone.refresh_token
    owner = refreshed(world, phone)
    with later(seconds=11):
        assert refusal(lambda: refreshed(world, phone, stolen)) == "refresh_over"
        assert not alive(world, session(owner))
        assert refusal(lambda: refreshed(world, phone, owner.refresh_token)) == "refresh_over"
        assert world.mail(BERIT).change == notify_pb2.SECURITY_CHANGE_DEVICE_COPIED
        assert alive(world, opened(world, session(owner), phone, refresh=True))
        assert alive(world, session(refreshed(world, phone)))


def test_the_token_without_the_device_is_useless_at_once(world: World, somebody: Somebody, app: tuple[Phone, Somebody]) -> None:
    """P8: every refresh is signed by the device's key, and its question takes one answer."""
    phone, held = app
    thief = Phone(id=phone.id, refresh_token=phone.refresh_token)
    assert refusal(lambda: refreshed(world, thief)) == "device_refused"
    assert alive(world, held), "which does not end the owner's session either"
    used = request(world, phone)
    devices(world).RefreshSession(used)
    assert refusal(lambda: devices(world).RefreshSession(used)) == "device_challenge_over"
    own = session(refreshed(world, phone))
    full = pb.StepUpRequest(code=code(somebody, at=timedelta(seconds=30)), password=somebody.password)
    world.sessions_of(world.caller(own)).StepUp(full)
    other = enrolled(world, own, Phone())
    assert refusal(lambda: refreshed(world, other, phone.refresh_token)) == "refresh_over", "the session is another device's now"


def test_a_refresh_goes_on_after_idleness_but_not_past_the_day_of_the_pin(world: World, app: tuple[Phone, Somebody]) -> None:
    """NET-39: an app left in the pocket needs no PIN for 12 hours; the second factor stays as old as it is."""
    phone, held = app
    with later(hours=2):
        assert not alive(world, held)
        answer = refreshed(world, phone)
        assert alive(world, session(answer))
        assert not world.caller(session(answer)).stepped_up()
    with later(hours=12, minutes=1):
        assert refusal(lambda: refreshed(world, phone, answer.refresh_token)) == "refresh_over"


@pytest.mark.parametrize("how", ["lock", "log out", "everywhere"])
def test_what_ended_is_not_refreshed(world: World, app: tuple[Phone, Somebody], how: str) -> None:
    """NET-41: locked, logged out, or logged out everywhere."""
    phone, held = app
    if how == "lock":
        devices(world, held).LockDevice(dv.LockDeviceRequest())
    elif how == "log out":
        world.sessions_of(world.caller(held)).SignOut(pb.SignOutRequest())
    else:
        devices(world, held).SignOutEverywhere(dv.SignOutEverywhereRequest())
    assert refusal(lambda: refreshed(world, phone)) == ("device_refused" if how == "everywhere" else "refresh_over")
