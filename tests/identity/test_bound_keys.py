"""A key that is bound to a certificate is worth nothing without the certificate's private half, as RFC 8705 has it for tokens."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from kontor.access.v1.access_pb2 import PERMISSION_DOCUMENT_READ
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1.identity_pb2_grpc import AccountStub, SessionsStub

from chassis import caller
from chassis.caller import Caller, Verifier
from chassis.config import Process
from chassis.errors import Invalid, Unauthenticated
from chassis.peers import PeerChannel, connect
from chassis.rpc import NetworkServer, guarded
from tests.chassis.certificates import certificates
from tests.identity.world import World


@dataclass
class Port:
    """Identity behind a real port with mutual TLS, and two systems that hold certificates of their own."""

    server: NetworkServer
    system: Process
    another: Process

    @contextmanager
    def channel(self, as_: Process) -> Iterator[PeerChannel]:
        with connect(f"localhost:{self.server.port}", as_) as channel:
            yield PeerChannel("identity", channel)

    def fingerprint(self) -> str:
        """As `openssl x509 -noout -fingerprint -sha256` prints it."""
        assert self.system.tls_certificate
        der = x509.load_pem_x509_certificate(self.system.tls_certificate.read_bytes()).public_bytes(Encoding.DER)
        return hashlib.sha256(der).digest().hex(":").upper()


@pytest.fixture
def port(world: World, tmp_path: Path) -> Iterator[Port]:
    folders = [tmp_path / name for name in ("ours", "theirs", "another")]
    for folder in folders:
        folder.mkdir()
    ours, *others = (certificates(folder, by=folder.name) for folder in folders)
    # A file of several authorities: those of the back-office systems beside our own.
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(b"".join(each.authority.read_bytes() for each in (ours, *others)))
    system, another = (replace(each.process(""), tls_authority=ours.authority) for each in others)
    process = replace(ours.process("localhost:0"), tls_authority=trusted, threads=4)
    server = NetworkServer(process, guarded(world.service.service.rpcs, Verifier(world.keys, audience="identity")))
    server.start()
    yield Port(server, system, another)
    server.drain()


@pytest.fixture
def key(world: World, administrator: Caller, port: Port) -> pb.CreateApiKeyResponse:
    asked = pb.CreateApiKeyRequest(
        label="Bound", valid_days=1, permissions=[PERMISSION_DOCUMENT_READ], all_clients=True, certificate_sha256=port.fingerprint()
    )
    return world.organisations(administrator).CreateApiKey(asked)


def exchange(channel: PeerChannel, key: pb.CreateApiKeyResponse) -> dict[str, str]:
    return dict(SessionsStub(channel).ExchangeApiKey(pb.ExchangeApiKeyRequest(api_key=key.secret)).assertions)


def name(channel: PeerChannel, assertion: str) -> str:
    with caller.acting(Caller(), {"identity": assertion}):
        return AccountStub(channel).GetProfile(pb.GetProfileRequest()).first_name


def test_a_bound_key_works_on_a_channel_that_shows_its_certificate(world: World, port: Port, key: pb.CreateApiKeyResponse) -> None:
    """RFC 8705: and the list says to which certificate it is bound, and from where it came."""
    assert key.api_key.certificate_sha256 == port.fingerprint().replace(":", "").lower()
    with port.channel(port.system) as channel:
        assert name(channel, exchange(channel, key)["identity"]) == "Berit"
    assert world.sql("select used_from from api_keys") in ([("127.0.0.1",)], [("::1",)])


def test_a_bound_key_is_refused_on_any_other_channel(world: World, port: Port, key: pb.CreateApiKeyResponse) -> None:
    """RFC 8705: another certificate of a trusted authority, or none, as the gateway passes on; each is in the trail."""
    with port.channel(port.another) as channel, pytest.raises(Unauthenticated) as why:
        exchange(channel, key)
    assert why.value.reason == "certificate_needed"
    with pytest.raises(Unauthenticated) as passed_on:
        world.sessions.ExchangeApiKey(pb.ExchangeApiKeyRequest(api_key=key.secret))
    assert passed_on.value.reason == "certificate_needed"
    assert world.sql("select facts->>'why', facts->>'address' from audit where action = 'api_key.refuse'") in (
        [("certificate", "127.0.0.1")], [("certificate", "::1")]
    )  # fmt: skip
    assert world.sql("select used_at from api_keys") == [(None,)]


def test_a_stolen_assertion_of_a_bound_key_is_worth_nothing_either(world: World, port: Port, key: pb.CreateApiKeyResponse) -> None:
    """RFC 8705: it names the certificate, and the service it was made for looks at the channel."""
    with port.channel(port.system) as channel:
        assertions = exchange(channel, key)
    with port.channel(port.another) as channel, pytest.raises(Unauthenticated) as why:
        name(channel, assertions["identity"])
    assert why.value.reason == "certificate_needed"


def test_a_service_shows_on_what_it_was_shown(world: World, port: Port, key: pb.CreateApiKeyResponse) -> None:
    """Documents asks identity over its own channel, with its own certificate, on behalf of a bound key."""
    with port.channel(port.system) as channel:
        assertions = exchange(channel, key)
    bound = Verifier(world.keys, audience="documents").verify(assertions["documents"])
    assert bound.certificate == key.api_key.certificate_sha256
    with port.channel(port.another) as of_documents:
        assert name(of_documents, assertions["documents"]) == "Berit"


def test_a_fingerprint_is_checked_for_its_form(world: World, administrator: Caller) -> None:
    """With or without colons; nothing else."""
    asked = pb.CreateApiKeyRequest(label="x", valid_days=1, permissions=[PERMISSION_DOCUMENT_READ], all_clients=True)
    asked.certificate_sha256 = "ab" * 32
    assert world.organisations(administrator).CreateApiKey(asked).api_key.certificate_sha256 == "ab" * 32
    for wrong in ("ab" * 31, "zz" * 32, "ab:" * 32):
        asked.certificate_sha256 = wrong
        with pytest.raises(Invalid):
            world.organisations(administrator).CreateApiKey(asked)
