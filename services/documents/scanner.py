"""Ask the virus scanner about a file, and believe only what it says exactly."""

import re
import socket
from typing import BinaryIO, Protocol
from urllib.parse import urlsplit

from chassis.errors import Unavailable
from services.documents.inspector import archives
from services.documents.verdict import CLEAN, Verdict, quarantined, unscannable

_CHUNK = 256 * 1024
_REPLY_LIMIT = 4096
# clamd reports these as if they were signatures, when it is told to alert on what it could not look into.
_NOT_LOOKED_INTO = {"Heuristics.Encrypted": "encrypted", "Heuristics.Limits.Exceeded": "too_large"}
# The test file of eicar.org, in two parts so that this source is not itself found by a scanner.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + b"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Scanner(Protocol):
    """Something that knows malware. ``looks_for_malware`` is false for one that only plays the part."""

    looks_for_malware: bool

    def scan(self, file: BinaryIO) -> Verdict:
        """The verdict on a whole file. Raises chassis.errors.Unavailable if there is none: then the file goes on waiting (P13)."""

    def check(self) -> None:
        """Return if the scanner answers; raises chassis.errors.Unavailable."""


class ClamdScanner:
    """clamd over TCP, one connection a file (clamd(8), INSTREAM)."""

    looks_for_malware = True

    def __init__(self, host: str, port: int, *, timeout: float = 120, max_bytes: int = 100 * 1024 * 1024) -> None:
        """``timeout`` in seconds for each answer; ``max_bytes`` is StreamMaxLength in clamd.conf, beyond which it does not look."""
        self._address = (host, port)
        self._timeout = timeout
        self._max_bytes = max_bytes

    def scan(self, file: BinaryIO) -> Verdict:
        size = file.seek(0, 2)
        if size > self._max_bytes:
            return unscannable("too_large")
        file.seek(0)
        return _verdict(self._ask(b"zINSTREAM\0", file))

    def check(self) -> None:
        answer = self._ask(b"zPING\0", None)
        if answer != "PONG":
            raise _no_verdict(f"clamd answered PING with {answer[:100]!r}")

    def _ask(self, command: bytes, file: BinaryIO | None) -> str:
        try:
            with socket.create_connection(self._address, timeout=self._timeout) as connection:
                connection.sendall(command)
                if file is not None:
                    _send(connection, file)
                return _answer(connection)
        except OSError as error:
            raise _no_verdict(f"clamd does not answer ({type(error).__name__})") from error


def _send(connection: socket.socket, file: BinaryIO) -> None:
    try:
        while chunk := file.read(_CHUNK):
            connection.sendall(len(chunk).to_bytes(4, "big") + chunk)
        connection.sendall(bytes(4))
    except (BrokenPipeError, ConnectionResetError):
        # Over its limit clamd answers and hangs up while we still send; the answer is waiting to be read.
        return


def _answer(connection: socket.socket) -> str:
    answer = b""
    while not answer.endswith(b"\0"):
        received = connection.recv(_REPLY_LIMIT)
        if not received or len(answer) > _REPLY_LIMIT:
            raise _no_verdict("clamd hung up before it answered")
        answer += received
    return answer[:-1].decode("utf-8", "replace")


def _verdict(answer: str) -> Verdict:
    """Only the exact words are clean; an answer we do not know is no answer."""
    if answer == "stream: OK":
        return CLEAN
    if "size limit exceeded" in answer and answer.endswith("ERROR"):
        return unscannable("too_large")
    found = re.fullmatch(r"stream: (\S+)( \(deleted\))? FOUND", answer)
    if found is None:
        raise _no_verdict(f"clamd answered {answer[:100]!r}")
    for signature, reason in _NOT_LOOKED_INTO.items():
        if found[1].startswith(signature):
            return unscannable(reason)
    return quarantined("malware")


def _no_verdict(message: str) -> Unavailable:
    return Unavailable("scanner_unavailable", message)


class MarkerScanner:
    """Finds the EICAR test file, also packed, and nothing else: for trying Kontor without clamd. Never say it scans for viruses."""

    looks_for_malware = False

    def scan(self, file: BinaryIO) -> Verdict:
        before = b""
        for chunk in archives.contents(file):
            if EICAR in before + chunk:
                return quarantined("malware")
            before = chunk[1 - len(EICAR) :] if len(chunk) >= len(EICAR) else (before + chunk)[1 - len(EICAR) :]
        return CLEAN

    def check(self) -> None:
        """It is always there."""


def open_scanner(url: str, *, timeout: float, max_bytes: int) -> Scanner:
    """The scanner that a setting names: ``clamd://host:port`` or ``marker``. Raises ValueError for anything else."""
    if url == "marker":
        return MarkerScanner()
    parts = urlsplit(url)
    if parts.scheme != "clamd" or not parts.hostname or parts.path.strip("/"):
        raise ValueError("must be clamd://host:port, or marker")
    return ClamdScanner(parts.hostname, parts.port or 3310, timeout=timeout, max_bytes=max_bytes)
