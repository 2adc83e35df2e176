"""What anyone may call is bounded, each in its way: all RPCs are looked through."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from google.protobuf import descriptor_pool
from kontor.access.v1 import access_pb2
from kontor.identity.v1 import devices_pb2 as dv
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1 import passkeys_pb2 as pk
from kontor.identity.v1 import providers_pb2 as pv
from kontor.identity.v1.passkeys_pb2_grpc import PasskeysStub
from kontor.identity.v1.providers_pb2_grpc import ProvidersStub

from chassis.errors import Failure
from services.identity.rules import ASKS_AT_MOST
from tests.access.test_matrix import every_rpc
from tests.access.test_step_up import short
from tests.identity.at_provider import BY_EMAIL, setting, settings
from tests.identity.phone import computers, devices
from tests.identity.test_secrets import SIGNED, TOKENS, TRIED, texts_of
from tests.identity.world import World, later

NOBODY, NOWHERE = "nobody@kontoret.example.no", "01920000-0000-7000-8000-000000000001"
# Looks up what the caller holds, 256 bits or a signature, before it does anything.
HELD = {
    "SignIn.ShowLink", "SignIn.VerifyAccount", "SignIn.SetPassword", "SignIn.SendSmsCode", "Sessions.ResolveSession",
    "Sessions.ExchangeApiKey", "Invitations.ShowEntry", "Invitations.SendCode", "Passkeys.SignInWithPasskey",
    "Providers.FinishWithProvider", "Devices.RefreshSession", "WebSignIns.ClaimWebSignIn", "WebSignIns.ShowWebSignIn",
    "WebSignIns.DenyWebSignIn",
    "Unsubscribing.ShowUnsubscribe", "Unsubscribing.Unsubscribe", "SmsReports.ReportSms",
}  # fmt: skip
# Keeps nothing, and asks nobody.
KEEPS_NOTHING = {"SignIn.RatePassword", "Providers.ListProviders"}
# Takes no secret and writes a row: counted by where it comes from.
ASKED: dict[str, Callable[[World, str], object]] = {
    "SignIn.RequestPasswordLink": lambda world, place: world.sign_in.RequestPasswordLink(
        pb.RequestPasswordLinkRequest(email=NOBODY, address=place)
    ),
    "Devices.AskDevice": lambda world, place: devices(world).AskDevice(dv.AskDeviceRequest(device_id=NOWHERE, address=place)),
    "Passkeys.AskForPasskey": lambda world, place: PasskeysStub(world.channel()).AskForPasskey(pk.AskForPasskeyRequest(address=place)),
    "Providers.StartWithProvider": lambda world, place: ProvidersStub(world.channel()).StartWithProvider(
        pv.StartWithProviderRequest(provider="eid", address=place)
    ),
    "WebSignIns.StartWebSignIn": lambda world, place: computers(world).StartWebSignIn(dv.StartWebSignInRequest(address=place)),
}


@pytest.fixture
def world(service_database: Callable[[str], str], tmp_path: Path) -> Iterator[World]:
    """With a provider that does not answer."""
    made = World(service_database("identity"), tmp_path, providers=settings(setting("http://127.0.0.1:1", **BY_EMAIL)))
    yield made
    made.service.close()


def open_to_anyone() -> set[str]:
    found = set()
    for rpc in every_rpc():
        service, _, name = rpc.rpartition(".")
        method = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
        if method.GetOptions().Extensions[access_pb2.access].anyone:
            found.add(rpc)
    return found


def test_every_rpc_for_anyone_is_bounded() -> None:
    """ASVS 6.3.1, access.proto: such an RPC throttles on its own; each new one says here how. test_secrets.py tries those of TRIED."""
    known = open_to_anyone()
    tried = {short(rpc).partition(".")[2] for rpc in known} & set(TRIED)
    ways = [HELD, KEEPS_NOTHING, set(ASKED), tried]
    assert sorted(name for way in ways for name in way) == sorted(short(rpc).partition(".")[2] for rpc in known)
    held = {rpc for rpc in known if short(rpc).partition(".")[2] in HELD}
    assert [rpc for rpc in held if not texts_of(rpc) & (TOKENS | SIGNED)] == []


def outcome(world: World, rpc: str, place: str) -> str:
    try:
        ASKED[rpc](world, place)
    except Failure as why:
        return why.reason
    return ""


@pytest.mark.parametrize("rpc", ASKED)
def test_very_many_from_one_place_are_refused_and_hold_up_nobody_elsewhere(world: World, rpc: str) -> None:
    """P5, ASVS 6.3.1: so many in ten minutes, whether or not there is an account; an IPv6 line is one place."""
    place, same, other = "2001:db8:1:2::a", "2001:db8:1:2:ffff::b", "2001:db8:1:3::a"
    if rpc == "WebSignIns.StartWebSignIn":
        place = same = "192.0.2.44"
    usual = outcome(world, rpc, place)
    assert usual != "too_many_attempts"
    as_many(world)
    assert outcome(world, rpc, same) == "too_many_attempts"
    assert outcome(world, rpc, other) == usual
    with later(minutes=10, seconds=1):
        assert outcome(world, rpc, place) == usual


def as_many(world: World) -> None:
    """As if all that was asked had been asked as often as may be."""
    world.sql("update sms_budgets set recent = array_fill(recent[1], array[cast(:size as int)])", size=ASKS_AT_MOST)
    world.sql(
        "insert into web_sign_ins select gen_random_uuid(), sha256(n::text::bytea), sha256(n::text::bytea), sha256(n::text::bytea),"
        " user_agent, address, started_at, expires_at, null, null, null, false from web_sign_ins, generate_series(2, :size) n",
        size=ASKS_AT_MOST,
    )


def test_an_address_written_in_two_ways_is_one(world: World) -> None:
    """RFC 4291 § 2.5.5.2."""
    rpc = "SignIn.RequestPasswordLink"
    outcome(world, rpc, "192.0.2.44")
    as_many(world)
    assert outcome(world, rpc, "::ffff:192.0.2.44") == "too_many_attempts"
