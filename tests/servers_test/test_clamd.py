"""A virus scanner can be had for tests, and broken by them."""

import socket
import struct

import pytest

from tests.servers.clamd import EICAR, Address, address
from tests.servers.program import Program


def test_the_scanner_knows_the_marker_and_nothing_else(clamd_address: Address) -> None:
    assert _scan(clamd_address, EICAR).endswith("FOUND")
    assert _scan(clamd_address, b"an invoice") == "stream: OK"


@pytest.mark.xdist_group("faults")
def test_a_stopped_scanner_comes_back(own_clamd: Program) -> None:
    own_clamd.stop()
    with pytest.raises(OSError, match="refused"):
        _scan(address(own_clamd.url), b"an invoice")
    own_clamd.start()
    assert _scan(address(own_clamd.url), b"an invoice") == "stream: OK"


@pytest.mark.xdist_group("faults")
def test_a_frozen_scanner_hangs_and_goes_on(own_clamd: Program) -> None:
    own_clamd.freeze()
    with pytest.raises(TimeoutError):
        _scan(address(own_clamd.url), b"an invoice", seconds=0.5)
    own_clamd.thaw()
    assert _scan(address(own_clamd.url), b"an invoice") == "stream: OK"


def _scan(scanner: Address, content: bytes, *, seconds: float = 20) -> str:
    with socket.create_connection((scanner.host, scanner.port), timeout=seconds) as connection:
        connection.sendall(b"zINSTREAM\0" + struct.pack("!I", len(content)) + content + struct.pack("!I", 0))
        return connection.recv(4096).rstrip(b"\0").decode()
