"""Read a zip without believing it: what every unpacker could find in it, at most as many bytes at a time as asked for.

Python's zipfile is not used here: it loads a directory of any length into memory, and stops inflating at the size a member *says* it has.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from services.documents.inspector.limits import MEGABYTE, Unreadable

LOCAL = b"PK\x03\x04"
CENTRAL = b"PK\x01\x02"
END = b"PK\x05\x06"
_END64 = b"PK\x06\x06"
_LOCATOR64 = b"PK\x06\x07"
END_SIZE = 22
# The end record may be followed by a comment of up to 65,535 bytes.
TAIL = END_SIZE + 0xFFFF
_LOCAL_SIZE = 30
_CENTRAL_SIZE = 46
# Enough for 1,000 members with long names; a directory of 25 MB would be a bomb by itself.
_DIRECTORY_LIMIT = 2 * MEGABYTE
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _SIZES_FOLLOW, _STRONG = 0x0001, 0x0008, 0x0040
_CHUNK = 64 * 1024
_UNPACKED_CHUNK = 4 * _CHUNK


@dataclass(frozen=True)
class Member:
    """One entry of the central directory."""

    name: str
    offset: int
    packed: int
    method: int
    encrypted: bool


def find_end(tail: bytes) -> int:
    """Where in the last bytes of a file the end record of a zip begins, or -1. As unpackers do: the last one, followed by its comment."""
    position = tail.rfind(END)
    while position >= 0:
        if len(tail) - position >= END_SIZE:
            (comment,) = struct.unpack_from("<H", tail, position + 20)
            if position + END_SIZE + comment <= len(tail):
                return position
        position = tail.rfind(END, 0, position)
    return -1


def ends_as_zip(file: BinaryIO) -> bool:
    """Whether an unpacker would open this as a zip, whatever it starts with: there is an end record, and a directory before it."""
    size = file.seek(0, 2)
    start = max(0, size - TAIL)
    file.seek(start)
    tail = file.read()
    position = find_end(tail)
    if position < 0:
        return False
    (length,) = struct.unpack_from("<I", tail, position + 12)
    if length == 0xFFFFFFFF:
        return tail[position - 20 : position - 16] == _LOCATOR64
    file.seek(max(0, start + position - length))
    return file.read(4) == CENTRAL


def members(file: BinaryIO) -> list[Member]:
    """The members of a zip. Raises Unreadable for one that is damaged, or that other unpackers may read differently."""
    size = file.seek(0, 2)
    start = max(0, size - TAIL)
    file.seek(start)
    tail = file.read()
    position = find_end(tail)
    if position < 0:
        raise Unreadable("damaged")
    count, length, offset = struct.unpack_from("<HII", tail, position + 10)
    if count == 0xFFFF or length == 0xFFFFFFFF or offset == 0xFFFFFFFF:
        length, offset = _end64(file, start + position)
    if length > _DIRECTORY_LIMIT:
        raise Unreadable("too_many_members")
    if offset + length > start + position:
        raise Unreadable("damaged")
    file.seek(offset)
    found = list(_entries(file.read(length)))
    _refuse_hidden(file, found, directory=offset)
    return found


def _end64(file: BinaryIO, end: int) -> tuple[int, int]:
    """Length and offset of the directory of a zip with more than 65,534 members or 4 GB (APPNOTE § 4.3.14)."""
    file.seek(max(0, end - 20))
    locator = file.read(20)
    if locator[:4] != _LOCATOR64:
        raise Unreadable("damaged")
    (position,) = struct.unpack_from("<Q", locator, 8)
    if position > end:
        raise Unreadable("damaged")
    file.seek(position)
    record = file.read(56)
    if len(record) < 56 or record[:4] != _END64:
        raise Unreadable("damaged")
    length, offset = struct.unpack_from("<QQ", record, 40)
    return length, offset


def _entries(directory: bytes) -> Iterator[Member]:
    position = 0
    while position < len(directory):
        if directory[position : position + 4] != CENTRAL or len(directory) - position < _CENTRAL_SIZE:
            raise Unreadable("damaged")
        flags, method = struct.unpack_from("<HH", directory, position + 8)
        packed, unpacked, named, extra, comment = struct.unpack_from("<IIHHH", directory, position + 20)
        (offset,) = struct.unpack_from("<I", directory, position + 42)
        name_end = position + _CENTRAL_SIZE + named
        if 0xFFFFFFFF in (packed, unpacked, offset):
            packed, offset = _sizes64(directory[name_end : name_end + extra], packed=packed, unpacked=unpacked, offset=offset)
        name = directory[position + _CENTRAL_SIZE : name_end].decode("utf-8", "replace")
        yield Member(name, offset, packed, method, encrypted=bool(flags & (_ENCRYPTED | _STRONG)))
        position = name_end + extra + comment


def _sizes64(extra: bytes, *, packed: int, unpacked: int, offset: int) -> tuple[int, int]:
    """Size and offset from the zip64 field, which holds only what did not fit into 32 bits, in this order (APPNOTE § 4.5.3)."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        if kind == 1:
            numbers = iter(struct.unpack_from(f"<{min(length, len(extra) - 4) // 8}Q", extra, 4))
            _ = next(numbers, 0) if unpacked == 0xFFFFFFFF else 0
            packed = next(numbers, 0) if packed == 0xFFFFFFFF else packed
            return packed, next(numbers, 0) if offset == 0xFFFFFFFF else offset
        extra = extra[4 + length :]
    raise Unreadable("damaged")


