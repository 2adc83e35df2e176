"""Whatever administrators, the invited person and whoever guesses do in whichever order: only the code that is good just then counts."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from chassis import clock
from chassis.errors import Conflict, Denied, Invalid, NotFound, TooMany, Unauthenticated
from tests.identity.invited import Inviting, confirm, enter, send

EMPTIED = ("invitation_codes", "invitations", "sms_codes", "sms_budgets", "password_counters", "letters")
DAY, HALF_A_DAY, SMS_LIFE = timedelta(hours=24), timedelta(hours=12), timedelta(minutes=5)


class Machine(RuleBasedStateMachine):
    """One member's invitation, with a model of which code is good until when."""

    juri: Inviting

    def __init__(self) -> None:
        super().__init__()
        self.offset, self._moved = timedelta(0), clock.moved(timedelta(0))
        self._moved.__enter__()
        self.world = self.juri.world
        for table in EMPTIED:
            self.world.sql(f"delete from {table}")  # noqa: S608 - names of ours
        self.state, self.code, self.entry, self.sms, self.made = "unspecified", "", "", "", ""
        self.ends = self.sms_ends = self.made_ends = timedelta(0)
        self.tries = self.sms_tries = self.made_tries = self.asked = 0
        self.old: list[str] = []

    def teardown(self) -> None:
        self._moved.__exit__(None, None, None)

    @rule(minutes=st.sampled_from([1, 6, 60, 11 * 60, 13 * 60]))
    def time_passes(self, minutes: int) -> None:
        self._pass(timedelta(minutes=minutes))

    @precondition(lambda self: self._now() not in ("sent", "sms_sent") or len(self.old) < 2)
    @rule()
    def invite(self) -> None:
        self.old += [self.code] if self.code else []
        self.juri.invite()
        self.code = self.juri.mailed()
        self.state, self.ends = "sent", self.offset + DAY
        self.entry, self.sms, self.made, self.tries, self.asked = "", "", "", 0, 0

    @precondition(lambda self: self.offset > timedelta(hours=6))
    @rule()
    def cancel(self) -> None:
        went = self._ok(self.juri.cancel)
        assert went == (self._now() in ("sent", "blocked", "code_entered", "sms_sent"))
        self.state = "cancelled" if went else self.state

    @precondition(lambda self: self.code)
    @rule(guess=st.sampled_from([False, False, True]))
    def enter_the_16_digits(self, *, guess: bool) -> None:
        self._pass(timedelta(minutes=16))
        open_ = self._now() == "sent"
        typed = f"{self.code[:8]}{(int(self.code[8:]) + 1) % 10**8:08}" if guess else self.code
        entered: list[str] = []
        went = self._ok(lambda: entered.append(enter(self.world, typed).entry))
        assert went == (open_ and not guess)
        self.tries += open_
        if went:
            self.entry, self.sms, self.asked, self.state = entered[0], self.world.sms.sent[-1].code, 1, "sms_sent"
            self.sms_ends, self.sms_tries = self.offset + SMS_LIFE, 0
        elif open_ and self.tries == 5:
            self.state = "blocked"

    @precondition(lambda self: self.old)
    @rule()
    def enter_an_older_code(self) -> None:
        self._pass(timedelta(minutes=16))
        assert not self._ok(lambda: enter(self.world, self.old[-1]))

    @precondition(lambda self: self.entry)
    @rule()
    def ask_for_another_sms(self) -> None:
        self._pass(timedelta(minutes=61))
        went = self._ok(lambda: send(self.world, self.entry))
        assert went == (self._now() == "sms_sent" and self.asked < 3)
        if went:
            self.sms, self.sms_ends, self.sms_tries, self.asked = self.world.sms.sent[-1].code, self.offset + SMS_LIFE, 0, self.asked + 1

    @rule()
    def make_a_code(self) -> None:
        codes: list[str] = []
        went = self._ok(lambda: codes.append(self.juri.make_code().code))
        assert went == (self._now() == "sms_sent")
        if went:
            self.made, self.made_ends, self.made_tries = codes[0], self.offset + HALF_A_DAY, 0
            self.ends = max(self.ends, self.made_ends)

    @precondition(lambda self: self.entry)
    @rule(which=st.sampled_from(["sms", "made", "wrong"]))
    def confirm(self, which: str) -> None:
        running = self._now() == "sms_sent"
        sms = bool(self.sms) and self.offset < self.sms_ends and self.sms_tries < 5
        made = bool(self.made) and self.offset < self.made_ends and self.made_tries < 5
        typed = {"sms": self.sms, "made": self.made or "000000"}.get(which) or self._neither()
        good = running and ((sms and typed == self.sms) or (made and typed == self.made))
        assert self._ok(lambda: confirm(self.world, self.entry, typed)) == good
        self.sms_tries += running and sms
        self.made_tries += running and made
        self.state = "completed" if good else self.state

    @invariant()
    def the_list_says_where_it_stands(self) -> None:
        assert self.juri.state == self._now()

    def _neither(self) -> str:
        return next(digits for digits in ("000001", "000002", "000003") if digits not in (self.sms, self.made))

    def _now(self) -> str:
        over = self.state in ("unspecified", "cancelled", "completed") or self.offset < self.ends
        return self.state if over else "expired"

    def _ok(self, call: Callable[[], object]) -> bool:
        try:
            call()
        except (Conflict, Denied, Invalid, NotFound, TooMany, Unauthenticated):
            return False
        return True

    def _pass(self, by: timedelta) -> None:
        self._moved.__exit__(None, None, None)
        self.offset += by
        self._moved = clock.moved(self.offset)
        self._moved.__enter__()


@pytest.fixture
def machine(juri: Inviting) -> type[Machine]:
    return type("MachineHere", (Machine,), {"juri": juri})


def test_only_the_code_that_is_good_just_then_counts(machine: type[Machine]) -> None:
    """P3, NET-17, NET-20, NET-22, NET-25, NET-27, NET-28, NET-29, NET-30, NET-32, NET-33: a model of what works until when."""
    shape = settings(
        max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None,
        phases=[Phase.generate],
    )  # fmt: skip
    run_state_machine_as_test(machine, settings=shape)
