"""Floods: of guesses, which keep no owner out, and of SMS, which cost the budget and no more. What was tried is printed."""

import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import phonenumbers
import pytest
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1 import passkeys_pb2
from kontor.identity.v1.passkeys_pb2_grpc import PasskeysStub
from kontor.notify.v1 import notify_pb2
from kontor.notify.v1.notify_pb2_grpc import CodesServicer, CodesStub

from chassis.caller import Caller
from chassis.config import Secret
from chassis.errors import Failure
from chassis.testing import FakePeers, ServiceUnderTest, at_once
from services.notify.config import Config as NotifyConfig
from services.notify.service import build as build_notify
from tests.identity.authenticator import Authenticator
from tests.identity.world import Somebody, World, later, wrong
from tests.servers.twilio import TOKEN, Twilio, serving

pytestmark = pytest.mark.timeout(400)
BERIT, SENDER = "berit@kontoret.example.no", "+46701740699"
A_SECOND, SECONDS = 50, 60


@pytest.fixture
def somebody(world: World) -> Somebody:
    """With an authenticator app, and signed in."""
    world.firm()
    return world.activated(BERIT)


def _tried(call: Callable[[], Any]) -> str:
    try:
        call()
    except Failure as why:
        return why.reason
    return "ok"


def _all(asks: Sequence[Callable[[], Any]]) -> Counter[str]:
    return Counter(map(_tried, asks))


def _say(figures: str) -> None:
    sys.stdout.write(f"\n{figures}\n")


@pytest.mark.parametrize("guessed", ["code", "password"])
def test_guessing_at_fifty_a_second_for_a_minute_keeps_no_owner_out(world: World, somebody: Somebody, guessed: str) -> None:
    """P4: 50 guesses in each of 60 seconds by a clock that is moved; the owner comes in with a passkey in every one of them.

    Guessed are codes by one who has the password, or passwords; the owner comes after the password, or with the passkey alone.
    """
    device, total, came_in = _with_passkey(world, somebody), Counter[str](), 0
    attempts = [world.started(somebody).attempt for _ in range(4)]
    bad, tries = Somebody(BERIT, password="not the password"), count()
    for second in range(SECONDS):
        with later(minutes=2, seconds=second):
            missed, at = wrong(somebody), [attempts[next(tries) % len(attempts)] for _ in range(A_SECOND)]
            by_code = [partial(world.finished, each, missed, pb.METHOD_TOTP) for each in at]
            asks = by_code if guessed == "code" else [partial(world.started, bad)] * A_SECOND
            seen = at_once([partial(_all, asks[first::5]) for first in range(5)])
            total += sum(seen, Counter[str]())
            attempt = world.started(somebody).attempt if guessed == "code" and second % 5 == 0 else ""
            came_in += bool(_by_passkey(world, device, attempt))
    _say(f"P4 {guessed}: {sum(total.values())} guesses in {SECONDS} s: {dict(total)}; the owner came in {came_in} times of {SECONDS}")
    assert (sum(total.values()), total["ok"], came_in) == (A_SECOND * SECONDS, 0, SECONDS)


def _with_passkey(world: World, somebody: Somebody) -> Authenticator:
    passkeys, device = PasskeysStub(world.channel(world.caller(somebody))), Authenticator()
    answer = device.made(passkeys.StartPasskey(passkeys_pb2.StartPasskeyRequest()).options)
    passkeys.AddPasskey(passkeys_pb2.AddPasskeyRequest(credential=answer, label="Telefon"))
    return device


def _by_passkey(world: World, device: Authenticator, attempt: str) -> str:
    passkeys = PasskeysStub(world.channel())
    answer = device.used(passkeys.AskForPasskey(passkeys_pb2.AskForPasskeyRequest(attempt=attempt)).options)
    return passkeys.SignInWithPasskey(passkeys_pb2.SignInWithPasskeyRequest(attempt=attempt, credential=answer)).session


