"""Codes by SMS: enrolled at the first sign-in, asked for at later ones, each good for one thing once."""

from collections.abc import Callable

import pytest
from kontor.identity.v1 import identity_pb2 as pb
from kontor.notify.v1 import notify_pb2

from chassis.errors import Conflict, Failure, Invalid, TimedOut, TooMany, Unauthenticated, Unavailable
from chassis.testing import at_once
from tests.identity.world import Somebody, World, code, later, wrong_sms

BERIT, NUMBER, OTHER = "berit@kontoret.example.no", "+46701740605", "+46701740606"


@pytest.fixture
def somebody(world: World) -> Somebody:
    """With a password, and no second factor yet."""
    world.firm()
    return world.with_password(BERIT)


def refused(call: object) -> Failure:
    with pytest.raises(Failure) as why:
        call()  # type: ignore[operator]
    return why.value


def another(world: World, older: str, send: Callable[[], object]) -> str:
    """Have a code sent that is not the older one: two of a million could be equal."""
    while send() and (newer := world.sms.sent[-1].code) == older:
        world.sql("delete from sms_budgets")
    return newer


def test_use_another_method_leads_to_a_code_by_sms_and_in(world: World, somebody: Somebody) -> None:
    """ACC-22, ACC-24, ACC-25: the number is typed as people type it."""
    begun = world.started(somebody)
    assert (list(begun.methods), begun.preferred, begun.masked_phone) == ([pb.METHOD_TOTP, pb.METHOD_SMS], pb.METHOD_TOTP, "")
    sent = world.sms_for(begun.attempt, "070-174 06 05", country="SE")
    assert (sent.masked_phone, sent.uncertain) == ("+46 ••• •• 05", False)
    sms = world.sms.sent[-1]
    assert (sms.phone_number, sms.kind, len(sms.code), sms.code.isdigit(), sms.language) == (
        NUMBER,
        notify_pb2.SMS_KIND_CODE,
        6,
        True,
        "nb",
    )
    somebody.session = world.finished(begun.attempt, sms.code, pb.METHOD_SMS).session
    assert world.resolved(somebody).profile.email == BERIT


def test_later_sign_ins_ask_for_the_method_chosen_first(world: World, somebody: Somebody) -> None:
    """ACC-26, ACC-21: the number is known, and shown only in part; a number sent along changes nothing."""
    world.enrolled_by_sms(somebody, NUMBER)
    begun = world.started(somebody)
    assert (list(begun.methods), begun.preferred, begun.masked_phone) == ([pb.METHOD_SMS], pb.METHOD_SMS, "+46 ••• •• 05")
    assert not begun.HasField("enrolment")
    world.sms_for(begun.attempt, OTHER)
    assert world.sms.sent[-1].phone_number == NUMBER
    assert world.finished(begun.attempt, world.sms.sent[-1].code).session


def test_where_no_sms_are_sent_none_are_offered(world: World, somebody: Somebody) -> None:
    """ACC-24."""
    world.sms.offered = False
    begun = world.started(somebody)
    assert list(begun.methods) == [pb.METHOD_TOTP]
    assert refused(lambda: world.sms_for(begun.attempt, NUMBER)).reason == "method_not_here"


@pytest.mark.parametrize(
    ("typed", "country", "reason"),
    [
        ("", "", "phone_number_invalid"),
        ("12", "NO", "phone_number_invalid"),
        ("+47 22 22 55 55", "", "phone_number_invalid"),  # a landline
        ("+47 829 12 345", "", "phone_number_invalid"),  # premium rate
        ("+44 7400 123456", "", "phone_country"),
        ("+1 876 555 0100", "", "phone_country"),
        ("+371 21 234 567", "", "phone_country"),
    ],
)
def test_codes_go_to_mobile_numbers_of_the_countries_in_the_settings(
    world: World, somebody: Somebody, typed: str, country: str, reason: str
) -> None:
    """P6: toll fraud lives from other numbers."""
    attempt = world.started(somebody).attempt
    why = refused(lambda: world.sms_for(attempt, typed, country=country))
    assert (type(why), why.reason, why.fields, world.sms.sent) == (Invalid, reason, {"phone_number": reason}, [])


@pytest.mark.parametrize(
    "typed", ["+47 406 12 345", "+46 70 174 06 05", "+358 41 2345678", "+45 32 12 34 56", "+354 611 1234", "+358 457 1234567"]
)
def test_nordic_mobile_numbers_are_taken(world: World, somebody: Somebody, typed: str) -> None:
    """ACC-24."""
    assert world.sms_for(world.started(somebody).attempt, typed).masked_phone


def test_a_code_works_once_and_for_the_sign_in_it_was_sent_for(world: World, somebody: Somebody) -> None:
    """P3: fifty at once."""
    world.enrolled_by_sms(somebody, NUMBER)
    first, second = world.started(somebody).attempt, world.started(somebody).attempt
    digits = world.code_for(first)
    assert refused(lambda: world.finished(second, digits)).reason == "code_over"
    results = at_once([lambda: world.finished(first, digits)] * 50)
    assert len([result for result in results if isinstance(result, pb.FinishSignInResponse)]) == 1
    assert {result.reason for result in results if isinstance(result, Failure)} <= {"attempt_over"}


def test_asking_again_replaces_the_code(world: World, somebody: Somebody) -> None:
    """P3."""
    world.enrolled_by_sms(somebody, NUMBER)
    attempt = world.started(somebody).attempt
    older = world.code_for(attempt)
    newer = another(world, older, lambda: world.sms_for(attempt))
    assert refused(lambda: world.finished(attempt, older)).reason == "wrong_code"
    assert world.finished(attempt, newer).session


