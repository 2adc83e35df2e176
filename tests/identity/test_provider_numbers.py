"""Signing in with a national eID: the number and its country find the person, whoever else has said what."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from kontor.identity.v1 import administration_pb2 as ad
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1.administration_pb2_grpc import AdministrationStub

from chassis.caller import Caller
from chassis.errors import Failure
from tests.identity.at_provider import BERIT, BY_NUMBER, NUMBER, PEOPLE, Browser, bindings, finished, redirect, setting, settings
from tests.identity.invited import EMAIL, added, confirm, enter, identification, inviting
from tests.identity.world import NUMBERS, PASSWORD, Somebody, World, code, later
from tests.servers.openid import CLIENT, Provider, provider
from tests.servers.sharing import Shared

KARI, LISE = "kari@bakeri.example.no", "lise@kontoret.example.no"


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


@pytest.fixture
def mallory(browser: Browser, berit: Caller) -> Caller:
    """Administers a small client, and holds the eID of Juri's number."""
    browser.world.client(berit, KARI)
    return browser.world.caller(browser.world.activated(KARI))


def reason(call: Callable[[], object]) -> str:
    with pytest.raises(Failure) as why:
        call()
    return why.value.reason


def linked(world: World, by: Caller, email: str, role: int = pb.ROLE_ADMINISTRATOR) -> pb.Member:
    """Added by the address alone."""
    return world.organisations(by).AddMember(pb.AddMemberRequest(email=email, first_name="L", last_name="F", role=role))  # type: ignore[arg-type]


def works_in(world: World, somebody: Somebody) -> list[str]:
    """What the session can choose, as whoever signed in is told."""
    profile = world.resolved(somebody).profile
    assert world.account(world.caller(somebody)).GetProfile(pb.GetProfileRequest()).memberships == profile.memberships
    return [each.organisation_name for each in profile.memberships]


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


def test_a_number_written_beside_somebodys_address_does_not_open_their_account(browser: Browser, berit: Caller, mallory: Caller) -> None:
    """NET-09, ACC-32, P10: an administrator of any client writes her own number beside a victim's address; only a proven one opens that."""
    world = browser.world
    added(world, mallory, email=BERIT)
    assert reason(lambda: browser.signs_in("juri")) == "nobody_known"
    linked(world, berit, LISE)
    added(world, mallory, email=LISE)
    assert reason(lambda: browser.signs_in("juri")) == "nobody_known", "an account that is new, and has another organisation"
    world.with_password(LISE)
    assert reason(lambda: browser.signs_in("juri-by-password")) == "nobody_known"


def test_an_account_made_with_somebodys_address_and_another_number_is_lost_when_it_is_linked(
    browser: Browser, berit: Caller, mallory: Caller
) -> None:
    """NET-09, ACC-32: made before the firm adds its own employee; what is linked later is nobody's but the mailbox's."""
    added(browser.world, mallory, email=LISE)
    linked(browser.world, berit, LISE)
    assert reason(lambda: browser.signs_in("juri")) == "nobody_known"
    lise = browser.world.activated(LISE)
    assert "Nordlys Regnskap AS" in works_in(browser.world, lise)


