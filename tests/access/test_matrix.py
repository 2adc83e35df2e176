"""Every RPC of every service against every kind of caller: nobody gets further than the table says."""

from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message

from chassis.errors import Denied, Failure, Internal, NotFound, Unauthenticated
from demo.session import World
from tests.access.callers import CALLERS, Stage, set_up
from tests.access.table import TABLE
from tests.fleet import Product, together

PROTOS = [f"kontor/{name}/v1/{name}.proto" for name in ("identity", "documents", "messaging", "linking", "notify")]
# An answer that is empty is a refusal for RPCs that leave out what one may not see.
CONTENT = ("documents", "folders", "messages", "counts", "changes", "consultants", "clients")


def every_rpc() -> list[str]:
    """Full names of all RPCs, from the compiled contract."""
    pool = descriptor_pool.Default()
    services = [service for proto in PROTOS for service in pool.FindFileByName(proto).services_by_name.values()]
    return sorted(f"{service.full_name}.{method.name}" for service in services for method in service.methods)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The product with everybody in it."""
    product: Product = together(tmp_path_factory.mktemp("matrix"))
    with product.world() as world:
        yield set_up(product, world)
    product.stop()


def test_the_table_names_every_rpc() -> None:
    """P10: no RPC is outside the matrix, and the matrix names none that does not exist."""
    assert sorted(TABLE) == every_rpc()


@pytest.mark.xdist_group("matrix")
@pytest.mark.parametrize("rpc", sorted(set(TABLE) - {"kontor.identity.v1.Sessions.SignOut"}))
def test_rpc_lets_in_exactly_whom_the_table_says(stage: Stage, rpc: str) -> None:
    """P10, ACC-03, ACC-04, ACC-12, ACC-13, FNK-16: anonymous, other organisation, other folder, reader, administrators and consultants."""
    allowed, request = TABLE[rpc]
    let_in = set()
    for who in CALLERS:
        with stage.acting(who):
            if _let_in(_call(stage.world, rpc, request(stage)), rpc):
                let_in.add(who)
    assert let_in == allowed


@pytest.mark.xdist_group("matrix")
def test_signing_out_needs_a_session(stage: Stage) -> None:
    """P10, ACC-28: nobody can end a session without being in one."""
    allowed, request = TABLE["kontor.identity.v1.Sessions.SignOut"]
    outcome = _call(stage.world, "kontor.identity.v1.Sessions.SignOut", request(stage))
    assert isinstance(outcome, Unauthenticated)
    assert "anonymous" not in allowed


def _call(world: World, rpc: str, request: Any) -> Message | list[Message] | Failure:
    service, _, name = rpc.rpartition(".")
    method = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    channel = world.channel(service.split(".")[1])
    kind = "stream_unary" if method.client_streaming else "unary_stream" if method.server_streaming else "unary_unary"
    reply = message_factory.GetMessageClass(method.output_type)
    call = getattr(channel, kind)(
        f"/{service}/{name}", request_serializer=lambda each: each.SerializeToString(), response_deserializer=reply.FromString
    )
    try:
        answer = call(request)
        return list(answer) if kind == "unary_stream" else answer
    except Failure as failure:
        return failure


def _let_in(outcome: Message | list[Message] | Failure, rpc: str) -> bool:
    assert not isinstance(outcome, Internal), f"{rpc} broke: {outcome.facts}"
    if isinstance(outcome, Unauthenticated) and rpc.startswith(
        ("kontor.identity.v1.Si", "kontor.identity.v1.Sessions", "kontor.identity.v1.Account")
    ):
        # Wrong credentials, code, token or password: past the guard, stopped by the missing secret.
        return outcome.reason != "sign_in_needed"
    if isinstance(outcome, NotFound) and rpc.startswith(("kontor.identity.v1.SignIn", "kontor.identity.v1.Sessions")):
        return True
    if isinstance(outcome, (Denied, NotFound, Unauthenticated)):
        return False
    if isinstance(outcome, (Failure, list)):
        return True
    held = [getattr(outcome, name) for name in CONTENT if name in outcome.DESCRIPTOR.fields_by_name]
    return not held or any(len(each) for each in held)
