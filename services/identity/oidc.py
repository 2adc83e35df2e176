"""OpenID Connect as a relying party speaks it, by Authlib: where to send a browser, and whom the provider then names. Knows no database."""

import hashlib
import hmac
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from chassis import clock, telemetry
from chassis.errors import Unauthenticated, Unavailable
from services.identity.providers import Provider

# Signatures only the provider can make: neither `none` nor those made with the secret that we hold too.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
CONNECT_SECONDS, WHOLE_SECONDS = 2.0, 10.0
AT_ONCE = 4
LEEWAY_SECONDS = 60
KEPT = timedelta(hours=1)
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_LIMITS: dict[str, Any] = {"timeout": (CONNECT_SECONDS, WHOLE_SECONDS), "allow_redirects": False}
T = TypeVar("T")


class Calls:
    """Calls to providers, a few at once and none for long: one that hangs must not take the threads that others sign in with."""

    def __init__(self, *, seconds: float = WHOLE_SECONDS) -> None:
        self._seconds = seconds
        self._free = threading.BoundedSemaphore(AT_ONCE)
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="providers")

    def __call__(self, what: Callable[[], T]) -> T:
        """What it answers. Raises Unavailable `provider_unavailable`."""
        if not self._free.acquire(blocking=False):
            raise Unavailable("provider_unavailable", "Too many calls to providers are under way.")
        try:
            return self._pool.submit(self._run, what).result(self._seconds)
        except TimeoutError as why:
            raise Unavailable("provider_unavailable", "The provider takes too long.") from why

    def _run(self, what: Callable[[], T]) -> T:
        try:
            return what()
        finally:
            self._free.release()


def clients(providers: Sequence[Provider], public_url: str) -> dict[str, "Client"]:
    """A client for each provider, by its name, in their order."""
    calls = Calls()
    return {each.name: Client(each, public_url, calls) for each in providers}


