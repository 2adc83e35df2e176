"""An invitation by code from end to end: the mail, the codes, the account, and what is kept (NET-20 to NET-34)."""

import re
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1 import invitations_pb2 as inv
from kontor.notify.v1 import notify_pb2

from chassis import clock
from chassis.config import BadSettings, Secret
from chassis.errors import Failure, Unavailable
from services.identity import identifiers
from services.identity.config import Config
from services.identity.sealing import Keyring
from tests.identity.invited import EMAIL, NUMBER, Inviting, confirm, enter, inviting, send, with_account
from tests.identity.phone import Phone, enrolled
from tests.identity.world import PUBLIC_URL, SEALING_KEYS, Somebody, World, later

BERIT, KARI = "berit@kontoret.example.no", "kari@bakeri.example.no"


def reason(call: Callable[[], object]) -> str:
    with pytest.raises(Failure) as why:
        call()
    return why.value.reason


def test_the_invited_person_comes_to_an_account_of_their_own(world: World, juri: Inviting) -> None:
    """NET-16, NET-20, NET-24, NET-25, NET-27, NET-34: mail, 16 digits, SMS, 6 digits, a mail for the password, and in."""
    assert (juri.state, juri.invite().state) == ("unspecified", inv.Invitee(state=1).state)  # type: ignore[arg-type]
    letter = world.mail(EMAIL)
    assert (letter.kind, letter.organisation_name, letter.inviter_name) == (
        notify_pb2.LETTER_KIND_INVITATION, "Bakerud Bakeri AS", "Kari Bakerud",
    )  # fmt: skip
    assert (len(letter.activation_code), letter.link, juri.state) == (16, f"{PUBLIC_URL}/activate", "sent")
    assert world.sms.sent == []
    entered = enter(world, f"{letter.activation_code[:4]} {letter.activation_code[4:10]}-{letter.activation_code[10:]}")
    assert (entered.shown.inviter_name, entered.shown.organisation_name) == ("Kari Bakerud", "Bakerud Bakeri AS")
    assert (entered.shown.sms, entered.shown.codes_left, juri.state) == (inv.SMS_OUTCOME_SENT, 2, "sms_sent")
    done = confirm(world, entered.entry, world.sms.sent[-1].code)
    assert (done.email, done.password_mailed, juri.state) == (EMAIL, True, "completed")
    account = with_account(world)
    assert [each.organisation_name for each in world.resolved(account).profile.memberships] == ["Bakerud Bakeri AS"]


def test_an_activation_is_used_up_by_the_device_it_led_to(world: World, berit: Somebody, juri: Inviting) -> None:
    """NET-27, NET-37, P3: once, within an hour, by the person it belongs to; it signs nobody in, and no PIN waits for it."""
    done = confirm(world, juri.entered(), world.sms.sent[-1].code)
    account, phone = with_account(world), Phone()
    assert (enrolled(world, berit, Phone(), activation=done.activation).activated, kept(world)) == (False, [(None,)])
    with later(minutes=61):
        again = Somebody(EMAIL, account.password, account.secret)
        world.signed_in(again)
        assert (enrolled(world, again, Phone(), activation=done.activation).activated, kept(world)) == (False, [(None,)])
    assert enrolled(world, account, phone, activation=done.activation).activated
    assert kept(world)[0][0] is not None
    assert not enrolled(world, account, phone, activation=done.activation).activated
    told = "select facts->>'invitation' from audit where action = 'device.enrol' and subject = :id and facts->>'invitation' is not null"
    assert set(world.sql(told, id=phone.id)) == set(world.sql("select id::text from invitations"))
    assert reason(lambda: world.resolved(Somebody(EMAIL, session=done.activation))) == "session_ended"


def kept(world: World) -> list[tuple[object, ...]]:
    """When activations were used."""
    return world.sql("select activation_used_at from invitations where completed_at is not null")