def _refuse_hidden(file: BinaryIO, found: list[Member], *, directory: int) -> None:
    """Refuse members that the directory does not list, and members that lie over each other.

    An unpacker that goes from the front finds the first kind; the second is how a 10 MB zip holds 281 TB.
    """
    position = 0
    for member in sorted(found, key=lambda member: member.offset):
        # Behind the directory nothing is looked for: an offset of 64 bits may lie where no file can be read at all.
        if not position <= member.offset <= directory - _LOCAL_SIZE:
            raise Unreadable("damaged")
        if member.offset > position:
            file.seek(position)
            _refuse_header(file.read(min(member.offset - position, 4 * MEGABYTE)))
        position = _data_start(file, member) + member.packed
    if position > directory:
        raise Unreadable("damaged")
    file.seek(position)
    _refuse_header(file.read(min(directory - position, 4 * MEGABYTE)))


def _refuse_header(gap: bytes) -> None:
    """Between members there is at most a data descriptor of 24 bytes, and no header."""
    if LOCAL in gap or len(gap) >= 4 * MEGABYTE:
        raise Unreadable("damaged")


def _data_start(file: BinaryIO, member: Member) -> int:
    file.seek(member.offset)
    header = file.read(_LOCAL_SIZE)
    if len(header) < _LOCAL_SIZE or header[:4] != LOCAL:
        raise Unreadable("damaged")
    flags, method = struct.unpack_from("<HH", header, 6)
    (packed,) = struct.unpack_from("<I", header, 18)
    if method != member.method or bool(flags & (_ENCRYPTED | _STRONG)) != member.encrypted:
        raise Unreadable("damaged")
    if not flags & _SIZES_FOLLOW and packed not in (member.packed, 0xFFFFFFFF):
        raise Unreadable("damaged")
    named, extra = struct.unpack_from("<HH", header, 26)
    return member.offset + _LOCAL_SIZE + int(named) + int(extra)


def content(file: BinaryIO, member: Member) -> Iterator[bytes]:
    """The unpacked bytes of a member, whatever sizes it claims, to be counted. Raises Unreadable if they cannot be unpacked."""
    if member.encrypted:
        raise Unreadable("encrypted")
    start = _data_start(file, member)
    packed = pieces(file, start, member.packed)
    if member.method == _STORED:
        return packed
    if member.method == _DEFLATED:
        return inflated(packed, window=-zlib.MAX_WBITS)
    raise Unreadable("archive_kind")


def pieces(file: BinaryIO, start: int, size: int) -> Iterator[bytes]:
    """Bytes of a file by position; another reader may move the file in between."""
    end = start + size
    while start < end:
        file.seek(start)
        chunk = file.read(min(_CHUNK, end - start))
        if not chunk:
            raise Unreadable("damaged")
        start += len(chunk)
        yield chunk


def inflated(packed: Iterator[bytes], *, window: int) -> Iterator[bytes]:
    """Inflate at most 256 KiB at a time, which may be nothing. ``window`` as in zlib: negative for the stream in a zip, 31 for gzip."""
    inflater = zlib.decompressobj(window)
    for chunk in packed:
        waiting = chunk
        while not inflater.eof:
            unpacked = _inflate(inflater, waiting)
            yield unpacked
            waiting = inflater.unconsumed_tail
            # Less than was asked for: nothing is left inside, whatever zlib still remembers.
            if not waiting and len(unpacked) < _UNPACKED_CHUNK:
                break
        if inflater.eof:
            break
    if not inflater.eof or inflater.unused_data or next(packed, b""):
        raise Unreadable("damaged")


def _inflate(inflater: "zlib._Decompress", packed: bytes) -> bytes:
    try:
        return inflater.decompress(packed, _UNPACKED_CHUNK)
    except zlib.error as error:
        raise Unreadable("damaged") from error