class Client:
    """One provider, and what it has said about itself lately. The secrets of a sign-in all come from the one its browser keeps."""

    def __init__(self, provider: Provider, public_url: str, calls: Calls) -> None:
        self.provider, self._calls = provider, calls
        # Of its own for each: an answer of one provider can never pass for another's (RFC 9700 § 4.4).
        self._redirect_uri = f"{public_url.rstrip('/')}/sign-in/returned/{provider.name}"
        self._metadata: tuple[datetime, Mapping[str, Any]] | None = None
        self._keys: tuple[datetime, KeySet] | None = None

    def address(self, *, state: str, browser: str, language: str) -> str:
        """Where the browser is to go. Raises Unavailable `provider_unavailable`."""
        metadata = self._calls(lambda: self._told(self._described))
        wishes = {"acr_values": " ".join(self.provider.acr_values), "ui_locales": language}
        with self._session(metadata) as session:
            url, _ = session.create_authorization_url(
                metadata["authorization_endpoint"], state=state, code_verifier=_derived(browser, "verifier"),
                nonce=_derived(browser, "nonce"), **{name: value for name, value in wishes.items() if value},
            )  # fmt: skip
        return str(url)

    def proven(self, *, code: str, browser: str, issuer: str) -> Mapping[str, Any]:
        """The claims of whoever was there. Raises Unauthenticated `provider_refused`, Unavailable `provider_unavailable`."""
        return self._calls(lambda: self._told(lambda: self._exchanged(code, browser, issuer)))

    def _told(self, what: Callable[[], T]) -> T:
        """What a provider answers may be anything; what it was is for the log, without any secret."""
        try:
            return what()
        except (OAuthError, JoseError, LookupError, TypeError) as why:
            self._log(why)
            raise Unauthenticated("provider_refused", "The provider's answer does not prove who is there.") from why
        except (requests.RequestException, ValueError) as why:
            self._log(why)
            raise Unavailable("provider_unavailable", "The provider does not answer as it should.") from why

    def _log(self, why: Exception) -> None:
        word = str(getattr(why, "error", "") or "")[:80]
        telemetry.log(__name__).warning("provider failed", provider=self.provider.name, kind=type(why).__name__, word=word)

    def _session(self, metadata: Mapping[str, Any]) -> OAuth2Session:
        methods = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return OAuth2Session(
            self.provider.client_id, self.provider.client_secret, scope=" ".join(self.provider.scopes), redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if "client_secret_basic" in methods else "client_secret_post",
        )  # fmt: skip

    def _exchanged(self, code: str, browser: str, issuer: str) -> Mapping[str, Any]:
        metadata = self._described()
        # RFC 9207 § 2.4: who says that it names itself must do so.
        if issuer != self.provider.issuer and (issuer or metadata.get("authorization_response_iss_parameter_supported")):
            raise LookupError("another provider has answered")
        with self._session(metadata) as session:
            token = session.fetch_token(
                metadata["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=_derived(browser, "verifier"),
                **_LIMITS,
            )  # fmt: skip
            claims = self._checked(token, nonce=_derived(browser, "nonce"))
            if metadata.get("userinfo_endpoint") and any(each not in claims for each in self.provider.wanted()):
                more = _json(session.get(metadata["userinfo_endpoint"], **_LIMITS))
                # Core § 5.3.2: without the same subject it is about somebody else.
                claims = {**more, **claims} if more.get("sub") == claims["sub"] else claims
        return claims

    def _checked(self, token: Mapping[str, Any], *, nonce: str) -> Mapping[str, Any]:
        """The claims of the ID token, all of it checked (OpenID Connect Core § 3.1.3.7). Raises JoseError, LookupError, TypeError."""
        decoded = self._decoded(token["id_token"])
        us, them = self.provider.client_id, self.provider.issuer
        claims = CodeIDToken(
            decoded.claims, decoded.header, {"iss": {"essential": True, "value": them}, "aud": {"essential": True, "value": us}},
            {"nonce": nonce, "client_id": us, "access_token": token.get("access_token")},
        )  # fmt: skip
        claims.validate(now=int(clock.now().timestamp()), leeway=LEEWAY_SECONDS)
        if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
            raise TypeError("sub")
        return dict(claims)

    def _decoded(self, id_token: str) -> jwt.Token:
        registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
        try:
            return jwt.decode(id_token, self._held_keys(), registry=registry)
        except (InvalidKeyIdError, BadSignatureError):
            # The provider may have changed its keys since we looked.
            return jwt.decode(id_token, self._held_keys(anew=True), registry=registry)

    def _described(self) -> Mapping[str, Any]:
        """What the provider says of itself (Discovery 1.0), at most an hour old."""
        if self._metadata is None or self._metadata[0] < clock.now() - KEPT:
            with requests.Session() as session:
                found = _json(session.get(get_well_known_url(self.provider.issuer, external=True), **_LIMITS))
            if found.get("issuer") != self.provider.issuer:
                raise ValueError("it says to be another issuer")
            scheme = urlsplit(self.provider.issuer).scheme
            if not all(urlsplit(str(found.get(each, ""))).scheme in ("https", scheme) for each in ENDPOINTS):
                raise ValueError("its addresses are missing or not safe")
            self._metadata = (clock.now(), found)
        return self._metadata[1]

    def _held_keys(self, *, anew: bool = False) -> KeySet:
        if anew or self._keys is None or self._keys[0] < clock.now() - KEPT:
            with requests.Session() as session:
                found = _json(session.get(self._described()["jwks_uri"], **_LIMITS))
            self._keys = (clock.now(), KeySet.import_key_set(found))  # type: ignore[arg-type]  # checked by it
        return self._keys[1]


def _json(response: requests.Response) -> dict[str, Any]:
    response.raise_for_status()
    found = response.json()
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")
    return found


def _derived(browser: str, purpose: str) -> str:
    """The nonce, and the verifier of PKCE: nothing that proves a sign-in lies in our database or travels in an address."""
    return urlsafe_b64encode(hmac.digest(browser.encode(), purpose.encode(), hashlib.sha256)).decode().rstrip("=")
