"""Devices: enrolled after a full sign-in, opened with PIN or passkey, locked, logged out, and ended everywhere."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from kontor.identity.v1 import devices_pb2 as dv
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1 import passkeys_pb2 as pk
from kontor.identity.v1.passkeys_pb2_grpc import PasskeysStub
from kontor.notify.v1 import notify_pb2

from chassis.errors import Failure
from chassis.testing import at_once
from tests.identity.authenticator import Authenticator
from tests.identity.invited import confirm, inviting
from tests.identity.phone import PIN, Phone, alive, asked, devices, enrolled, opened, opening
from tests.identity.world import PASSWORD, Somebody, World, later

BERIT, NUMBER = "berit@kontoret.example.no", "+46701740605"


@pytest.fixture
def somebody(world: World) -> Somebody:
    """With an authenticator app, and signed in a moment ago."""
    world.firm()
    return world.activated(BERIT)


def refused(call: Callable[[], object]) -> Failure:
    with pytest.raises(Failure) as why:
        call()
    return why.value


def again(world: World, somebody: Somebody, minutes: int = 2) -> Somebody:
    """The same person, fully signed in once more."""
    other = Somebody(somebody.email, somebody.password, somebody.secret)
    with later(minutes=minutes):
        world.signed_in(other)
    return other


@pytest.mark.parametrize("ed25519", [False, True], ids=["P-256", "Ed25519"])
def test_a_device_is_enrolled_with_a_pin_typed_twice_and_opened_with_it(world: World, somebody: Somebody, ed25519: bool) -> None:
    """NET-34, NET-35, NET-37, NET-39: after a full sign-in; the person is told; afterwards key and PIN are enough."""
    phone = enrolled(world, somebody, Phone(ed25519))
    assert world.mail(BERIT).change == notify_pb2.SECURITY_CHANGE_DEVICE_ADDED
    (listed,) = devices(world, somebody).ListDevices(dv.ListDevicesRequest()).devices
    assert (listed.name, listed.has_pin, listed.present) == ("Min telefon", True, True)
    app = opened(world, somebody, phone)
    assert world.caller(app).stepped_up()
    assert world.resolved(app).device_id == phone.id
    assert not alive(world, somebody), "the session it was enrolled in was the device's"


def test_a_pin_is_four_to_eight_digits_and_the_same_twice(world: World, somebody: Somebody) -> None:
    """NET-37."""
    for pin in ("123", "123456789", "12a4", "１２３４", ""):
        assert refused(partial(enrolled, world, somebody, Phone(), pin=pin)).reason == "pin_invalid"
    assert refused(lambda: enrolled(world, somebody, Phone(), again="2487")).reason == "pins_differ"
    assert devices(world, somebody).ListDevices(dv.ListDevicesRequest()).devices == []
    assert enrolled(world, somebody, Phone(), pin="12345678").id


def test_enrolment_needs_a_fresh_second_factor_and_the_key_of_the_device(world: World, somebody: Somebody) -> None:
    """NET-34, NET-35: a session somebody left open enrols nothing, nor does a key that did not sign, nor a private one."""
    own = devices(world, somebody)
    challenge = own.StartEnrolment(dv.StartEnrolmentRequest()).challenge
    phone, other = Phone(), Phone()
    given: dict[str, Any] = {"challenge": challenge, "pin": PIN, "pin_again": PIN, "name": "x"}
    wrong = dv.FinishEnrolmentRequest(signature=other.signs("enrol", challenge), public_key=phone.public_key, **given)
    assert refused(lambda: own.FinishEnrolment(wrong)).reason == "device_refused"
    right = dv.FinishEnrolmentRequest(signature=phone.signs("enrol", challenge), public_key=phone.public_key, **given)
    assert refused(lambda: own.FinishEnrolment(right)).reason == "device_challenge_over", "it was used up"
    for key in ("{}", "[1]", "nonsense", json.dumps({"kty": "RSA", "n": "x"}), json.dumps({**json.loads(phone.public_key), "d": "x"})):
        given["challenge"] = own.StartEnrolment(dv.StartEnrolmentRequest()).challenge
        signature = phone.signs("enrol", given["challenge"])
        assert refused(lambda: own.FinishEnrolment(dv.FinishEnrolmentRequest(signature=signature, public_key=key, **given))).reason == (  # noqa: B023
            "device_refused"
        )
    with later(minutes=16):
        assert refused(lambda: own.StartEnrolment(dv.StartEnrolmentRequest())).reason == "step_up_needed"
    app = opened(world, somebody, enrolled(world, somebody, phone))
    failure = refused(lambda: devices(world, app).StartEnrolment(dv.StartEnrolmentRequest()))
    assert (failure.reason, failure.facts["proofs"]) == ("step_up_needed", "password"), "a PIN is no full sign-in"


def test_five_wrong_pins_and_the_device_must_be_signed_in_fully(world: World, somebody: Somebody) -> None:
    """NET-37, NET-40, P1: also when 24 are tried at once; the right one is refused then, and the person is told."""
    phone = enrolled(world, somebody, Phone())
    requests = [opening(world, phone, "1357") for _ in range(24)]
    results = at_once([partial(devices(world).SignInWithDevice, request) for request in requests])
    assert sorted({each.reason for each in results}) == ["pin_forgotten", "wrong_pin"]
    assert sorted(each.facts["tries_left"] for each in results if each.reason == "wrong_pin") == ["1", "2", "3", "4"]
    assert refused(lambda: opened(world, somebody, phone)).reason == "pin_forgotten"
    assert not alive(world, somebody)
    assert world.mail(BERIT).change == notify_pb2.SECURITY_CHANGE_DEVICE_PIN_FORGOTTEN
    fresh = again(world, somebody)
    with later(minutes=2):
        assert enrolled(world, fresh, phone, pin="97531").id == phone.id, "the same key is the same device"
        assert alive(world, opened(world, fresh, phone, "97531"))


def test_a_right_pin_starts_the_count_over_and_honest_ones_at_once_all_open(world: World, somebody: Somebody) -> None:
    """P4: only wrong ones in a row count."""
    phone = enrolled(world, somebody, Phone())
    for _ in range(2):
        for left in ("4", "3", "2", "1"):
            failure = refused(lambda: opened(world, somebody, phone, "1357"))
            assert (failure.reason, failure.facts["tries_left"]) == ("wrong_pin", left)
        assert alive(world, opened(world, somebody, phone))
    requests = [opening(world, phone) for _ in range(8)]
    results = at_once([partial(devices(world).SignInWithDevice, request) for request in requests])
    assert [each for each in results if isinstance(each, Failure)] == []
    live = [each for each in results if alive(world, Somebody(BERIT, session=each.session))]
    assert len(live) == 1, "the newest session on the device is the only one"


def test_who_does_not_hold_the_device_never_gets_to_try_its_pin(world: World, somebody: Somebody) -> None:
    """NET-39: the signature is looked at first; a question takes one answer, within 5 minutes, for its purpose and device alone."""
    phone, other = enrolled(world, somebody, Phone()), Phone()
    for _ in range(7):
        challenge = asked(world, phone)
        thief = opening(world, phone, challenge=challenge, signature=other.signs("sign-in", challenge))
        assert refused(partial(devices(world).SignInWithDevice, thief)).reason == "device_refused"
    used = opening(world, phone)
    assert devices(world).SignInWithDevice(used).session
    assert refused(lambda: devices(world).SignInWithDevice(used)).reason == "device_challenge_over"
    challenge = asked(world, phone)
    foreign = opening(world, phone, challenge=challenge, signature=phone.signs("refresh", challenge))
    assert refused(lambda: devices(world).SignInWithDevice(foreign)).reason == "device_refused"
    old = opening(world, phone)
    with later(minutes=5, seconds=1):
        assert refused(lambda: devices(world).SignInWithDevice(old)).reason == "device_challenge_over"
    stranger = Phone(id="0192f0c1-7d5e-7000-8000-000000000001")
    assert refused(lambda: opened(world, somebody, stranger)).reason == "device_refused"
    assert alive(world, opened(world, somebody, phone)), "none of this counted"


def test_a_passkey_opens_the_device_as_well_and_nobody_elses_does(world: World, somebody: Somebody) -> None:
    """NET-39, BEY-16: the device's key and the owner's finger."""
    passkeys, key = PasskeysStub(world.channel(world.caller(somebody))), Authenticator()
    made = key.made(passkeys.StartPasskey(pk.StartPasskeyRequest()).options)
    passkeys.AddPasskey(pk.AddPasskeyRequest(credential=made, label="x"))
    phone = enrolled(world, somebody, Phone())

    def credential(of: Authenticator) -> str:
        return of.used(PasskeysStub(world.channel()).AskForPasskey(pk.AskForPasskeyRequest()).options)

    assert alive(world, opened(world, somebody, phone, "", credential=credential(key)))
    assert refused(lambda: opened(world, somebody, phone, "", credential=credential(Authenticator()))).reason == "passkey_refused"
    key.verifies = False
    assert refused(lambda: opened(world, somebody, phone, "", credential=credential(key))).reason == "passkey_unverified"


def test_lock_ends_the_session_and_the_pin_reopens_it(world: World, somebody: Somebody) -> None:
    """NET-41, ACC-28: on the server; a session of no device has nothing to lock."""
    assert refused(lambda: devices(world, somebody).LockDevice(dv.LockDeviceRequest())).reason == "device_needed"
    phone = enrolled(world, somebody, Phone())
    devices(world, somebody).LockDevice(dv.LockDeviceRequest())
    assert not alive(world, somebody)
    assert alive(world, opened(world, somebody, phone))


def test_who_logged_out_signs_in_fully_and_sets_a_new_pin_without_an_invitation(world: World, somebody: Somebody) -> None:
    """NET-40, NET-41: the old PIN opens nothing."""
    phone = enrolled(world, somebody, Phone())
    world.sessions_of(world.caller(somebody)).SignOut(pb.SignOutRequest())
    assert refused(lambda: opened(world, somebody, phone)).reason == "pin_forgotten"
    fresh = again(world, somebody)
    (listed,) = devices(world, fresh).ListDevices(dv.ListDevicesRequest()).devices
    assert not listed.has_pin
    with later(minutes=2):
        enrolled(world, fresh, phone, pin="1111")
        assert refused(lambda: opened(world, fresh, phone)).reason == "wrong_pin"
        assert alive(world, opened(world, fresh, phone, "1111"))


def test_logging_out_everywhere_ends_every_session_and_device(world: World, somebody: Somebody) -> None:
    """NET-41: the present one too; then a full sign-in with the app is the other proven factor, and the person is told."""
    phone, other = enrolled(world, somebody, Phone()), again(world, somebody)
    with later(minutes=2):
        devices(world, other).SignOutEverywhere(dv.SignOutEverywhereRequest())
        assert (alive(world, somebody), alive(world, other)) == (False, False)
        assert refused(lambda: opened(world, somebody, phone)).reason == "device_refused"
        assert world.mail(BERIT).change == notify_pb2.SECURITY_CHANGE_DEVICES_ENDED
    fresh = again(world, somebody, minutes=4)
    with later(minutes=4):
        assert devices(world, fresh).ListDevices(dv.ListDevicesRequest()).devices == []
        assert alive(world, opened(world, fresh, enrolled(world, fresh, phone)))


def test_after_logging_out_everywhere_a_code_by_sms_enrols_no_device(world: World) -> None:
    """NET-41: it comes to the very telephone that may be in other hands; with the app it goes."""
    world.firm()
    somebody = world.with_password(BERIT)
    world.enrolled_by_sms(somebody, NUMBER)
    enrolled(world, somebody, Phone())
    devices(world, somebody).SignOutEverywhere(dv.SignOutEverywhereRequest())
    attempt = world.started(somebody).attempt
    with later(minutes=1):
        somebody.session = world.finished(attempt, world.code_for(attempt), pb.METHOD_SMS).session
        assert refused(lambda: enrolled(world, somebody, Phone())).reason == "other_proof_needed"
        codes = world.factors(world.caller(somebody)).RegenerateRecoveryCodes(pb.RegenerateRecoveryCodesRequest()).codes
        stepped = pb.StepUpRequest(method=pb.METHOD_RECOVERY_CODE, code=codes[0])
        world.sessions_of(world.caller(somebody)).StepUp(stepped)
        assert enrolled(world, somebody, Phone()).id


def test_a_new_invitation_lets_devices_be_enrolled_again(world: World, somebody: Somebody) -> None:
    """NET-41, NET-23: whoever logged out from all devices and has nothing but SMS is invited anew."""
    invited = inviting(world, world.caller(somebody))
    world.sql("update users set devices_ended_at = now() where email = :email", email=invited.email)
    entry = invited.entered()
    confirm(world, entry, world.sms.sent[-1].code)
    assert world.sql("select devices_ended_at from users where email = :email", email=invited.email) == [(None,)]


@pytest.mark.parametrize("what", ["password", "others", "one", "removed"])
def test_what_ends_access_elsewhere_ends_the_pins_of_other_devices(world: World, somebody: Somebody, what: str) -> None:
    """P7, NET-41: whoever enrolled a device with a stolen password is out when the password is changed; one's own device stays."""
    theirs, other = enrolled(world, somebody, Phone()), again(world, somebody)
    with later(minutes=2):
        own = enrolled(world, other, Phone())
        who = world.caller(other)
        if what == "password":
            new = "helt nye ord hver dag"
            world.account(who).ChangePassword(pb.ChangePasswordRequest(present_password=PASSWORD, password=new, password_again=new))
        elif what == "removed":
            devices(world, other).RemoveDevice(dv.RemoveDeviceRequest(device_id=theirs.id))
        else:
            listed = world.sessions_of(who).ListSessions(pb.ListSessionsRequest()).sessions
            (stolen,) = [each.session_id for each in listed if each.device_id == theirs.id]
            world.sessions_of(who).EndSessions(pb.EndSessionsRequest(session_id=stolen if what == "one" else ""))
        reason = "device_refused" if what == "removed" else "pin_forgotten"
        assert (alive(world, somebody), refused(lambda: opened(world, somebody, theirs)).reason) == (False, reason)
        assert alive(world, other)
        assert alive(world, opened(world, other, own))


