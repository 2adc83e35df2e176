"""A channel makes a call again that only reads and got no answer; a write it never does, for nobody knows whether it was done."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

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


class Notify(notify_pb2_grpc.LettersServicer, notify_pb2_grpc.CodesServicer):
    """Counts who comes, and takes no letter."""

    def __init__(self, *, answers: bool) -> None:
        self.reached, self.answers = 0, answers

    def SendNow(self, request: notify_pb2.SendNowRequest, context: grpc.ServicerContext) -> notify_pb2.SendNowResponse:
        """A write: it has no route, and says nothing of being repeatable."""
        return self._refuse(context)

    def GetSmsState(self, request: notify_pb2.GetSmsStateRequest, context: grpc.ServicerContext) -> notify_pb2.GetSmsStateResponse:
        """A read, as the contract says."""
        return self._refuse(context)

    def _refuse(self, context: grpc.ServicerContext) -> NoReturn:
        self.reached += 1
        if self.answers:
            raise Unavailable("mail_unavailable", "The mail server does not answer.")
        # What a channel makes of a connection that was cut, and a balancer that has nobody to pass a call on to.
        context.abort(grpc.StatusCode.UNAVAILABLE, "connection reset")


@contextmanager
def asking(notify: Notify) -> Iterator[PeerChannel]:
    """Identity, speaking to notify over a connection."""
    private, public = new_keys("identity")
    rpcs = [Rpc(notify, notify_pb2_grpc.add_LettersServicer_to_server), Rpc(notify, notify_pb2_grpc.add_CodesServicer_to_server)]
    handlers = guarded(rpcs, Verifier(public, audience="notify")) if notify.answers else recorded(rpcs)
    server = NetworkServer(Process(listen="127.0.0.1:0"), handlers)
    server.start()
    connection = connect(f"127.0.0.1:{server.port}", Process())
    try:
        yield PeerChannel("notify", connection).speaking_for(Signer(private, issuer="identity"), "identity")
    finally:
        connection.close()
        server.drain()


def read(channel: PeerChannel) -> object:
    return notify_pb2_grpc.CodesStub(channel).GetSmsState(notify_pb2.GetSmsStateRequest())


def write(channel: PeerChannel) -> object:
    return notify_pb2_grpc.LettersStub(channel).SendNow(LETTER)


@pytest.mark.parametrize(("ask", "times"), [(read, 3), (write, 1)])
def test_of_calls_that_no_service_answered_only_reads_are_made_again(ask: Callable[[PeerChannel], object], times: int) -> None:
    """P23, P26: a write may have been done, and its answer lost: two messages, two SMS."""
    notify = Notify(answers=False)  # type: ignore[abstract]  # what is not asked stays unimplemented
    with asking(notify) as channel, pytest.raises(Unavailable) as lost:
        ask(channel)
    assert (lost.value.reason, notify.reached) == ("unavailable", times)


@pytest.mark.parametrize("ask", [read, write])
def test_what_a_service_answered_that_it_cannot_do_is_not_asked_again(ask: Callable[[PeerChannel], object]) -> None:
    notify = Notify(answers=True)  # type: ignore[abstract]  # as above
    with asking(notify) as channel, pytest.raises(Unavailable) as refused:
        ask(channel)
    assert (refused.value.reason, notify.reached) == ("mail_unavailable", 1)
