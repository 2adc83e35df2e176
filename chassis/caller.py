"""Who is asking: a caller, and the short-lived signed assertion in which it travels between services."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from chassis import clock
from chassis.errors import Denied, Unauthenticated

LIFETIME = timedelta(seconds=60)
STEP_UP_AGE = timedelta(minutes=15)
ALGORITHM = "Ed25519"
REUSED_SECONDS, REMEMBERED = 15, 2000


@dataclass(frozen=True)
class Caller:
    """One who asks. A person in an organisation, or a service of the platform, or nobody yet."""

    user_id: str = ""
    membership_id: str = ""
    organisation_id: str = ""
    organisation_name: str = ""
    organisation_kind: str = ""
    name: str = ""
    language: str = ""
    session_id: str = ""
    permissions: tuple[int, ...] = ()
    authenticated_at: int = 0  # epoch seconds of the last second factor; 0 for an API key
    service: str = ""
    api_key_id: str = ""  # of the key by which a back-office system acts as the person
    clients: tuple[str, ...] = ()  # the organisations that the key is limited to; without any, it is not limited
    certificate: str = ""  # SHA-256 of the certificate that the channel must show (RFC 8705)
    beta: bool = False  # has switched on the beta programme (AMI-24)

    @property
    def label(self) -> str:
        """How the caller stands in events, logs and the audit trail: an id, never a name."""
        if self.service:
            return f"service:{self.service}"
        return f"user:{self.user_id}" if self.user_id else "anyone"

    def reaches(self, organisation_id: str) -> bool:
        """Whether the caller's API key lets it ask about this client; others are held back by nothing here."""
        return not self.clients or organisation_id.lower() in self.clients

    def stepped_up(self) -> bool:
        """Whether a second factor was given in the last 15 minutes."""
        return datetime.fromtimestamp(self.authenticated_at, UTC) > clock.now() - STEP_UP_AGE


NOBODY = Caller()
_caller: ContextVar[Caller] = ContextVar("caller", default=NOBODY)
_assertions: ContextVar[Mapping[str, str]] = ContextVar("assertions", default={})  # noqa: B039 - never mutated


def current() -> Caller:
    """The caller of the running call; NOBODY outside one."""
    return _caller.get()


def assertion_for(service: str) -> str:
    """The assertion to show to `service` on behalf of the current caller, or an empty string."""
    held = _assertions.get()
    return held.get(service) or held.get("*", "")


def labelled(label: str) -> Caller:
    """Whoever stands under this label: what is left of a caller in an event."""
    kind, _, identifier = label.partition(":")
    return {"user": Caller(user_id=identifier), "service": Caller(service=identifier)}.get(kind, NOBODY)


@contextmanager
def acting(caller: Caller, assertions: Mapping[str, str]) -> Iterator[None]:
    """Ask as `caller` inside the block. `assertions` maps service name (or `*`) to the token shown there."""
    first, second = _caller.set(caller), _assertions.set(assertions)
    try:
        yield
    finally:
        _caller.reset(first)
        _assertions.reset(second)


class Signer:
    """Makes assertions. Only identity holds one: its private key is what "signed in" means.

    While a key is replaced two are good at once: the new one has the key id `<issuer>.<anything>`.
    """

    def __init__(self, key: OKPKey, *, issuer: str) -> None:
        self._key, self._issuer, self._kid = key, issuer, key.kid or issuer
        # A page asks several times within a second, and five signatures cost more than all else that finding its reader does.
        self._kept = lru_cache(REMEMBERED)(self._signed)

    def sign(self, caller: Caller, *, audience: Sequence[str]) -> str:
        """An assertion of `caller` for these services, signed less than 15 seconds ago and valid for 60 from then on."""
        return self._kept(caller, tuple(audience), int(clock.now().timestamp()) // REUSED_SECONDS)

    def _signed(self, caller: Caller, audience: tuple[str, ...], _slot: int) -> str:
        issued = int(clock.now().timestamp())
        claims: dict[str, Any] = {name: value for name, value in asdict(caller).items() if value}
        claims |= {"iss": self._issuer, "aud": list(audience), "iat": issued, "exp": issued + int(LIFETIME.total_seconds())}
        return jwt.encode({"alg": ALGORITHM, "kid": self._kid}, claims, self._key, algorithms=[ALGORITHM])


class Verifier:
    """Reads assertions: signature, audience, age. The issuer's key id must be among the keys."""

    def __init__(self, keys: KeySet, *, audience: str) -> None:
        self._keys, self._audience = keys, audience
        # An assertion is shown for each of its caller's calls, and to check its signature costs as much as a query: once is enough.
        self._read = lru_cache(REMEMBERED)(self._signed)

    def verify(self, token: str) -> Caller:
        """The asserted caller. Raises Unauthenticated for anything not signed for us, just now."""
        who, ends = self._read(token)
        if ends < clock.now().timestamp():
            raise Unauthenticated("bad_assertion", "The caller's assertion has expired.")
        return who

    def _signed(self, token: str) -> tuple[Caller, int]:
        try:
            signed = jwt.decode(token, self._keys, algorithms=[ALGORITHM])
        except (JoseError, ValueError) as why:
            raise Unauthenticated("bad_assertion", "The caller's assertion cannot be verified.") from why
        claims: dict[str, Any] = signed.claims
        if self._audience not in claims.get("aud", []):
            raise Unauthenticated("bad_assertion", "The caller's assertion is meant for another service.")
        issuer = claims.get("iss")
        if str(signed.header.get("kid")).partition(".")[0] != issuer or claims.get("service", issuer) != issuer:
            raise Denied("bad_assertion", "A service may assert only itself, with its own key.")
        if claims["aud"][0] != self._audience:
            # Shown on by the service that it was made for, over a channel of that one's own.
            claims.pop("certificate", None)
        several = {name: tuple(claims.get(name, ())) for name in ("permissions", "clients")}
        known = {name: value for name, value in claims.items() if name in Caller.__dataclass_fields__}
        return Caller(**known | several), claims.get("exp", 0)


def new_keys(issuer: str) -> tuple[OKPKey, KeySet]:
    """A fresh private key of `issuer` and the public key set to verify it with."""
    private = OKPKey.generate_key("Ed25519", {"kid": issuer, "use": "sig"})
    return private, KeySet([OKPKey.import_key(private.as_dict(private=False))])
