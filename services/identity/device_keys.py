"""The keys of devices: read as JWK, and whether a signature is theirs. Knows no database."""

import json
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

_HALF, _SIGNATURE = 32, 64
# Which members make up a public key of each kind; nothing else is kept of what was sent.
_MEMBERS = {("EC", "P-256"): ("crv", "kty", "x", "y"), ("OKP", "Ed25519"): ("crv", "kty", "x")}


@dataclass(frozen=True)
class DeviceKey:
    """A public key, in the one spelling that is kept, and its thumbprint (RFC 7638)."""

    jwk: str
    thumbprint: str


def read(public_key: str) -> DeviceKey | None:
    """The key, None for what is none of P-256 or Ed25519, or holds a private half."""
    try:
        given = json.loads(public_key)
        members = _MEMBERS[given["kty"], given["crv"]]
        if "d" in given:
            return None
        plain = {name: str(given[name]) for name in members}
        key = _imported(plain)
        return DeviceKey(json.dumps(plain), key.thumbprint())
    except (JoseError, ValueError, LookupError, TypeError):
        return None


def signed(public_key: str, text: str, signature: str) -> bool:
    """Whether this is the key's signature over the text: 64 bytes in base64url, as JOSE writes ES256 and Ed25519."""
    try:
        raw = urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    except (Base64Error, ValueError):
        return False
    if len(raw) != _SIGNATURE:
        return False
    key = _imported(json.loads(public_key)).public_key
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(raw, text.encode())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            pair = encode_dss_signature(int.from_bytes(raw[:_HALF]), int.from_bytes(raw[_HALF:]))
            key.verify(pair, text.encode(), ec.ECDSA(hashes.SHA256()))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _imported(plain: dict[str, str]) -> ECKey | OKPKey:
    return ECKey.import_key(dict(plain)) if plain["kty"] == "EC" else OKPKey.import_key(dict(plain))