def test_nobody_ends_or_opens_the_device_of_another(world: World, somebody: Somebody) -> None:
    """P10: neither in one's own organisation nor elsewhere."""
    phone = enrolled(world, somebody, Phone())
    world.client(world.caller(somebody))
    kari = world.activated("kari@bakeri.example.no")
    assert refused(lambda: devices(world, kari).RemoveDevice(dv.RemoveDeviceRequest(device_id=phone.id))).reason == "device_not_found"
    mine = enrolled(world, kari, Phone(key=phone.key))
    assert mine.id != phone.id, "a browser that two people share holds one key, and is two devices"
    assert world.resolved(opened(world, kari, mine)).profile.email == kari.email
    assert world.resolved(opened(world, somebody, phone)).profile.email == BERIT


def test_sessions_and_devices_tell_when_and_where_they_were_used_last(world: World, somebody: Somebody) -> None:
    """ACC-31, NET-41: the address of the last request, at once when it changes."""
    enrolled(world, somebody, Phone())
    for address in ("192.0.2.7", "2001:db8::9"):
        world.sessions.ResolveSession(pb.ResolveSessionRequest(session=somebody.session, address=address))
        (session,) = world.sessions_of(world.caller(somebody)).ListSessions(pb.ListSessionsRequest()).sessions
        (device,) = devices(world, somebody).ListDevices(dv.ListDevicesRequest()).devices
        assert (session.address, session.device_id, device.address) == (address, device.device_id, address)


def test_a_pin_survives_the_change_of_the_sealing_key_and_is_not_stored(world: World, somebody: Somebody) -> None:
    """P28: Argon2id, and that sealed."""
    enrolled(world, somebody, Phone())
    ((stored,),) = world.sql("select pin from devices")
    assert str(stored).startswith("k1:")
    assert PIN not in str(world.sql("select * from devices"))
    assert "argon2" not in str(stored)


def test_a_person_has_at_most_twenty_devices(world: World, somebody: Somebody) -> None:
    """A limit, so that no account fills the table."""
    for _ in range(20):
        enrolled(world, somebody, Phone())
    assert refused(lambda: enrolled(world, somebody, Phone())).reason == "too_many_devices"
