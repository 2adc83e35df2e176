"""A device with passkeys, and the browser before it, made of what the standards say: they answer as real ones do."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.identity.world import PUBLIC_URL

USER_PRESENT, USER_VERIFIED, BACKUP_ELIGIBLE, BACKED_UP, HAS_KEY = 0x01, 0x04, 0x08, 0x10, 0x40


@dataclass
class Authenticator:
    """One key. It knows its owner (`verifies`) or asks for a touch alone; it counts its uses, or stays at 0."""

    verifies: bool = True
    counts: bool = True
    origin: str = PUBLIC_URL
    backed_up: bool = False
    uses: int = 0
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def made(self, options: str) -> str:
        """The answer to `navigator.credentials.create`."""
        asked = json.loads(options)
        numbers = self.key.public_key().public_numbers()
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})
        data = self._data(asked["rp"]["id"], HAS_KEY) + bytes(16) + len(self.id).to_bytes(2) + self.id + cose
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", asked["challenge"])
        return self._answer({"clientDataJSON": encoded(client), "attestationObject": encoded(attested), "transports": ["internal"]})

    def used(self, options: str) -> str:
        """The answer to `navigator.credentials.get`."""
        asked = json.loads(options)
        data, client = self._data(asked["rpId"]), self._client("webauthn.get", asked["challenge"])
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer({"clientDataJSON": encoded(client), "authenticatorData": encoded(data), "signature": encoded(signature)})

    def _data(self, host: str, flags: int = 0) -> bytes:
        self.uses += 1 if self.counts else 0
        flags |= USER_PRESENT | (USER_VERIFIED if self.verifies else 0) | (BACKUP_ELIGIBLE | BACKED_UP if self.backed_up else 0)
        return hashlib.sha256(host.encode()).digest() + bytes([flags]) + self.uses.to_bytes(4)

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _answer(self, response: dict[str, Any]) -> str:
        return json.dumps({"id": encoded(self.id), "rawId": encoded(self.id), "type": "public-key", "response": response})


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
