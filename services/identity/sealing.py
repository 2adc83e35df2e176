"""Seal what has to be computed with, the keys of authenticators and telephone numbers, so that a copy of the database is of no use."""

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chassis.errors import Internal

_KEY, _NONCE = 32, 12


@dataclass(frozen=True, repr=False)
class Keyring:
    """The sealing keys by their name. New values use ``current``; the others open older ones until `reseal` has renewed them."""

    current: str
    keys: Mapping[str, bytes]

    @classmethod
    def from_setting(cls, text: str) -> "Keyring":
        """Read ``name:base64,name:base64…``, the current key first. Raises ValueError without quoting any key."""
        keys: dict[str, bytes] = {}
        for number, entry in enumerate(text.replace(",", " ").split(), start=1):
            name, _, encoded = entry.partition(":")
            if not (name.isascii() and name.isalnum() and len(name) <= 32) or name in keys:
                raise ValueError(f"key {number}: the part before the colon must be a new name of letters and digits")
            keys[name] = _decoded(encoded, number)
        if not keys:
            raise ValueError("at least one key is needed, as name:base64 of 32 random bytes")
        return cls(next(iter(keys)), keys)

    def seal(self, text: str, *, bound_to: str) -> str:
        """``name:base64``. It opens only beside the same ``bound_to``, so that nobody's value serves in another's row."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = AESGCM(self.keys[self.current]).encrypt(nonce, text.encode(), f"{self.current}:{bound_to}".encode())
        return f"{self.current}:{b64encode(nonce + sealed).decode()}"

    def unseal(self, sealed: str, *, bound_to: str) -> str:
        """What was sealed. Raises Internal for a key that is not in the ring, and for a value that was changed or moved."""
        name, colon, encoded = sealed.partition(":")
        if not colon:
            return sealed  # from before values were sealed; `reseal` renews it
        if name not in self.keys:
            raise Internal("sealing_key_missing", f"a value is sealed with a key that is not in the ring: {name!r}")
        held = b64decode(encoded)
        try:
            return AESGCM(self.keys[name]).decrypt(held[:_NONCE], held[_NONCE:], f"{name}:{bound_to}".encode()).decode()
        except InvalidTag as why:
            raise Internal("secret_tampered", "a sealed value was changed or moved") from why

    def digests(self, code: str, *, bound_to: str) -> list[bytes]:
        """What is kept of a short code, by each key, the current one first: without a key not even all million codes can be tried."""
        ordered = [self.current, *(name for name in self.keys if name != self.current)]
        return [_mac(self.keys[name], code, bound_to) for name in ordered]


def _decoded(encoded: str, number: int) -> bytes:
    try:
        key = b64decode(encoded, validate=True)
    except Base64Error as error:
        raise ValueError(f"key {number}: not base64") from error
    if len(key) != _KEY:
        raise ValueError(f"key {number}: must be {_KEY} bytes, not {len(key)}")
    return key


def _mac(key: bytes, code: str, bound_to: str) -> bytes:
    own = hmac.digest(key, b"one-time codes", hashlib.sha256)
    return hmac.digest(own, f"{bound_to}:{code}".encode(), hashlib.sha256)
