"""Every way in which somebody can try a secret is counted, or takes a secret that cannot be tried: all RPCs are looked through."""

import re
from collections.abc import Callable

import pytest
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from kontor.identity.v1 import devices_pb2 as dv
from kontor.identity.v1 import identity_pb2 as pb

from chassis.errors import Failure
from tests.access.test_matrix import every_rpc
from tests.identity.invited import confirm, enter, inviting
from tests.identity.phone import PIN, Phone, asked, computers, enrolled, opened
from tests.identity.world import PASSWORD, Somebody, World, code, later, wrong, wrong_sms

BERIT, NUMBER = "berit@kontoret.example.no", "+46701740605"
# Fields that hold what somebody knows or reads off, short enough to be tried.
GUESSABLE = {"password", "present_password", "code", "pin"}
# Fields that hold 256 random bits, looked up by their digest.
TOKENS = {"token", "attempt", "session", "api_key", "setup", "entry", "browser", "refresh_token"}
# Fields that hold a signature over a question of ours that takes one answer.
SIGNED = {"credential", "signature"}
# Sent to a person by us, and so never tried.
SENT_ONLY = {"activation_code"}
# A new password or PIN, which is compared with nothing.
CHOSEN = {"SignIn.SetPassword", "SignIn.RatePassword", "Devices.FinishEnrolment"}
# Codes that are nobody's here to try: what a provider checks itself, once, for a state of 256 bits; what identity has sent.
CHECKED_ELSEWHERE = {"Providers.FinishWithProvider", "Codes.SendCode"}
# What has such a name and is no secret: ids, pages of lists, a key by which a map is sorted, a header that notify checks with a key.
NO_SECRET = {"page_token", "session_id", "api_key_id", "passkey_id", "password_again", "pin_again", "key", "public_key"}
LIKE_A_SECRET = re.compile("pass|code|pin$|pin_|secret|token|key|otp|credential|proof|signature|attempt|session|setup|digits|answer$")


@pytest.fixture
def somebody(world: World) -> Somebody:
    world.firm()
    return world.activated(BERIT)


def reason(call: Callable[[], object]) -> str:
    with pytest.raises(Failure) as why:
        call()
    return why.value.reason


def _sign_in_password(world: World, _: Somebody) -> list[str]:
    return [reason(lambda: world.started(Somebody(BERIT, password="not the password"))) for _ in range(7)]


def _sign_in_code(world: World, somebody: Somebody) -> list[str]:
    attempts = [world.started(somebody).attempt for _ in range(2)]
    return [reason(lambda: world.finished(attempts[0], wrong(somebody))) for _ in range(5)] + [
        reason(lambda: world.finished(attempts[1], code(somebody))) for _ in range(2)
    ]


def _sign_in_recovery(world: World, somebody: Somebody) -> list[str]:
    attempt = world.started(somebody).attempt
    return [reason(lambda: world.finished(attempt, "0000-0000", pb.METHOD_RECOVERY_CODE)) for _ in range(7)]


def _sign_in_vouched(world: World, somebody: Somebody) -> list[str]:
    attempt = world.started(somebody).attempt
    return [reason(lambda: world.finished(attempt, "0000-0000", pb.METHOD_VOUCHED_CODE)) for _ in range(7)]


def _change_password(world: World, somebody: Somebody) -> list[str]:
    new = "helt nye ord hver dag"
    request = pb.ChangePasswordRequest(present_password="no", password=new, password_again=new)
    return [reason(lambda: world.account(world.caller(somebody)).ChangePassword(request)) for _ in range(7)]


def _step_up_code(world: World, somebody: Somebody) -> list[str]:
    sessions = world.sessions_of(world.caller(somebody))
    return [reason(lambda: sessions.StepUp(pb.StepUpRequest(code=wrong(somebody)))) for _ in range(7)]


def _step_up_password(world: World, somebody: Somebody) -> list[str]:
    sessions = world.sessions_of(world.caller(somebody))
    return [reason(lambda: sessions.StepUp(pb.StepUpRequest(code="000000", password="no"))) for _ in range(7)]


def _confirm_factor(world: World, somebody: Somebody) -> list[str]:
    factors = world.factors(world.caller(somebody))
    begun = factors.StartFactor(pb.StartFactorRequest(method=pb.METHOD_TOTP))
    bad = wrong(Somebody(BERIT, secret=begun.enrolment.key))
    return [reason(lambda: factors.ConfirmFactor(pb.ConfirmFactorRequest(setup=begun.setup, code=bad))) for _ in range(7)]


def _enter_code(world: World, _: Somebody) -> list[str]:
    return [reason(lambda code=f"00000000{number:08}": enter(world, code)) for number in range(7)]  # type: ignore[misc]


def _confirm_code(world: World, somebody: Somebody) -> list[str]:
    entry = inviting(world, world.caller(somebody)).entered()
    bad = wrong_sms(world.sms.sent[-1].code)
    return [reason(lambda: confirm(world, entry, bad)) for _ in range(7)]


