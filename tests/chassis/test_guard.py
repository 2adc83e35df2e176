"""What stands before every RPC: its declaration is kept to, by whom it lets in and what it demands of them."""

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, empty_pb2
from kontor.access.v1 import access_pb2

from chassis import caller
from chassis.caller import Caller, Signer, Verifier
from chassis.errors import Denied
from chassis.local import LocalServer
from chassis.peers import PeerChannel
from chassis.rpc import guarded
from chassis.service import Rpc
from chassis.testing import person

SERVICE, USE = "kontor.trial.v1.Trial", access_pb2.PERMISSION_SESSION_USE
DECLARED = {
    "Usual": access_pb2.Access(permission=USE),
    "Unfinished": access_pb2.Access(permission=USE, beta=True),
    "Harmful": access_pb2.Access(permission=USE, step_up=True),
}


class Trial:
    """Answers everything it is let to."""

    def answer(self, _: empty_pb2.Empty, __: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()


def _add(servicer: Trial, server: grpc.Server) -> None:
    handler = grpc.unary_unary_rpc_method_handler(servicer.answer, empty_pb2.Empty.FromString, empty_pb2.Empty.SerializeToString)
    server.add_registered_method_handlers(SERVICE, dict.fromkeys(DECLARED, handler))


@pytest.fixture(scope="module", autouse=True)
def _contract() -> None:
    """A contract that no service has: an RPC for each kind of declaration."""
    file = descriptor_pb2.FileDescriptorProto(name="kontor/trial/v1/trial.proto", package="kontor.trial.v1", syntax="proto3")
    file.dependency.extend(["google/protobuf/empty.proto", "kontor/access/v1/access.proto"])
    service = file.service.add(name="Trial")
    for name, access in DECLARED.items():
        method = service.method.add(name=name, input_type=".google.protobuf.Empty", output_type=".google.protobuf.Empty")
        method.options.Extensions[access_pb2.access].CopyFrom(access)
    descriptor_pool.Default().AddSerializedFile(file.SerializeToString())


def call(rpc: str, who: Caller) -> None:
    """As this caller, past the guard."""
    private, public = caller.new_keys("identity")
    local = LocalServer()
    local.add(guarded([Rpc(Trial(), _add)], Verifier(public, audience="trial")))
    channel = PeerChannel("trial", local.channel())
    with caller.acting(who, {"trial": Signer(private, issuer="identity").sign(who, audience=["trial"])}):
        channel.unary_unary(
            f"/{SERVICE}/{rpc}", request_serializer=empty_pb2.Empty.SerializeToString, response_deserializer=empty_pb2.Empty.FromString
        )(empty_pb2.Empty())


def test_what_is_not_finished_is_for_those_who_have_switched_it_on_for_themselves() -> None:
    """AMI-24: the server refuses others, whatever their page shows; what is finished asks nobody."""
    call("Unfinished", person(USE, beta=True))
    call("Usual", person(USE))
    with pytest.raises(Denied) as refused:
        call("Unfinished", person(USE))
    assert refused.value.reason == "beta_needed"


def test_the_beta_programme_gives_nobody_a_permission() -> None:
    """AMI-24: it is a switch of one's own and must not open what the role does not."""
    with pytest.raises(Denied) as refused:
        call("Unfinished", person(beta=True))
    assert refused.value.reason == "not_permitted"


def test_what_could_do_harm_demands_a_fresh_second_factor() -> None:
    """NET-05: even inside a live session; an API key never has one."""
    call("Harmful", person(USE))
    for at in (0, person().authenticated_at - 15 * 60 - 1):
        with pytest.raises(Denied) as refused:
            call("Harmful", person(USE, authenticated_at=at))
        assert refused.value.reason == "step_up_needed"
