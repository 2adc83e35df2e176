"""One's own second factors: added, preferred, removed, recovered, always with two fresh proofs."""

import uuid
from collections.abc import Callable
from functools import partial

import pyotp
import pytest
from kontor.identity.v1 import identity_pb2 as pb
from kontor.notify.v1 import notify_pb2

from chassis import clock
from chassis.errors import Conflict, Denied, Failure, NotFound
from chassis.testing import at_once
from services.identity.sealing import Keyring
from tests.identity.phone import Phone, alive, enrolled, opened
from tests.identity.world import PASSWORD, Somebody, World, code, later, wrong

BERIT, NUMBER = "berit@kontoret.example.no", "+46701740605"


@pytest.fixture
def somebody(world: World) -> Somebody:
    """With an authenticator, and signed in a moment ago."""
    world.firm()
    return world.activated(BERIT)


def refused(call: Callable[[], object]) -> Failure:
    with pytest.raises(Failure) as why:
        call()
    return why.value


def _reason(call: Callable[[], object]) -> str:
    try:
        call()
    except Failure as why:
        return why.reason
    return ""


def changes(world: World) -> list[str]:
    """What the person was told by mail about how they sign in."""
    world.service.run_job("send_letters")
    told = [letter for letter in world.notify.sent if letter.kind == notify_pb2.LETTER_KIND_SECURITY_CHANGED]
    return [notify_pb2.SecurityChange.Name(letter.change).removeprefix("SECURITY_CHANGE_") for letter in told]


def add_sms(world: World, somebody: Somebody, number: str = NUMBER) -> pb.FactorList:
    factors = world.factors(world.caller(somebody))
    begun = factors.StartFactor(pb.StartFactorRequest(method=pb.METHOD_SMS, phone_number=number))
    return factors.ConfirmFactor(pb.ConfirmFactorRequest(setup=begun.setup, code=world.sms.sent[-1].code))


def recovery_codes(world: World, somebody: Somebody) -> list[str]:
    return list(world.factors(world.caller(somebody)).RegenerateRecoveryCodes(pb.RegenerateRecoveryCodesRequest()).codes)


def step_up(world: World, somebody: Somebody, *, password: str = "") -> None:
    request = pb.StepUpRequest(code=code(somebody), password=password)
    world.sessions_of(world.caller(somebody)).StepUp(request)


def test_a_second_method_is_added_and_either_opens(world: World, somebody: Somebody) -> None:
    """ACC-22: both are set up, the first stays the one asked for, and the person is told."""
    listed = add_sms(world, somebody)
    assert [(each.method, each.preferred) for each in listed.factors] == [(pb.METHOD_TOTP, True), (pb.METHOD_SMS, False)]
    assert changes(world) == ["SMS_ADDED"]
    begun = world.started(somebody)
    assert (list(begun.methods), begun.preferred) == ([pb.METHOD_TOTP, pb.METHOD_SMS], pb.METHOD_TOTP)
    world.sms_for(begun.attempt)
    assert world.finished(begun.attempt, world.sms.sent[-1].code, pb.METHOD_SMS).session


def test_the_preferred_one_is_asked_for_first(world: World, somebody: Somebody) -> None:
    """ACC-26, AMI-18: both set up, and switched by oneself."""
    added = add_sms(world, somebody).factors[1]
    listed = world.factors(world.caller(somebody)).PreferFactor(pb.PreferFactorRequest(factor_id=added.factor_id))
    assert [each.method for each in listed.factors if each.preferred] == [pb.METHOD_SMS]
    assert world.started(somebody).preferred == pb.METHOD_SMS


def test_the_last_one_stays(world: World, somebody: Somebody) -> None:
    """ACC-21: of two that are removed at once one stays."""
    add_sms(world, somebody)
    factors = world.factors(world.caller(somebody))
    ids = [each.factor_id for each in factors.ListFactors(pb.ListFactorsRequest()).factors]
    results = at_once([partial(factors.RemoveFactor, pb.RemoveFactorRequest(factor_id=each)) for each in ids])
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "FactorList"]
    assert [result.reason for result in results if isinstance(result, Conflict)] == ["last_factor"]
    assert isinstance(refused(lambda: factors.RemoveFactor(pb.RemoveFactorRequest(factor_id=str(uuid.UUID(int=0))))), NotFound)


