"""A channel makes a call again that reached nobody; one that a service answered it does not, or writes would repeat."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import pytest
from kontor.notify.v1 import notify_pb2, notify_pb2_grpc

from chassis.caller import Signer, Verifier, new_keys
from chassis.config import Process
from chassis.errors import Unavailable
from chassis.peers import PeerChannel, connect
from chassis.rpc import NetworkServer, guarded, recorded
from chassis.service import Rpc

LETTER = notify_pb2.SendNowRequest(
    letter_id=str(uuid.uuid4()),
    kind=notify_pb2.LETTER_KIND_WELCOME,
    email="kari@bakeri.example.no",
    link="https://portal.example.no/links/x",
)


class Letters(notify_pb2_grpc.LettersServicer):
    """Counts who comes, and takes no letter."""

    def __init__(self, *, answers: bool) -> None:
        self.reached, self.answers = 0, answers

    def SendNow(self, request: notify_pb2.SendNowRequest, context: grpc.ServicerContext) -> notify_pb2.SendNowResponse:
        self.reached += 1
        if self.answers:
            raise Unavailable("mail_unavailable", "The mail server does not answer.")
        # What a channel makes of a refused or cut connection, and a balancer that has nobody to pass a call on to.
        context.abort(grpc.StatusCode.UNAVAILABLE, "connection refused")


@contextmanager
def asking(letters: Letters) -> Iterator[notify_pb2_grpc.LettersStub]:
    """Identity, speaking to notify over a connection."""
    private, public = new_keys("identity")
    rpcs = [Rpc(letters, notify_pb2_grpc.add_LettersServicer_to_server)]
    handlers = guarded(rpcs, Verifier(public, audience="notify")) if letters.answers else recorded(rpcs)
    server = NetworkServer(Process(listen="127.0.0.1:0"), handlers)
    server.start()
    connection = connect(f"127.0.0.1:{server.port}", Process())
    try:
        channel = PeerChannel("notify", connection).speaking_for(Signer(private, issuer="identity"), "identity")
        yield notify_pb2_grpc.LettersStub(channel)
    finally:
        connection.close()
        server.drain()


def test_a_write_that_a_service_could_not_do_reaches_it_once() -> None:
    letters = Letters(answers=True)
    with asking(letters) as stub, pytest.raises(Unavailable) as refused:
        stub.SendNow(LETTER)
    assert (refused.value.reason, letters.reached) == ("mail_unavailable", 1)


def test_a_call_that_no_service_answered_is_made_again() -> None:
    letters = Letters(answers=False)
    with asking(letters) as stub, pytest.raises(Unavailable) as lost:
        stub.SendNow(LETTER)
    assert (lost.value.reason, letters.reached) == ("unavailable", 3)
