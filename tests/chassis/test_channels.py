"""Both channels behave alike: messages, streams, failures with their details, who is asking, and time."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from kontor.access.v1 import access_pb2
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1 import documents_pb2_grpc as rpcs

from chassis import caller, peers
from chassis.caller import Signer, Verifier
from chassis.config import Process
from chassis.errors import Conflict, Denied, Internal, Invalid, TimedOut, Unauthenticated
from chassis.local import LocalServer
from chassis.peers import PeerChannel, connect
from chassis.rpc import NetworkServer, guarded
from chassis.service import Rpc
from chassis.testing import person
from tests.servers.program import free_ports

ORGANISATION = "01990000-0000-7000-8000-000000000001"
READER = person(access_pb2.PERMISSION_DOCUMENT_READ, access_pb2.PERMISSION_DOCUMENT_WRITE, name="Ingrid Ødegård")


class Sample(rpcs.DocumentsServicer):
    """Answers with what it was asked, and fails as it is told."""

    def __init__(self) -> None:
        self.release = threading.Event()

    def GetDocument(self, request: pb.GetDocumentRequest, context: grpc.ServicerContext) -> pb.Document:
        return pb.Document(document_id=request.document_id, uploaded_by=caller.current().name)

    def ListDocuments(self, request: pb.ListDocumentsRequest, context: grpc.ServicerContext) -> pb.ListDocumentsResponse:
        if request.name == "conflict":
            raise Conflict("document_exists", "There already.", fields={"name": "taken"}, facts={"version": "2"})
        if request.name == "defect":
            raise ZeroDivisionError("the secret recipe")
        self.release.wait(5)
        return pb.ListDocumentsResponse()

    def Upload(self, requests: Iterator[pb.UploadRequest], context: grpc.ServicerContext) -> pb.Document:
        first = next(requests)
        return pb.Document(name=first.start.name, size=sum(len(each.chunk) for each in requests))

    def Download(self, request: pb.DownloadRequest, context: grpc.ServicerContext) -> Iterator[pb.DownloadResponse]:
        yield pb.DownloadResponse(head=pb.DownloadHead(name=caller.current().name))
        for number in range(3):
            yield pb.DownloadResponse(chunk=bytes([number]) * 1000)


def sample() -> Sample:
    """One. The RPCs it leaves out answer UNIMPLEMENTED, which the types forbid and the generated base allows."""
    kind: Any = Sample
    made: Sample = kind()
    return made


class Connected:
    """A stub over one kind of channel, called as somebody."""

    def __init__(self, stub: rpcs.DocumentsStub, signer: Signer, servicer: Sample) -> None:
        self.stub, self._signer, self.servicer = stub, signer, servicer

    def acting(self, who: caller.Caller = READER) -> Any:
        """Be this person."""
        return caller.acting(who, {"documents": self._signer.sign(who, audience=["documents"])})


@pytest.fixture(params=["local", "network", "tls"])
def connected(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connected]:
    """The sample over the in-process channel, over the network, and over mutual TLS."""
    private, public = caller.new_keys("identity")
    servicer = sample()
    handlers = guarded([Rpc(servicer, rpcs.add_DocumentsServicer_to_server)], Verifier(public, audience="documents"))
    with ExitStack() as stack:
        if request.param == "local":
            local = LocalServer()
            local.add(handlers)
            inner: grpc.Channel = local.channel()
        else:
            process = _process(tmp_path, secure=request.param == "tls")
            server = NetworkServer(process, handlers)
            server.start()
            stack.callback(server.drain)
            inner = stack.enter_context(connect(process.listen, process))
        stack.callback(servicer.release.set)
        yield Connected(rpcs.DocumentsStub(PeerChannel("documents", inner)), Signer(private, issuer="identity"), servicer)


def test_a_call_is_answered_as_the_one_who_asks(connected: Connected) -> None:
    """The caller travels with the call, letters and all."""
    with connected.acting():
        document = connected.stub.GetDocument(pb.GetDocumentRequest(document_id=ORGANISATION))
    assert (document.document_id, document.uploaded_by) == (ORGANISATION, "Ingrid Ødegård")


def test_streams_carry_every_byte_both_ways(connected: Connected) -> None:
    """ACC-38, ACC-54: upload and download."""
    with connected.acting():
        parts = [pb.UploadRequest(start=pb.UploadStart(folder_id=ORGANISATION, name="a.csv", period=1, year=2026))]
        parts += [pb.UploadRequest(chunk=b"x" * 200_000)] * 5
        document = connected.stub.Upload(iter(parts))
        replies = list(connected.stub.Download(pb.DownloadRequest(document_id=ORGANISATION)))
    assert (document.name, document.size) == ("a.csv", 1_000_000)
    assert (replies[0].head.name, sum(len(each.chunk) for each in replies)) == ("Ingrid Ødegård", 3000)


def test_a_failure_arrives_as_it_was_raised(connected: Connected) -> None:
    """P28: kind, reason, fields and facts cross; of a defect only that there was one."""
    with connected.acting():
        with pytest.raises(Conflict) as raised:
            connected.stub.ListDocuments(pb.ListDocumentsRequest(organisation_id=ORGANISATION, name="conflict"))
        with pytest.raises(Internal) as broken:
            connected.stub.ListDocuments(pb.ListDocumentsRequest(organisation_id=ORGANISATION, name="defect"))
    assert (raised.value.reason, raised.value.fields, raised.value.facts["version"]) == ("document_exists", {"name": "taken"}, "2")
    assert "recipe" not in str(broken.value) + str(broken.value.facts)


def test_bad_fields_are_named_and_nobody_gets_in_without_leave(connected: Connected) -> None:
    """P10: validation and access are the guard's, on every channel."""
    with connected.acting(), pytest.raises(Invalid) as invalid:
        connected.stub.GetDocument(pb.GetDocumentRequest(document_id="not an id"))
    with pytest.raises(Unauthenticated):
        connected.stub.GetDocument(pb.GetDocumentRequest(document_id=ORGANISATION))
    with connected.acting(person()), pytest.raises(Denied):
        connected.stub.GetDocument(pb.GetDocumentRequest(document_id=ORGANISATION))
    assert set(invalid.value.fields) == {"document_id"}


