"""Whatever becomes of the scanner, nobody reads what it has not called clean, and what waits is shared by itself when it is well again."""

import io
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from kontor.access.v1.access_pb2 import SERVICE_AREA_PAYROLL
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1 import previews_pb2, previews_pb2_grpc

from chassis import clock
from chassis.caller import Caller
from chassis.errors import Failure, Unavailable
from services.documents.config import Config
from services.documents.scanner import ClamdScanner
from tests.documents import corpus
from tests.documents.corpus import MEGABYTE
from tests.documents.portal import Portal
from tests.servers.clamd import LIMITS, Address, address, clamd
from tests.servers.program import Program
from tests.servers.sharing import Shared

OK = b"stream: OK\0"
ANSWERS = {
    "ERROR": b"ERROR\0",
    "no memory": b"stream: Can't allocate memory ERROR\0",
    "timed out": b"COMMAND READ TIMED OUT\0",
    "garbage": bytes(range(1, 256)) + b"\0",
    "endless": b"x" * 100_000,
    "another protocol": b"HTTP/1.1 200 OK\r\n\r\n",
    "nearly": b"stream: OK \0",
    "another file": b"instream: OK\0",
    "silence": b"",
    **{f"cut after {length} bytes": OK[:length] for length in range(1, len(OK))},
}


class Impostor:
    """Listens where clamd should, reads what is sent, and answers what it is told to; or passes all on to the real one."""

    def __init__(self, real: Address) -> None:
        self._real, self.answer = real, OK
        self.honest = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(60)
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection, suppress(OSError):
                    sent = _until_end(connection)
                    connection.sendall(self._asked(sent) if self.honest else self.answer)

    def _asked(self, sent: bytes) -> bytes:
        with socket.create_connection((self._real.host, self._real.port), timeout=20) as real:
            real.sendall(sent)
            return real.recv(4096)


def _until_end(connection: socket.socket) -> bytes:
    sent = b""
    while not sent.endswith(bytes(4)) and (received := connection.recv(65536)):
        sent += received
    return sent


@pytest.fixture
def impostor(clamd_address: Address) -> Iterator[Impostor]:
    made = Impostor(clamd_address)
    yield made
    made.close()


@dataclass(frozen=True)
class Client:
    """A company, who uploads there and who works for it."""

    portal: Portal
    folder: str
    member: Caller
    consultant: Caller

    def refusals(self, document_id: str) -> set[int]:
        """The HTTP statuses of every way to read a document, for both; 200 where one was let in."""
        found = set()
        for who in (self.member, self.consultant):
            for read in self._ways(who, document_id):
                try:
                    read()
                    found.add(200)
                except Failure as why:
                    found.add(why.http_status)
        return found

    def _ways(self, who: Caller, document_id: str) -> Iterator[Callable[[], object]]:
        documents = self.portal.documents(who)
        yield lambda: list(documents.Download(pb.DownloadRequest(document_id=document_id)))
        yield lambda: list(documents.Download(pb.DownloadRequest(document_id=document_id, offset=1, length=5)))
        yield lambda: list(documents.Download(pb.DownloadRequest(document_id=document_id, version=1)))
        yield lambda: list(documents.DownloadZip(pb.DownloadZipRequest(document_ids=[document_id])))
        previews = previews_pb2_grpc.PreviewsStub(self.portal.under.channel(who))
        yield lambda: previews.GetPreview(previews_pb2.GetPreviewRequest(document_id=document_id))
        yield lambda: previews.GetPreviewPage(previews_pb2.GetPreviewPageRequest(document_id=document_id, page=1))

    def upload(self, name: str, content: bytes = b"") -> str:
        """A new document's id."""
        return self.portal.upload(self.member, self.folder, name, content).document_id

    def status(self, document_id: str) -> pb.Status.ValueType:
        """As the member sees it."""
        return self.portal.get(self.member, document_id).status


@pytest.fixture
def scanned_at(settings: Config, start_portal: Callable[[Config], Portal]) -> Callable[[str, int], Client]:
    """A client of a firm whose scanner is there."""

    def made(host: str, port: int) -> Client:
        portal = start_portal(replace(settings, scanner=f"clamd://{host}:{port}", scanner_seconds=1, upload_limit_mb=30))
        company = portal.company()
        folder = portal.folder(company)
        return Client(portal, folder, portal.member(company, folder), portal.consultant(company, SERVICE_AREA_PAYROLL))

    return made


def test_no_answer_but_the_exact_one_lets_anybody_read(
    impostor: Impostor, scanned_at: Callable[[str, int], Client], capsys: pytest.CaptureFixture[str]
) -> None:
    """P13: errors, garbage, and the connection cut at each byte of the answer; afterwards all become clean without anybody's doing."""
    client = scanned_at("127.0.0.1", impostor.port)
    waiting, refused = list[str](), set[int]()
    for minutes, (kind, answer) in enumerate(ANSWERS.items()):
        impostor.answer = answer
        waiting.append(client.upload(f"{kind}.pdf"))
        with clock.moved(timedelta(minutes=20 * minutes)), pytest.raises(Unavailable):
            client.portal.scan()
        assert {client.status(each) for each in waiting} == {pb.STATUS_SCANNING}, kind
        refused |= client.refusals(waiting[-1])
    malware = client.upload("notes.txt", corpus.MARKER)
    impostor.honest = True
    with clock.moved(timedelta(days=1)):
        client.portal.under.run_job("scan_waiting")
    published = [each for each in waiting if client.status(each) == pb.STATUS_PUBLISHED]
    with capsys.disabled():
        sys.stdout.write(f"\nP13: {len(waiting)} wrong answers, reads answered {sorted(refused)}, clean afterwards {len(published)}\n")
    assert refused == {404, 409}
    assert published == waiting
    assert client.status(malware) == pb.STATUS_QUARANTINE


