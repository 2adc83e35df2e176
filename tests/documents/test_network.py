"""Over a real connection: who goes away in the middle leaves nothing, and who is refused learns why."""

import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1 import documents_pb2_grpc as rpcs

from chassis.caller import Caller, Signer, Verifier, acting, new_keys
from chassis.config import Process
from chassis.errors import Invalid
from chassis.peers import PeerChannel, connect
from chassis.rpc import NetworkServer, guarded
from services.documents.config import Config
from tests.documents.portal import Portal, new_pdf, stored_files
from tests.waiting import eventually

PIECE = 64 * 1024


class Line:
    """A connection to a served service, and who speaks on it."""

    def __init__(self, port: int, signer: Signer) -> None:
        self._channel = connect(f"127.0.0.1:{port}", Process())
        self._signer = signer
        self.stub = rpcs.DocumentsStub(PeerChannel("documents", self._channel))
        self.raw = rpcs.DocumentsStub(self._channel)

    def token(self, who: Caller) -> str:
        return self._signer.sign(who, audience=["documents"])

    def shows(self, who: Caller) -> tuple[tuple[str, str], ...]:
        return (("kontor-assertion", self.token(who)),)

    def close(self) -> None:
        self._channel.close()


@pytest.fixture
def line(portal: Portal, settings: Config) -> Iterator[Line]:
    """The same service, served on a port of its own."""
    private, public = new_keys("identity")
    process = Process(listen="127.0.0.1:0")
    server = NetworkServer(process, guarded(portal.under.service.rpcs, Verifier(public, audience="documents")))
    server.start()
    opened = Line(server.port, Signer(private, issuer="identity"))
    yield opened
    opened.close()
    server.drain()


def upload(folder: str, chunks: Iterator[bytes], *, size: int = 0) -> Iterator[pb.UploadRequest]:
    yield pb.UploadRequest(start=pb.UploadStart(folder_id=folder, name="may.pdf", period=5, year=2026, size=size))
    for chunk in chunks:
        yield pb.UploadRequest(chunk=chunk)


def test_a_file_goes_up_and_comes_down_over_the_network(portal: Portal, line: Line) -> None:
    """ACC-33, ACC-54."""
    company = portal.company()
    folder = portal.folder(company)
    member, content = portal.member(company, folder), new_pdf() + bytes(500_000)
    with acting(member, {"*": line.token(member)}):
        document = line.stub.Upload(upload(folder, (content[place : place + PIECE] for place in range(0, len(content), PIECE))))
        portal.scan()
        parts = line.stub.Download(pb.DownloadRequest(document_id=document.document_id))
        assert b"".join(part.chunk for part in parts) == content


def test_a_file_over_the_limit_is_refused_with_its_reason_while_it_is_sent(portal: Portal, line: Line, tmp_path: Path) -> None:
    """The limit is in the settings."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    with acting(member, {"*": line.token(member)}), pytest.raises(Invalid) as refused:
        line.stub.Upload(upload(folder, (bytes(PIECE) for _ in range(1000))))
    assert (refused.value.reason, refused.value.facts["limit_mb"]) == ("file_too_large", "1")
    assert stored_files(tmp_path) == []


@pytest.mark.parametrize("size", [0, 900_000])
def test_a_sender_who_hangs_up_leaves_nothing(portal: Portal, line: Line, tmp_path: Path, size: int) -> None:
    """P12: whether its size was told or not; grpc may end the stream as if the file were whole before it says that it broke off."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    for _ in range(20):
        gone = threading.Event()
        call = line.raw.Upload.future(upload(folder, stalled(gone), size=size), metadata=line.shows(member))
        eventually(lambda: stored_files(tmp_path))
        call.cancel()
        gone.set()
        eventually(lambda: not stored_files(tmp_path))
    assert portal.listed(member, company) == []


def stalled(gone: threading.Event) -> Iterator[bytes]:
    """The beginning of a file; its end does not come before the sender is gone."""
    yield new_pdf()
    gone.wait(30)


@pytest.mark.parametrize("told", [1, 2_000, 900_000])
def test_a_file_of_another_size_than_was_told_is_refused_and_leaves_nothing(
    portal: Portal, line: Line, tmp_path: Path, told: int
) -> None:
    """P12."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    with acting(member, {"*": line.token(member)}), pytest.raises(Invalid) as refused:
        line.stub.Upload(upload(folder, iter([new_pdf(), bytes(1000)]), size=told))
    assert refused.value.reason == "file_incomplete"
    assert stored_files(tmp_path) == []
    assert portal.listed(member, company) == []


def test_a_receiver_who_hangs_up_does_not_hold_the_server(portal: Portal, line: Line) -> None:
    """P23: more of them than there are threads."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    document = portal.publish(member, folder, content=new_pdf() + bytes(900_000))
    for _ in range(20):
        parts = line.raw.Download(pb.DownloadRequest(document_id=document.document_id), metadata=line.shows(member))
        assert next(parts).head.size == document.size
        parts.cancel()
    with acting(member, {"*": line.token(member)}):
        assert sum(len(part.chunk) for part in line.stub.Download(pb.DownloadRequest(document_id=document.document_id))) == document.size


def test_nobody_is_let_in_without_an_assertion(line: Line) -> None:
    """P10."""
    with pytest.raises(grpc.RpcError) as refused:
        list(line.raw.Download(pb.DownloadRequest(document_id="01999999-0000-7000-8000-000000000000")))
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
