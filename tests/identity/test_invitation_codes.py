"""The codes of an invitation work once, die on resend and at their end, and cannot be guessed (NET-27 to NET-33, P3)."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1 import invitations_pb2 as inv

from chassis import clock
from chassis.errors import Failure, TimedOut, TooMany
from chassis.testing import at_once
from tests.identity.invited import Inviting, added, confirm, enter, identification, send, stub
from tests.identity.world import World, later, wrong_sms

MOSTLY_WRONG = "0000000000000000"


def reason(call: Callable[[], object]) -> str:
    with pytest.raises(Failure) as why:
        call()
    return why.value.reason


def told(results: list[object]) -> list[str]:
    """Why each was refused; "" for what went through."""
    assert all(isinstance(each, Failure | inv.EnterCodeResponse | inv.ConfirmCodeResponse) for each in results), results
    return [each.reason if isinstance(each, Failure) else "" for each in results]


def test_of_fifty_who_enter_the_16_digits_one_gets_on(world: World, juri: Inviting) -> None:
    """P3, NET-33: at the same moment; one SMS goes out."""
    juri.invite()
    code = juri.mailed()
    results = told(at_once([partial(enter, world, code)] * 50))
    assert (results.count(""), set(results) - {""}) == (1, {"invitation_used"})
    assert len(world.sms.sent) == 1


def test_of_fifty_who_enter_the_6_digits_one_gets_on(world: World, juri: Inviting) -> None:
    """P3, NET-33: with the code by SMS, and with the administrator's."""
    for made in (False, True):
        with later(minutes=20 * made):
            entry = juri.entered()
            code = juri.make_code().code if made else world.sms.sent[-1].code
            results = told(at_once([partial(confirm, world, entry, code)] * 50))
            assert (results.count(""), set(results) - {""}) == (1, {"entry_over"})
    assert world.sql("select count(*) from invitations where activation is not null") == [(2,)]


def test_at_most_five_guesses_at_the_16_digits_are_looked_at(world: World, juri: Inviting) -> None:
    """P3, NET-33: 64 at once with the right first half; afterwards not even the right code, and not after any wait."""
    juri.invite()
    code = juri.mailed()
    guesses = [f"{code[:8]}{number:08}" for number in range(64) if f"{number:08}" != code[8:]]
    results = told(at_once([partial(enter, world, guess) for guess in guesses]))
    assert set(results) == {"wrong_code", "too_many_attempts"}
    assert results.count("wrong_code") == 5
    assert world.sql("select tries from invitations") == [(5,)]
    assert reason(lambda: enter(world, code)) == "too_many_attempts"
    with later(minutes=20):
        assert reason(lambda: enter(world, code)) == "wrong_code"
        assert juri.state == "blocked"
        juri.invite()
        assert enter(world, juri.mailed()).entry


def test_unknown_and_known_codes_are_refused_alike(world: World, juri: Inviting) -> None:
    """P5: one after the other, the same answers with the same waits, whether or not an invitation begins so."""
    juri.invite()
    code = juri.mailed()
    known, unknown = code[:8], "12345678" if code[:8] != "12345678" else "87654321"

    def answers(first_half: str) -> list[tuple[str, str]]:
        given = []
        for number in range(8):
            with pytest.raises(Failure) as why:
                enter(world, f"{first_half}{(int(code[8:]) + 1 + number) % 10**8:08}")
            given.append((why.value.reason, why.value.facts.get("retry_after", "")))
        return given

    assert answers(known) == answers(unknown)
    assert answers(known)[-1][0] == "too_many_attempts"


def test_guessing_elsewhere_keeps_nobody_out(world: World, juri: Inviting) -> None:
    """P4: others' wrong codes are counted by themselves."""
    juri.invite()
    code = juri.mailed()
    for number in range(30):
        assert reason(partial(enter, world, f"{number:016}")) in ("wrong_code", "too_many_attempts")
    assert enter(world, code).entry


def test_at_most_five_guesses_at_each_6_digits_are_looked_at(world: World, juri: Inviting) -> None:
    """P3, NET-33: 64 at once against the SMS, then against the administrator's code; the right one is dead afterwards."""
    entry = juri.entered()
    code = world.sms.sent[-1].code
    bad = wrong_sms(code)
    results = told(at_once([partial(confirm, world, entry, bad)] * 64))
    assert (results.count("wrong_code"), set(results)) == (5, {"wrong_code", "code_over"})
    assert world.sql("select tries from sms_codes") == [(5,)]
    assert reason(lambda: confirm(world, entry, code)) == "code_over"
    made = juri.make_code().code
    results = told(at_once([partial(confirm, world, entry, wrong_sms(made))] * 64))
    assert (results.count("wrong_code"), set(results)) == (5, {"wrong_code", "code_over"})
    assert reason(lambda: confirm(world, entry, made)) == "code_over"
    assert confirm(world, entry, juri.make_code().code).activation, "a new one counts anew"


def test_no_sms_goes_out_before_the_16_digits(world: World, juri: Inviting) -> None:
    """NET-27: neither for wrong ones nor for an entry that was made up."""
    juri.invite()
    juri.mailed()
    assert reason(lambda: enter(world, MOSTLY_WRONG)) == "wrong_code"
    assert reason(lambda: send(world, "x" * 43)) == "entry_over"
    assert reason(lambda: confirm(world, "x" * 43, "000000")) == "entry_over"
    assert world.sms.sent == []


