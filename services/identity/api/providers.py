"""Answers the Providers RPCs."""

from urllib.parse import urlsplit

import grpc
from kontor.identity.v1 import providers_pb2 as pb
from kontor.identity.v1 import providers_pb2_grpc
from sqlalchemy import select

from chassis import caller, rpc
from chassis.db import Database
from services.identity.actions import bindings, providers, sessions
from services.identity.actions.providers import Clients
from services.identity.api import messages, methods
from services.identity.provider_rows import ProviderBinding
from services.identity.telephone import Telephone

_mine = select(
    ProviderBinding.id, ProviderBinding.issuer, ProviderBinding.bound_at, ProviderBinding.used_at
).order_by(ProviderBinding.id.desc())  # fmt: skip


class Providers(providers_pb2_grpc.ProvidersServicer):
    """Signing in through providers, and what is bound to one's own account."""

    def __init__(self, database: Database, telephone: Telephone, clients: Clients) -> None:
        self._database, self._telephone, self._clients = database, telephone, clients

    def ListProviders(self, request: pb.ListProvidersRequest, _: grpc.ServicerContext) -> pb.ListProvidersResponse:
        """From the settings."""
        known = [each.provider for each in self._clients.values()]
        return pb.ListProvidersResponse(providers=[pb.Provider(name=each.name, label=each.label(request.language)) for each in known])

    def StartWithProvider(self, request: pb.StartWithProviderRequest, context: grpc.ServicerContext) -> pb.StartWithProviderResponse:
        """Away."""
        away = providers.start(self._database, self._clients, request, address=request.address or rpc.address_of(context))
        return pb.StartWithProviderResponse(url=away.url, browser=away.browser)

    def FinishWithProvider(self, request: pb.FinishWithProviderRequest, _: grpc.ServicerContext) -> pb.FinishWithProviderResponse:
        """And back."""
        done = providers.finish(self._database, self._telephone.keyring, self._clients, request)
        if done.begun:
            return pb.FinishWithProviderResponse(begun=methods.to_begun(done.begun, self._telephone))
        profile = messages.profile(self._database, done.user_id, token=done.session)
        return pb.FinishWithProviderResponse(session=done.session, profile=profile)

    def ListProviderBindings(self, request: pb.ListProviderBindingsRequest, _: grpc.ServicerContext) -> pb.ProviderBindingList:
        """One's own."""
        return self._listed(request.language)

    def RemoveProviderBinding(self, request: pb.RemoveProviderBindingRequest, _: grpc.ServicerContext) -> pb.ProviderBindingList:
        """At once."""
        with self._database.transaction() as tx:
            bindings.remove(tx, caller.current(), request)
        return self._listed(caller.current().language)

    def _listed(self, language: str) -> pb.ProviderBindingList:
        who = caller.current()
        sessions.needed(who)
        labels = {each.provider.issuer: each.provider.label(language) for each in self._clients.values()}
        rows = self._database.read(_mine.where(ProviderBinding.user_id == who.user_id))
        return pb.ProviderBindingList(bindings=[
            pb.ProviderBinding(
                binding_id=row.id, label=labels.get(row.issuer) or urlsplit(row.issuer).hostname or "",
                bound_at=messages.moment(row.bound_at), last_used_at=messages.moment(row.used_at),
            )
            for row in rows
        ])  # fmt: skip
