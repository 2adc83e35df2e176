"""Who lost every second factor comes back with a code that an administrator vouched for, and with the password (BEY-05)."""

from collections.abc import Callable
from functools import partial

import pytest
from kontor.identity.v1 import identity_pb2 as pb
from kontor.notify.v1 import notify_pb2

from chassis.caller import Caller
from chassis.errors import Conflict, Denied, Failure, Invalid, NotFound
from chassis.testing import at_once
from tests.identity.world import PASSWORD, Somebody, World, code, later

BERIT, KARI, NUMBER = "berit@kontoret.example.no", "kari@bakeri.example.no", "+46701740605"


@pytest.fixture
def berit(world: World) -> Somebody:
    world.firm()
    return world.activated(BERIT)


@pytest.fixture
def kari(world: World, berit: Somebody) -> Somebody:
    """Administers a client of Berit's firm."""
    world.client(world.caller(berit))
    return world.activated(KARI)


def refused(call: Callable[[], object]) -> Failure:
    with pytest.raises(Failure) as why:
        call()
    return why.value


def membership(world: World, somebody: Somebody) -> str:
    return world.resolved(somebody).profile.memberships[0].membership_id


def added(world: World, by: Caller, email: str) -> str:
    return world.organisations(by).AddMember(pb.AddMemberRequest(email=email, first_name="N", last_name="Y")).membership_id


def vouched(world: World, by: Caller, whose: str, *, checked: bool = True) -> str:
    return world.organisations(by).VouchForMember(pb.VouchForMemberRequest(membership_id=whose, identity_checked=checked)).code


def test_a_vouched_code_leads_to_a_new_factor_and_in(world: World, berit: Somebody, kari: Somebody) -> None:
    """BEY-05: it opens no session by itself, the older app stops working, and the person is told of each step."""
    made = vouched(world, world.caller(berit), membership(world, kari))
    assert len(made) == 19
    begun = world.started(kari)
    assert pb.METHOD_VOUCHED_CODE in begun.methods
    done = world.finished(begun.attempt, made.lower(), pb.METHOD_VOUCHED_CODE)
    assert (done.session, list(done.methods)) == ("", [pb.METHOD_TOTP, pb.METHOD_SMS])
    older, kari.secret = kari.secret, done.enrolment.key
    with later(minutes=2):
        former = Somebody(KARI, secret=older)
        stale = world.started(former)
        assert world.finished(begun.attempt, code(kari)).session
        assert refused(lambda: world.finished(stale.attempt, code(former))).reason == "attempt_over"
        assert refused(lambda: world.resolved(kari)).reason == "session_ended"
        world.service.run_job("send_letters")
    told = [
        letter.change for letter in world.notify.sent if letter.kind == notify_pb2.LETTER_KIND_SECURITY_CHANGED and letter.email == KARI
    ]
    assert told == [
        notify_pb2.SECURITY_CHANGE_VOUCHED, notify_pb2.SECURITY_CHANGE_VOUCHED_CODE_USED, notify_pb2.SECURITY_CHANGE_APP_ADDED,
    ]  # fmt: skip


def test_the_new_factor_may_be_a_telephone(world: World, berit: Somebody, kari: Somebody) -> None:
    """BEY-05, ACC-24."""
    made = vouched(world, world.caller(berit), membership(world, kari))
    attempt = world.started(kari).attempt
    world.finished(attempt, made, pb.METHOD_VOUCHED_CODE)
    world.sms_for(attempt, NUMBER)
    assert world.finished(attempt, world.sms.sent[-1].code, pb.METHOD_SMS).session
    assert list(world.started(kari).methods) == [pb.METHOD_SMS]


def test_the_owner_of_the_number_is_told_by_sms_too(world: World, berit: Somebody, kari: Somebody) -> None:
    """BEY-05: on every other channel, without the code."""
    factors = world.factors(world.caller(kari))
    begun = factors.StartFactor(pb.StartFactorRequest(method=pb.METHOD_SMS, phone_number=NUMBER))
    factors.ConfirmFactor(pb.ConfirmFactorRequest(setup=begun.setup, code=world.sms.sent[-1].code))
    made = vouched(world, world.caller(berit), membership(world, kari))
    world.service.run_job("send_warnings")
    warning = world.sms.sent[-1]
    assert (warning.kind, warning.phone_number, warning.code) == (notify_pb2.SMS_KIND_VOUCHED, NUMBER, "")
    assert made not in str(warning)


def test_it_works_once_within_twelve_hours_and_a_newer_one_ends_it(world: World, berit: Somebody, kari: Somebody) -> None:
    """P3: fifty at once."""
    by, whose = world.caller(berit), membership(world, kari)
    older, newer = vouched(world, by, whose), vouched(world, by, whose)
    attempts = [world.started(kari).attempt for _ in range(50)]
    assert refused(lambda: world.finished(attempts[0], older, pb.METHOD_VOUCHED_CODE)).reason == "wrong_code"
    with later(hours=12, seconds=1):
        late = world.started(kari)
        assert refused(lambda: world.finished(late.attempt, newer, pb.METHOD_VOUCHED_CODE)).reason == "wrong_code"
        assert pb.METHOD_VOUCHED_CODE not in late.methods
    results = at_once([partial(world.finished, each, newer, pb.METHOD_VOUCHED_CODE) for each in attempts])
    assert len([result for result in results if isinstance(result, pb.FinishSignInResponse)]) == 1


