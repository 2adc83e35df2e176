"""Whoever's account changes is told on every channel there is: by mail, and by SMS to the number on record before the change."""

from collections.abc import Callable

import pytest
from kontor.access.v1 import access_pb2
from kontor.identity.v1 import administration_pb2, passkeys_pb2
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1.administration_pb2_grpc import AdministrationStub
from kontor.identity.v1.passkeys_pb2_grpc import PasskeysStub
from kontor.notify.v1 import notify_pb2

from chassis.caller import Caller
from chassis.errors import Failure, Invalid, TimedOut, Unavailable
from chassis.testing import at_once
from services.identity.jobs.send_letters import CHANGES
from tests.identity import device_acts, provider_acts
from tests.identity.authenticator import Authenticator
from tests.identity.world import PASSWORD, Somebody, World, code, later, wrong

BERIT, KARI, NUMBER, NEWER = "berit@kontoret.example.no", "kari@bakeri.example.no", "+46701740605", "+46701740606"
NEW_PASSWORD = "helt nye ord hver dag"

Act = Callable[[World, Somebody, Somebody], object]


@pytest.fixture
def berit(world: World) -> Somebody:
    """A firm's administrator."""
    world.firm()
    return world.activated(BERIT)


@pytest.fixture
def kari(world: World, berit: Somebody) -> Somebody:
    """A client's administrator with an app and a number on record; nothing is left to be told."""
    world.client(world.caller(berit))
    somebody = world.activated(KARI)
    _numbered(world, somebody, NUMBER)
    for table in ("letters", "sms_warnings", "sms_budgets"):
        world.sql(f"delete from {table}")  # noqa: S608 - names of ours
    world.notify.sent.clear()
    world.sms.sent.clear()
    return somebody


def _numbered(world: World, somebody: Somebody, number: str) -> None:
    factors = world.factors(world.caller(somebody))
    begun = factors.StartFactor(pb.StartFactorRequest(method=pb.METHOD_SMS, phone_number=number))
    factors.ConfirmFactor(pb.ConfirmFactorRequest(setup=begun.setup, code=world.sms.sent[-1].code))


def _another_app(world: World, kari: Somebody, _: Somebody) -> None:
    factors = world.factors(world.caller(kari))
    begun = factors.StartFactor(pb.StartFactorRequest(method=pb.METHOD_TOTP))
    kari.secret = begun.enrolment.key
    factors.ConfirmFactor(pb.ConfirmFactorRequest(setup=begun.setup, code=code(kari)))


def _another_number(world: World, kari: Somebody, _: Somebody) -> None:
    _numbered(world, kari, NEWER)


def _removed(world: World, kari: Somebody, method: int) -> None:
    factors = world.factors(world.caller(kari))
    listed = {each.method: each.factor_id for each in factors.ListFactors(pb.ListFactorsRequest()).factors}
    factors.RemoveFactor(pb.RemoveFactorRequest(factor_id=listed[method]))  # type: ignore[index]


def _passkey(world: World, kari: Somebody, _: Somebody) -> str:
    passkeys = PasskeysStub(world.channel(world.caller(kari)))
    answer = Authenticator().made(passkeys.StartPasskey(passkeys_pb2.StartPasskeyRequest()).options)
    return passkeys.AddPasskey(passkeys_pb2.AddPasskeyRequest(credential=answer, label="Telefon")).passkeys[0].passkey_id


def _no_passkey(world: World, kari: Somebody, berit: Somebody) -> None:
    made = _passkey(world, kari, berit)
    device_acts.quiet(world)
    PasskeysStub(world.channel(world.caller(kari))).RemovePasskey(passkeys_pb2.RemovePasskeyRequest(passkey_id=made))


def _recovery_codes(world: World, kari: Somebody, _: Somebody) -> list[str]:
    return list(world.factors(world.caller(kari)).RegenerateRecoveryCodes(pb.RegenerateRecoveryCodesRequest()).codes)


def _recovered(world: World, kari: Somebody, berit: Somebody) -> None:
    first = _recovery_codes(world, kari, berit)[0]
    world.finished(world.started(kari).attempt, first, pb.METHOD_RECOVERY_CODE)


def _vouched(world: World, kari: Somebody, berit: Somebody) -> str:
    membership = world.resolved(kari).current.membership_id
    request = pb.VouchForMemberRequest(membership_id=membership, identity_checked=True)
    return world.organisations(world.caller(berit)).VouchForMember(request).code


def _came_back(world: World, kari: Somebody, berit: Somebody) -> None:
    made = _vouched(world, kari, berit)
    world.finished(world.started(kari).attempt, made, pb.METHOD_VOUCHED_CODE)


