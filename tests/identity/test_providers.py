"""Signing in through a provider, a real one that runs here: whom a verified address lets in, and that nothing else does."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1 import providers_pb2 as pv
from kontor.identity.v1.providers_pb2_grpc import ProvidersStub
from kontor.notify.v1 import notify_pb2

from chassis.errors import Failure
from chassis.testing import at_once
from services.identity.actions import operators
from tests.identity.at_provider import BERIT, BY_EMAIL, PEOPLE, STRONG, Browser, bindings, finished, redirect, setting, settings
from tests.identity.phone import alive
from tests.identity.world import PASSWORD, Somebody, World, code, later
from tests.servers.openid import CLIENT, Provider, provider
from tests.servers.sharing import Shared

HS256 = "signs-with-the-secret"


@pytest.fixture(scope="module")
def site(shared_servers: Shared) -> Iterator[Provider]:
    """The provider, with two clients; one of them it signs for with the secret that both hold."""
    made = provider(shared_servers.directory("openid"), PEOPLE, algorithms={HS256: "HS256"})
    made.start(**{CLIENT: redirect("eid"), HS256: redirect("weak")})
    yield made
    made.program.stop()


@pytest.fixture
def world(service_database: Callable[[str], str], tmp_path: Path, site: Provider) -> Iterator[World]:
    """A firm whose administrator has password and authenticator, and identity that knows the provider."""
    known = settings(setting(site.issuer, **BY_EMAIL), setting(site.issuer, "weak", **{**BY_EMAIL, "client_id": HS256}))
    made = World(service_database("identity"), tmp_path, providers=known)
    made.firm()
    yield made
    made.service.close()


@pytest.fixture
def berit(world: World) -> Somebody:
    return world.activated(BERIT)


@pytest.fixture
def browser(world: World, site: Provider) -> Browser:
    return Browser(world, site)


def reason(call: Callable[[], object]) -> str:
    with pytest.raises(Failure) as why:
        call()
    return why.value.reason


def changed(url: str, **parameters: str) -> str:
    """The address with other parameters, as somebody between could make it."""
    parts = urlsplit(url)
    return parts._replace(query=urlencode({**dict(parse_qsl(parts.query)), **parameters})).geturl()


def test_the_browser_is_sent_away_with_everything_that_keeps_others_out(browser: Browser) -> None:
    """NET-01: code flow with PKCE, state and nonce; the secret that finishes it stands in no address, and no digest can be turned back."""
    away = browser.away()
    asked = dict(parse_qsl(urlsplit(away.url).query))
    assert (asked["response_type"], asked["code_challenge_method"], asked["redirect_uri"]) == ("code", "S256", redirect("eid"))
    assert (asked["acr_values"], asked["ui_locales"], asked["scope"]) == (STRONG, "nb", "openid email")
    assert min(len(asked[each]) for each in ("state", "nonce", "code_challenge")) >= 43
    assert away.browser not in away.url
    kept = repr(browser.world.sql("select * from provider_sign_ins"))
    assert not any(secret in kept for secret in (asked["state"], asked["nonce"], away.browser))


def test_a_verified_address_opens_the_account_it_belongs_to(browser: Browser, berit: Somebody) -> None:
    """NET-01: two factors at the provider are two factors here; the password is asked for where it is demanded."""
    held = browser.session("berit")
    assert (held.email, browser.world.resolved(held).profile.email) == (BERIT, BERIT)
    assert browser.world.caller(held).stepped_up()
    own = browser.world.factors(browser.world.caller(held))
    assert reason(lambda: own.StartFactor(pb.StartFactorRequest(method=pb.METHOD_TOTP))) == "step_up_needed"
    (bound,) = bindings(browser.world, held)
    assert (bound.label, browser.world.mail(BERIT).change) == ("Prøve-eID", notify_pb2.SECURITY_CHANGE_PROVIDER_BOUND)


def test_one_of_the_accepted_methods_is_enough(browser: Browser, berit: Somebody) -> None:
    """NET-01: `amr`, where a provider speaks of it in place of `acr`."""
    assert browser.session("berit-by-amr").email == BERIT


def test_what_the_id_token_leaves_out_is_asked_for_at_userinfo(browser: Browser, berit: Somebody) -> None:
    """NET-01: OpenID Connect Core § 5.4."""
    assert browser.session("berit-renamed").email == BERIT


def test_less_than_two_factors_at_the_provider_are_made_up_for_by_ours(browser: Browser, berit: Somebody) -> None:
    """ACC-21, NET-01: nothing is bound before both were given, and the session knows no password."""
    begun = browser.signs_in("berit-by-password").begun
    assert (begun.attempt != "", list(begun.methods)) == (True, [pb.METHOD_TOTP])
    assert browser.world.sql("select count(*) from provider_bindings") == [(0,)]
    with later(minutes=1):
        held = finished(browser.world, begun.attempt, code(berit))
        assert len(bindings(browser.world, held)) == 1
        own = browser.world.factors(browser.world.caller(held))
        assert reason(lambda: own.StartFactor(pb.StartFactorRequest(method=pb.METHOD_TOTP))) == "step_up_needed"


def test_who_has_no_second_factor_yet_enrols_one(browser: Browser) -> None:
    """ACC-21, ACC-23: also somebody who has never followed the welcome mail; the provider has proved the address."""
    begun = browser.signs_in("berit-by-password").begun
    new = Somebody(BERIT, secret=begun.enrolment.key)
    held = finished(browser.world, begun.attempt, code(new))
    assert browser.world.resolved(held).profile.email == BERIT
    assert browser.world.sql("select verified_at is not null from users where email = :e", e=BERIT) == [(True,)]


def test_who_comes_in_through_a_provider_alone_is_activated_and_no_mailbox_gets_in(browser: Browser) -> None:
    """P9, ACC-76, chapter 8: with neither password nor factor of ours; a password made by mail enrols none, not even one begun before."""
    world = browser.world
    early = Somebody(BERIT)
    world.sign_in.RequestPasswordLink(pb.RequestPasswordLinkRequest(email=BERIT))
    world.sign_in.SetPassword(pb.SetPasswordRequest(token=world.token(BERIT), password=PASSWORD, password_again=PASSWORD))
    begun = world.started(early)
    early.secret = begun.enrolment.key
    held = browser.session("berit")
    world.accepted(held)
    (member,) = world.organisations(world.caller(held)).ListMembers(pb.ListMembersRequest()).members
    assert (member.activated, member.user_id) == (True, world.caller(held).user_id)
    assert reason(lambda: world.finished(begun.attempt, code(early))) == "attempt_over"
    assert reason(lambda: world.started(early)) == "provider_needed"
    database = world.service.service.database
    assert database is not None
    with database.transaction() as tx:
        assert operators.appoint(tx, BERIT), "and may run the platform"


def test_an_unverified_address_opens_nothing_whether_or_not_it_has_an_account(browser: Browser, berit: Somebody) -> None:
    """NET-01, P5: refused before anybody is looked up, so that both get the same answer. A text that says true is not the truth."""
    refused = {reason(lambda each=each: browser.signs_in(each)) for each in ("berit-unverified", "nobody-unverified", "berit-perhaps")}  # type: ignore[misc]
    assert refused == {"provider_email_unverified"}


def test_who_has_no_account_stays_outside_and_none_is_made(browser: Browser, berit: Somebody) -> None:
    """ACC-14: also where the account is of a domain for which this provider does not speak."""
    browser.world.client(browser.world.caller(berit))
    before = browser.world.sql("select count(*) from users")
    assert {reason(lambda: browser.signs_in("nobody")), reason(lambda: browser.signs_in("elsewhere"))} == {"nobody_known"}
    assert browser.world.sql("select count(*) from users") == before
    assert browser.world.sql("select count(*) from provider_bindings") == [(0,)]


def test_once_bound_it_is_the_person_there_who_counts_and_not_the_address(browser: Browser, berit: Somebody) -> None:
    """NET-01: an address that was handed on to somebody else opens nothing; unbound, it does again. Audited, and told by mail."""
    held = browser.session("berit")
    assert reason(lambda: browser.signs_in("another-berit")) == "nobody_known"
    own = ProvidersStub(browser.world.channel(browser.world.caller(held)))
    (bound,) = bindings(browser.world, held)
    left = own.RemoveProviderBinding(pv.RemoveProviderBindingRequest(binding_id=bound.binding_id))
    assert (list(left.bindings), browser.world.mail(BERIT).change) == ([], notify_pb2.SECURITY_CHANGE_PROVIDER_UNBOUND)
    assert reason(lambda: own.RemoveProviderBinding(pv.RemoveProviderBindingRequest(binding_id=bound.binding_id))) == (
        "provider_binding_not_found"
    )
    assert browser.session("another-berit").email == BERIT
    kept = [row[0] for row in browser.world.sql("select distinct action from audit where starts_with(action, 'provider.') order by 1")]
    assert kept == ["provider.bind", "provider.unbind"]


def test_unbinding_ends_the_sessions_that_were_opened_through_the_provider(browser: Browser, berit: Somebody) -> None:
    """P7, NET-01: whoever has the account there is out."""
    thief = browser.session("berit")
    own = ProvidersStub(browser.world.channel(browser.world.caller(berit)))
    own.RemoveProviderBinding(pv.RemoveProviderBindingRequest(binding_id=bindings(browser.world, berit)[0].binding_id))
    assert (alive(browser.world, thief), alive(browser.world, berit)) == (False, True)


def test_a_vouched_code_ends_what_is_bound_with_the_other_lost_factors(browser: Browser, berit: Somebody) -> None:
    """BEY-05, NET-01: the account there may be in other hands too."""
    world, colleague = browser.world, "kari@kontoret.example.no"
    browser.session("berit")
    added = pb.AddMemberRequest(email=colleague, first_name="Kari", last_name="Ny", role=pb.ROLE_ADMINISTRATOR)
    world.organisations(world.caller(berit)).AddMember(added)
    whose = world.resolved(berit).profile.memberships[0].membership_id
    vouch = pb.VouchForMemberRequest(membership_id=whose, identity_checked=True)
    made = world.organisations(world.caller(world.activated(colleague))).VouchForMember(vouch).code
    attempt = world.started(berit).attempt
    berit.secret = world.finished(attempt, made, pb.METHOD_VOUCHED_CODE).enrolment.key
    assert world.sql("select count(*) from provider_bindings") == [(1,)]
    finished(world, attempt, code(berit))
    assert world.sql("select count(*) from provider_bindings") == [(0,)]


def test_nobody_unbinds_what_is_bound_to_somebody_else(browser: Browser, berit: Somebody) -> None:
    """NET-01."""
    (bound,) = bindings(browser.world, browser.session("berit"))
    browser.world.client(browser.world.caller(berit))
    kari = ProvidersStub(browser.world.channel(browser.world.caller(browser.world.activated("kari@bakeri.example.no"))))
    assert reason(lambda: kari.RemoveProviderBinding(pv.RemoveProviderBindingRequest(binding_id=bound.binding_id))) == (
        "provider_binding_not_found"
    )


def test_what_comes_back_counts_once_and_only_in_the_browser_that_left(browser: Browser, berit: Somebody) -> None:
    """NET-01: a copied address is of no use elsewhere, and trying it there takes nothing from the one whose it is."""
    away = browser.away()
    brought = browser.site.visited(away.url, "berit")
    elsewhere = browser.away()
    assert reason(lambda: browser.back(elsewhere, brought)) == "provider_sign_in_over"
    assert reason(lambda: browser.back(away, brought, state="s" * 43)) == "provider_sign_in_over"
    assert reason(lambda: browser.back(away, brought, provider="weak")) == "provider_sign_in_over"
    assert browser.back(away, brought).session
    assert reason(lambda: browser.back(away, brought)) == "provider_sign_in_over"


def test_of_many_that_come_back_at_once_one_gets_in(browser: Browser, berit: Somebody) -> None:
    """NET-01: one conditional update decides."""
    away = browser.away()
    brought = browser.site.visited(away.url, "berit")

    def finish() -> str:
        try:
            return "in" if browser.back(away, brought).session else "half"
        except Failure as why:
            return why.reason

    assert sorted(at_once([finish] * 4)) == ["in", *["provider_sign_in_over"] * 3]


def test_a_code_of_another_sign_in_and_a_changed_nonce_prove_nothing(browser: Browser, berit: Somebody) -> None:
    """NET-01: an injected code fails at PKCE, a token with another nonce at us; each uses its sign-in up."""
    first, second = browser.away(), browser.away()
    brought = browser.site.visited(first.url, "berit")
    mine = {**brought, "state": _state(second)}
    assert reason(lambda: browser.back(second, mine)) == "provider_refused"
    third = browser.away()
    assert reason(lambda: browser.back(third, browser.site.visited(changed(third.url, nonce="n" * 43), "berit"))) == "provider_refused"
    fourth = browser.away()
    spent = browser.site.visited(fourth.url, "berit")
    assert browser.back(fourth, spent).session
    fifth = browser.away()
    assert reason(lambda: browser.back(fifth, {**spent, "state": _state(fifth)})) == "provider_refused", "a code that was used already"


def test_a_token_signed_with_the_secret_that_we_hold_too_proves_nothing(world: World, site: Provider, berit: Somebody) -> None:
    """NET-01: HS256, which this provider offers, is none of the algorithms that count."""
    assert reason(lambda: Browser(world, site, "weak").signs_in("berit")) == "provider_refused"


def test_after_ten_minutes_it_is_over_and_tokens_end_too(browser: Browser, berit: Somebody) -> None:
    """NET-01."""
    away = browser.away()
    brought = browser.site.visited(away.url, "berit")
    with later(minutes=10):
        assert reason(lambda: browser.back(away, brought)) == "provider_sign_in_over"
    with later(hours=11):  # this provider's tokens live ten
        assert reason(lambda: browser.signs_in("berit")) == "provider_refused"
    with later(days=2):
        browser.world.service.run_job("purge")
    assert browser.world.sql("select count(*) from provider_sign_ins") == [(0,)]


def test_who_stops_at_the_provider_is_told_so(browser: Browser, berit: Somebody) -> None:
    """NET-01: `access_denied`, and anything else that is no proof; who answers must say who it is where it says it does (RFC 9207)."""
    away = browser.away()
    brought = browser.site.visited(away.url, "berit", allow=False)
    assert brought["error"] == "access_denied"
    assert reason(lambda: browser.back(away, brought)) == "provider_cancelled"
    away = browser.away()
    assert reason(lambda: browser.back(away, {**brought, "state": _state(away)}, error="server_error")) == "provider_refused"
    for issuer in ("", "https://other.example"):
        away = browser.away()
        brought = browser.site.visited(away.url, "berit")
        assert reason(lambda: browser.back(away, brought, issuer=issuer)) == "provider_refused"  # noqa: B023 - called at once


def _state(away: pv.StartWithProviderResponse) -> str:
    return dict(parse_qsl(urlsplit(away.url).query))["state"]


def test_the_providers_are_listed_in_the_language_asked_for(browser: Browser) -> None:
    """NET-01, NET-02, ACC-20."""
    labels = {each: browser.stub.ListProviders(pv.ListProvidersRequest(language=each)).providers[0].label for each in ("nb", "fi")}
    assert labels == {"nb": "Prøve-eID", "fi": "Test eID"}
    assert reason(lambda: Browser(browser.world, browser.site, "none").away()) == "provider_not_found"
