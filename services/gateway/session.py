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
# The header of what a page asks by itself (static/page.js): it keeps no session going.
QUIET = "Kontor-Quiet"
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
    device_id: str = ""  # the enrolled device that the session was opened on


class Sessions:
    """Resolves tokens. Nothing is kept between requests: what was revoked a moment ago is gone."""

    def __init__(self, peers: Peers) -> None:
        self._identity = identity_pb2_grpc.SessionsStub(peers.channel("identity"))

    def resolve(self, token: str, *, address: str = "", quiet: bool = False) -> Held:
        """Who holds the session token or API key now, asking from this address; `quiet` does not use it. Raises Unauthenticated."""
        try:
            return self._exchange(token, address) if token.startswith(KEY_PREFIX) else self._resolve(token, address, quiet=quiet)
        except Invalid as why:
            raise Unauthenticated("session_ended", "This is not a session token.") from why

    def _resolve(self, token: str, address: str, *, quiet: bool) -> Held:
        said = self._identity.ResolveSession(identity_pb2.ResolveSessionRequest(session=token, address=address[:60], quiet=quiet))
        permissions = tuple(said.permissions)
        return Held(token, dict(said.assertions), said.profile, said.current, said.organisation, permissions, said.device_id)

    def _exchange(self, key: str, address: str) -> Held:
        said = self._identity.ExchangeApiKey(identity_pb2.ExchangeApiKeyRequest(api_key=key, address=address[:45]))
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


def device_cookie(public_url: str) -> str:
    """Which enrolled device this browser is. No secret: its key, which no page can read, is what proves it."""
    return "__Host-device" if public_url.startswith("https://") else "device"


def activation_cookie(public_url: str) -> str:
    """What shows for an hour that an invited person's identification was completed in this browser."""
    return "__Host-activation" if public_url.startswith("https://") else "activation"


def wanted_cookie(public_url: str) -> str:
    """The page that somebody wanted who had to sign in first."""
    return "__Host-wanted" if public_url.startswith("https://") else "wanted"


def token_in(authorization: str, cookies: str, *, cookie: str) -> str:
    """The token in the Authorization header (Bearer), else in the cookie of this name, else nothing."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else parse_cookie(cookies).get(cookie, "")
