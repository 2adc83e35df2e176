"""A computer is let in by a telephone: it shows a code, the telephone sees who asks and confirms with PIN or passkey."""

from collections.abc import Callable
from functools import partial

import pytest
from kontor.identity.v1 import devices_pb2 as dv
from kontor.identity.v1 import passkeys_pb2 as pk
from kontor.identity.v1.passkeys_pb2_grpc import PasskeysStub
from kontor.notify.v1 import notify_pb2

from chassis.errors import Failure
from chassis.testing import at_once
from tests.identity.authenticator import Authenticator
from tests.identity.phone import PIN, Phone, alive, asked, computers, devices, enrolled
from tests.identity.world import Somebody, World, later

BERIT, COMPUTER, PLACE = "berit@kontoret.example.no", "Mozilla/5.0 (Windows NT 10.0) Firefox/150.0", "192.0.2.44"


@pytest.fixture
def somebody(world: World) -> Somebody:
    world.firm()
    return world.activated(BERIT)


def reason(call: Callable[[], object]) -> str:
    with pytest.raises(Failure) as why:
        call()
    return why.value.reason


def started(world: World, agent: str = COMPUTER) -> dv.StartWebSignInResponse:
    return computers(world).StartWebSignIn(dv.StartWebSignInRequest(user_agent=agent, address=PLACE))


def confirming(world: World, phone: Phone, token: str, pin: str = PIN, *, signed_for: str = "") -> dv.ConfirmWebSignInRequest:
    challenge = asked(world, phone)
    signature = phone.signs(f"web {signed_for or token}", challenge)
    return dv.ConfirmWebSignInRequest(token=token, device_id=phone.id, challenge=challenge, signature=signature, pin=pin)


def claimed(world: World, browser: str) -> dv.ClaimWebSignInResponse:
    return computers(world).ClaimWebSignIn(dv.ClaimWebSignInRequest(browser=browser))


def test_the_telephone_sees_who_asks_and_its_pin_lets_the_browser_in_once(world: World, somebody: Somebody) -> None:
    """NET-38, P29: also locked; of twenty claims at once one has the session; the person is told of a browser not seen before."""
    phone, begun = enrolled(world, somebody, Phone()), started(world)
    devices(world, somebody).LockDevice(dv.LockDeviceRequest())
    shown = computers(world).ShowWebSignIn(dv.ShowWebSignInRequest(token=begun.token))
    assert (shown.user_agent, shown.address) == (COMPUTER, PLACE)
    assert claimed(world, begun.browser).state == dv.WEB_SIGN_IN_STATE_WAITING
    computers(world).ConfirmWebSignIn(confirming(world, phone, begun.token))
    opened = "select count(*) from audit where action = 'session.open'"
    ((before,),) = world.sql(opened)
    results = at_once([partial(claimed, world, begun.browser) for _ in range(20)])
    sessions = [each.session for each in results if each.session]
    assert len(sessions) == 1
    assert {each.state for each in results} == {dv.WEB_SIGN_IN_STATE_CONFIRMED, dv.WEB_SIGN_IN_STATE_OVER}
    assert world.sql(opened) == [(int(str(before)) + 2,)], "P29: in the own chain and in the organisation's"
    computer = Somebody(BERIT, session=sessions[0])
    assert world.resolved(computer).profile.email == BERIT
    assert world.caller(computer).stepped_up()
    assert reason(lambda: PasskeysStub(world.channel(world.caller(computer))).StartPasskey(pk.StartPasskeyRequest())) == "step_up_needed"
    assert world.mail(BERIT).change == notify_pb2.SECURITY_CHANGE_BROWSER_LET_IN
    letters = len(world.notify.sent)
    again = started(world)
    computers(world).ConfirmWebSignIn(confirming(world, phone, again.token))
    assert claimed(world, again.browser).session
    world.service.run_job("send_letters")
    assert len(world.notify.sent) == letters, "nor again of one that was"


def test_a_photographed_code_lets_nobody_else_in(world: World, somebody: Somebody) -> None:
    """NET-38: what the code says is not what the browser has; nor does the short code, or a confirmed request's token."""
    phone, begun = enrolled(world, somebody, Phone()), started(world)
    computers(world).ConfirmWebSignIn(confirming(world, phone, begun.token))
    for guess in (begun.token, begun.code.ljust(20, "0"), "x" * 43):
        assert claimed(world, guess).state == dv.WEB_SIGN_IN_STATE_OVER
    assert reason(lambda: computers(world).ShowWebSignIn(dv.ShowWebSignInRequest(token=begun.token))) == "web_sign_in_over"
    assert claimed(world, begun.browser).session


def test_no_session_is_enough_to_confirm(world: World, somebody: Somebody) -> None:
    """NET-38: whoever stole a cookie, or what a device signed for another computer, lets nobody in; wrong PINs count as at sign-in."""
    phone, begun = enrolled(world, somebody, Phone()), started(world)
    bare = dv.ConfirmWebSignInRequest(token=begun.token)
    assert reason(lambda: computers(world, somebody).ConfirmWebSignIn(bare)) == "passkey_over"
    other = confirming(world, phone, begun.token, signed_for=started(world).token)
    assert reason(lambda: computers(world).ConfirmWebSignIn(other)) == "device_refused"
    used = confirming(world, phone, begun.token, "1357")
    assert reason(lambda: computers(world).ConfirmWebSignIn(used)) == "wrong_pin"
    assert reason(lambda: computers(world).ConfirmWebSignIn(used)) == "device_challenge_over"
    for _ in range(3):
        assert reason(lambda: computers(world).ConfirmWebSignIn(confirming(world, phone, begun.token, "1357"))) == "wrong_pin"
    assert reason(lambda: computers(world).ConfirmWebSignIn(confirming(world, phone, begun.token, "1357"))) == "pin_forgotten"
    assert reason(lambda: computers(world).ConfirmWebSignIn(confirming(world, phone, begun.token))) == "pin_forgotten"
    assert (claimed(world, begun.browser).state, alive(world, somebody)) == (dv.WEB_SIGN_IN_STATE_WAITING, False)