@pytest.mark.parametrize("strong", [True, False])
def test_one_that_was_opened_before_reaches_nothing_that_is_linked_later(
    browser: Browser, berit: Caller, mallory: Caller, strong: bool
) -> None:
    """NET-09, ACC-32, P10: neither the session that is open nor the next one; with our second factor instead of the eID's no more."""
    world, app = browser.world, Somebody(LISE)

    def inside() -> Somebody:
        if strong:
            return browser.session("juri")
        begun = browser.signs_in("juri-by-password").begun
        app.secret = begun.enrolment.key or app.secret
        return finished(world, begun.attempt, code(app))

    added(world, mallory, email=LISE, role=pb.ROLE_ADMINISTRATOR)
    first = inside()
    world.accepted(first)
    there = linked(world, berit, LISE)
    choose = pb.ChooseOrganisationRequest(membership_id=there.membership_id)
    add = pb.AddMemberRequest(email=KARI, first_name="M", last_name="M", organisation_id=berit.organisation_id)
    with later(minutes=1):
        for held in (first, inside()):
            assert works_in(world, held) == ["Bakerud Bakeri AS"]
            who = world.caller(held)
            assert who.organisation_id == mallory.organisation_id
            administered = AdministrationStub(world.channel(who)).ListAdministered(ad.ListAdministeredRequest())
            assert [each.organisation_id for each in administered.memberships] == [mallory.organisation_id]
            assert reason(partial(world.sessions_of(who).ChooseOrganisation, choose)) == "membership_not_found"
            assert reason(partial(world.organisations(who).AddMember, add)) == "organisation_not_found"
    listed = world.organisations(berit).GetMember(pb.GetMemberRequest(membership_id=there.membership_id))
    assert (listed.activated, listed.first_name) == (False, "L")


def test_a_number_goes_on_opening_what_it_opened(browser: Browser, berit: Caller, mallory: Caller) -> None:
    """NET-01, NET-09: whoever else adds the person or asks for a password keeps nobody out; where the number was entered, it opens too."""
    world = browser.world
    added(world, mallory)
    browser.session("juri")
    linked(world, berit, EMAIL)
    world.sign_in.RequestPasswordLink(pb.RequestPasswordLinkRequest(email=EMAIL))
    world.sign_in.SetPassword(pb.SetPasswordRequest(token=world.token(EMAIL), password=PASSWORD, password_again=PASSWORD))
    held = browser.session("juri")
    world.accepted(held)
    assert works_in(world, held) == ["Bakerud Bakeri AS"]
    frisor = world.client(berit, "per@frisor.example.no", NUMBERS["NO"][2])
    added(world, world.caller(world.activated("per@frisor.example.no")))
    assert {each.organisation_id for each in world.resolved(held).profile.memberships} == {mallory.organisation_id, frisor.organisation_id}


def test_a_mailbox_does_not_get_in_where_an_eid_did(browser: Browser, berit: Caller, mallory: Caller) -> None:
    """P9, chapter 8: who reads the mail sets a password, and is not offered to enrol an app of their own with it."""
    world = browser.world
    who = added(world, mallory)
    browser.session("juri")
    world.sign_in.RequestPasswordLink(pb.RequestPasswordLinkRequest(email=EMAIL))
    world.sign_in.SetPassword(pb.SetPasswordRequest(token=world.token(EMAIL), password=PASSWORD, password_again=PASSWORD))
    assert reason(lambda: world.started(Somebody(EMAIL))) == "provider_needed"
    assert reason(lambda: browser.signs_in("juri-by-password")) == "provider_needed", "one proof less than the account was opened with"
    vouch = pb.VouchForMemberRequest(membership_id=who.membership_id, identity_checked=True)
    made = world.organisations(mallory).VouchForMember(vouch).code
    begun = world.started(Somebody(EMAIL))
    assert (list(begun.methods), begun.HasField("enrolment")) == ([pb.METHOD_VOUCHED_CODE], False)
    key = world.finished(begun.attempt, made, pb.METHOD_VOUCHED_CODE).enrolment.key
    assert world.finished(begun.attempt, code(Somebody(EMAIL, secret=key))).session


def test_one_who_comes_in_by_an_eid_is_activated(browser: Browser, berit: Caller, mallory: Caller) -> None:
    """NET-10, ACC-76: no longer invited, and known by the own identifier."""
    world = browser.world
    who = added(world, mallory)
    listed = world.organisations(mallory).ListMembers(pb.ListMembersRequest())
    assert (listed.total_invited, who.activated) == (1, False)
    held = browser.session("juri")
    listed = world.organisations(mallory).ListMembers(pb.ListMembersRequest())
    (juri,) = [each for each in listed.members if each.email == EMAIL]
    profile = world.resolved(held).profile
    assert (listed.total_invited, juri.activated, juri.user_id, juri.system_id) == (0, True, profile.user_id, profile.system_id)
