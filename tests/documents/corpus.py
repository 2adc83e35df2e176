"""Hostile and harmless files, made when a test asks for them: none is ever kept in the repository."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import BinaryIO, cast

from tests.servers.clamd import EICAR

MEGABYTE = 1024 * 1024
MARKER = EICAR
PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 1, 1, 8, 0, 0, 0, 0) + b"\0" * 60
SIE = '#FLAGGA 0\r\n#FORMAT PC8\r\n#SIETYP 4\r\n#FNAMN "Åkes Bygg & Måleri AB"\r\n'.encode("cp437")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504

Made = Callable[[], bytes]
Members = Iterable[tuple[str, bytes]]


def zipped(members: Members, *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A well-formed zip."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def streamed_zip(members: Members) -> bytes:
    """A well-formed zip as written to a pipe: sizes come after each member."""
    pipe = _Pipe()
    with zipfile.ZipFile(cast(BinaryIO, pipe), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return bytes(pipe.written)


class _Pipe:
    """What can only be written to."""

    def __init__(self) -> None:
        self.written = bytearray()

    def write(self, content: bytes) -> int:
        self.written += content
        return len(content)

    def flush(self) -> None:
        """Nothing is held back."""


def nested(content: bytes, *, depth: int, name: str = "notes.txt") -> bytes:
    """``content`` in a zip in a zip …, ``depth`` zips in all."""
    for level in range(depth):
        content = zipped([(name if level == 0 else f"{level}.zip", content)])
    return content


def docx(*extra: tuple[str, bytes]) -> bytes:
    """A Word document of our own making, and what else should be in it."""
    return zipped([("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w:document/>"), *extra])


def xlsx() -> bytes:
    """A workbook of our own making."""
    return zipped([("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<workbook/>")])


def odt(*, encrypted: bool = False) -> bytes:
    """An OpenDocument text; with a password its manifest says so, while the zip itself looks like any other."""
    manifest = b"<manifest:encryption-data/>" if encrypted else b"<manifest/>"
    return zipped(
        [("mimetype", b"application/vnd.oasis.opendocument.text"), ("content.xml", b"<office/>"), ("META-INF/manifest.xml", manifest)]
    )


def polyglot() -> bytes:
    """A PDF to one reader, a zip to the other."""
    return PDF + zipped([("notes.txt", MARKER)])


def bomb(size: int = 200 * MEGABYTE) -> bytes:
    """A small zip of a very large member of zeros."""
    return zipped([("zeros.txt", bytes(size))])


def quiet_bomb(size: int) -> bytes:
    """A member of ``size`` bytes that compresses about 50:1, so only counting its bytes finds it out."""
    random_bytes = random.Random(1).randbytes
    block = b"".join(random_bytes(20) + b"0" * 1000 for _ in range(1000))
    return zipped([("figures.txt", (block * (size // len(block) + 1))[:size])])


def many_members(count: int) -> bytes:
    """A zip of empty members."""
    return zipped((f"{number}.txt", b"") for number in range(count))


def lying_zip(content: bytes) -> bytes:
    """A zip whose headers say that its only member unpacks to four bytes; zipfile would believe it."""
    honest = zipped([("notes.txt", content)])
    checksum, size = zlib.crc32(content[:4]), 4
    claims = struct.pack("<I", checksum), struct.pack("<I", size)
    local, central = 14, honest.rindex(b"PK\x01\x02") + 16
    changed = bytearray(honest)
    for start in (local, central):
        changed[start : start + 4], changed[start + 8 : start + 12] = claims
    return bytes(changed)


def hidden_member_zip() -> bytes:
    """A zip with a member that its directory leaves out: unpackers that read from the front find it."""
    whole = zipped([("seen.txt", b"harmless"), ("hidden.txt", MARKER)], method=zipfile.ZIP_STORED)
    directory = whole.index(b"PK\x01\x02")
    second = whole.index(b"PK\x01\x02", directory + 4)
    kept = whole[directory:second]
    return whole[:directory] + kept + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, len(kept), directory, 0)


def overlapping_zip() -> bytes:
    """A zip whose two members are the same bytes, which is how a small zip holds a large one many times."""
    whole = zipped([("one.txt", b"the only content")], method=zipfile.ZIP_STORED)
    directory, end = whole.index(b"PK\x01\x02"), whole.index(b"PK\x05\x06")
    entries = whole[directory:end] * 2
    return whole[:directory] + entries + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 2, 2, len(entries), directory, 0)


# No file can be read there: neither one in memory nor one on a disk.
FAR = (2**63, 2**63 - 1, 2**64 - 1)


def far_zip(offset: int, *, size: int = len(MARKER)) -> bytes:
    """A small zip whose second member begins at ``offset``, in 64 bits (APPNOTE § 4.5.3); its first says that it is ``size`` bytes."""
    name, wide = b"notes.txt", 0xFFFFFFFF
    front = b"PK\x03\x04" + struct.pack("<HHHHHIIIHH", 45, 0, 0, 0, 0x21, 0, wide, wide, len(name), 0) + name + MARKER
    entries = b"".join(
        b"PK\x01\x02" + struct.pack("<HHHHHHIIIHHHHHII", 45, 45, 0, 0, 0, 0x21, 0, wide, wide, len(name), 28, 0, 0, 0, 0, wide) + name
        + struct.pack("<HHQQQ", 1, 24, packed, packed, at)
        for packed, at in ((size, 0), (4, offset))
    )  # fmt: skip
    return front + entries + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 2, 2, len(entries), len(front), 0)


def encrypted_zip(content: bytes = MARKER, *, password: bytes = b"secret") -> bytes:
    """A zip with a password, in the cipher every unpacker knows (APPNOTE § 6.1)."""
    name, checksum = b"notes.txt", zlib.crc32(content)
    packed = _zip_crypto(bytes(11) + bytes([checksum >> 24]) + content, password)
    fields = struct.pack("<HHHHHIIIHH", 20, 1, 0, 0, 0x21, checksum, len(packed), len(content), len(name), 0)
    local = b"PK\x03\x04" + fields + name + packed
    central = b"PK\x01\x02" + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    return local + central + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, len(central), len(local), 0)


def _zip_crypto(plain: bytes, password: bytes) -> bytes:
    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(byte: int) -> None:
        keys[0] = zlib.crc32(bytes([byte]), keys[0] ^ 0xFFFFFFFF) ^ 0xFFFFFFFF
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = zlib.crc32(bytes([keys[1] >> 24]), keys[2] ^ 0xFFFFFFFF) ^ 0xFFFFFFFF

    for byte in password:
        update(byte)
    encrypted = bytearray()
    for byte in plain:
        mask = keys[2] | 2
        encrypted.append(byte ^ ((mask * (mask ^ 1)) >> 8) & 0xFF)
        update(byte)
    return bytes(encrypted)


def encrypted_office() -> bytes:
    """How Office keeps a document with a password: not a zip, but the stream of an OLE file."""
    entries = ["Root Entry", "EncryptionInfo", "EncryptedPackage"]
    return OLE + b"".join(entry.encode("utf-16-le").ljust(128, b"\0") for entry in entries) + bytes(4096)


def cut(content: bytes, keep: float = 0.6) -> bytes:
    """The first part of a file, as after a broken transfer."""
    return content[: int(len(content) * keep)]


def chopped(content: bytes, sizes: Sequence[int]) -> Iterable[bytes]:
    """The same bytes in pieces of these sizes, over and over."""
    position, turn = 0, 0
    while position < len(content):
        size = max(1, sizes[turn % len(sizes)])
        yield content[position : position + size]
        position, turn = position + size, turn + 1
