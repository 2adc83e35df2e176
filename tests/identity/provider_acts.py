"""Changes of an account that another provider's sign-in causes, each by itself: what happened before it has been forgotten."""

from kontor.identity.v1 import providers_pb2
from kontor.identity.v1.providers_pb2_grpc import ProvidersStub

from services.identity.actions import bindings
from tests.identity.device_acts import quiet
from tests.identity.world import Somebody, World


def bound(world: World, kari: Somebody, _: Somebody) -> None:
    """An account at a provider opens this one from now on."""
    database, user_id = world.service.service.database, world.caller(kari).user_id
    assert database is not None
    with database.transaction() as tx:
        bindings.keep(tx, user_id, issuer="https://id.example.no", subject="1234")


def unbound(world: World, kari: Somebody, berit: Somebody) -> None:
    """Its owner takes that back."""
    bound(world, kari, berit)
    quiet(world)
    ((binding,),) = world.sql("select id from provider_bindings")
    asked = providers_pb2.RemoveProviderBindingRequest(binding_id=str(binding))
    ProvidersStub(world.channel(world.caller(kari))).RemoveProviderBinding(asked)
