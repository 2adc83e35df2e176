"""Whatever a person and somebody with the password do in whichever order: nobody comes in without a proof that is good just then (P9)."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from kontor.identity.v1 import identity_pb2 as pb

from chassis import clock
from chassis.errors import Failure
from tests.identity.world import PASSWORD, Somebody, World

BERIT, KARI, NUMBER = "berit@kontoret.example.no", "kari@bakeri.example.no", "+46701740605"
EMPTIED = (
    "factors", "recovery_codes", "vouched_codes", "sms_codes", "sms_budgets", "password_counters", "sign_in_attempts", "links", "letters",
)  # fmt: skip
NEW_PASSWORD = "helt nye ord hver dag"


class Machine(RuleBasedStateMachine):
    """Kari's account, with a model of what is good: the password, the app's key, the number, recovery codes, a vouched code."""

    world: World
    berit: Somebody

    def __init__(self) -> None:
        super().__init__()
        self.offset, self._moved = timedelta(0), clock.moved(timedelta(0))
        self._moved.__enter__()
        world = self.world
        for table in EMPTIED:
            world.sql(f"delete from {table}")  # noqa: S608 - names of ours
        world.sql("update users set opened_at = null where email = :email", email=KARI)
        self.password, self.key, self.sms = PASSWORD, "", False
        self.recovery: list[str] = []
        self.vouched, self.step = "", 0
        self._set_password(PASSWORD)
        begun = world.started(Somebody(KARI, self.password))
        self.key = begun.enrolment.key
        self.session = world.finished(begun.attempt, self._code()).session

    def teardown(self) -> None:
        self._moved.__exit__(None, None, None)

    @rule(minutes=st.integers(1, 20))
    def time_passes(self, minutes: int) -> None:
        self._pass(minutes)

    @rule(wrong=st.booleans())
    def sign_in_by_app(self, *, wrong: bool) -> None:
        self._pass(20)
        self._sign_in(pb.METHOD_TOTP, "000000" if wrong else self._code(), good=bool(self.key) and not wrong)

    @rule(older=st.booleans())
    def sign_in_with_a_recovery_code(self, *, older: bool) -> None:
        self._pass(20)
        good = bool(self.recovery) and not older
        self._sign_in(pb.METHOD_RECOVERY_CODE, self.recovery.pop() if good else "0000-0000-0000", good=good)

    @precondition(lambda self: self.sms)
    @rule()
    def sign_in_by_sms(self) -> None:
        self._pass(20)
        attempt = self.world.started(Somebody(KARI, self.password)).attempt
        self.world.sms_for(attempt)
        self._finish(attempt, pb.METHOD_SMS, self.world.sms.sent[-1].code, good=True)

    @rule()
    def the_same_code_again(self) -> None:
        self._pass(20)
        digits = self._code()
        self._sign_in(pb.METHOD_TOTP, digits, good=bool(self.key))
        self._sign_in(pb.METHOD_TOTP, digits, good=False)

    @rule()
    def make_recovery_codes(self) -> None:
        if self._confirmed():
            factors = self.world.factors(self._caller())
            self.recovery = list(factors.RegenerateRecoveryCodes(pb.RegenerateRecoveryCodesRequest()).codes)

    @rule()
    def add_or_change_the_number(self) -> None:
        if self._confirmed():
            self._pass(14)
            factors = self.world.factors(self._caller())
            begun = factors.StartFactor(pb.StartFactorRequest(method=pb.METHOD_SMS, phone_number=NUMBER))
            factors.ConfirmFactor(pb.ConfirmFactorRequest(setup=begun.setup, code=self.world.sms.sent[-1].code))
            self.sms = True

    @rule(which=st.sampled_from([pb.METHOD_TOTP, pb.METHOD_SMS]))
    def remove_one(self, which: "pb.Method.ValueType") -> None:
        if not self._confirmed():
            return
        factors = self.world.factors(self._caller())
        listed = {each.method: each.factor_id for each in factors.ListFactors(pb.ListFactorsRequest()).factors}
        assert set(listed) == {method for method, there in ((pb.METHOD_TOTP, self.key), (pb.METHOD_SMS, self.sms)) if there}
        if which in listed:
            outcome = _reason(lambda: factors.RemoveFactor(pb.RemoveFactorRequest(factor_id=listed[which])))
            assert outcome == ("last_factor" if len(listed) == 1 else "")
            if not outcome:
                self.key, self.sms = ("", True) if which == pb.METHOD_TOTP else (self.key, False)

    @rule()
    def reset_the_password(self) -> None:
        self._set_password(NEW_PASSWORD if self.password == PASSWORD else PASSWORD)

    @rule()
    def an_administrator_vouches(self) -> None:
        self._pass(20)
        fresh = "update sessions set ended_at = null, seen_at = :now, created_at = :now, authenticated_at = :now where user_id = :berit"
        self.world.sql(fresh, now=clock.now(), berit=self.world.sql("select id from users where email = :email", email=BERIT)[0][0])
        by = self.world.caller(self.berit)
        ((membership,),) = self.world.sql("select m.id from memberships m join users u on u.id = m.user_id where u.email = :e", e=KARI)
        request = pb.VouchForMemberRequest(membership_id=str(membership), identity_checked=True)
        self.vouched = self.world.organisations(by).VouchForMember(request).code

    @precondition(lambda self: self.vouched)
    @rule()
    def come_back_with_it(self) -> None:
        self._pass(1)
        attempt = self.world.started(Somebody(KARI, self.password)).attempt
        outcome = _reason(lambda: setattr(self, "done", self.world.finished(attempt, self.vouched, pb.METHOD_VOUCHED_CODE)))
        assert outcome in ("", "wrong_code"), outcome  # it may be older than twelve hours
        self.vouched = ""
        if not outcome:
            done: pb.FinishSignInResponse = self.__dict__.pop("done")
            assert not done.session
            self.key, self.sms, self.recovery = done.enrolment.key, False, []
            self.session = self.world.finished(attempt, self._code()).session

    def _sign_in(self, method: int, digits: str, *, good: bool) -> None:
        self._finish(self.world.started(Somebody(KARI, self.password)).attempt, method, digits, good=good)

    def _finish(self, attempt: str, method: int, digits: str, *, good: bool) -> None:
        refused = _reason(lambda: setattr(self, "session", self.world.finished(attempt, digits, method).session))
        assert (not refused, bool(self.session)) == (good, True), refused

    def _confirmed(self) -> bool:
        """Confirm the session with password and app, where it still lives."""
        self._pass(2)
        if not self.key or _reason(lambda: self.world.resolved(Somebody(KARI, session=self.session))):
            return False
        self.world.sessions_of(self._caller()).StepUp(pb.StepUpRequest(method=pb.METHOD_TOTP, code=self._code(), password=self.password))
        return True

    def _caller(self) -> Any:
        return self.world.caller(Somebody(KARI, session=self.session))

    def _set_password(self, password: str) -> None:
        self.world.sql("delete from letters")
        self._pass(70)
        self.world.sign_in.RequestPasswordLink(pb.RequestPasswordLinkRequest(email=KARI))
        self.world.sign_in.SetPassword(pb.SetPasswordRequest(token=self.world.token(KARI), password=password, password_again=password))
        former = self.password if password != self.password else "no"
        assert _reason(lambda: self.world.started(Somebody(KARI, former))) == "wrong_credentials"
        self.password, self.session = password, "x" * 43

    def _code(self) -> str:
        return pyotp.TOTP(self.key).at(clock.now()) if self.key else "000000"

    def _pass(self, minutes: int) -> None:
        self._moved.__exit__(None, None, None)
        self.offset += timedelta(minutes=minutes)
        self._moved = clock.moved(self.offset)
        self._moved.__enter__()


def _reason(call: Callable[[], object]) -> str:
    try:
        call()
    except Failure as why:
        return why.reason
    return ""


@pytest.fixture
def machine(world: World) -> Iterator[type[Machine]]:
    world.firm()
    berit = world.activated(BERIT)
    world.client(world.caller(berit))
    world.sign_in.VerifyAccount(pb.VerifyAccountRequest(token=world.token(KARI)))
    with clock.moved(timedelta(0)):  # where a life ends badly, time is put right again
        yield type("OnThisWorld", (Machine,), {"world": world, "berit": berit})


@pytest.mark.timeout(400)
def test_nobody_comes_in_without_a_proof_that_is_good_just_then(machine: type[Machine], tmp_path: Path) -> None:
    """P2, P3, P9, BEY-05: thirty lives of an account, of up to fifteen steps each."""
    del tmp_path
    quick = settings(max_examples=30, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    run_state_machine_as_test(machine, settings=quick)