def test_the_administrator_makes_the_code_that_no_sms_brought(world: World, juri: Inviting) -> None:
    """NET-29, NET-30, NET-32: only after the 16 digits, 12 hours, and the invitation lasts as long."""
    juri.invite()
    code = juri.mailed()
    assert (juri.shown.may_make_code, reason(juri.make_code)) == (False, "code_not_entered")
    world.sms.fails = Unavailable("sms_unavailable", "away")
    with later(hours=20):
        entered = enter(world, code)
        assert (entered.shown.sms, entered.shown.codes_left, juri.state) == (inv.SMS_OUTCOME_FAILED, 2, "code_entered")
        assert reason(lambda: send(world, entered.entry)) == "sms_unavailable"
        assert juri.shown.may_make_code
        made = juri.make_code()
        assert len(made.code) == 6
        assert juri.shown.expires_at == made.expires_at
    with later(hours=31, minutes=59):
        assert confirm(world, entered.entry, made.code).activation
    assert juri.state == "completed"


def test_the_mail_is_in_english_whatever_the_language(world: World, juri: Inviting) -> None:
    """NET-21: of the invited person as of the inviter."""
    world.sql("update users set language = 'fi'")
    juri.invite()
    assert world.mail(EMAIL).language == "en"


def test_it_lasts_24_hours_from_sending(world: World, juri: Inviting) -> None:
    """NET-20: not from being asked for, while the mail server is away."""
    world.notify.away = Unavailable("mail_unavailable", "away")
    juri.invite()
    world.service.run_job("send_letters")
    assert juri.state == "sending"
    world.notify.away = None
    with later(hours=30):
        code = juri.mailed()
        assert juri.state == "sent"
    with later(hours=53, minutes=59):
        entered = enter(world, code)
    with later(hours=54, minutes=1):
        assert juri.state == "expired"
        assert reason(lambda: confirm(world, entered.entry, world.sms.sent[-1].code)) == "entry_over"
        assert reason(lambda: send(world, entered.entry)) == "entry_over"
        assert reason(juri.make_code) == "invitation_over"
        assert reason(lambda: enter(world, code)) == "invitation_expired"


def test_the_life_of_an_invitation_is_a_setting(service_database: Callable[[str], str], tmp_path: Path) -> None:
    """NET-20, NET-32."""
    world = World(service_database("identity"), tmp_path, invitation_hours=2, invitation_code_hours=3)
    world.firm()
    juri = inviting(world, world.caller(world.activated(BERIT)))
    entry = juri.entered()
    with later(hours=1, minutes=59):
        made = juri.make_code()
    with later(hours=4, minutes=58):
        assert confirm(world, entry, made.code).activation
    world.service.close()


def test_the_life_of_links_and_vouched_codes_is_a_setting(service_database: Callable[[str], str], tmp_path: Path) -> None:
    """ACC-16, ACC-17, BEY-05, chapter 8: each counted from when it is sent or made; none can be less than one."""
    lives: dict[str, Any] = {"welcome_link_days": 2, "password_link_minutes": 30, "vouched_code_hours": 3}
    world = World(service_database("identity"), tmp_path, **lives)
    world.firm()
    by = world.caller(world.activated(BERIT))
    member = world.organisations(by).AddMember(pb.AddMemberRequest(email=EMAIL, first_name="Juri", last_name="Tamm"))
    welcome = world.mail(EMAIL)
    assert welcome.link_expires_at.ToDatetime(UTC) - clock.now() < timedelta(days=2)
    world.sign_in.RequestPasswordLink(pb.RequestPasswordLinkRequest(email=EMAIL))
    link = pb.ShowLinkRequest(token=world.token(EMAIL))
    for minutes, state in ((29, pb.LINK_STATE_OPEN), (30, pb.LINK_STATE_EXPIRED)):
        with later(minutes=minutes):
            assert world.sign_in.ShowLink(link).state == state
    with_account(world)
    vouched = world.organisations(by).VouchForMember(pb.VouchForMemberRequest(membership_id=member.membership_id, identity_checked=True))
    assert timedelta(hours=2) < vouched.expires_at.ToDatetime(UTC) - clock.now() < timedelta(hours=3)
    world.service.close()
    needed = {"database_url": Secret("postgresql://"), "signing_key": tmp_path, "sealing_keys": SEALING_KEYS}
    for name in lives:
        with pytest.raises(BadSettings, match=f"KONTOR_IDENTITY_{name.upper()}: at least 1"):
            Config(**needed, **{name: 0})  # type: ignore[arg-type]


