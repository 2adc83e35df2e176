"""Seal files so that what lies in the object store is unreadable, and any change to it is noticed.

A sealed object is ``KNT1 | length of key id | key id | nonce | wrapped data key | frame…``. Every object has a data key of its own, wrapped
by the current key of the keyring and bound to the object's name, so an object moved under another name does not open. A frame is 64 KiB
of AES-256-GCM; its nonce is its number and whether it is the last, so a frame that is cut off, repeated or moved does not open either.
"""

import secrets
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chassis.errors import Internal

FRAME = 64 * 1024
_TAG = 16
_NONCE = 12
_KEY = 32
_WRAPPED = _KEY + _TAG
_MAGIC = b"KNT1"
_LONGEST_KEY_ID = 32
# No object's frames begin later.
HEAD = len(_MAGIC) + 1 + _LONGEST_KEY_ID + _NONCE + _WRAPPED


class Tampered(Internal):
    """A sealed object is not what was stored: changed, cut off, or moved."""


@dataclass(frozen=True, repr=False)
class Keyring:
    """The keys that wrap data keys, by their id. New objects use ``current``; the others open older objects."""

    current: str
    keys: Mapping[str, bytes]

    @classmethod
    def from_setting(cls, text: str) -> "Keyring":
        """Read ``id:base64,id:base64…``, the current key first. Raises ValueError without quoting any key."""
        keys: dict[str, bytes] = {}
        for number, entry in enumerate(text.replace(",", " ").split(), start=1):
            key_id, _, encoded = entry.partition(":")
            if not (key_id.isascii() and key_id.isalnum() and len(key_id) <= _LONGEST_KEY_ID) or key_id in keys:
                raise ValueError(f"key {number}: the part before the colon must be a new name of letters and digits")
            keys[key_id] = _decoded(encoded, number)
        if not keys:
            raise ValueError("at least one key is needed, as name:base64 of 32 random bytes")
        return cls(next(iter(keys)), keys)


def _decoded(encoded: str, number: int) -> bytes:
    try:
        key = b64decode(encoded, validate=True)
    except Base64Error as error:
        raise ValueError(f"key {number}: not base64") from error
    if len(key) != _KEY:
        raise ValueError(f"key {number}: must be {_KEY} bytes, not {len(key)}")
    return key


def seal(chunks: Iterable[bytes], *, keyring: Keyring, bound_to: str) -> Iterator[bytes]:
    """Encrypt a stream. Keeps one frame in memory; ``bound_to`` is the name the object will be stored under."""
    data_key = secrets.token_bytes(_KEY)
    nonce = secrets.token_bytes(_NONCE)
    key_id = keyring.current.encode()
    start = _MAGIC + bytes([len(key_id)]) + key_id
    wrapped = AESGCM(keyring.keys[keyring.current]).encrypt(nonce, data_key, start + bound_to.encode())
    yield start + nonce + wrapped
    cipher = AESGCM(data_key)
    for number, last, frame in _framed(chunks, FRAME):
        yield cipher.encrypt(_frame_nonce(number, last=last), frame, None)


def unseal(chunks: Iterable[bytes], *, keyring: Keyring, bound_to: str) -> Iterator[bytes]:
    """Decrypt a stream, frame by frame; nothing is yielded that was not verified.

    Raises Internal for a key that is not in the keyring, and Tampered; for an object that was cut off only after its whole frames, so
    who needs all or nothing must read to the end.
    """
    source = _Reader(chunks)
    cipher = AESGCM(_data_key(source, keyring=keyring, bound_to=bound_to))
    for number, last, frame in _framed(source.rest(), FRAME + _TAG):
        try:
            yield cipher.decrypt(_frame_nonce(number, last=last), frame, None)
        except InvalidTag as error:
            raise Tampered("file_tampered", f"frame {number} of {bound_to}") from error