def test_a_call_with_no_time_left_is_not_made(connected: Connected) -> None:
    """P23: a deadline shrinks hop by hop, and what cannot be met is not tried."""
    request = pb.GetDocumentRequest(document_id=ORGANISATION)
    with connected.acting(), peers.deadline(0.001), pytest.raises(TimedOut):
        connected.stub.GetDocument(request)


def test_a_slow_answer_is_given_up_at_the_deadline(tmp_path: Path) -> None:
    """P23: over the network the caller goes on although the callee hangs."""
    private, public = caller.new_keys("identity")
    servicer, process = sample(), _process(tmp_path, secure=False)
    server = NetworkServer(process, guarded([Rpc(servicer, rpcs.add_DocumentsServicer_to_server)], Verifier(public, audience="documents")))
    server.start()
    signed = Signer(private, issuer="identity").sign(READER, audience=["documents"])
    with connect(process.listen, process) as inner, caller.acting(READER, {"documents": signed}), peers.deadline(0.5):
        stub = rpcs.DocumentsStub(PeerChannel("documents", inner))
        with pytest.raises(TimedOut):
            stub.ListDocuments(pb.ListDocumentsRequest(organisation_id=ORGANISATION))
    servicer.release.set()
    server.drain()


def test_two_servers_do_not_share_a_port(tmp_path: Path) -> None:
    """grpc would bind both and split the calls between them; ours says that the port is taken."""
    process = _process(tmp_path, secure=False)
    first, second = NetworkServer(process, {}), NetworkServer(process, {})
    first.start()
    with pytest.raises(OSError, match="cannot listen"):
        second.start()
    first.drain()


def _process(folder: Path, *, secure: bool) -> Process:
    listen = f"localhost:{free_ports(1)[0]}"
    if not secure:
        return Process(listen=listen)
    certificate, key = _certificate(folder)
    return Process(listen=listen, tls_certificate=certificate, tls_key=key, tls_authority=certificate)


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself."""
    from datetime import timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    from chassis import clock

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    built = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        .not_valid_before(clock.now() - timedelta(hours=1))
        .not_valid_after(clock.now() + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(private, hashes.SHA256())
    )
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return certificate, key
