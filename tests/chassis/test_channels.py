"""A call means the same in one process and over the network: who asks, what fails, what streams, when it ends."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from kontor.access.v1.access_pb2 import PERMISSION_DOCUMENT_READ, PERMISSION_DOCUMENT_WRITE
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc
from kontor.notify.v1 import notify_pb2, notify_pb2_grpc

from chassis import caller, telemetry
from chassis.caller import Caller
from chassis.config import Process
from chassis.db import Database
from chassis.errors import Conflict, Denied, Internal, Invalid, TimedOut, Unauthenticated, Unavailable
from chassis.peers import PeerChannel, connect, deadline
from chassis.testing import at_once, person
from tests.chassis.certificates import certificates
from tests.chassis.files import Files, Keys, in_process, new_files, over_network, over_tls
from tests.servers.program import free_ports

FOLDER = "0190a0a0-0000-7000-8000-00000000000a"
INGRID = person(PERMISSION_DOCUMENT_READ, PERMISSION_DOCUMENT_WRITE, name="Ingrid")


@dataclass
class Wired:
    """A servicer and what reaches it."""

    files: Files
    channel: PeerChannel
    keys: Keys

    @property
    def stub(self) -> documents_pb2_grpc.DocumentsStub:
        """The generated stub on the channel."""
        return documents_pb2_grpc.DocumentsStub(self.channel)


@pytest.fixture(params=[in_process, over_network, over_tls])
def wired(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Wired]:
    files, keys = new_files(), Keys.make(tmp_path)
    with request.param(files, keys) as channel:
        yield Wired(files, channel, keys)


def asking(name: str) -> documents_pb2.CheckNamesRequest:
    return documents_pb2.CheckNamesRequest(folder_id=FOLDER, period=5, year=2026, names=[name])


def uploading(name: str, *pieces: bytes) -> Iterator[documents_pb2.UploadRequest]:
    yield documents_pb2.UploadRequest(start=documents_pb2.UploadStart(folder_id=FOLDER, name=name, period=5, year=2026))
    for piece in pieces:
        yield documents_pb2.UploadRequest(chunk=piece)


def test_a_call_carries_the_caller_the_request_and_the_trace(wired: Wired) -> None:
    with wired.keys.acting(INGRID), telemetry.request("r-1"):
        answer = wired.stub.CheckNames(asking("May.pdf"))
    assert answer.existing[0].name == "May.pdf"
    assert wired.files.asked[0][:2] == ("Ingrid", "r-1")


def test_a_failure_arrives_as_it_was_raised(wired: Wired) -> None:
    refused = Conflict("document_exists", "It is there.", fields={"names": "taken"}, facts={"name": "Låta.pdf"})

    def refuse() -> None:
        raise refused

    wired.files.tricks["x"] = refuse
    with wired.keys.acting(INGRID), telemetry.request("r-2"), pytest.raises(Conflict) as raised:
        wired.stub.CheckNames(asking("x"))
    arrived = raised.value
    assert (arrived.reason, arrived.message, arrived.fields) == (refused.reason, refused.message, refused.fields)
    assert arrived.facts == {"name": "Låta.pdf", "request_id": "r-2"}


def test_a_defect_says_nothing_of_itself(wired: Wired) -> None:
    """P28."""

    def fail() -> None:
        raise ZeroDivisionError("canary-4711")

    wired.files.tricks["x"] = fail
    with wired.keys.acting(INGRID), pytest.raises(Internal) as raised:
        wired.stub.CheckNames(asking("x"))
    chain = [str(error) + repr(vars(error)) for error in (raised.value, raised.value.__cause__) if error]
    assert "canary-4711" not in " ".join(chain)


def test_who_may_not_does_not_get_through(wired: Wired) -> None:
    """P10."""
    with pytest.raises(Unauthenticated):
        wired.stub.CheckNames(asking("x"))
    with wired.keys.acting(person(PERMISSION_DOCUMENT_READ)), pytest.raises(Denied, match="role"):
        wired.stub.CheckNames(asking("x"))
    assert wired.files.asked == []


def test_every_message_is_held_to_the_contract_also_in_the_middle_of_a_stream(wired: Wired) -> None:
    with wired.keys.acting(INGRID):
        with pytest.raises(Invalid) as raised:
            wired.stub.CheckNames(documents_pb2.CheckNamesRequest(folder_id="no", period=13, year=2026, names=["x"]))
        assert set(raised.value.fields) == {"folder_id", "period"}
        with pytest.raises(Invalid) as raised:
            wired.stub.Upload(uploading("a.pdf", b"fine", b"x" * 262145))
        assert set(raised.value.fields) == {"chunk"}


def test_an_id_has_one_spelling_whoever_wrote_it(wired: Wired) -> None:
    """BEY-09: in a message, in a part of one, in a stream; written down in capitals, nobody would find it in the trail."""
    with wired.keys.acting(INGRID):
        wired.stub.CheckNames(documents_pb2.CheckNamesRequest(folder_id=FOLDER.upper(), period=5, year=2026, names=["MAY.PDF"]))
        start = documents_pb2.UploadStart(folder_id=FOLDER.upper(), name="A.PDF", period=5, year=2026)
        wired.stub.Upload(iter([documents_pb2.UploadRequest(start=start)]))
        wired.stub.BatchGetDocuments(documents_pb2.BatchGetDocumentsRequest(document_ids=[FOLDER.upper(), FOLDER]))
        changed = documents_pb2.DocumentRevision(document_id=FOLDER.upper(), revision=1)
        wired.stub.UpdateDocuments(documents_pb2.UpdateDocumentsRequest(documents=[changed], year=2026))
    assert wired.files.named == [FOLDER, "MAY.PDF", FOLDER, "A.PDF", FOLDER, FOLDER, FOLDER]


def test_files_stream_both_ways(wired: Wired) -> None:
    content = bytes(range(256)) * 4
    with wired.keys.acting(INGRID):
        stored = wired.stub.Upload(uploading("a.pdf", content[:1000], content[1000:]))
        assert (stored.size, stored.uploaded_by) == (len(content), "Ingrid")
        pieces = list(wired.stub.Download(documents_pb2.DownloadRequest(document_id=FOLDER)))
    assert pieces[0].head.name == "Ingrid"
    assert b"".join(piece.chunk for piece in pieces) == content


def test_a_stream_that_fails_says_so_where_it_fails(wired: Wired) -> None:
    with wired.keys.acting(INGRID):
        with pytest.raises(Conflict) as raised:
            wired.stub.Upload(uploading("exists", b"a", b"b"))
        assert raised.value.facts["name"] == "exists"
        wired.files.content = b"x" * 30
        pieces = wired.stub.Download(documents_pb2.DownloadRequest(document_id=FOLDER[:-1] + "f"))
        assert next(pieces).HasField("head")
        assert next(pieces).chunk == b"x" * 10
        with pytest.raises(Conflict, match="Nobody"):
            next(pieces)


def test_a_stream_may_be_read_by_other_threads_and_changes_nobody_elses_caller(wired: Wired) -> None:
    wired.files.content = b"x" * 30
    with wired.keys.acting(INGRID):
        pieces = wired.stub.Download(documents_pb2.DownloadRequest(document_id=FOLDER))
    seen: list[Caller] = []

    def read() -> None:
        next(pieces)
        seen.append(caller.current())

    for _ in range(3):
        assert at_once([read]) == [None]
    assert seen == [caller.NOBODY] * 3


def test_a_reader_that_leaves_ends_the_stream(wired: Wired) -> None:
    wired.files.content = b"x" * 1_000_000
    with wired.keys.acting(INGRID):
        pieces = wired.stub.Download(documents_pb2.DownloadRequest(document_id=FOLDER))
        next(pieces)
    del pieces
    assert wired.files.left.wait(timeout=60)


def test_a_call_past_its_deadline_has_failed(wired: Wired) -> None:
    """P23."""
    never = threading.Event()
    wired.files.tricks["slow"] = lambda: never.wait(0.4)
    with wired.keys.acting(INGRID), pytest.raises(TimedOut):
        wired.stub.CheckNames(asking("slow"), timeout=0.2)
    with wired.keys.acting(INGRID), deadline(0.01), pytest.raises(TimedOut):
        wired.stub.CheckNames(asking("slow"))


def test_a_callees_own_calls_end_with_its_deadline(wired: Wired) -> None:
    """P23."""
    never, ended = threading.Event(), threading.Event()

    def outer() -> None:
        try:
            wired.stub.CheckNames(asking("slow"), timeout=90)
        except TimedOut:
            ended.set()
            raise

    wired.files.tricks |= {"outer": outer, "slow": lambda: never.wait(1)}
    with wired.keys.acting(INGRID), pytest.raises(TimedOut):
        wired.stub.CheckNames(asking("outer"), timeout=0.3)
    assert ended.wait(timeout=60)


def test_what_nobody_serves_is_a_defect_of_ours(wired: Wired) -> None:
    with wired.keys.acting(INGRID), pytest.raises(Internal):
        notify_pb2_grpc.LettersStub(wired.channel).SendNow(notify_pb2.SendNowRequest())


def test_no_call_is_made_inside_a_transaction(wired: Wired, new_database: Callable[[str], str]) -> None:
    database = Database(new_database("calls"), service="calls")
    with wired.keys.acting(INGRID), database.transaction():
        with pytest.raises(RuntimeError, match="inside a transaction"):
            wired.stub.CheckNames(asking("x"))
        with pytest.raises(RuntimeError, match="inside a transaction"):
            list(wired.stub.Download(documents_pb2.DownloadRequest(document_id=FOLDER)))
    assert wired.files.asked == []
    database.close()


def test_nobody_there_is_unavailable_and_names_no_address() -> None:
    (port,) = free_ports(1)
    with connect(f"127.0.0.1:{port}", Process()) as channel, pytest.raises(Unavailable) as raised:
        documents_pb2_grpc.DocumentsStub(PeerChannel("documents", channel)).CheckNames(asking("x"), timeout=3)
    assert "127.0.0.1" not in raised.value.message


def test_a_full_server_refuses_at_once_and_recovers(tmp_path: Path) -> None:
    """P27."""
    files, keys, go, refused = new_files(), Keys.make(tmp_path), threading.Event(), threading.Event()
    files.tricks["hold"] = lambda: go.wait(60)

    def ask() -> None:
        with keys.acting(INGRID):
            try:
                stub.CheckNames(asking("hold"), timeout=30)
            except Unavailable:
                refused.set()

    with over_network(files, keys, Process(listen="localhost:0", threads=1)) as channel:
        stub = documents_pb2_grpc.DocumentsStub(channel)
        threads = [threading.Thread(target=ask) for _ in range(20)]
        for thread in threads:
            thread.start()
        assert refused.wait(timeout=60)
        go.set()
        for thread in threads:
            thread.join()
        with keys.acting(INGRID):
            assert stub.CheckNames(asking("x")).existing[0].name == "x"


def test_with_certificates_only_those_who_show_one_get_in(tmp_path: Path) -> None:
    held = certificates(tmp_path)
    files, keys, (port,) = new_files(), Keys.make(tmp_path), free_ports(1)
    strangers = [
        grpc.insecure_channel(f"localhost:{port}"),
        grpc.secure_channel(f"localhost:{port}", grpc.ssl_channel_credentials(held.authority.read_bytes())),
    ]
    with over_network(files, keys, held.process(f"localhost:{port}")) as channel, keys.acting(INGRID):
        assert documents_pb2_grpc.DocumentsStub(channel).CheckNames(asking("x")).existing[0].name == "x"
        for stranger in strangers:
            with stranger, pytest.raises(Unavailable):
                documents_pb2_grpc.DocumentsStub(PeerChannel("documents", stranger)).CheckNames(asking("x"), timeout=3)
    assert len(files.asked) == 1