def test_a_code_lives_five_minutes(world: World, somebody: Somebody) -> None:
    """P3."""
    world.enrolled_by_sms(somebody, NUMBER)
    attempt = world.started(somebody).attempt
    digits = world.code_for(attempt)
    with later(minutes=5, seconds=1):
        assert refused(lambda: world.finished(attempt, digits)).reason == "code_over"


def test_five_misses_end_the_code_and_the_attempt(world: World, somebody: Somebody) -> None:
    """P1, P3: 64 at once, and then not even the right one."""
    world.enrolled_by_sms(somebody, NUMBER)
    attempt = world.started(somebody).attempt
    digits = world.code_for(attempt)
    results = at_once([lambda: world.finished(attempt, wrong_sms(digits))] * 64)
    reasons = [result.reason for result in results]
    assert (reasons.count("wrong_code"), set(reasons)) == (5, {"wrong_code", "attempt_over"})
    with later(seconds=2):
        assert refused(lambda: world.finished(attempt, digits)).reason == "attempt_over"
    assert world.sql("select tries from sms_codes where ended_at is null") == [(5,)]


def test_while_enrolling_too_a_number_is_proved_by_its_own_code(world: World, somebody: Somebody) -> None:
    """P3: a code that was sent to one number does not enrol another."""
    attempt = world.started(somebody).attempt
    world.sms_for(attempt, NUMBER)
    first = world.sms.sent[-1].code
    second = another(world, first, lambda: world.sms_for(attempt, OTHER))
    assert refused(lambda: world.finished(attempt, first, pb.METHOD_SMS)).reason == "wrong_code"
    world.finished(attempt, second, pb.METHOD_SMS)
    assert world.started(somebody).masked_phone.endswith("06")


def test_of_two_who_enrol_at_once_one_does(world: World, somebody: Somebody) -> None:
    """ACC-23, P2: an app and a telephone in two sign-ins at the same moment: the slower one is not let in."""
    by_app, by_sms = world.started(somebody), world.started(somebody)
    world.sms_for(by_sms.attempt, NUMBER)
    somebody.secret = by_app.enrolment.key
    results = at_once(
        [
            lambda: world.finished(by_app.attempt, code(somebody)),
            lambda: world.finished(by_sms.attempt, world.sms.sent[-1].code, pb.METHOD_SMS),
        ]
    )
    assert sorted(type(result).__name__ for result in results) == ["FinishSignInResponse", "Unauthenticated"]
    assert world.sql("select count(*) from factors") == [(1,)]


def test_nobody_knows_whether_it_left_so_the_person_is_told(world: World, somebody: Somebody) -> None:
    """ACC-24: should it have left, its code works."""
    world.enrolled_by_sms(somebody, NUMBER)
    attempt = world.started(somebody).attempt
    world.sms.uncertain = True
    assert world.sms_for(attempt).uncertain
    assert world.finished(attempt, world.sms.sent[-1].code).session
    world.sms.fails = TimedOut("deadline_exceeded")
    assert world.sms_for(world.started(somebody).attempt).uncertain
    world.sms.fails = Unavailable("sms_unavailable")
    with later(minutes=11):
        assert refused(lambda: world.sms_for(world.started(somebody).attempt)).reason == "sms_unavailable"


def test_a_method_that_is_not_set_up_is_no_way_in(world: World, somebody: Somebody) -> None:
    """ACC-26."""
    world.enrolled_by_sms(somebody, NUMBER)
    attempt = world.started(somebody).attempt
    assert isinstance(refused(lambda: world.finished(attempt, "123456", pb.METHOD_TOTP)), Conflict)
    for method in (pb.METHOD_RECOVERY_CODE, pb.METHOD_VOUCHED_CODE):
        assert isinstance(refused(lambda method=method: world.finished(attempt, "123456", method)), Unauthenticated)


def test_three_to_a_number_in_ten_minutes(world: World, somebody: Somebody) -> None:
    """P6: at any moment of them, and the answer says for how long to wait."""
    attempt = world.started(somebody).attempt
    for seconds in (0, 100, 500):
        with later(seconds=seconds):
            world.sms_for(attempt, NUMBER)
    with later(seconds=590):
        why = refused(lambda: world.sms_for(attempt, NUMBER))
        assert (type(why), why.reason) == (TooMany, "too_many_codes")
        assert 5 <= int(why.facts["retry_after"]) <= 10
    with later(seconds=601):
        attempt = world.started(somebody).attempt
        world.sms_for(attempt, NUMBER)
        assert refused(lambda: world.sms_for(attempt, NUMBER)).reason == "too_many_codes"


def test_five_for_an_account_until_one_is_used(world: World, somebody: Somebody) -> None:
    """P6: to whichever numbers."""
    attempt = world.started(somebody).attempt
    for last in range(5):
        world.sms_for(attempt, f"+4670174061{last}")
    assert refused(lambda: world.sms_for(attempt, "+46701740619")).reason == "too_many_codes"
    world.finished(attempt, world.sms.sent[-1].code, pb.METHOD_SMS)
    assert world.sms_for(world.started(somebody).attempt).masked_phone


def test_no_code_and_no_number_lies_readable_in_the_database(world: World, somebody: Somebody) -> None:
    """P28, ASVS 11.3.2: sealed, or a keyed digest."""
    world.enrolled_by_sms(somebody, NUMBER)
    world.code_for(world.started(somebody).attempt)
    other = world.started(somebody)
    rows = (
        str(world.sql("select * from factors"))
        + str(world.sql("select * from sms_codes"))
        + str(world.sql("select * from sign_in_attempts"))
    )
    assert not [each for each in (NUMBER, NUMBER[1:], world.sms.sent[-1].code, other.attempt) if each in rows]
