"""Files go up and down at the pace of the other side's line; nobody else waits for that."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import pytest
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1 import documents_pb2_grpc as rpcs

from chassis.config import Process
from chassis.peers import connect
from chassis.rpc import NetworkServer, recorded
from chassis.service import Rpc

THREADS = 2
PIECE = bytes(256 * 1024)


class Documents(rpcs.DocumentsServicer):
    """Has one endless file, and takes every other."""

    def Download(self, request: pb.DownloadRequest, context: grpc.ServicerContext) -> Iterator[pb.DownloadResponse]:
        while context.is_active():
            yield pb.DownloadResponse(chunk=PIECE)

    def Upload(self, requests: Iterator[pb.UploadRequest], context: grpc.ServicerContext) -> pb.Document:
        return pb.Document(size=sum(len(each.chunk) for each in requests))

    def GetDocument(self, request: pb.GetDocumentRequest, context: grpc.ServicerContext) -> pb.Document:
        return pb.Document(document_id=request.document_id)


@pytest.fixture
def documents() -> Iterator[rpcs.DocumentsStub]:
    """Over a connection, to a server of few threads."""
    servicer = Documents()  # type: ignore[abstract]  # the others are not asked
    handlers = recorded([Rpc(servicer, rpcs.add_DocumentsServicer_to_server)])
    server = NetworkServer(Process(listen="127.0.0.1:0", threads=THREADS, drain_seconds=0), handlers)
    server.start()
    channel = connect(f"127.0.0.1:{server.port}", Process())
    yield rpcs.DocumentsStub(channel)
    channel.close()
    server.drain()


@contextmanager
def slow_readers(documents: rpcs.DocumentsStub, number: int) -> Iterator[None]:
    """Each has the first piece of the file, and takes no other."""
    readers = [documents.Download(pb.DownloadRequest()) for _ in range(number)]
    for reader in readers:
        next(reader)
    yield
    for reader in readers:
        reader.cancel()


@contextmanager
def slow_senders(documents: rpcs.DocumentsStub, number: int) -> Iterator[None]:
    """Each has sent the first piece of a file, and sends no other."""
    begun, go_on = threading.Semaphore(0), threading.Event()

    def pieces() -> Iterator[pb.UploadRequest]:
        yield pb.UploadRequest(chunk=PIECE)
        begun.release()
        go_on.wait(timeout=60)

    sending = [documents.Upload.future(pieces()) for _ in range(number)]
    for _ in sending:
        assert begun.acquire(timeout=60)
    yield
    go_on.set()
    assert [each.result(timeout=60).size for each in sending] == [len(PIECE)] * number


@pytest.mark.parametrize("slow", [slow_readers, slow_senders])
def test_slow_lines_hold_up_no_other_call(documents: rpcs.DocumentsStub, slow: object) -> None:
    """P27: more of them than the server has threads for calls."""
    with slow(documents, 2 * THREADS):  # type: ignore[operator]
        assert documents.GetDocument(pb.GetDocumentRequest(document_id="d-1"), timeout=5).document_id == "d-1"


def test_slow_readers_do_not_hold_up_an_upload(documents: rpcs.DocumentsStub) -> None:
    with slow_readers(documents, 4 * THREADS):
        assert documents.Upload(iter([pb.UploadRequest(chunk=PIECE)]), timeout=5).size == len(PIECE)
