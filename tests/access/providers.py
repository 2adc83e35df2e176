"""Who may do what about providers: signing in through one is for anyone, what is bound to an account is its owner's."""

from kontor.identity.v1 import providers_pb2 as p

from tests.access.who import EVERYBODY, NOBODY, NOWHERE, SIGNED_IN, TOKEN, Table

PROVIDERS: Table = {
    "kontor.identity.v1.Providers.ListProviders": (EVERYBODY, lambda _: p.ListProvidersRequest()),
    # With a provider that there is not: whom those let in that there are, tests/identity/test_providers.py proves.
    "kontor.identity.v1.Providers.StartWithProvider": (NOBODY, lambda _: p.StartWithProviderRequest(provider="none")),
    "kontor.identity.v1.Providers.FinishWithProvider": (
        NOBODY,
        lambda _: p.FinishWithProviderRequest(provider="none", state=TOKEN, browser=TOKEN, code="x"),
    ),
    "kontor.identity.v1.Providers.ListProviderBindings": (SIGNED_IN, lambda _: p.ListProviderBindingsRequest()),
    # A binding of nobody's: that one's own is found, and no other, the same file proves.
    "kontor.identity.v1.Providers.RemoveProviderBinding": (NOBODY, lambda _: p.RemoveProviderBindingRequest(binding_id=NOWHERE)),
}
