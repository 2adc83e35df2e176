"""Answers leave at once, also on a connection that is kept."""

import socket
from contextlib import closing

from services.gateway.front.server import _bind


def test_an_accepted_connection_does_not_wait_for_acknowledgements() -> None:
    """T1: with Nagle's algorithm on, every answer but the first took 40 ms longer; accepted connections inherit that it is off."""
    with closing(_bind("127.0.0.1:0")) as listening, closing(socket.create_connection(listening.getsockname())):
        accepted, _ = listening.accept()
        with closing(accepted):
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
