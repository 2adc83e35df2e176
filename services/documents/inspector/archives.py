"""Every byte in a file, also those packed inside it and inside what is packed inside it."""

from collections.abc import Iterator
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from services.documents.inspector import zips
from services.documents.inspector.limits import MEGABYTE, Budget, Limits, Unreadable

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
GZIP = b"\x1f\x8b\x08"
# Archives that we do not open: 7z, RAR, xz, bzip2, zstd, cabinet, compress, lz4, ARJ. Nobody can vouch for what is inside.
_CLOSED = (
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"\xfd7zXZ\0",
    b"BZh",
    b"\x28\xb5\x2f\xfd",
    b"MSCF\0",
    b"\x1f\x9d",
    b"\x04\x22\x4d\x18",
    b"\x60\xea",
)
_TAR_AT = 257
_HEAD = 512
# The stream in which Office keeps a document with a password (MS-OFFCRYPTO § 2.3.4.4); names in OLE files are UTF-16.
_ENCRYPTED_OFFICE = "EncryptedPackage".encode("utf-16-le")
_IN_MEMORY = 4 * MEGABYTE


def contents(file: BinaryIO, budget: Budget | None = None) -> Iterator[bytes]:
    """The bytes of a file, then of everything packed in it. An empty piece comes before each new file.

    Raises Unreadable as soon as a limit is exceeded or something cannot be opened: encrypted, damaged, too_deep, too_large,
    too_compressed, too_many_members, archive_kind.
    """
    size = file.seek(0, 2)
    budget = budget or Budget(Limits(), size)
    head, chunks = _headed(zips.pieces(file, 0, size))
    yield from _watched(head, chunks)
    if _is_archive(head):
        yield from _packed_in(file, head, budget, depth=1)


def _packed_in(file: BinaryIO, head: bytes, budget: Budget, *, depth: int) -> Iterator[bytes]:
    if depth > budget.limits.depth:
        raise Unreadable("too_deep")
    if head.startswith(GZIP):
        size = file.seek(0, 2)
        budget.opened(1)
        unpacked = zips.inflated(zips.pieces(file, 0, size), window=31)
        yield from _part(budget.counted(unpacked, packed=size), budget, depth=depth)
        return
    found = zips.members(file)
    budget.opened(len(found))
    for member in found:
        yield from _part(budget.counted(zips.content(file, member), packed=member.packed), budget, depth=depth)


def _part(unpacked: Iterator[bytes], budget: Budget, *, depth: int) -> Iterator[bytes]:
    """A file out of an archive; if it is an archive itself, it is kept aside and opened."""
    head, chunks = _headed(unpacked)
    if not _is_archive(head):
        yield from _watched(head, chunks)
        return
    with SpooledTemporaryFile(_IN_MEMORY) as spooled:
        file = cast(BinaryIO, spooled)
        for chunk in _watched(head, chunks):
            file.write(chunk)
            yield chunk
        yield from _packed_in(file, head, budget, depth=depth + 1)


def _is_archive(head: bytes) -> bool:
    if head.startswith(_CLOSED) or head[_TAR_AT : _TAR_AT + 5] == b"ustar":
        raise Unreadable("archive_kind")
    return head.startswith((zips.LOCAL, zips.END, GZIP))


def _headed(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes of a stream, enough to know it by, and the stream with them still in it."""
    first = b""
    while len(first) < _HEAD and (chunk := next(chunks, b"")):
        first += chunk
    return first[:_HEAD], chain([first] if first else [], chunks)


def _watched(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """One file's bytes after an empty piece; refuses an Office document with a password, which looks like any other OLE file."""
    yield b""
    if not head.startswith(OLE):
        yield from chunks
        return
    before = b""
    for chunk in chunks:
        if _ENCRYPTED_OFFICE in before + chunk:
            raise Unreadable("encrypted")
        before = chunk[1 - len(_ENCRYPTED_OFFICE) :]
        yield chunk
