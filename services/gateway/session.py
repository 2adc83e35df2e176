"""Who sends this request: the session token of a person, or the API key of a back-office system, resolved at identity every time."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from kontor.identity.v1 import identity_pb2, identity_pb2_grpc
from werkzeug.http import parse_cookie

from chassis import caller
from chassis.caller import Caller
from chassis.errors import Invalid, Unauthenticated
from chassis.service import Peers

KEY_PREFIX = "kontor_"
_KINDS = {identity_pb2.ORGANISATION_KIND_FIRM: "firm", identity_pb2.ORGANISATION_KIND_CLIENT: "client"}


@dataclass(frozen=True)
class Held:
    """What identity says of a token, for the length of one request. For an API key only `token` and `assertions` are filled."""

    token: str
    assertions: dict[str, str]
    profile: identity_pb2.Profile = field(default_factory=identity_pb2.Profile)
    current: identity_pb2.Membership = field(default_factory=identity_pb2.Membership)
    organisation: identity_pb2.Organisation = field(default_factory=identity_pb2.Organisation)
    permissions: tuple[int, ...] = ()


class Sessions:
    """Resolves tokens. Nothing is kept between requests: what was revoked a moment ago is gone."""

    def __init__(self, peers: Peers) -> None:
        self._identity = identity_pb2_grpc.SessionsStub(peers.channel("identity"))

    def resolve(self, token: str) -> Held:
        """Who holds the session token or API key now. Raises Unauthenticated."""
        try:
            return self._exchange(token) if token.startswith(KEY_PREFIX) else self._resolve(token)
        except Invalid as why:
            raise Unauthenticated("session_ended", "This is not a session token.") from why

    def _resolve(self, token: str) -> Held:
        said = self._identity.ResolveSession(identity_pb2.ResolveSessionRequest(session=token))
        return Held(token, dict(said.assertions), said.profile, said.current, said.organisation, tuple(said.permissions))

    def _exchange(self, key: str) -> Held:
        said = self._identity.ExchangeApiKey(identity_pb2.ExchangeApiKeyRequest(api_key=key))
        return Held(key, dict(said.assertions))


def acting(held: Held) -> AbstractContextManager[None]:
    """Every call made inside the block is made as the holder."""
    who = Caller(
        user_id=held.profile.user_id,
        membership_id=held.current.membership_id,
        organisation_id=held.current.organisation_id,
        organisation_name=held.current.organisation_name,
        organisation_kind=_KINDS.get(held.current.kind, ""),
        name=f"{held.profile.first_name} {held.profile.last_name}".strip(),
        language=held.profile.language,
        permissions=held.permissions,
    )
    return caller.acting(who, held.assertions)


def cookie_name(public_url: str) -> str:
    """The session cookie; over https its prefix makes browsers insist on Secure, Path=/ and this host alone."""
    return "__Host-session" if public_url.startswith("https://") else "session"


def token_in(authorization: str, cookies: str, *, cookie: str) -> str:
    """The token in the Authorization header (Bearer), else in the cookie of this name, else nothing."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else parse_cookie(cookies).get(cookie, "")
