"""A scanner's word counts only if it is exactly "OK"; everything else keeps a file from people."""

import io
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from chassis.errors import Unavailable
from services.documents.scanner import EICAR, ClamdScanner, MarkerScanner, Scanner
from services.documents.verdict import CLEAN, Verdict, quarantined, unscannable
from tests.documents import corpus
from tests.servers.clamd import LIMITS, Address, address, clamd
from tests.servers.program import Program
from tests.servers.sharing import Shared


def file(content: bytes) -> io.BytesIO:
    return io.BytesIO(content)


@contextmanager
def impostor(answer: bytes, *, read: int = -1) -> Iterator[ClamdScanner]:
    """Something that listens where clamd should, takes ``read`` bytes (all for -1) and then says ``answer`` and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, answer, read), daemon=True)
        thread.start()
        yield ClamdScanner("127.0.0.1", listener.getsockname()[1], timeout=5)
        thread.join(60)


def _serve(listener: socket.socket, answer: bytes, read: int) -> None:
    connection, _ = listener.accept()
    with connection:
        taken = b""
        while not (taken.endswith(bytes(4)) if read < 0 else len(taken) >= read):
            received = connection.recv(4096 if read < 0 else read - len(taken))
            if not received:
                break
            taken += received
        connection.sendall(answer)


@pytest.fixture(params=["clamd", "marker"])
def scanner(request: pytest.FixtureRequest) -> Scanner:
    if request.param == "marker":
        return MarkerScanner()
    where: Address = request.getfixturevalue("clamd_address")
    return ClamdScanner(where.host, where.port, timeout=20)


@pytest.mark.parametrize(
    "make",
    [
        lambda: EICAR,
        lambda: b"." * 300_000 + EICAR,
        lambda: corpus.zipped([("a.txt", b"harmless"), ("b.txt", EICAR)]),
        lambda: corpus.nested(EICAR, depth=3),
        lambda: corpus.docx(("word/media/a.txt", EICAR)),
    ],
)
def test_the_marker_is_found_plain_and_packed(scanner: Scanner, make: Callable[[], bytes]) -> None:
    """ACC-57, P14."""
    assert scanner.scan(file(make())) == quarantined("malware")


@pytest.mark.parametrize(
    "make", [lambda: b"", lambda: corpus.PDF, corpus.docx, lambda: corpus.nested(b"harmless", depth=3), lambda: bytes(3_000_000)]
)
def test_a_harmless_file_is_clean(scanner: Scanner, make: Callable[[], bytes]) -> None:
    """ACC-57."""
    assert scanner.scan(file(make())) == CLEAN


def test_a_scanner_that_answers_passes_its_check(scanner: Scanner) -> None:
    """Readiness."""
    scanner.check()


@pytest.mark.parametrize("cut", range(1, len(EICAR), 9))
def test_the_marker_is_found_across_the_pieces_it_is_read_in(cut: int) -> None:
    """P14."""
    assert MarkerScanner().scan(file(b"." * (64 * 1024 - cut) + EICAR)) == quarantined("malware")


def test_only_clamd_claims_to_look_for_malware() -> None:
    """design.md § 3: the portal says "inspected, not virus-scanned"."""
    assert not MarkerScanner.looks_for_malware
    assert ClamdScanner.looks_for_malware


def test_an_encrypted_archive_is_unscannable_for_clamd(clamd_address: Address) -> None:
    """BEY-03."""
    assert ClamdScanner(clamd_address.host, clamd_address.port).scan(file(corpus.encrypted_zip())) == unscannable("encrypted")


def test_a_file_over_our_limit_is_unscannable_without_asking() -> None:
    """BEY-03."""
    assert ClamdScanner("127.0.0.1", 1, max_bytes=10).scan(file(b"x" * 11)) == unscannable("too_large")


def test_a_file_over_clamds_own_limit_is_unscannable(shared_servers: Shared) -> None:
    """P13: clamd hangs up while we still send."""
    small = clamd(shared_servers.directory("clamd"), limits=LIMITS.replace("StreamMaxLength 100M", "StreamMaxLength 1M"))
    small.start()
    try:
        where = address(small.url)
        assert ClamdScanner(where.host, where.port).scan(file(bytes(30_000_000))) == unscannable("too_large")
    finally:
        small.kill()


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (b"stream: OK\0", CLEAN),
        (b"stream: Win.Trojan.Agent-1 FOUND\0", quarantined("malware")),
        (b"stream: Heuristics.Encrypted.Zip FOUND\0", unscannable("encrypted")),
        (b"stream: Heuristics.Limits.Exceeded.MaxRecursion FOUND\0", unscannable("too_large")),
        (b"INSTREAM size limit exceeded. ERROR\0", unscannable("too_large")),
    ],
)
def test_each_answer_of_clamd_has_its_verdict(answer: bytes, verdict: Verdict) -> None:
    """P13, P14."""
    with impostor(answer) as scanner:
        assert scanner.scan(file(b"payroll")) == verdict


@pytest.mark.parametrize(
    "answer",
    [b"", b"\0", b"stream: OK", b"OK\0", b"stream: ok\0", b"stream: OK \0", b"stream: OK FOUND OK\0",
     b"stream: Can't allocate memory ERROR\0",
     b"COMMAND READ TIMED OUT\0", b"HTTP/1.1 200 OK\r\n\r\n", b"\xff\xfe\0", b"x" * 100_000],
)  # fmt: skip
def test_any_other_answer_is_no_verdict(answer: bytes) -> None:
    """P13: garbage, errors, half an answer."""
    with impostor(answer) as scanner, pytest.raises(Unavailable):
        scanner.scan(file(b"payroll"))


@pytest.mark.parametrize("read", [0, 1, 5, 9, 10, 12, 14, 20, 100_000])
def test_a_connection_cut_at_any_byte_is_no_verdict(read: int) -> None:
    """P13."""
    with impostor(b"", read=read) as scanner, pytest.raises(Unavailable):
        scanner.scan(file(b"payroll" * 100_000))


def test_a_silent_scanner_is_given_up_after_its_time() -> None:
    """P23."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        scanner = ClamdScanner("127.0.0.1", listener.getsockname()[1], timeout=0.2)
        with pytest.raises(Unavailable):
            scanner.scan(file(b"payroll"))


def test_a_stopped_or_frozen_scanner_is_no_verdict_and_works_again_when_it_is_back(own_clamd: Program) -> None:
    """P13."""
    where = address(own_clamd.url)
    scanner = ClamdScanner(where.host, where.port, timeout=1)
    own_clamd.freeze()
    with pytest.raises(Unavailable):
        scanner.scan(file(corpus.PDF))
    own_clamd.thaw()
    assert scanner.scan(file(corpus.PDF)) == CLEAN
    own_clamd.kill()
    for ask in (scanner.check, lambda: scanner.scan(file(corpus.PDF))):
        with pytest.raises(Unavailable):
            ask()
    own_clamd.start()
    assert scanner.scan(file(corpus.PDF)) == CLEAN