def test_a_mail_that_may_have_arrived_twice_has_two_codes_that_work(world: World, juri: Inviting) -> None:
    """NET-25, NET-33: whichever is entered, once for both."""
    world.service.run_job("send_letters")
    juri.invite()
    world.notify.says_nothing = Unavailable("mail_unavailable", "no answer")
    world.service.run_job("send_letters")
    world.notify.says_nothing = None
    with later(minutes=1):
        world.service.run_job("send_letters")
    first, second = [letter.activation_code for letter in world.notify.sent if letter.activation_code]
    assert first != second
    assert enter(world, first).entry
    assert reason(lambda: enter(world, second)) == "invitation_used"


def test_who_has_an_account_identifies_with_it_and_needs_no_new_invitation(world: World, juri: Inviting) -> None:
    """NET-23, NET-34: no second password mail, the old factors still asked for, and another day no invitation at all."""
    confirm(world, juri.entered(), world.sms.sent[-1].code)
    account = with_account(world)
    with later(hours=1):
        done = confirm(world, juri.entered(), world.sms.sent[-1].code)
        assert not done.password_mailed
        world.service.run_job("send_letters")
        assert [letter.kind for letter in world.notify.sent if letter.email == EMAIL].count(notify_pb2.LETTER_KIND_PASSWORD) == 1
    with later(days=40):
        assert world.signed_in(account)


def test_nothing_in_the_database_or_the_trail_serves_who_reads_it(world: World, juri: Inviting) -> None:
    """NET-33, P28: no code, number or identifier in the clear, in no table."""
    entry = juri.entered()
    made, code = juri.make_code().code, juri.mailed()
    secrets = (code, code[:8], world.sms.sent[-1].code, made, entry, NUMBER, "38001085718")
    tables = [str(name) for (name,) in world.sql("select tablename from pg_tables where schemaname = 'public'")]
    for table in tables:
        held = " ".join(str(row) for row in world.sql(f"select t::text from {table} t"))  # noqa: S608 - names of ours
        assert [secret for secret in secrets if re.search(rf"(?<![0-9a-f]){re.escape(secret)}(?![0-9a-f])", held)] == [], table


def test_sealed_data_move_to_the_newest_key(service_database: Callable[[str], str], tmp_path: Path) -> None:
    """NET-06, NET-17, NET-27: numbers, identifiers and what was invited are read after the older key is gone."""
    url, older, newer = service_database("identity"), f"a:{b64encode(bytes(32)).decode()}", f"b:{b64encode(bytes([7] * 32)).decode()}"
    world = World(url, tmp_path, sealing_keys=Secret(older))
    world.firm()
    berit = world.activated(BERIT)
    juri = inviting(world, world.caller(berit))
    confirm(world, juri.entered(), world.sms.sent[-1].code)
    world.service.close()
    world = World(url, tmp_path, sealing_keys=Secret(f"{newer},{older}"))
    world.service.run_job("reseal")
    world.service.close()
    world = World(url, tmp_path, sealing_keys=Secret(newer))
    again = Inviting(world, juri.by, juri.membership_id)
    assert (again.shown.phone_number, again.shown.identifier, again.shown.changed) == (NUMBER, "38001085718", False)
    database = world.service.service.database
    assert database is not None
    with database.transaction() as tx:
        found = identifiers.proven(tx, Keyring.from_setting(newer), country="EE", identifier="380 010 85718", name="anybody")
    assert found is not None
    assert found.email == EMAIL
    world.service.close()


def test_invitations_are_forgotten_a_month_after_their_end_but_for_the_last(world: World, juri: Inviting) -> None:
    """NET-17: whether data changed since decides who may invite again."""
    juri.invite()
    confirm(world, juri.entered(), world.sms.sent[-1].code)
    with later(days=40):
        world.service.run_job("purge")
        assert world.sql("select count(*) from invitations") == [(1,)]
        assert (juri.state, world.sql("select count(*) from invitation_codes")) == ("completed", [(0,)])
