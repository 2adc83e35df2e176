"""A servicer without a database, to test channels with: it takes files, gives files back, and tells what it was told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from joserfc.jwk import KeySet, OKPKey
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc

from chassis import caller, telemetry
from chassis.caller import Caller, Signer, Verifier
from chassis.config import Process
from chassis.errors import Conflict
from chassis.local import LocalServer
from chassis.peers import PeerChannel, connect
from chassis.rpc import NetworkServer, guarded
from chassis.service import Rpc, Service
from tests.chassis.certificates import certificates

# What CheckNames does for a name.
Tricks = dict[str, Callable[[], object]]


@dataclass
class Files(documents_pb2_grpc.DocumentsServicer):
    """Keeps one file; CheckNames plays the trick of the name it is asked for."""

    tricks: Tricks = field(default_factory=dict)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    content: bytes = b""
    left: threading.Event = field(default_factory=threading.Event)

    def CheckNames(self, request: documents_pb2.CheckNamesRequest, context: grpc.ServicerContext) -> documents_pb2.CheckNamesResponse:
        """Tells who asked, under which request."""
        sent = dict(context.invocation_metadata())
        self.asked.append((caller.current().name, telemetry.request_id(), str(sent.get("traceparent", ""))))
        self.named += [request.folder_id, *request.names]
        self.tricks.get(request.names[0], lambda: None)()
        return documents_pb2.CheckNamesResponse(existing=[documents_pb2.Document(name=name) for name in request.names])

    def BatchGetDocuments(
        self, request: documents_pb2.BatchGetDocumentsRequest, context: grpc.ServicerContext
    ) -> documents_pb2.BatchGetDocumentsResponse:
        """None of them."""
        self.named += request.document_ids
        return documents_pb2.BatchGetDocumentsResponse()

    def UpdateDocuments(
        self, request: documents_pb2.UpdateDocumentsRequest, context: grpc.ServicerContext
    ) -> documents_pb2.UpdateDocumentsResponse:
        """Changes nothing."""
        self.named += [each.document_id for each in request.documents]
        return documents_pb2.UpdateDocumentsResponse()

    def Upload(self, request: Iterator[documents_pb2.UploadRequest], context: grpc.ServicerContext) -> documents_pb2.Document:
        """Keeps the bytes. A file called "exists" is refused after its first piece."""
        start = next(request).start
        name, pieces = start.name, []
        self.named += [start.folder_id, name]
        for each in request:
            if name == "exists":
                raise Conflict("document_exists", "It is there already.", facts={"name": name})
            pieces.append(each.chunk)
        self.content = b"".join(pieces)
        return documents_pb2.Document(name=name, size=len(self.content), uploaded_by=caller.current().name)

    def Download(self, request: documents_pb2.DownloadRequest, context: grpc.ServicerContext) -> Iterator[documents_pb2.DownloadResponse]:
        """The bytes in pieces of ten. One that ends in "f" fails after the first."""
        try:
            yield documents_pb2.DownloadResponse(head=documents_pb2.DownloadHead(name=caller.current().name))
            for start in range(0, len(self.content), 10):
                if start and request.document_id.endswith("f"):
                    raise Conflict("not_scanned_clean", "Nobody may read it.")
                yield documents_pb2.DownloadResponse(chunk=self.content[start : start + 10])
        finally:
            self.left.set()


def new_files(**tricks: Callable[[], object]) -> Files:
    """An empty one."""
    return Files(tricks)  # type: ignore[abstract]  # what no test asks for stays unimplemented


def service(files: Files) -> Service:
    """The service that holds it."""
    return Service(name="documents", rpcs=(Rpc(files, documents_pb2_grpc.add_DocumentsServicer_to_server),))


@dataclass
class Keys:
    """Identity's keys for a test."""

    signer: Signer
    path: Path

    @classmethod
    def make(cls, folder: Path) -> "Keys":
        """New ones, the public half in a file."""
        private, public = caller.new_keys("identity")
        path = folder / "assertion-public.json"
        path.write_text(json.dumps(public.as_dict(private=False)))
        return cls(Signer(OKPKey.import_key(private.as_dict(private=True)), issuer="identity"), path)


    @property
    def public(self) -> KeySet:
        """The public half."""
        return KeySet.import_key_set(json.loads(self.path.read_text()))

    @contextmanager
    def acting(self, who: Caller) -> Iterator[None]:
        """Call the documents service as somebody."""
        with caller.acting(who, {"*": self.signer.sign(who, audience=["documents"])}):
            yield


@contextmanager
def in_process(files: Files, keys: Keys) -> Iterator[PeerChannel]:
    """A channel to the servicer in this process."""
    local = LocalServer()
    local.add(guarded(service(files).rpcs, Verifier(keys.public, audience="documents")))
    yield PeerChannel("documents", local.channel())


@contextmanager
def over_tls(files: Files, keys: Keys) -> Iterator[PeerChannel]:
    """A channel to the servicer behind a real port, both sides showing certificates."""
    held = certificates(keys.path.parent)
    with over_network(files, keys, held.process("localhost:0")) as channel:
        yield channel


@contextmanager
def over_network(files: Files, keys: Keys, process: Process | None = None) -> Iterator[PeerChannel]:
    """A channel to the servicer behind a real port."""
    process = process or Process(listen="localhost:0", threads=4)
    server = NetworkServer(process, guarded(service(files).rpcs, Verifier(keys.public, audience="documents")))
    server.start()
    try:
        with connect(f"localhost:{server.port}", process) as channel:
            yield PeerChannel("documents", channel)
    finally:
        server.drain()
