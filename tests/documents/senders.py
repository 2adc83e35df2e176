"""Who uploads one file after the other, whatever happens, and remembers what was acknowledged."""

import hashlib
import http.client
import random
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import grpc
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1 import documents_pb2_grpc as rpcs

from chassis.caller import Caller, Signer, acting
from chassis.errors import Failure
from chassis.peers import PeerChannel
from tests.documents.portal import PIECE, new_pdf

# Whoever was cut off tries again at once, and not after the seconds that grpc grows to.
_EAGER = [("grpc.initial_reconnect_backoff_ms", 50), ("grpc.min_reconnect_backoff_ms", 5000), ("grpc.max_reconnect_backoff_ms", 100)]
SMALL, LARGE = (0, 200_000, 900_000), (0, 0, 200_000, 900_000, 9_000_000)


@dataclass(frozen=True)
class Line:
    """Where to, as whom and into which folder."""

    target: str
    who: Caller
    folder: str
    signer: Signer


class Sender(threading.Thread):
    """Uploads files of these sizes until it is told to end."""

    def __init__(self, line: Line, sizes: Sequence[int] = SMALL) -> None:
        super().__init__(daemon=True)
        self._line, self._sizes = line, sizes
        self.attempted, self.acknowledged, self.ending = 0, dict[str, str](), threading.Event()

    def run(self) -> None:
        channel = grpc.insecure_channel(self._line.target, _EAGER)
        documents = rpcs.DocumentsStub(PeerChannel("documents", channel))
        while not self.ending.is_set():
            content = new_pdf() + bytes(random.choice(self._sizes))
            self.attempted += 1
            with acting(self._line.who, {"*": self._line.signer.sign(self._line.who, audience=["documents"])}):
                try:
                    document = documents.Upload(self._parts(content))
                except Failure:
                    self.ending.wait(0.05)
                else:
                    self.acknowledged[document.document_id] = hashlib.sha256(content).hexdigest()
        channel.close()

    def _parts(self, content: bytes) -> Iterator[pb.UploadRequest]:
        name = f"{self.name} {self.attempted}.pdf"
        start = pb.UploadStart(folder_id=self._line.folder, name=name, period=5, year=2026, size=random.choice([0, len(content)]))
        pieces = [pb.UploadRequest(chunk=content[place : place + PIECE]) for place in range(0, len(content), PIECE)]
        return iter([pb.UploadRequest(start=start), *pieces])


def finish(senders: Sequence[Sender]) -> dict[str, str]:
    """Let them end; the SHA-256 of each document that was acknowledged to one of them."""
    for sender in senders:
        sender.ending.set()
    for sender in senders:
        sender.join(60)
    return {document_id: digest for sender in senders for document_id, digest in sender.acknowledged.items()}


def ready(port: int) -> bool:
    """Whether the process with its probes there answers calls."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    finally:
        connection.close()
