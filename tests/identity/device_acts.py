"""Changes of an account that a telephone of its owner causes, each by itself: what happened before it has been forgotten."""

from kontor.identity.v1 import devices_pb2 as dv

from chassis.errors import Failure
from tests.identity.phone import Phone, asked, computers, devices, enrolled, opened
from tests.identity.world import Somebody, World, later


def quiet(world: World) -> None:
    """What happened before is not told."""
    for table in ("letters", "sms_warnings"):
        world.sql(f"delete from {table}")  # noqa: S608 - names of ours


def added(world: World, kari: Somebody, _: Somebody) -> None:
    """A telephone is enrolled."""
    enrolled(world, kari, Phone())


def pin_forgotten(world: World, kari: Somebody, _: Somebody) -> None:
    """Its PIN is guessed until it is forgotten."""
    phone = enrolled(world, kari, Phone())
    quiet(world)
    for _try in range(7):
        try:
            opened(world, kari, phone, "1357")
        except Failure:
            continue


def all_ended(world: World, kari: Somebody, _: Somebody) -> None:
    """Its owner signs out everywhere."""
    enrolled(world, kari, Phone())
    quiet(world)
    devices(world, kari).SignOutEverywhere(dv.SignOutEverywhereRequest())


def browser_let_in(world: World, kari: Somebody, _: Somebody) -> None:
    """It lets a computer's browser in."""
    phone = enrolled(world, kari, Phone())
    quiet(world)
    begun = computers(world).StartWebSignIn(dv.StartWebSignInRequest(user_agent="Mozilla/5.0 (X11; Linux)", address="192.0.2.1"))
    challenge = asked(world, phone)
    signature = phone.signs(f"web {begun.token}", challenge)
    computers(world).ConfirmWebSignIn(
        dv.ConfirmWebSignInRequest(token=begun.token, device_id=phone.id, challenge=challenge, signature=signature, pin="2486")
    )
    computers(world).ClaimWebSignIn(dv.ClaimWebSignInRequest(browser=begun.browser))


def copied(world: World, kari: Somebody, _: Somebody) -> None:
    """A refresh token of its app is used again, long after it was."""
    phone = enrolled(world, kari, Phone())
    with later(seconds=-30):
        opened(world, kari, phone, refresh=True)
        stolen = phone.refresh_token
        _refreshed(world, phone, stolen)
    quiet(world)
    try:
        _refreshed(world, phone, stolen)
    except Failure:
        return


def _refreshed(world: World, phone: Phone, token: str) -> dv.RefreshSessionResponse:
    challenge = asked(world, phone)
    signature = phone.signs("refresh", challenge)
    return devices(world).RefreshSession(
        dv.RefreshSessionRequest(device_id=phone.id, challenge=challenge, signature=signature, refresh_token=token)
    )
