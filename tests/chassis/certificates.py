"""A certificate for localhost and the authority that signed it, for a day."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chassis.config import Process


@dataclass(frozen=True)
class Certificates:
    """Where they lie, as PEM."""

    authority: Path
    key: Path
    certificate: Path

    def process(self, listen: str) -> Process:
        """The settings of a process that shows them."""
        return Process(listen=listen, tls_authority=self.authority, tls_key=self.key, tls_certificate=self.certificate)


def certificates(folder: Path, *, by: str = "Kontor test authority") -> Certificates:
    """Make them. Where one trusts several authorities, each needs a name of its own."""
    held = Certificates(folder / "authority.pem", folder / "key.pem", folder / "certificate.pem")
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _signed(by, authority_key.public_key(), by=authority_key, issuer=by, ca=True)
    held.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    certificate = _signed("localhost", key.public_key(), by=authority_key, issuer=by, ca=False)
    held.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    held.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return held


def _signed(name: str, key: ec.EllipticCurvePublicKey, *, by: ec.EllipticCurvePrivateKey, issuer: str, ca: bool) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        issuer_name=_named(issuer), subject_name=_named(name), public_key=key, serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(minutes=1), not_valid_after=now + timedelta(days=1),
    )  # fmt: skip
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    return builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False).sign(by, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