def test_a_scanner_that_is_stopped_frozen_or_killed_lets_nobody_read(
    own_clamd: Program, scanned_at: Callable[[str, int], Client]
) -> None:
    """P13."""
    where = address(own_clamd.url)
    client = scanned_at(where.host, where.port)
    waiting = list[str]()
    for hours, (end, begin) in enumerate(
        ((own_clamd.freeze, own_clamd.thaw), (own_clamd.stop, own_clamd.start), (own_clamd.kill, own_clamd.start))
    ):
        end()
        waiting.append(client.upload(f"{hours}.pdf"))
        with clock.moved(timedelta(hours=hours)), pytest.raises(Unavailable):
            client.portal.scan()
        assert client.refusals(waiting[-1]) == {404, 409}
        begin()
        with clock.moved(timedelta(hours=hours, minutes=30)):
            client.portal.under.run_job("scan_waiting")
        assert client.status(waiting[-1]) == pb.STATUS_PUBLISHED


@pytest.mark.parametrize("answer", [b"INSTREAM size limit exceeded. ERROR\0", b"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0"])
def test_a_scanner_that_lies_about_the_size_makes_nothing_clean(
    impostor: Impostor, scanned_at: Callable[[str, int], Client], answer: bytes
) -> None:
    """P13."""
    client = scanned_at("127.0.0.1", impostor.port)
    impostor.answer = answer
    uploaded = client.upload("small.pdf")
    client.portal.scan()
    assert client.status(uploaded) == pb.STATUS_UNSCANNABLE
    assert client.refusals(uploaded) == {404, 409}


def test_a_scanner_that_takes_less_than_we_send_makes_nothing_clean(
    shared_servers: Shared, scanned_at: Callable[[str, int], Client]
) -> None:
    """P13: StreamMaxLength of 1 MB; smaller files are scanned as ever."""
    small = clamd(shared_servers.directory("clamd"), limits=LIMITS.replace("StreamMaxLength 100M", "StreamMaxLength 1M"))
    small.start()
    try:
        where = address(small.url)
        client = scanned_at(where.host, where.port)
        large, little = client.upload("large.pdf", corpus.PDF + bytes(20 * MEGABYTE)), client.upload("little.pdf")
        client.portal.scan()
        assert client.status(large) == pb.STATUS_UNSCANNABLE
        assert client.refusals(large) == {404, 409}
        assert client.status(little) == pb.STATUS_PUBLISHED
    finally:
        small.kill()


@pytest.mark.parametrize(
    ("name", "make", "clamd_alone"),
    [
        ("notes.txt", lambda: corpus.MARKER, False),
        ("all.zip", lambda: corpus.zipped([("a.txt", corpus.MARKER)]), False),
        ("all.zip", lambda: corpus.nested(corpus.MARKER, depth=3), False),
        ("invoice.pdf", corpus.polyglot, False),
        ("photo.png", lambda: corpus.PNG + corpus.zipped([("a.txt", corpus.MARKER)]), False),
        ("all.zip", lambda: corpus.zipped([*((f"{number}.txt", b"harmless") for number in range(200)), ("b.txt", corpus.MARKER)]), False),
        ("all.zip", lambda: corpus.nested(corpus.MARKER, depth=4), False),
        ("all.zip", corpus.encrypted_zip, False),
        ("all.zip", corpus.hidden_member_zip, False),
        ("all.zip", lambda: corpus.far_zip(2**63), False),
        ("all.zip", lambda: corpus.bomb(200 * MEGABYTE), True),
        ("all.zip", lambda: corpus.quiet_bomb(101 * MEGABYTE), True),
        ("all.zip", lambda: corpus.zipped([("a.txt", bytes(101 * MEGABYTE) + corpus.MARKER)]), True),
        ("all.zip", lambda: corpus.zipped([("zeros.zip", corpus.bomb(101 * MEGABYTE))]), True),
        ("letter.odt", lambda: corpus.odt(encrypted=True), True),
        ("letter.docx", corpus.encrypted_office, True),
    ],
)
def test_malware_and_what_cannot_be_seen_whole_is_never_clean_also_where_clamd_alone_says_so(
    clamd_address: Address, scanned_at: Callable[[str, int], Client], name: str, make: Callable[[], bytes], clamd_alone: bool
) -> None:
    """P14: `clamd_alone` are files that clamd calls OK, for it does not open what is over its limits or has a password of its own kind."""
    content = make()
    client = scanned_at(clamd_address.host, clamd_address.port)
    alone = ClamdScanner(clamd_address.host, clamd_address.port).scan(io.BytesIO(content))
    assert (alone.outcome == "clean") is clamd_alone
    uploaded = client.upload(name, content)
    client.portal.scan()
    assert client.status(uploaded) in {pb.STATUS_QUARANTINE, pb.STATUS_UNSCANNABLE}
    assert client.refusals(uploaded) == {404, 409}
