"""A provider that runs here, identity that knows it, and people who go there and come back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1 import providers_pb2 as pv
from kontor.identity.v1.providers_pb2_grpc import ProvidersStub

from chassis.config import Secret
from tests.identity.world import PUBLIC_URL, Somebody, World
from tests.servers.openid import CLIENT, SECRET, Provider

BERIT, KARI = "berit@kontoret.example.no", "kari@bakeri.example.no"
NUMBER = "38001085718"  # Estonian by its check digit
STRONG, WEAK = "urn:example:two-factors", "urn:example:password"


def _says(**claims: Any) -> dict[str, Any]:
    return {"claims": {"email": BERIT, "email_verified": True, "acr": STRONG, **claims}}


# Names to what the provider says of them.
PEOPLE: Mapping[str, Mapping[str, Any]] = {
    "berit": _says(),
    "berit-by-password": _says(acr=WEAK),
    "berit-by-amr": _says(acr=WEAK, amr=["pwd", "mfa"]),
    "another-berit": _says(),
    "berit-unverified": _says(email_verified=False),
    "berit-perhaps": _says(email_verified="true"),
    "berit-renamed": {"claims": {"acr": STRONG}, "userinfo": {"email": BERIT, "email_verified": True}},
    "nobody": _says(email="nobody@kontoret.example.no"),
    "nobody-unverified": _says(email="nobody@kontoret.example.no", email_verified=False),
    "elsewhere": _says(email=KARI),
    "juri": {"claims": {"pid": NUMBER, "country": "ee", "acr": STRONG}},
    "juri-by-password": {"claims": {"pid": NUMBER, "country": "EE", "acr": WEAK}},
    "juri-of-another-country": {"claims": {"pid": NUMBER, "country": "NO", "acr": STRONG}},
    "juri-of-no-country": {"claims": {"pid": NUMBER, "acr": STRONG}},
    "juris-namesake": {"claims": {"pid": "38001085729", "country": "EE", "acr": STRONG}},
    "juris-birthday": {"claims": {"pid": "1980-01-08", "country": "EE", "acr": STRONG}},
}
TWO_FACTORS = {"acr": [STRONG], "amr": ["mfa"]}
BY_EMAIL: dict[str, Any] = {"email": {"domains": ["kontoret.example.no"]}}
BY_NUMBER: dict[str, Any] = {"identifier": {"claim": "pid", "country_claim": "country"}, "scopes": ["openid"]}


def setting(issuer: str, name: str = "eid", **more: Any) -> dict[str, Any]:
    """One provider, as the settings have it."""
    known = {"name": name, "label": {"en": "Test eID", "nb": "Prøve-eID"}, "issuer": issuer, "client_id": CLIENT, "client_secret": SECRET}
    return {**known, "acr_values": [STRONG], "two_factors": TWO_FACTORS, **more}


def settings(*entries: Mapping[str, Any]) -> Secret:
    """The setting as text."""
    return Secret(json.dumps(entries))


def redirect(name: str) -> str:
    """Where a provider sends browsers back to."""
    return f"{PUBLIC_URL}/sign-in/returned/{name}"


@dataclass
class Browser:
    """A browser in which somebody signs in."""

    world: World
    site: Provider
    provider: str = "eid"

    @property
    def stub(self) -> ProvidersStub:
        """The RPCs, for anyone."""
        return ProvidersStub(self.world.channel())

    def away(self, language: str = "nb") -> pv.StartWithProviderResponse:
        """Sent to the provider."""
        return self.stub.StartWithProvider(pv.StartWithProviderRequest(provider=self.provider, language=language))

    def back(self, away: pv.StartWithProviderResponse, brought: Mapping[str, str], **instead: str) -> pv.FinishWithProviderResponse:
        """Come back with what the provider said."""
        said = {name: brought.get(name, "") for name in ("code", "state", "error")}
        given = {"provider": self.provider, "browser": away.browser, "issuer": brought.get("iss", ""), **said, **instead}
        return self.stub.FinishWithProvider(pv.FinishWithProviderRequest(**given))

    def signs_in(self, name: str) -> pv.FinishWithProviderResponse:
        """There and back as this person."""
        away = self.away()
        return self.back(away, self.site.visited(away.url, name))

    def session(self, name: str) -> Somebody:
        """Signed in, without our second factor."""
        done = self.signs_in(name)
        assert done.session, "a second factor is still asked for"
        return Somebody(done.profile.email, session=done.session)


def bindings(world: World, somebody: Somebody) -> Sequence[pv.ProviderBinding]:
    """What is bound to the account."""
    own = ProvidersStub(world.channel(world.caller(somebody)))
    return own.ListProviderBindings(pv.ListProviderBindingsRequest(language="nb")).bindings


def finished(world: World, attempt: str, digits: str) -> Somebody:
    """With our second factor."""
    done = world.finished(attempt, digits, pb.METHOD_TOTP)
    return Somebody(done.profile.email, session=done.session)