def _guessed_a_hundred_times(world: World, kari: Somebody, _: Somebody) -> None:
    world.sql("update factors set failures = 99 where kind = 'totp'")
    with pytest.raises(Failure):
        world.finished(world.started(kari).attempt, wrong(kari), pb.METHOD_TOTP)


def _password(world: World, kari: Somebody, _: Somebody) -> None:
    request = pb.ChangePasswordRequest(present_password=PASSWORD, password=NEW_PASSWORD, password_again=NEW_PASSWORD)
    world.account(world.caller(kari)).ChangePassword(request)


def _password_by_link(world: World, _: Somebody, __: Somebody) -> None:
    world.sign_in.RequestPasswordLink(pb.RequestPasswordLinkRequest(email=KARI))
    world.sign_in.SetPassword(pb.SetPasswordRequest(token=world.token(KARI), password=NEW_PASSWORD, password_again=NEW_PASSWORD))


def _signed_in_twice(world: World, kari: Somebody) -> Caller:
    with later(minutes=2):
        other = Somebody(KARI, secret=kari.secret)
        world.signed_in(other)
        return world.caller(other)


def _all_others_ended(world: World, kari: Somebody, _: Somebody) -> None:
    world.sessions_of(_signed_in_twice(world, kari)).EndSessions(pb.EndSessionsRequest())


def _one_ended(world: World, kari: Somebody, _: Somebody) -> None:
    mine = world.caller(kari).session_id
    world.sessions_of(_signed_in_twice(world, kari)).EndSessions(pb.EndSessionsRequest(session_id=mine))


def _left(world: World, kari: Somebody, _: Somebody) -> None:
    per = pb.AddMemberRequest(email="per@bakeri.example.no", first_name="Per", last_name="Ny", role=pb.ROLE_ADMINISTRATOR)
    membership = world.resolved(kari).current.membership_id
    world.organisations(world.caller(kari)).AddMember(per)
    by = world.caller(world.activated("per@bakeri.example.no"))
    world.organisations(by).RemoveMember(pb.RemoveMemberRequest(membership_id=membership))


def _keyed(world: World, kari: Somebody, berit: Somebody) -> None:
    request = pb.AddMemberRequest(email=KARI, first_name="Kari", last_name="B", role=pb.ROLE_ADMINISTRATOR)
    added = world.organisations(world.caller(berit)).AddMember(request).membership_id
    world.sessions_of(world.caller(kari)).ChooseOrganisation(pb.ChooseOrganisationRequest(membership_id=added))
    key = pb.CreateApiKeyRequest(label="Lønn", valid_days=1, permissions=[access_pb2.PERMISSION_DOCUMENT_READ], all_clients=True)
    world.organisations(world.caller(kari)).CreateApiKey(key)


def _replacing(world: World, kari: Somebody, berit: Somebody) -> None:
    request = pb.AddMemberRequest(email=KARI, first_name="Kari", last_name="B", role=pb.ROLE_CONSULTANT)
    added = world.organisations(world.caller(berit)).AddMember(request).membership_id
    new = administration_pb2.StartReplacementRequest(membership_id=added, email="kari.ny@kontoret.example.no")
    AdministrationStub(world.channel(world.caller(berit))).StartReplacement(new)


def _replaced(world: World, kari: Somebody, berit: Somebody) -> None:
    _replacing(world, kari, berit)
    _told(world)
    world.notify.sent, newer = [each for each in world.notify.sent if each.email != KARI], "kari.ny@kontoret.example.no"
    world.sms.sent.clear()
    world.activated(newer)


# Each change of an account, as somebody causes it.
ACTS: dict[str, list[Act]] = {
    "app_added": [_another_app],
    "sms_added": [_another_number],
    "app_removed": [lambda world, kari, _: _removed(world, kari, pb.METHOD_TOTP)],
    "sms_removed": [lambda world, kari, _: _removed(world, kari, pb.METHOD_SMS)],
    "passkey_added": [_passkey],
    "passkey_removed": [_no_passkey],
    "recovery_codes_made": [_recovery_codes],
    "recovery_code_used": [_recovered],
    "vouched": [_vouched],
    "vouched_code_used": [_came_back],
    "factor_disabled": [_guessed_a_hundred_times],
    "password_changed": [_password, _password_by_link],
    "sessions_ended": [_all_others_ended, _one_ended],
    "membership_removed": [_left],
    "api_key_made": [_keyed],
    "device_added": [device_acts.added],
    "device_pin_forgotten": [device_acts.pin_forgotten],
    "devices_ended": [device_acts.all_ended],
    "browser_let_in": [device_acts.browser_let_in],
    "device_copied": [device_acts.copied],
    "provider_bound": [provider_acts.bound],
    "provider_unbound": [provider_acts.unbound],
    "address_replacing": [_replacing],
    "address_replaced": [_replaced],
}


