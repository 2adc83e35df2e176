"""Whatever is tried in whichever order: passwords, codes, waiting, leaving. A model says what each must answer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pyotp
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from kontor.identity.v1 import identity_pb2 as pb

from chassis import clock
from chassis.errors import Failure
from services.identity import rules
from tests.identity.world import PASSWORD, Somebody, World, wrong

BERIT = "berit@kontoret.example.no"
EMPTIED = ("password_counters", "sign_in_attempts", "sessions", "sms_warnings", "letters")


@dataclass(frozen=True)
class Moment:
    """When something happens that takes a while: not before `low`, and not after `high`."""

    low: datetime
    high: datetime

    def after(self, wait: timedelta) -> "Moment":
        """So much later."""
        return Moment(self.low + wait, self.high + wait)

    def come(self, at: "Moment") -> bool | None:
        """Whether it has come when something else happens; None where that cannot be said."""
        return True if at.low >= self.high else False if at.high < self.low else None


class Machine(RuleBasedStateMachine):
    """Berit's account. The model: tries in a row and until when to wait, for the password and the app; attempts; sessions.

    The clock goes on while something is tried: where a wait or a life ends in that very moment, either answer is right. What is chosen does
    not depend on what was answered, so that a life can be lived again.
    """

    world: World
    key: str

    def __init__(self) -> None:
        super().__init__()
        # In the middle of a code's half minute, where it stays: time passes in whole half minutes.
        self.offset = timedelta(seconds=(12 - clock.now().timestamp()) % 30)
        self._moved = clock.moved(self.offset)
        self._moved.__enter__()
        for table in EMPTIED:
            self.world.sql(f"delete from {table}")  # noqa: S608 - names of ours
        self.world.sql("update factors set last_step = 0, failures = 0, open_at = null")
        self.berit = Somebody(BERIT, PASSWORD, self.key)
        self.misses, self.open_at = {"password": 0, "code": 0}, dict[str, Moment]()
        self.attempts: list[list[Any]] = []  # token, until when, tries
        self.sessions: list[list[Any]] = []  # token, opened, last written as seen, ended
        self.used = 0

    def teardown(self) -> None:
        self._moved.__exit__(None, None, None)

    @rule(halves=st.sampled_from([1, 2, 10, 31, 58, 240]))
    def time_passes(self, halves: int) -> None:
        self._moved.__exit__(None, None, None)
        self.offset += timedelta(seconds=30 * halves)
        self._moved = clock.moved(self.offset)
        self._moved.__enter__()

    @rule(right=st.booleans(), times=st.integers(1, 6))
    def a_password(self, right: bool, times: int) -> None:
        for _ in range(1 if right else times):
            who = self.berit if right else Somebody(BERIT, password="not the password")
            answered, begun, at = _answer(partial(self.world.started, who))
            self._check(answered, at, "password", "" if right else "wrong_credentials")
            if begun is not None:
                self.misses["password"] = 0
                self.attempts.append([begun.attempt, at.after(rules.ATTEMPT_LIFE), 0])
            elif answered == "wrong_credentials":
                self._missed("password", at)

    @rule(which=st.integers(0, 3), right=st.booleans(), times=st.integers(1, 6))
    def a_code(self, which: int, right: bool, times: int) -> None:
        for _ in range((1 if right else times) if self.attempts else 0):
            attempt = self.attempts[-1 - which % len(self.attempts)]
            step = int(clock.now().timestamp()) // 30
            digits = pyotp.TOTP(self.key).at(clock.now()) if right else wrong(self.berit)
            answered, done, at = _answer(partial(self.world.finished, attempt[0], digits, pb.METHOD_TOTP))
            over = True if attempt[2] >= rules.ATTEMPT_TRIES else attempt[1].come(at)
            if over or (over is None and answered == "attempt_over"):
                assert answered == "attempt_over"
                continue
            self._check(answered, at, "code", "" if right and step > self.used else "wrong_code")
            if done is not None:
                self.used, self.misses["code"], attempt[2] = step, 0, rules.ATTEMPT_TRIES
                self.sessions.append([done.session, at, at, False])
            elif answered == "wrong_code":
                attempt[2] += 1
                self._missed("code", at)

    @rule(which=st.integers(0, 3), others=st.booleans())
    def leave(self, which: int, others: bool) -> None:
        if not self.sessions or self.sessions[-1 - which % len(self.sessions)][3]:
            return
        mine = self.sessions[-1 - which % len(self.sessions)]
        held, _, at = _answer(lambda: self.world.resolved(Somebody(BERIT, session=mine[0])))
        if held:
            return
        mine[2] = at if mine[2].after(rules.SEEN_EVERY).come(at) else mine[2]
        stub = self.world.sessions_of(self.world.caller(Somebody(BERIT, session=mine[0])))
        if others:
            stub.EndSessions(pb.EndSessionsRequest())
            self.attempts = []
            for each in self.sessions:
                each[3] = each[3] or each is not mine
        else:
            stub.SignOut(pb.SignOutRequest())
            mine[3] = True

    @invariant()
    def a_session_is_let_in_exactly_as_long_as_it_lives(self) -> None:
        for each in self.sessions:
            answered, _, at = _answer(partial(self.world.resolved, Somebody(BERIT, session=each[0])))
            over = True if each[3] else _either(each[1].after(rules.SESSION_LIFE).come(at), each[2].after(rules.SESSION_IDLE).come(at))
            assert over is None or answered == ("session_ended" if over else "")
            each[3] = bool(answered)
            # Being seen is written once a minute.
            each[2] = at if not answered and each[2].after(rules.SEEN_EVERY).come(at) else each[2]

    def _check(self, answered: str, at: Moment, what: str, otherwise: str) -> None:
        """Where one has to wait nothing is looked at; else the answer is the other one."""
        opened = self.open_at[what].come(at) if what in self.open_at else True
        expected = {otherwise} if opened else {"too_many_attempts"} if opened is False else {otherwise, "too_many_attempts"}
        assert answered in expected, (answered, expected)

    def _missed(self, what: str, at: Moment) -> None:
        self.misses[what] += 1
        self.open_at[what] = at.after(rules.wait_after(self.misses[what]))


def _either(one: bool | None, other: bool | None) -> bool | None:
    return True if one or other else None if one is None or other is None else False


def _answer(call: Callable[[], Any]) -> tuple[str, Any, Moment]:
    """The reason of a refusal or nothing, what was answered, and when."""
    began = clock.now()
    try:
        answer, reason = call(), ""
    except Failure as why:
        answer, reason = None, why.reason
    return reason, answer, Moment(began, clock.now())


@pytest.fixture
def machine(world: World) -> Iterator[type[Machine]]:
    world.firm()
    berit = world.activated(BERIT)
    with clock.moved(timedelta(0)):  # where a life ends badly, time is put right again
        yield type("OnThisWorld", (Machine,), {"world": world, "key": berit.secret})


@pytest.mark.timeout(400)
def test_signing_in_answers_as_the_model_says_in_whichever_order(machine: type[Machine]) -> None:
    """P1, P2, P3, ASVS 7.3.1: thirty lives of up to twenty steps; tries are counted, waits kept, sessions end when idle, old or ended."""
    quick = settings(max_examples=30, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    run_state_machine_as_test(machine, settings=quick)
