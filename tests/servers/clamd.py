"""ClamAV's scanner for tests: the one in KONTOR_TEST_CLAMD_URL (tcp://host:port), or one started here that knows a single signature."""

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.servers.missing import could_not_test, program
from tests.servers.program import Program, free_ports
from tests.servers.sharing import Shared

# The marker that every scanner takes for malware, in two parts: in one it would set off the scanners that look at this repository.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + b"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"

LIMITS = """
StreamMaxLength 100M
MaxFileSize 100M
MaxScanSize 400M
MaxThreads 4
AlertEncrypted yes
AlertExceedsMax yes
"""


@dataclass(frozen=True)
class Address:
    """Where a scanner listens."""

    host: str
    port: int


@pytest.fixture(scope="session")
def clamd_address(shared_servers: Shared) -> Address:
    """The session's scanner. It answers ``stream: Eicar-Test… FOUND`` for `EICAR`."""
    return address(os.environ.get("KONTOR_TEST_CLAMD_URL") or shared_servers.url("clamd", clamd))


@pytest.fixture
def own_clamd(shared_servers: Shared) -> Iterator[Program]:
    """A scanner of the test's own, to stop, kill or freeze."""
    scanner = clamd(shared_servers.directory("clamd"))
    scanner.start()
    yield scanner
    scanner.kill()


def address(url: str) -> Address:
    """The address in a URL like tcp://127.0.0.1:3310."""
    parts = urlsplit(url)
    return Address(parts.hostname or "127.0.0.1", parts.port or 3310)


def clamd(directory: Path, *, limits: str = LIMITS) -> Program:
    """A new scanner on a free port, with no signature but EICAR's and nothing to download."""
    scanner = program("clamd", package="clamav-daemon")
    if scanner is None:
        could_not_test("virus scanning: no KONTOR_TEST_CLAMD_URL, and no clamd to start")
    (port,) = free_ports(1)
    signatures = directory / "signatures"
    signatures.mkdir()
    (signatures / "eicar.ndb").write_text(f"Eicar-Test:0:*:{EICAR.hex()}\n")
    configuration = directory / "clamd.conf"
    configuration.write_text(
        f"DatabaseDirectory {signatures}\nTemporaryDirectory {directory}\nTCPAddr 127.0.0.1\nTCPSocket {port}\nForeground yes\n{limits}"
    )
    return Program(
        name="clamd",
        url=f"tcp://127.0.0.1:{port}",
        command=[scanner, "--config-file", str(configuration)],
        directory=directory,
        answers=partial(_answers, port),
    )


def _answers(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        connection.sendall(b"zPING\0")
        return connection.recv(16) == b"PONG\0"