def test_it_is_worth_nothing_without_the_password_or_inside_a_session(world: World, berit: Somebody, kari: Somebody) -> None:
    """P9."""
    made = vouched(world, world.caller(berit), membership(world, kari))
    assert isinstance(refused(lambda: world.started(Somebody(KARI, password=made))), Failure)
    step_up = pb.StepUpRequest(method=pb.METHOD_VOUCHED_CODE, code=made)
    assert isinstance(refused(lambda: world.sessions_of(world.caller(kari)).StepUp(step_up)), Invalid)


def test_somebody_must_have_made_sure_who_asks(world: World, berit: Somebody, kari: Somebody) -> None:
    """BEY-05: and it is recorded who."""
    by, whose = world.caller(berit), membership(world, kari)
    assert refused(lambda: vouched(world, by, whose, checked=False)).reason == "identity_not_checked"
    vouched(world, by, whose)
    ((caller, facts),) = world.sql("select caller, facts from audit where action = 'member.vouch'")
    assert (caller, dict(facts)["identity_checked"]) == (f"user:{by.user_id}", "yes")  # type: ignore[call-overload]


def test_it_takes_a_fresh_code_of_the_administrator(world: World, berit: Somebody, kari: Somebody) -> None:
    """NET-05."""
    whose = membership(world, kari)
    with later(minutes=16):
        assert refused(lambda: vouched(world, world.caller(berit), whose)).reason == "step_up_needed"


def test_nobody_vouches_for_oneself_for_strangers_or_into_a_firm(world: World, berit: Somebody, kari: Somebody) -> None:
    """P10: a client's administrator must not open the way into the firm."""
    by_berit, by_kari = world.caller(berit), world.caller(kari)
    assert isinstance(refused(lambda: vouched(world, by_berit, membership(world, berit))), Denied)
    assert isinstance(refused(lambda: vouched(world, by_kari, membership(world, berit))), NotFound)
    there = added(world, by_kari, BERIT)
    come_in = pb.ChooseOrganisationRequest(membership_id=there)
    world.sessions_of(by_berit).ChooseOrganisation(come_in)
    assert refused(lambda: vouched(world, by_kari, there)).reason == "vouch_elsewhere"


def test_nobody_vouches_for_one_who_has_not_come_in_there(world: World, berit: Somebody, kari: Somebody) -> None:
    """BEY-05, P5: whoever adds an address gets no code for its owner's account, and hears the same of an address nobody has."""
    by_kari, by_berit, new = world.caller(kari), world.caller(berit), "ny@bakeri.example.no"
    known, there = added(world, by_kari, BERIT), added(world, by_kari, new)
    told = [refused(partial(vouched, world, by_kari, each)) for each in (known, there)]
    assert {(type(each), each.reason, str(each)) for each in told} == {(Conflict, "nothing_to_replace", str(told[0]))}
    assert refused(lambda: vouched(world, by_berit, added(world, by_berit, KARI))).reason == "nothing_to_replace"
    world.with_password(new)
    assert refused(lambda: vouched(world, by_kari, there)).reason == "nothing_to_replace"
    assert world.sql("select count(*) from vouched_codes") == [(0,)]


def test_who_made_the_account_vouches_no_more_than_others_before_its_owner_comes_in(world: World, berit: Somebody, kari: Somebody) -> None:
    """BEY-05, ACC-32: added by two, a person who comes in to one of them is a stranger to the other, also where that was the first."""
    ola = "ola@kontoret.example.no"
    first, second = added(world, world.caller(kari), ola), added(world, world.caller(berit), ola)
    somebody = world.activated(ola)
    world.sessions_of(world.caller(somebody)).ChooseOrganisation(pb.ChooseOrganisationRequest(membership_id=second))
    assert refused(lambda: vouched(world, world.caller(kari), first)).reason == "nothing_to_replace"
    assert vouched(world, world.caller(berit), second)


def test_the_password_is_not_reset_by_it(world: World, berit: Somebody, kari: Somebody) -> None:
    """P9: neither does a mailbox replace the second factor."""
    vouched(world, world.caller(berit), membership(world, kari))
    world.sign_in.RequestPasswordLink(pb.RequestPasswordLinkRequest(email=KARI))
    token = world.token(KARI)
    new = "helt nye ord hver dag"
    world.sign_in.SetPassword(pb.SetPasswordRequest(token=token, password=new, password_again=new))
    assert refused(lambda: world.started(Somebody(KARI, password=PASSWORD))).reason == "wrong_credentials"
    begun = world.started(Somebody(KARI, password=new))
    assert not begun.HasField("enrolment")
