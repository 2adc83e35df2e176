"""Signing in with a national eID: the number and its country find the person, whoever else has said what."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kontor.identity.v1 import identity_pb2 as pb

from chassis.caller import Caller
from chassis.errors import Failure
from tests.identity.at_provider import BERIT, BY_NUMBER, NUMBER, PEOPLE, Browser, bindings, finished, redirect, setting, settings
from tests.identity.invited import EMAIL, added, confirm, enter, identification, inviting
from tests.identity.world import Somebody, World, code
from tests.servers.openid import CLIENT, Provider, provider
from tests.servers.sharing import Shared

KARI = "kari@bakeri.example.no"


@pytest.fixture(scope="module")
def site(shared_servers: Shared) -> Iterator[Provider]:
    """The eID."""
    made = provider(shared_servers.directory("openid"), PEOPLE)
    made.start(**{CLIENT: redirect("eid")})
    yield made
    made.program.stop()


@pytest.fixture
def browser(service_database: Callable[[str], str], tmp_path: Path, site: Provider) -> Iterator[Browser]:
    world = World(service_database("identity"), tmp_path, providers=settings(setting(site.issuer, **BY_NUMBER)))
    world.firm()
    yield Browser(world, site)
    world.service.close()


@pytest.fixture
def berit(browser: Browser) -> Caller:
    """Administers a firm."""
    return browser.world.caller(browser.world.activated(BERIT))


def reason(call: Callable[[], object]) -> str:
    with pytest.raises(Failure) as why:
        call()
    return why.value.reason


def test_the_number_and_its_country_find_the_person_who_was_added_by_them(browser: Browser, berit: Caller) -> None:
    """NET-01, NET-02: no password and no mail is needed, nothing is bound, and however the number is written it is the same."""
    added(browser.world, berit, identification(f" {NUMBER} "))
    held = browser.session("juri")
    assert (held.email, list(bindings(browser.world, held))) == (EMAIL, [])
    assert browser.world.sql("select count(*) from provider_bindings") == [(0,)]
    assert NUMBER not in repr(browser.world.sql("select cast(a as text) from audit a")), "nor does it stand in the trail"


def test_a_weaker_sign_in_there_is_made_up_for_by_our_second_factor(browser: Browser, berit: Caller) -> None:
    """ACC-21."""
    added(browser.world, berit)
    begun = browser.signs_in("juri-by-password").begun
    held = finished(browser.world, begun.attempt, code(Somebody(EMAIL, secret=begun.enrolment.key)))
    assert browser.world.resolved(held).profile.email == EMAIL


@pytest.mark.parametrize("who", ["juris-namesake", "juri-of-another-country", "juri-of-no-country", "juris-birthday"])
def test_another_number_another_country_or_no_number_opens_nothing(browser: Browser, berit: Caller, who: str) -> None:
    """NET-01, ACC-14: a date of birth, which many have, is no number, though somebody was added by it."""
    added(browser.world, berit)
    added(browser.world, berit, identification("1980-01-08"), email="other@bakeri.example.no")
    assert reason(lambda: browser.signs_in(who)) == "nobody_known"


def test_of_two_accounts_with_the_same_number_only_the_proven_one_opens(browser: Browser, berit: Caller) -> None:
    """NET-01, NET-09: a number that somebody else claims too lets nobody in, until an invitation has proven whose it is."""
    browser.world.client(berit)
    kari = browser.world.caller(browser.world.activated(KARI))
    juri = inviting(browser.world, kari)
    added(browser.world, berit, email="pretender@kontoret.example.no")
    assert reason(lambda: browser.signs_in("juri")) == "nobody_known"
    juri.invite()
    entry = enter(browser.world, juri.mailed()).entry
    confirm(browser.world, entry, browser.world.sms.sent[-1].code)
    assert browser.session("juri").email == EMAIL


def test_signing_in_proves_the_number_to_no_other_organisation(browser: Browser, berit: Caller) -> None:
    """NET-09: the account may have been given an address by somebody who has no right to the number."""
    added(browser.world, berit)
    browser.session("juri")
    assert browser.world.sql("select count(*) from identifiers where proven_at is not null") == [(0,)]
    browser.world.client(berit)
    kari = browser.world.caller(browser.world.activated(KARI))
    other = added(browser.world, kari, email="juri@other.example.no")
    assert isinstance(other, pb.Member)
    assert browser.world.sql("select count(distinct user_id) from identifiers") == [(2,)]
