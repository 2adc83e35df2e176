"""A provider that is away, hangs, or has changed its keys: said in words, within seconds, and nobody else's sign-in waits for it."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from chassis.errors import Failure
from chassis.testing import at_once
from services.identity import providers
from services.identity.oidc import AT_ONCE, Calls, Client
from tests.identity.at_provider import BERIT, BY_EMAIL, PEOPLE, Browser, redirect, setting, settings
from tests.identity.world import PUBLIC_URL, World, later
from tests.servers.openid import CLIENT, Provider, provider
from tests.servers.sharing import Shared
from tests.waiting import eventually


@pytest.fixture
def site(shared_servers: Shared) -> Iterator[Provider]:
    """A provider of the test's own, to stop and to freeze."""
    made = provider(shared_servers.directory("openid"), {"berit": PEOPLE["berit"]})
    made.start(**{CLIENT: redirect("eid")})
    yield made
    made.program.kill()


@pytest.fixture
def browser(service_database: Callable[[str], str], tmp_path: Path, site: Provider) -> Iterator[Browser]:
    world = World(service_database("identity"), tmp_path, providers=settings(setting(site.issuer, **BY_EMAIL)))
    world.firm()
    yield Browser(world, site)
    world.service.close()


def reason(call: Callable[[], object]) -> str:
    with pytest.raises(Failure) as why:
        call()
    return why.value.reason


def test_one_that_is_down_is_said_at_once_and_the_next_try_works(browser: Browser) -> None:
    """NET-01, P23: before the browser leaves, and when it is back; a provider with new keys after a restart is understood."""
    browser.site.program.stop()
    assert reason(browser.away) == "provider_unavailable"
    browser.site.start()
    away = browser.away()
    brought = browser.site.visited(away.url, "berit")
    browser.site.program.stop()
    assert reason(lambda: browser.back(away, brought)) == "provider_unavailable"
    browser.site.start()
    assert browser.session("berit").email == BERIT


def test_new_keys_are_looked_up_when_a_token_is_signed_with_one(browser: Browser) -> None:
    """NET-01: what was known of the provider is used for an hour, but not its keys once they have changed."""
    assert browser.session("berit").email == BERIT
    browser.site.program.stop()
    browser.site.start()
    assert browser.session("berit").email == BERIT
    browser.site.program.stop()
    assert browser.away().url.startswith(browser.site.issuer), "known for an hour"
    with later(hours=1, minutes=1):
        assert reason(browser.away) == "provider_unavailable"


def test_one_that_hangs_is_given_up_and_takes_a_few_threads_at_most(site: Provider) -> None:
    """NET-01, P23: four wait, and not for long; whoever comes then is told at once."""
    (known,) = providers.read(settings(setting(site.issuer, **BY_EMAIL)))
    calls = Calls(seconds=5)
    clients = [Client(known, PUBLIC_URL, calls) for _ in range(AT_ONCE + 1)]
    site.program.freeze()
    told = at_once([partial(_told, client) for client in clients])
    site.program.thaw()
    assert sorted(told) == ["The provider takes too long."] * AT_ONCE + ["Too many calls to providers are under way."]
    eventually(lambda: clients[0].address(state="s" * 43, browser="b" * 43, language=""), seconds=60, retry_on=(Failure,))


def _told(client: Client) -> str:
    with pytest.raises(Failure) as why:
        client.address(state="s" * 43, browser="b" * 43, language="")
    assert why.value.reason == "provider_unavailable"
    return why.value.message