def test_a_factor_of_somebody_else_is_not_found(world: World, somebody: Somebody) -> None:
    """P10: neither to prefer nor to remove."""
    world.client(world.caller(somebody))
    other = world.factors(world.caller(world.activated("kari@bakeri.example.no")))
    (mine,) = world.factors(world.caller(somebody)).ListFactors(pb.ListFactorsRequest()).factors
    assert isinstance(refused(lambda: other.PreferFactor(pb.PreferFactorRequest(factor_id=mine.factor_id))), NotFound)
    assert isinstance(refused(lambda: other.RemoveFactor(pb.RemoveFactorRequest(factor_id=mine.factor_id))), NotFound)


def test_a_new_app_takes_the_place_of_the_old_one_and_ends_other_sessions(world: World, somebody: Somebody) -> None:
    """BEY-05, ASVS 7.4.3: nothing changes before a code of the new one is given."""
    with later(minutes=1):
        other = Somebody(BERIT, secret=somebody.secret)
        world.signed_in(other)
        factors = world.factors(world.caller(somebody))
        begun = factors.StartFactor(pb.StartFactorRequest(method=pb.METHOD_TOTP))
        assert world.resolved(other).profile.email == BERIT
        factors.ConfirmFactor(pb.ConfirmFactorRequest(setup=begun.setup, code=pyotp.TOTP(begun.enrolment.key).at(clock.now())))
        assert refused(lambda: world.resolved(other)).reason == "session_ended"
        assert world.resolved(somebody).profile.email == BERIT
    with later(minutes=3):
        attempt = world.started(somebody).attempt
        assert refused(lambda: world.finished(attempt, code(somebody))).reason == "wrong_code"
        somebody.secret = begun.enrolment.key
        assert world.finished(attempt, code(somebody)).session
        assert changes(world) == ["APP_ADDED"]


def test_a_removed_factor_ends_the_sessions_and_devices_it_may_have_opened(world: World, somebody: Somebody) -> None:
    """P7, ASVS 7.4.3: whoever had the telephone is out, also of what was enrolled with it; a removal that is refused ends nothing."""
    app, sms = add_sms(world, somebody).factors
    attempt, factors = world.started(somebody).attempt, world.factors(world.caller(somebody))
    thief = Somebody(BERIT, session=world.finished(attempt, world.code_for(attempt), pb.METHOD_SMS).session)
    stolen = enrolled(world, thief, Phone())
    factors.RemoveFactor(pb.RemoveFactorRequest(factor_id=sms.factor_id))
    assert (alive(world, thief), alive(world, somebody)) == (False, True)
    assert refused(lambda: opened(world, thief, stolen)).reason == "pin_forgotten"
    with later(minutes=1):
        world.signed_in(other := Somebody(BERIT, secret=somebody.secret))
    refusal = refused(lambda: factors.RemoveFactor(pb.RemoveFactorRequest(factor_id=app.factor_id)))
    assert (refusal.reason, alive(world, other)) == ("last_factor", True)


def test_at_most_five_codes_confirm_a_setup(world: World, somebody: Somebody) -> None:
    """P1, P3: at once, and then not the right one either."""
    factors = world.factors(world.caller(somebody))
    begun = factors.StartFactor(pb.StartFactorRequest(method=pb.METHOD_TOTP))
    fresh = Somebody(BERIT, secret=begun.enrolment.key)
    bad, good = (pb.ConfirmFactorRequest(setup=begun.setup, code=digits) for digits in (wrong(fresh), code(fresh)))
    reasons = [result.reason for result in at_once([lambda: factors.ConfirmFactor(bad)] * 32)]
    assert (reasons.count("wrong_code"), set(reasons)) == (5, {"wrong_code", "setup_over"})
    assert refused(lambda: factors.ConfirmFactor(good)).reason == "setup_over"


def test_a_setup_serves_its_owner_only(world: World, somebody: Somebody) -> None:
    """P10: a setup of somebody else, with the right code, is none."""
    client = world.client(world.caller(somebody))
    other = world.activated("kari@bakeri.example.no")
    assert client.organisation_id
    begun = world.factors(world.caller(somebody)).StartFactor(pb.StartFactorRequest(method=pb.METHOD_TOTP))
    digits = pyotp.TOTP(begun.enrolment.key).at(clock.now())
    stolen = pb.ConfirmFactorRequest(setup=begun.setup, code=digits)
    assert refused(lambda: world.factors(world.caller(other)).ConfirmFactor(stolen)).reason == "setup_over"