def _device_pin(world: World, somebody: Somebody) -> list[str]:
    phone = enrolled(world, somebody, Phone())
    return [reason(lambda: opened(world, somebody, phone, "1357")) for _ in range(5)] + [
        reason(lambda: opened(world, somebody, phone)) for _ in range(2)
    ]


def _web_pin(world: World, somebody: Somebody) -> list[str]:
    phone = enrolled(world, somebody, Phone())
    token = computers(world).StartWebSignIn(dv.StartWebSignInRequest()).token

    def confirm(pin: str) -> str:
        challenge = asked(world, phone)
        signature = phone.signs(f"web {token}", challenge)
        given = dv.ConfirmWebSignInRequest(token=token, device_id=phone.id, challenge=challenge, signature=signature, pin=pin)
        return reason(lambda: computers(world).ConfirmWebSignIn(given))

    return [confirm("1357") for _ in range(5)] + [confirm(PIN) for _ in range(2)]


def _web_code(world: World, somebody: Somebody) -> list[str]:
    """Ten tries are looked at: the last three of them, and two more of the right one."""
    own, right = computers(world, somebody), computers(world).StartWebSignIn(dv.StartWebSignInRequest()).code
    typed = ["0000-0000"] * 10 + [right] * 2
    return [reason(lambda: own.FindWebSignIn(dv.FindWebSignInRequest(code=each))) for each in typed][-7:]  # noqa: B023


# How each is tried seven times, and what the sixth and seventh are told.
TRIED: dict[str, list[tuple[Callable[[World, Somebody], list[str]], str]]] = {
    "SignIn.StartSignIn": [(_sign_in_password, "too_many_attempts")],
    "SignIn.FinishSignIn": [
        (_sign_in_code, "too_many_attempts"), (_sign_in_recovery, "attempt_over"), (_sign_in_vouched, "attempt_over"),
    ],
    "Account.ChangePassword": [(_change_password, "too_many_attempts")],
    "Sessions.StepUp": [(_step_up_code, "too_many_attempts"), (_step_up_password, "too_many_attempts")],
    "Factors.ConfirmFactor": [(_confirm_factor, "setup_over")],
    "Invitations.EnterCode": [(_enter_code, "too_many_attempts")],
    "Invitations.ConfirmCode": [(_confirm_code, "code_over")],
    "Devices.SignInWithDevice": [(_device_pin, "pin_forgotten")],
    "WebSignIns.ConfirmWebSignIn": [(_web_pin, "pin_forgotten")],
    "WebSignIns.FindWebSignIn": [(_web_code, "too_many_attempts")],
}  # fmt: skip


def test_no_rpc_takes_a_secret_unseen() -> None:
    """CVE-2024-32868 and CVE-2025-64102 of a peer: a way in that was added later went past the counters."""
    taken = {rpc.partition(".v1.")[2]: texts_of(rpc) for rpc in every_rpc()}
    assert {name for name, fields in taken.items() if fields & GUESSABLE} - CHOSEN - CHECKED_ELSEWHERE == set(TRIED)
    suspicious = {field for fields in taken.values() for field in fields if LIKE_A_SECRET.search(field)}
    assert suspicious - GUESSABLE - TOKENS - SIGNED - NO_SECRET == SENT_ONLY, "say of a new field what it holds"


def texts_of(rpc: str) -> set[str]:
    """The names of the fields of its request that hold text or bytes."""
    service, _, method = rpc.rpartition(".")
    return _texts(descriptor_pool.Default().FindServiceByName(service).methods_by_name[method].input_type)


def _texts(message: Descriptor, within: tuple[str, ...] = ()) -> set[str]:
    """Those of messages inside too."""
    own = {field.name for field in message.fields if field.cpp_type == FieldDescriptor.CPPTYPE_STRING}
    deeper = [each.message_type for each in message.fields if each.message_type and each.message_type.full_name not in within]
    return own.union(*(_texts(each, (*within, each.full_name)) for each in deeper))


@pytest.mark.parametrize(("rpc", "number"), [(rpc, number) for rpc, ways in TRIED.items() for number in range(len(ways))])
def test_the_sixth_try_is_not_looked_at(world: World, somebody: Somebody, rpc: str, number: int) -> None:
    """P1, P5, ASVS 6.3.1: over each RPC, and not with the right secret either where that was tried."""
    way, refused = TRIED[rpc][number]
    answers = way(world, somebody)
    assert answers[5:] == [refused] * 2, answers
    assert refused not in answers[:4]


def test_what_was_counted_over_one_rpc_counts_over_the_others(world: World, somebody: Somebody) -> None:
    """P1, P4: one counter a password and one a factor, wherever they are tried; the owner's other proofs still work."""
    _step_up_code(world, somebody)
    attempt = world.started(somebody).attempt
    assert reason(lambda: world.finished(attempt, code(somebody))) == "too_many_attempts"
    _step_up_password(world, somebody)
    assert reason(lambda: world.started(somebody)) == "too_many_attempts"
    with later(minutes=2):
        assert world.signed_in(Somebody(BERIT, PASSWORD, somebody.secret))