class ThroughNotify(CodesServicer):
    """Codes as notify itself sends them, through Twilio's own library."""

    def __init__(self, notify: ServiceUnderTest) -> None:
        self._stub = CodesStub(notify.channel(Caller(service="identity")))

    def GetSmsState(self, request: notify_pb2.GetSmsStateRequest, _: object) -> notify_pb2.GetSmsStateResponse:
        """By notify's settings."""
        return self._stub.GetSmsState(request)

    def SendCode(self, request: notify_pb2.SendCodeRequest, _: object) -> notify_pb2.SendCodeResponse:
        """One SMS."""
        return self._stub.SendCode(request)


@pytest.fixture
def twilio() -> Iterator[Twilio]:
    """A server that checks requests as Twilio's Message resource does."""
    with serving(Twilio()) as held:
        yield held


@pytest.fixture
def flooded(service_database: Callable[[str], str], tmp_path: Path, twilio: Twilio) -> Iterator[World]:
    """Identity, and notify with Twilio's client, where 200 SMS a day may go out for an organisation and 120 to a country."""
    url = twilio.address(f"from={SENDER}")
    config = NotifyConfig(
        database_url=Secret(service_database("notify")), mail_url="smtp://127.0.0.1:1", public_url="https://portal.example.no", sms_url=url,
        sms_secret=Secret(TOKEN),
    )  # fmt: skip
    notify = ServiceUnderTest(build_notify(config, FakePeers()))
    made = World(service_database("identity"), tmp_path, codes=ThroughNotify(notify), sms_daily_budget=200, sms_country_budget=120)
    yield made
    made.service.close()
    notify.close()


def test_a_flood_of_sms_costs_the_budget_and_not_one_more(flooded: World, twilio: Twilio) -> None:
    """P6: 10,000 requests over 200 numbers in 5 countries within a day, by twenty accounts of one organisation, through the real client."""
    flooded.firm()
    everybody = _accounts(flooded, flooded.activated(BERIT), 20)
    numbers = [*(f"+467017406{number:02}" for number in range(5, 100)), *(f"+4740612{number:03}" for number in range(53)),
               *(f"+37121234{number:03}" for number in range(18)), *(f"+4474001234{number:02}" for number in range(17)),
               *(f"+18765550{number:03}" for number in range(17))]  # fmt: skip
    chosen, total = random.Random(6), Counter[str]()
    for hour in range(10):
        with later(hours=2 * hour):
            attempts = [flooded.started(each).attempt for each in everybody]
            asks = [partial(flooded.sms_for, chosen.choice(attempts), chosen.choice(numbers)) for _ in range(1000)]
            # Each of ten threads sends a hundred.
            total += sum(at_once([partial(_all, asks[at::10]) for at in range(10)]), Counter[str]())
    went = [form["To"][0] for form in twilio.forms]
    by_country = Counter(phonenumbers.region_code_for_number(phonenumbers.parse(each)) for each in went)
    _say(f"P6: {len(numbers)} numbers, {dict(total)}; Twilio got {len(went)}: {dict(by_country)}")
    assert (len(numbers), sum(total.values()), total["ok"]) == (200, 10_000, len(went))
    assert len(went) <= 200
    assert (set(by_country), by_country["SE"]) == ({"SE", "NO"}, 120)
    assert max(Counter(went).values()) <= 3 * 10


def _accounts(world: World, administrator: Somebody, number: int) -> list[Somebody]:
    """Members of one organisation who have a password and no second factor."""
    everybody = []
    for each in range(number):
        email = f"ny{each}@kontoret.example.no"
        world.organisations(world.caller(administrator)).AddMember(pb.AddMemberRequest(email=email, first_name="N", last_name="Y"))
        same = "update users set password_hash = (select password_hash from users where email = :known) where email = :email"
        world.sql(same, known=BERIT, email=email)
        everybody.append(Somebody(email))
    return everybody