@pytest.mark.parametrize(
    "ask",
    [
        lambda factors: factors.StartFactor(pb.StartFactorRequest(method=pb.METHOD_TOTP)),
        lambda factors: factors.ConfirmFactor(pb.ConfirmFactorRequest(setup="x" * 43, code="123456")),
        lambda factors: factors.PreferFactor(pb.PreferFactorRequest(factor_id="01920000-0000-7000-8000-000000000001")),
        lambda factors: factors.RemoveFactor(pb.RemoveFactorRequest(factor_id="01920000-0000-7000-8000-000000000001")),
        lambda factors: factors.RegenerateRecoveryCodes(pb.RegenerateRecoveryCodesRequest()),
    ],
)
def test_changing_factors_takes_two_fresh_proofs(world: World, somebody: Somebody, ask: Callable[[object], object]) -> None:
    """BEY-05, ASVS 7.5.1: after 15 minutes a code alone is not enough, a code and the password are."""
    with later(minutes=16):
        assert isinstance(refused(lambda: ask(world.factors(world.caller(somebody)))), Denied)
        step_up(world, somebody)
        why = refused(lambda: ask(world.factors(world.caller(somebody))))
        assert (why.reason, why.facts["proofs"]) == ("step_up_needed", "password")
    with later(minutes=17):
        step_up(world, somebody, password=PASSWORD)
        assert _reason(lambda: ask(world.factors(world.caller(somebody)))) in ("", "setup_over", "factor_not_found")


def test_a_fresh_code_lets_members_be_added_again(world: World, somebody: Somebody) -> None:
    """NET-05: inside a live session that is older than 15 minutes."""
    request = pb.AddMemberRequest(email="ny@kontoret.example.no", first_name="Ny", last_name="Revisor")
    with later(minutes=16):
        assert refused(lambda: world.organisations(world.caller(somebody)).AddMember(request)).reason == "step_up_needed"
        step_up(world, somebody)
        assert world.organisations(world.caller(somebody)).AddMember(request).email == "ny@kontoret.example.no"
    with later(minutes=32):
        again = pb.AddMemberRequest(email="til@kontoret.example.no", first_name="Ny", last_name="Revisor")
        somebody.session = world.signed_in(somebody)
        assert world.organisations(world.caller(somebody)).AddMember(again)


def test_a_step_up_takes_a_code_once_and_misses_slow_down(world: World, somebody: Somebody) -> None:
    """P1, P2: the same counters as at sign-in, and a code used there does not work here."""
    sessions = world.sessions_of(world.caller(somebody))
    assert refused(lambda: sessions.StepUp(pb.StepUpRequest(code=code(somebody)))).reason == "wrong_code"
    answered = [refused(lambda: sessions.StepUp(pb.StepUpRequest(code=wrong(somebody)))).reason for _ in range(6)]
    assert answered == ["wrong_code"] * 4 + ["too_many_attempts"] * 2
    with later(minutes=2):
        right = pb.StepUpRequest(code=code(somebody))
        results = at_once([lambda: sessions.StepUp(right)] * 30)
        assert len([result for result in results if isinstance(result, pb.StepUpResponse)]) == 1


def test_a_step_up_by_sms_goes_to_the_number_on_record(world: World, somebody: Somebody) -> None:
    """NET-05, P3: and its code opens nothing but what it was asked for."""
    add_sms(world, somebody)
    with later(minutes=16):
        sessions = world.sessions_of(world.caller(somebody))
        assert sessions.SendStepUpCode(pb.SendStepUpCodeRequest()).masked_phone.endswith("05")
        digits = world.sms.sent[-1].code
        attempt = world.started(somebody).attempt
        assert refused(lambda: world.finished(attempt, digits, pb.METHOD_SMS)).reason == "code_over"
        sessions.StepUp(pb.StepUpRequest(method=pb.METHOD_SMS, code=digits))
        assert world.caller(somebody).stepped_up()