def test_two_more_codes_at_most_and_the_newest_counts(world: World, juri: Inviting) -> None:
    """NET-28, P3: three in all, also of twenty requests at once."""
    entry = juri.entered()
    with later(minutes=11):
        assert send(world, entry).codes_left == 1
        assert reason(lambda: confirm(world, entry, world.sms.sent[0].code)) == "wrong_code"
    with later(minutes=22):
        results = at_once([partial(send, world, entry)] * 20)
        refused = [each.reason for each in results if isinstance(each, Failure)]
        assert refused == ["no_more_codes"] * 19
        assert len(world.sms.sent) == 3
        assert stub(world).ShowEntry(inv.ShowEntryRequest(entry=entry)).codes_left == 0
        assert confirm(world, entry, world.sms.sent[-1].code).activation


def test_a_code_by_sms_works_for_five_minutes(world: World, juri: Inviting) -> None:
    """P3, NET-27; the administrator's works on (NET-32)."""
    entry = juri.entered()
    made = juri.make_code().code
    with later(minutes=5, seconds=1):
        assert reason(lambda: confirm(world, entry, world.sms.sent[-1].code)) == "wrong_code"
        assert confirm(world, entry, made).activation


def test_the_administrators_code_works_for_twelve_hours(world: World, juri: Inviting) -> None:
    """NET-32: and an invitation that would last longer is not shortened."""
    entry = juri.entered()
    made = juri.make_code()
    assert juri.shown.expires_at.seconds > made.expires_at.seconds
    with later(hours=12, seconds=1):
        assert reason(lambda: confirm(world, entry, made.code)) == "code_over"
        assert juri.state == "sms_sent"


def test_a_code_made_once_more_ends_the_one_before(world: World, juri: Inviting) -> None:
    """NET-31, P3: what was not saved is made anew."""
    entry = juri.entered()
    first, second = juri.make_code().code, juri.make_code().code
    assert first == second or reason(lambda: confirm(world, entry, first)) == "wrong_code"
    assert confirm(world, entry, second).activation


def test_an_sms_of_unknown_fate_counts_and_is_told(world: World, juri: Inviting) -> None:
    """NET-28: it may have arrived."""
    juri.invite()
    world.sms.uncertain = True
    entered = enter(world, juri.mailed())
    assert entered.shown.sms == inv.SMS_OUTCOME_UNCERTAIN
    assert juri.state == "sms_sent"
    world.sms.uncertain, world.sms.fails = False, TimedOut("deadline", "late")
    assert send(world, entered.entry).sms == inv.SMS_OUTCOME_UNCERTAIN
    assert stub(world).ShowEntry(inv.ShowEntryRequest(entry=entered.entry)).codes_left == 1


def test_the_budgets_of_sms_hold_for_invitations_too(world: World, juri: Inviting) -> None:
    """P6, NET-28: three to a number within ten minutes, whoever invites how often; a refused one does not use up the two."""
    juri.entered()
    for _ in range(3):
        entry = juri.entered()
    assert len(world.sms.sent) == 3
    assert juri.state == "code_entered"
    assert reason(lambda: send(world, entry)) == "too_many_codes"
    assert stub(world).ShowEntry(inv.ShowEntryRequest(entry=entry)).codes_left == 2


def test_a_number_abroad_gets_no_sms_and_the_administrators_code_instead(world: World, juri: Inviting) -> None:
    """P6, NET-29: no country outside the allow-list is ever sent to."""
    elsewhere = added(world, juri.by, identification("39001010002", phone_number="+37251234567"), email="tiit@bakeri.example.no")
    tiit = Inviting(world, juri.by, elsewhere.membership_id, email="tiit@bakeri.example.no")
    assert not tiit.shown.sms_reaches
    assert juri.shown.sms_reaches
    entry = tiit.entered()
    assert (tiit.state, reason(lambda: send(world, entry)), world.sms.sent) == ("code_entered", "phone_country", [])
    assert confirm(world, entry, tiit.make_code().code).activation


def test_without_sms_at_this_installation_the_administrators_code_does_it(world: World, juri: Inviting) -> None:
    """NET-29."""
    world.sms.offered = False
    with later(minutes=2):
        entry = juri.entered()
        assert reason(lambda: send(world, entry)) == "method_not_here"
        assert confirm(world, entry, juri.make_code().code).activation


def test_finding_people_by_identifiers_is_slowed_down(world: World, juri: Inviting) -> None:
    """NET-09, P5: thirty an hour, counted whatever came of it; another administrator is not concerned."""
    wanted = identification(registered=pb.REGISTERED_YES, system_id="000-000-000")
    for _ in range(29):
        assert reason(lambda: added(world, juri.by, wanted, email="n@bakeri.example.no")) == "system_id_unknown"
    with pytest.raises(TooMany) as why:
        added(world, juri.by, wanted, email="n@bakeri.example.no")
    assert int(why.value.facts["retry_after"]) > 3000
    with later(hours=1, minutes=1):
        fresh = replace(juri.by, authenticated_at=int(clock.now().timestamp()))
        assert reason(lambda: added(world, fresh, wanted, email="n@bakeri.example.no")) == "system_id_unknown"
