"""Guessing passwords and codes leads nowhere, and honest people hardly notice."""

from datetime import timedelta
from functools import partial
from typing import Any

import grpc
import pytest
from kontor.identity.v1 import identity_pb2 as pb

from chassis import clock
from chassis.errors import Denied, Failure, TooMany, Unauthenticated
from chassis.testing import at_once
from tests.identity.world import Somebody, World, code, later, wrong

BERIT = "berit@kontoret.example.no"


@pytest.fixture
def somebody(world: World) -> Somebody:
    world.firm()
    return world.activated(BERIT)


def failure(call: Any) -> Failure:
    with pytest.raises(Failure) as failed:
        call()
    return failed.value


def give(world: World, attempt: str, digits: str) -> pb.FinishSignInResponse:
    return world.sign_in.FinishSignIn(pb.FinishSignInRequest(attempt=attempt, code=digits))


def reasons(results: list[Any]) -> set[str]:
    assert all(isinstance(result, Failure | pb.FinishSignInResponse) for result in results), results
    return {result.reason for result in results if isinstance(result, Failure)}


def test_at_most_five_codes_are_looked_at_in_an_attempt(world: World, somebody: Somebody) -> None:
    """P1: 64 at once, and then not even the right one."""
    with later(minutes=2):
        attempt = world.started(somebody).attempt
        bad = wrong(somebody)
        results = at_once([lambda: give(world, attempt, bad)] * 64)
        assert reasons(results) <= {"wrong_code", "attempt_over", "too_many_attempts"}
        assert len([result for result in results if result.reason == "wrong_code"]) == 5
        assert world.sql("select max(tries) from sign_in_attempts") == [(5,)]
        assert world.sql("select failures from factors") == [(5,)]
    with later(minutes=4):
        assert failure(lambda: give(world, attempt, code(somebody))).reason == "attempt_over"
        assert world.signed_in(somebody)


def test_the_hundredth_wrong_code_in_a_row_disables_the_authenticator(world: World, somebody: Somebody) -> None:
    """P1, SP 800-63B § 3.2.2: over any number of attempts, each waiting as long as it is told; then the right code is refused too."""
    looked_at, hours = 0, 1.0
    while looked_at < 100:
        with later(hours=hours):
            attempt, bad = world.started(somebody).attempt, wrong(somebody)
            results = at_once([partial(give, world, attempt, bad)] * 8)
        looked_at += len([result for result in results if isinstance(result, Unauthenticated) and result.reason == "wrong_code"])
        hours += 0.5
    assert looked_at == 100
    assert world.sql("select failures, disabled_at is not null from factors") == [(100, True)]
    with later(hours=hours + 24):
        attempt = world.started(somebody).attempt
        assert isinstance(failure(lambda: give(world, attempt, code(somebody))), Denied)
        assert world.sql("select count(*) from sessions") == [(1,)]


def test_wrong_codes_slow_down_and_the_answer_says_for_how_long(world: World, somebody: Somebody) -> None:
    """Back-off from the 5th failure: 1, 2, 4… seconds. What is not looked at does not use up the attempt."""
    with later(minutes=2):
        first = world.started(somebody).attempt
        for left in (4, 3, 2, 1, 0):
            assert failure(lambda: give(world, first, wrong(somebody))).facts["tries_left"] == str(left)
        second = world.started(somebody).attempt
        refused = failure(lambda: give(world, second, code(somebody)))
        assert (type(refused), refused.facts["retry_after"]) == (TooMany, "1")
    with later(minutes=2, seconds=2):
        assert give(world, second, code(somebody)).session


def test_a_code_works_once_however_many_use_it_at_once(world: World, somebody: Somebody) -> None:
    """P2: fifty attempts with one code make one session, three times over."""
    for minutes in range(2, 5):
        world.sql("update factors set failures = 0, open_at = null")
        with later(minutes=minutes):
            before = world.sql("select count(*) from sessions")[0][0]
            attempts, digits = [world.started(somebody).attempt for _ in range(50)], code(somebody)
            results = at_once([partial(give, world, attempt, digits) for attempt in attempts])
            assert len([result for result in results if isinstance(result, pb.FinishSignInResponse)]) == 1
            assert reasons(results) <= {"wrong_code", "too_many_attempts"}
            assert world.sql("select count(*) from sessions") == [(int(str(before)) + 1,)]


def test_one_attempt_makes_one_session(world: World, somebody: Somebody) -> None:
    """P2: at once."""
    with later(minutes=2):
        attempt, digits = world.started(somebody).attempt, code(somebody)
        results = at_once([lambda: give(world, attempt, digits)] * 20)
    assert len([result for result in results if isinstance(result, pb.FinishSignInResponse)]) == 1


def test_a_finished_attempt_is_finished(world: World, somebody: Somebody) -> None:
    """P2: the next code makes no second session of it."""
    with later(minutes=2):
        attempt = world.started(somebody).attempt
        give(world, attempt, code(somebody))
    with later(minutes=3):
        assert failure(lambda: give(world, attempt, code(somebody))).reason == "attempt_over"