def test_a_wrong_password_in_a_step_up_counts_as_at_sign_in(world: World, somebody: Somebody) -> None:
    """P5, Zitadel CVE-2025-64102: no second way to guess it."""
    sessions = world.sessions_of(world.caller(somebody))
    asked = pb.StepUpRequest(code="000000", password="not the password")
    answered = [refused(lambda: sessions.StepUp(asked)).reason for _ in range(6)]
    assert answered == ["wrong_password"] * 5 + ["too_many_attempts"]
    assert refused(lambda: world.started(somebody)).reason == "too_many_attempts"


def test_ten_recovery_codes_open_once_each(world: World, somebody: Somebody) -> None:
    """BEY-05, P3: fifty at once, however they are typed; the person is told of each."""
    codes = recovery_codes(world, somebody)
    assert (len(set(codes)), {len(each) for each in codes}) == (10, {34})
    typed = codes[0].lower().replace("-", " ").replace("0", "o").replace("1", "l")
    attempts = [world.started(somebody).attempt for _ in range(50)]
    results = at_once([partial(world.finished, each, typed, pb.METHOD_RECOVERY_CODE) for each in attempts])
    assert len([result for result in results if isinstance(result, pb.FinishSignInResponse)]) == 1
    assert changes(world) == ["RECOVERY_CODES_MADE", "RECOVERY_CODE_USED"]
    assert world.factors(world.caller(somebody)).ListFactors(pb.ListFactorsRequest()).recovery_codes_left == 9


def test_new_recovery_codes_end_the_older_ones(world: World, somebody: Somebody) -> None:
    """P3."""
    (older, *_), (newer, *_) = recovery_codes(world, somebody), recovery_codes(world, somebody)
    attempt = world.started(somebody).attempt
    assert refused(lambda: world.finished(attempt, older, pb.METHOD_RECOVERY_CODE)).reason == "wrong_code"
    assert world.finished(attempt, newer, pb.METHOD_RECOVERY_CODE).session


def test_a_disabled_authenticator_has_a_way_back(world: World, somebody: Somebody) -> None:
    """P4, BEY-05: after a hundred misses a recovery code still opens, and a new app takes its place."""
    recovery = recovery_codes(world, somebody)
    world.sql("update factors set failures = 99")
    with later(hours=1):
        attempt = world.started(somebody).attempt
        assert refused(lambda: world.finished(attempt, wrong(somebody))).reason == "wrong_code"
        assert refused(lambda: world.finished(attempt, code(somebody))).reason == "factor_disabled"
        begun = world.started(somebody)
        assert list(begun.methods) == [pb.METHOD_TOTP, pb.METHOD_RECOVERY_CODE]
        somebody.session = world.finished(begun.attempt, recovery[0], pb.METHOD_RECOVERY_CODE).session
        factors = world.factors(world.caller(somebody))
        assert factors.ListFactors(pb.ListFactorsRequest()).factors[0].disabled
        fresh = factors.StartFactor(pb.StartFactorRequest(method=pb.METHOD_TOTP))
        somebody.secret = fresh.enrolment.key
        factors.ConfirmFactor(pb.ConfirmFactorRequest(setup=fresh.setup, code=code(somebody)))
        assert "FACTOR_DISABLED" in changes(world)
    with later(hours=1, minutes=2):
        assert world.signed_in(somebody)


def test_factors_are_sealed_anew_with_the_newest_key(world: World, somebody: Somebody) -> None:
    """ASVS 11.2.2: what was sealed by an older key still opens until then, and the older key can go afterwards."""
    add_sms(world, somebody)
    older = Keyring("k0", {"k0": bytes(31) + b"0"})
    ((user_id,),) = world.sql("select id from users where email = :email", email=BERIT)
    sealed = older.seal(somebody.secret, bound_to=str(user_id))
    world.sql("update factors set secret = :plain where kind = 'totp'", plain=somebody.secret)
    world.service.run_job("reseal")
    rows = [str(secret) for (secret,) in world.sql("select secret from factors")]
    assert (len(rows), all(secret.startswith("k1:") for secret in rows)) == (2, True)
    assert older.unseal(sealed, bound_to=str(user_id)) == somebody.secret
    with later(minutes=2):
        assert world.signed_in(somebody)
