"""Sign in through a provider: away with the browser, and back with a proof of who it is (NET-01, NET-02). No account is ever made here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kontor.identity.v1 import providers_pb2 as pb
from sqlalchemy import select, update

from chassis import clock, telemetry
from chassis.db import Database, Transaction
from chassis.errors import Denied, Failure, NotFound, Unauthenticated
from services.identity import addresses, budgets, history, identifiers, rules, tokens
from services.identity.actions import bindings, sessions, sign_in
from services.identity.actions.sign_in import Finished
from services.identity.models import User
from services.identity.oidc import Client
from services.identity.provider_rows import ProviderBinding, ProviderSignIn
from services.identity.providers import Identifier, Provider
from services.identity.sealing import Keyring

Clients = Mapping[str, Client]
Claims = Mapping[str, Any]


@dataclass(frozen=True)
class Away:
    """Where the browser goes, and the secret that it keeps meanwhile."""

    url: str
    browser: str


@dataclass(frozen=True)
class Who:
    """One of ours; and what to bind to the account once all proofs are given, where a mail address says who it is.

    Where a number says it that is not proven, the claim whose organisations alone it opens.
    """

    user_id: str
    email: str
    binds: str | None
    identifier_id: str | None = None


def start(database: Database, clients: Clients, request: pb.StartWithProviderRequest, *, address: str) -> Away:
    """Send the browser away. Raises NotFound `provider_not_found`, Unavailable `provider_unavailable`, TooMany."""
    client, state, browser = _client(clients, request.provider), tokens.new(), tokens.new()
    with database.transaction() as tx:
        budgets.ask(tx, "provider", address=address)
    url = client.address(state=state, browser=browser, language=request.language)
    with database.transaction() as tx:
        tx.add(
            ProviderSignIn(
                state=tokens.digest(state), browser=tokens.digest(browser), provider=client.provider.name, issuer=client.provider.issuer,
                expires_at=clock.now() + rules.PROVIDER_LIFE,
            )
        )  # fmt: skip
    return Away(url, browser)


def finish(database: Database, keyring: Keyring, clients: Clients, request: pb.FinishWithProviderRequest) -> Finished:
    """The browser is back. Raises Unauthenticated with why not, Denied `nobody_known`, Unavailable `provider_unavailable`."""
    client = _client(clients, request.provider)
    _claim(database, request)
    if request.error or not request.code:
        reason = "provider_cancelled" if request.error == "access_denied" else "provider_refused"
        raise Unauthenticated(reason, "The provider sent the browser back without a proof.")
    # No transaction is open: the provider may take its time.
    claims = client.proven(code=request.code, browser=request.browser, issuer=request.issuer)
    with database.transaction() as tx:
        who = _who(tx, keyring, client.provider, claims)
        outcome = _sign_in(tx, keyring, client.provider, claims, who, request) if isinstance(who, Who) else who
    if isinstance(outcome, Failure):
        telemetry.log(__name__).warning("sign-in refused", reason=outcome.reason, provider=client.provider.name)
        raise outcome
    return outcome


def _client(clients: Clients, name: str) -> Client:
    if name not in clients:
        raise NotFound("provider_not_found", "There is no such provider here.")
    return clients[name]


def _claim(database: Database, request: pb.FinishWithProviderRequest) -> None:
    """Use the sign-in up, whatever comes of it: this browser's, with this provider. Raises Unauthenticated `provider_sign_in_over`."""
    mine = (
        ProviderSignIn.state == tokens.digest(request.state), ProviderSignIn.browser == tokens.digest(request.browser),
        ProviderSignIn.provider == request.provider,
    )  # fmt: skip
    still_open, now = (ProviderSignIn.used_at.is_(None), ProviderSignIn.expires_at > clock.now()), clock.now()
    used = update(ProviderSignIn).where(*mine, *still_open).values(used_at=now).returning(ProviderSignIn.state)
    with database.transaction() as tx:
        claimed = tx.execute(used).scalar()
    if claimed is None:
        raise Unauthenticated("provider_sign_in_over", "This sign-in is over, or another browser began it.")


def _who(tx: Transaction, keyring: Keyring, provider: Provider, claims: Claims) -> Who | Failure:
    """Whom of ours the provider means. What it is not sure of is refused before anybody is looked up."""
    if provider.identifier is not None:
        return _by_identifier(tx, keyring, provider.identifier, claims) or _nobody()
    bound = select(User.id, User.email).join(ProviderBinding, ProviderBinding.user_id == User.id)
    user = tx.execute(bound.where(ProviderBinding.issuer == provider.issuer, ProviderBinding.subject == claims["sub"])).one_or_none()
    if user:
        return Who(user.id, user.email, claims["sub"])
    if claims.get("email_verified") is not True or not isinstance(claims.get("email"), str):
        return Unauthenticated("provider_email_unverified", "The provider has not verified the address.")
    return _by_email(tx, provider, claims) or _nobody()


def _by_email(tx: Transaction, provider: Provider, claims: Claims) -> Who | None:
    """The account of the address; unless another person there is bound to it already: addresses are handed on to others."""
    address = addresses.typed(claims["email"])
    if not provider.speaks_for(address):
        return None
    taken = select(ProviderBinding.user_id).where(ProviderBinding.issuer == provider.issuer)
    user = tx.execute(select(User.id, User.email).where(User.email == address, User.id.not_in(taken))).one_or_none()
    return Who(user.id, user.email, claims["sub"]) if user else None


def _by_identifier(tx: Transaction, keyring: Keyring, read: Identifier, claims: Claims) -> Who | None:
    """The account of the number. Nothing is bound: whoever has the number is the person, each time anew."""
    said = read.read(claims)
    found = identifiers.opened(tx, keyring, country=said[0], identifier=said[1]) if said else None
    return Who(found.user.id, found.user.email, None, found.identifier_id) if found else None


def _nobody() -> Denied:
    return Denied("nobody_known", "Nobody has given this person access here.")


def _sign_in(
    tx: Transaction, keyring: Keyring, provider: Provider, claims: Claims, who: Who, request: pb.FinishWithProviderRequest
) -> Finished | Failure:
    """A session, where the provider has seen two factors; else the attempt that goes on with ours (ACC-21)."""
    history.record(tx, "sign_in.start", user_id=who.user_id, subject=who.user_id, provider=provider.name)
    if provider.two_factors(claims):
        if who.binds:
            bindings.keep(tx, who.user_id, issuer=provider.issuer, subject=who.binds)
        session = sessions.open_session(tx, who.user_id, user_agent=request.user_agent, password=False, identifier_id=who.identifier_id)
        return Finished(who.user_id, session=session)
    begun = sign_in.begin(tx, keyring, who.user_id, who.email)
    if isinstance(begun, Failure):
        return begun
    goes_on = {"attempt_id": begun.attempt_id, "user_id": who.user_id, "subject": who.binds, "identifier_id": who.identifier_id}
    tx.execute(update(ProviderSignIn).where(ProviderSignIn.state == tokens.digest(request.state)).values(goes_on))
    return Finished(who.user_id, begun=begun)