def test_a_passkey_confirms_without_any_device(world: World, somebody: Somebody) -> None:
    """NET-38, BEY-16: fingerprint or face, where the device knew its owner."""
    own, key, begun = PasskeysStub(world.channel(world.caller(somebody))), Authenticator(), started(world)
    made = key.made(own.StartPasskey(pk.StartPasskeyRequest()).options)
    own.AddPasskey(pk.AddPasskeyRequest(credential=made, label="x"))

    def request() -> dv.ConfirmWebSignInRequest:
        credential = key.used(PasskeysStub(world.channel()).AskForPasskey(pk.AskForPasskeyRequest()).options)
        return dv.ConfirmWebSignInRequest(token=begun.token, credential=credential)

    key.verifies = False
    assert reason(lambda: computers(world).ConfirmWebSignIn(request())) == "passkey_unverified"
    key.verifies = True
    computers(world).ConfirmWebSignIn(request())
    assert world.resolved(Somebody(BERIT, session=claimed(world, begun.browser).session)).profile.email == BERIT


def test_a_request_lives_two_minutes_and_can_be_denied(world: World, somebody: Somebody) -> None:
    """NET-38: looking changes nothing (BEY-01)."""
    phone, begun, denied = enrolled(world, somebody, Phone()), started(world), started(world)
    for _ in range(3):
        assert computers(world).ShowWebSignIn(dv.ShowWebSignInRequest(token=denied.token)).address == PLACE
    computers(world).DenyWebSignIn(dv.DenyWebSignInRequest(token=denied.token))
    assert claimed(world, denied.browser).state == dv.WEB_SIGN_IN_STATE_DENIED
    assert reason(lambda: computers(world).ConfirmWebSignIn(confirming(world, phone, denied.token))) == "web_sign_in_over"
    with later(minutes=2, seconds=1):
        assert claimed(world, begun.browser).state == dv.WEB_SIGN_IN_STATE_OVER
        assert reason(lambda: computers(world).ConfirmWebSignIn(confirming(world, phone, begun.token))) == "web_sign_in_over"
        assert reason(lambda: computers(world).DenyWebSignIn(dv.DenyWebSignInRequest(token=begun.token))) == "web_sign_in_over"


def test_logging_out_everywhere_also_ends_what_was_confirmed_and_not_yet_used(world: World, somebody: Somebody) -> None:
    """NET-41, NET-38: the account is looked at in the moment the session is made."""
    phone, begun = enrolled(world, somebody, Phone()), started(world)
    computers(world).ConfirmWebSignIn(confirming(world, phone, begun.token))
    devices(world, somebody).SignOutEverywhere(dv.SignOutEverywhereRequest())
    assert claimed(world, begun.browser).state == dv.WEB_SIGN_IN_STATE_OVER


def test_the_short_code_finds_it_for_who_is_signed_in_and_cannot_be_guessed(world: World, somebody: Somebody) -> None:
    """NET-38: ten tries in ten minutes, at once too; then not even the right one."""
    begun = started(world)
    own = computers(world, somebody)
    typed = begun.code.lower().replace("-", " ")
    assert own.FindWebSignIn(dv.FindWebSignInRequest(code=typed)).token == begun.token
    results = at_once([partial(own.FindWebSignIn, dv.FindWebSignInRequest(code="0000-0000"))] * 20)
    told = [each.reason for each in results]
    assert (told.count("web_sign_in_over"), told.count("too_many_attempts")) == (9, 11)
    assert reason(lambda: own.FindWebSignIn(dv.FindWebSignInRequest(code=begun.code))) == "too_many_attempts"
    with later(minutes=10, seconds=1):
        assert own.FindWebSignIn(dv.FindWebSignInRequest(code=started(world).code)).address == PLACE


def test_very_many_requests_from_one_address_are_refused(world: World) -> None:
    """A flood fills no table: 300 from one address in 10 minutes."""
    world.firm()
    begun = started(world)
    world.sql(
        "insert into web_sign_ins select gen_random_uuid(), sha256(n::text::bytea), sha256(n::text::bytea), sha256(n::text::bytea),"
        " user_agent, address, started_at, expires_at, null, null, null, false from web_sign_ins, generate_series(1, 299) n"
    )
    assert reason(lambda: started(world)) == "too_many_attempts"
    assert claimed(world, begun.browser).state == dv.WEB_SIGN_IN_STATE_WAITING
    with later(minutes=10, seconds=1):
        assert started(world).token


def test_nothing_that_opens_anything_is_stored(world: World, somebody: Somebody) -> None:
    """P28: digests alone."""
    begun = started(world)
    held = str(world.sql("select * from web_sign_ins"))
    assert not [secret for secret in (begun.browser, begun.token, begun.code) if secret in held]