@dataclass(frozen=True)
class Opened:
    """A sealed object whose data key is known. ``start`` is how many bytes lie before its first frame."""

    cipher: AESGCM
    start: int
    bound_to: str

    def place(self, first: int, last: int) -> tuple[int, int]:
        """Where the frames from ``first`` to ``last`` lie in the object: from which byte on, and how many."""
        return self.start + first * (FRAME + _TAG), (last - first + 1) * (FRAME + _TAG)

    def frames(self, chunks: Iterable[bytes], *, first: int, end: int) -> Iterator[bytes]:
        """The content of the frames that begin with ``first``; ``end`` is the number of the object's last one. Raises Tampered."""
        for number, _, frame in _framed(chunks, FRAME + _TAG):
            try:
                yield self.cipher.decrypt(_frame_nonce(first + number, last=first + number == end), frame, None)
            except InvalidTag as error:
                raise Tampered("file_tampered", f"frame {first + number} of {self.bound_to}") from error


def opened(chunks: Iterable[bytes], *, keyring: Keyring, bound_to: str) -> Opened:
    """Open a sealed object by its first HEAD bytes, to read only some of its frames. Raises as unseal does."""
    source = _Reader(chunks)
    return Opened(AESGCM(_data_key(source, keyring=keyring, bound_to=bound_to)), source.taken, bound_to)


def _data_key(source: "_Reader", *, keyring: Keyring, bound_to: str) -> bytes:
    start = source.take(len(_MAGIC) + 1)
    if len(start) < len(_MAGIC) + 1 or not start.startswith(_MAGIC):
        raise Tampered("file_tampered", f"start of {bound_to}")
    length = start[-1]
    start += source.take(length)
    if len(start) < len(_MAGIC) + 1 + length:
        raise Tampered("file_tampered", f"start of {bound_to}")
    key_id = start[len(_MAGIC) + 1 :].decode("ascii", "replace")
    if key_id not in keyring.keys:
        # As likely a wrong setting as a changed file: nothing may be decided on it.
        raise Internal("sealing_key_missing", f"{bound_to} is sealed with a key that is not in the keyring: {key_id!r}")
    nonce, wrapped = source.take(_NONCE), source.take(_WRAPPED)
    try:
        return AESGCM(keyring.keys[key_id]).decrypt(nonce, wrapped, start + bound_to.encode())
    except (InvalidTag, ValueError) as error:  # ValueError: a nonce that was cut off
        raise Tampered("file_tampered", f"data key of {bound_to}") from error


def _frame_nonce(number: int, *, last: bool) -> bytes:
    """Unique within an object, and a data key is used for one object only."""
    return number.to_bytes(_NONCE - 1, "big") + bytes([last])


def _framed(chunks: Iterable[bytes], size: int) -> Iterator[tuple[int, bool, bytes | memoryview]]:
    """Cut a stream into numbered frames of ``size``; there is always a last one, which may be shorter or empty.

    A frame is a view of its chunk, not a copy, unless it lies in several of them or may be the last.
    """
    waiting, number = b"", 0
    for chunk in chunks:
        if len(waiting) + len(chunk) <= size:
            waiting += chunk
            continue
        start = 0
        if waiting:
            start = size - len(waiting)
            yield number, False, waiting + chunk[:start]
            number += 1
        while len(chunk) - start > size:
            yield number, False, memoryview(chunk)[start : start + size]
            number, start = number + 1, start + size
        waiting = chunk[start:]
    yield number, True, waiting


class _Reader:
    """Takes exact numbers of bytes off the front of a stream."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._waiting = b""
        self.taken = 0

    def take(self, size: int) -> bytes:
        while len(self._waiting) < size and (chunk := next(self._chunks, None)) is not None:
            self._waiting += chunk
        taken, self._waiting = self._waiting[:size], self._waiting[size:]
        self.taken += len(taken)
        return taken

    def rest(self) -> Iterator[bytes]:
        yield self._waiting
        yield from self._chunks