def _told(world: World) -> tuple[list[str], list[str]]:
    """What Kari was told: by mail, and by SMS to the number she had."""
    for job in ("send_letters", "send_warnings"):
        world.service.run_job(job)
    mails = [each for each in world.notify.sent if each.email == KARI]
    by_mail = [notify_pb2.SecurityChange.Name(each.change) for each in mails if each.change]
    texts = [each for each in world.sms.sent if each.phone_number == NUMBER and not each.code]
    by_sms = [
        "SECURITY_CHANGE_VOUCHED" if each.kind == notify_pb2.SMS_KIND_VOUCHED else notify_pb2.SecurityChange.Name(each.change)
        for each in texts
    ]
    return by_mail, by_sms


def test_every_kind_of_change_is_tried_here() -> None:
    """A change that a person is to be told of has an act below that causes it, or this fails."""
    assert set(ACTS) == set(CHANGES)


@pytest.mark.parametrize(("change", "number"), [(change, number) for change, acts in ACTS.items() for number in range(len(acts))])
def test_a_change_is_told_by_mail_and_by_sms(world: World, berit: Somebody, kari: Somebody, change: str, number: int) -> None:
    """BEY-05, ACC-73, P9, SP 800-63B § 4.2.3: once on each channel, the number being the one that was on record before."""
    ACTS[change][number](world, kari, berit)
    name, (by_mail, by_sms) = f"SECURITY_CHANGE_{change.upper()}", _told(world)
    assert (by_mail.count(name), by_sms.count(name)) == (1, 1), (by_mail, by_sms)
    assert set(by_mail) == set(by_sms)
    assert _told(world) == (by_mail, by_sms), "nothing is told twice"


def test_who_has_no_number_is_told_by_mail_alone(world: World, berit: Somebody) -> None:
    """BEY-05."""
    _recovery_codes(world, berit, berit)
    world.service.run_job("send_warnings")
    assert world.sms.sent == []
    assert world.mail(BERIT).change == notify_pb2.SECURITY_CHANGE_RECOVERY_CODES_MADE


def test_an_sms_that_has_not_left_is_sent_later_and_one_that_may_have_left_is_not(world: World, berit: Somebody, kari: Somebody) -> None:
    """P6, ACC-24: a warning may wait for a day, also while nobody is there to take it; each costs money, so what may have left has."""
    for waits, away in ("sms_unavailable", None), ("unavailable", Unavailable("unavailable")):
        world.sms.fails, world.sms.away = Unavailable(waits), away
        _recovery_codes(world, kari, berit)
        world.service.run_job("send_warnings")
        world.sms.fails = world.sms.away = None
        with later(minutes=1):
            world.service.run_job("send_warnings")
    assert len(world.sms.sent) == 2
    for lost in (TimedOut("deadline_exceeded"), Unavailable("unavailable"), Invalid("sms_blocked"), Unavailable("sms_not_offered")):
        world.sms.fails = lost
        _recovery_codes(world, kari, berit)
        world.service.run_job("send_warnings")
        world.sms.fails = None
        with later(minutes=2):
            world.service.run_job("send_warnings")
    assert len(world.sms.sent) == 2
    world.sms.fails = Unavailable("sms_unavailable")
    _recovery_codes(world, kari, berit)
    world.service.run_job("send_warnings")
    world.sms.fails = None
    with later(days=1, minutes=1):
        world.service.run_job("send_warnings")
    assert len(world.sms.sent) == 2, "after a day it is no news"


def test_warnings_take_nothing_of_what_codes_may_cost_and_have_a_limit_of_their_own(world: World, berit: Somebody, kari: Somebody) -> None:
    """P6, P4: nobody is kept out of the account by being warned, and nobody's telephone is flooded."""
    for _ in range(12):
        _recovery_codes(world, kari, berit)
        world.service.run_job("send_warnings")
    assert len(world.sms.sent) == 10
    with later(minutes=5):
        assert world.code_for(world.started(kari).attempt)


def test_a_warning_lies_sealed_until_it_leaves(world: World, berit: Somebody, kari: Somebody) -> None:
    """P28."""
    _recovery_codes(world, kari, berit)
    rows = str(world.sql("select * from sms_warnings"))
    assert rows != "[]"
    assert NUMBER not in rows
    assert NUMBER[1:] not in rows


def test_two_senders_send_a_warning_once(world: World, berit: Somebody, kari: Somebody) -> None:
    """P25: whichever is faster."""
    for _ in range(4):
        _recovery_codes(world, kari, berit)
    failed = [each for each in at_once([lambda: world.service.run_job("send_warnings")] * 6) if each is not None]
    assert (failed, len(world.sms.sent)) == ([], 4)