def test_the_enrolment_code_and_older_codes_do_not_work_again(world: World) -> None:
    """P2, RFC 6238 § 5.2: forward only, also within the window."""
    world.firm()
    somebody = world.with_password(BERIT)
    with later(seconds=30 - clock.now().timestamp() % 30):
        begun = world.started(somebody)
        somebody.secret = begun.enrolment.key
        digits, older = code(somebody), code(somebody, at=timedelta(seconds=-30))
        give(world, begun.attempt, digits)
        attempt = world.started(somebody).attempt
        assert failure(lambda: give(world, attempt, digits)).reason == "wrong_code"
        assert failure(lambda: give(world, attempt, older)).reason == "wrong_code"
        assert give(world, attempt, code(somebody, at=timedelta(seconds=30))).session


def test_an_attempt_lives_ten_minutes(world: World, somebody: Somebody) -> None:
    """ACC-25."""
    attempt = world.started(somebody).attempt
    with later(minutes=10, seconds=1):
        assert failure(lambda: give(world, attempt, code(somebody))).reason == "attempt_over"


def test_wrong_passwords_slow_down_for_known_and_unknown_alike(world: World, somebody: Somebody) -> None:
    """P5: the same answers in the same order, whether or not there is an account."""

    def answers(email: str) -> list[tuple[type, str, dict[str, str], dict[str, str]]]:
        seen = []
        for _ in range(7):
            refused = failure(lambda: world.started(Somebody(email, password="not the password")))
            facts = {key: value for key, value in refused.facts.items() if key != "request_id"}
            seen.append((type(refused), refused.reason, refused.fields, facts))
        return seen

    known, unknown = answers(somebody.email), answers("nobody@kontoret.example.no")
    assert known == unknown
    assert [reason for _, reason, _, _ in known] == ["wrong_credentials"] * 5 + ["too_many_attempts"] * 2
    with later(seconds=2):
        assert world.started(somebody).attempt


def test_unknown_and_known_addresses_cost_the_same(world: World, somebody: Somebody) -> None:
    """P5: the hash is computed for both. The medians of many tries lie closer than the hash takes."""
    spent: dict[str, list[float]] = {somebody.email: [], "nobody@kontoret.example.no": []}
    for _ in range(12):
        for email, seconds in spent.items():
            world.sql("delete from password_counters")
            started = clock.now()
            failure(partial(world.started, Somebody(email, password="not the password")))
            seconds.append((clock.now() - started).total_seconds())
    known, unknown = (sorted(seconds)[len(seconds) // 2] for seconds in spent.values())
    assert max(known, unknown) < 2 * min(known, unknown)
    assert min(spent["nobody@kontoret.example.no"]) > 0.01


def test_asking_for_a_password_answers_alike_and_does_alike(world: World, somebody: Somebody) -> None:
    """P5, ACC-17: not even the rows written differ."""
    for email in (somebody.email, "nobody@kontoret.example.no"):
        answer = world.sign_in.RequestPasswordLink(pb.RequestPasswordLinkRequest(email=email, language="sv"))
        assert answer == pb.RequestPasswordLinkResponse()
    rows = world.sql("select kind, membership_id, language, attempts from letters where kind = 'password' and sent_at is null")
    assert len(rows) == 2
    assert rows[0] == rows[1]


def test_honest_sign_ins_at_the_same_moment_all_succeed(world: World, somebody: Somebody) -> None:
    """Counting before checking must not lock out one who opens many tabs."""
    results = at_once([lambda: world.started(somebody)] * 12)
    assert [repr(result) for result in results if not isinstance(result, pb.StartSignInResponse)] == []
    assert world.sql("select count(*) from password_counters") == [(0,)]


def test_a_right_password_starts_the_count_over(world: World, somebody: Somebody) -> None:
    """The back-off counts failures in a row."""
    bad = Somebody(somebody.email, password="not the password")
    for _ in range(3):
        for _ in range(4):
            assert failure(lambda: world.started(bad)).reason == "wrong_credentials"
        assert world.started(somebody).attempt


def test_a_password_that_is_changed_while_it_is_checked_opens_nothing(world: World, somebody: Somebody) -> None:
    """CVE-2026-16103 of a peer: the account is read again in the moment the session is made."""
    with later(minutes=2):
        attempt = world.started(somebody).attempt
        account = world.account(world.caller(somebody))
        new = "helt nye ord hver dag"
        request = pb.ChangePasswordRequest(present_password=somebody.password, password=new, password_again=new)
        changed, finished = at_once([lambda: account.ChangePassword(request), lambda: give(world, attempt, code(somebody))])
        assert isinstance(changed, pb.ChangePasswordResponse)
        if isinstance(finished, pb.FinishSignInResponse):
            gone = pb.ResolveSessionRequest(session=finished.session)
            assert failure(lambda: world.sessions.ResolveSession(gone)).reason == "session_ended"
        assert failure(lambda: give(world, attempt, code(somebody))).reason == "attempt_over"


def test_refusals_carry_no_secret(world: World, somebody: Somebody, caplog: pytest.LogCaptureFixture) -> None:
    """P28: neither what is answered nor what is logged."""
    attempt = world.started(somebody).attempt
    refused = [failure(lambda: give(world, attempt, "000000 1")), failure(lambda: world.started(Somebody(BERIT, password="canary-canary")))]
    told = " ".join(f"{each} {each.facts} {each.fields}" for each in refused) + caplog.text
    assert not [secret for secret in ("canary", attempt, somebody.secret, "000000") if secret in told]
    assert all(each.code == grpc.StatusCode.UNAUTHENTICATED for each in refused)
