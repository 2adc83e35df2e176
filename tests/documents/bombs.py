"""Files of at most 25 MB that cost an inspector as much as their makers could think of."""

import random
import struct
import zlib
from collections.abc import Iterator, Mapping
from functools import cache, partial
from zipfile import ZIP_STORED

from tests.documents import corpus
from tests.documents.corpus import MEGABYTE, Made

SIZE = 25 * MEGABYTE
# The order in which a dynamic block tells the lengths of its code lengths (RFC 1951 § 3.2.7).
_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1)


def empty_blocks(size: int) -> bytes:
    """A deflate stream that unpacks to nothing: blocks that each tell a whole table of codes, and then end."""
    block = [(0, 1), (2, 2), (0, 5), (0, 5), (len(_ORDER) - 4, 4), *((int(length in (1, 18)), 3) for length in _ORDER)]
    # 256 codes of no length, then one for the end and one distance; and the end.
    block += [(1, 1), (138 - 11, 7), (1, 1), (118 - 11, 7), (0, 1), (0, 1), (0, 1)]
    eight = _bits(block * 8)
    return eight * (size // len(eight)) + _bits([(1, 1), (1, 2), (0, 7), (0, 6)])


def _bits(values: list[tuple[int, int]]) -> bytes:
    number = length = 0
    for value, bits in values:
        number, length = number | value << length, length + bits
    return number.to_bytes(length // 8, "little")


def deflated(stream: bytes, *, name: bytes = b"a.txt", size: int = 0) -> bytes:
    """A zip whose only member is this deflate stream."""
    fields = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0x21, 0, len(stream), size, len(name), 0)
    local = b"PK\x03\x04" + fields + name + stream
    central = b"PK\x01\x02" + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    return local + central + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, len(central), len(local), 0)


def packed_little(content: bytes) -> bytes:
    """A zip that packs its member only to less than half, so that no ratio tells what it is."""
    pack = zlib.compressobj(6, zlib.DEFLATED, -15, 8, zlib.Z_HUFFMAN_ONLY)
    return deflated(pack.compress(content) + pack.flush(), name=b"inner.zip", size=len(content))


def false_ends() -> bytes:
    """A thousand zips in one, the comment of each full of end records that do not fit."""
    comment = (b"PK\x05\x06" + bytes(16) + b"\xff\xff") * (0xFFFF // 22)
    inner = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 0, 0, 0, 0, len(comment)) + comment
    return corpus.zipped((f"{number}.zip", inner) for number in range(990))


def long_names() -> bytes:
    """Names that fill the directory, and an extra field in each of nothing but small fields."""
    return corpus.zipped(((f"{number:04}" + "n" * 1900, b"") for number in range(999)), method=ZIP_STORED)


@cache
def fifty_fold() -> bytes:
    """As large as a member may be, packed as well as it may be: allowed."""
    return corpus.quiet_bomb(99 * MEGABYTE)


def mutants(count: int) -> Iterator[bytes]:
    """Archives with bytes, and stretches of bytes, changed, repeated, moved and cut out."""
    seeds = [corpus.nested(corpus.docx(("word/media/a.png", corpus.PNG)), depth=2), corpus.streamed_zip([("a.txt", b"a" * 50_000)]),
             corpus.many_members(900), deflated(empty_blocks(20_000)), corpus.encrypted_zip(), corpus.quiet_bomb(300_000)]  # fmt: skip
    chance = random.Random(15)
    for number in range(count):
        changed = bytearray(seeds[number % len(seeds)])
        for _ in range(chance.choice([1, 2, 5, 40])):
            at, length = chance.randrange(len(changed) + 1), chance.choice([1, 2, 4, 30, 300])
            again = changed[at : at + length] * 2
            new = chance.choice([chance.randbytes(length), b"\xff" * length, bytes(length), again, b"", b"PK\x05\x06"])
            changed[at : at + length] = new
        yield bytes(changed)


BOMBS: Mapping[str, Made] = {
    "random.zip": lambda: b"PK\x03\x04" + random.Random(2).randbytes(SIZE - 4),
    "fifty-fold.zip": fifty_fold,
    "three-levels.zip": lambda: corpus.nested(fifty_fold(), depth=2),
    "three-of-99.zip": lambda: corpus.zipped((f"{number}.zip", fifty_fold()) for number in range(3)),
    "zeros.zip": lambda: corpus.bomb(99 * MEGABYTE),
    "members.zip": lambda: corpus.many_members(200_000),
    **{f"far-{number}.zip": partial(corpus.far_zip, offset) for number, offset in enumerate(corpus.FAR)},
    "ends.zip": lambda: b"PK\x03\x04" + b"PK\x05\x06" * (6 * MEGABYTE),
    "false-ends.zip": false_ends,
    "long-names.zip": long_names,
    "empty-blocks.zip": lambda: deflated(empty_blocks(24 * MEGABYTE)),
    "empty-blocks-packed.zip": lambda: packed_little(deflated(empty_blocks(54 * MEGABYTE))),
    "empty-blocks.gz": lambda: b"\x1f\x8b\x08" + bytes(7) + empty_blocks(24 * MEGABYTE) + bytes(8),
    "manifest.odt": lambda: deflated(empty_blocks(24 * MEGABYTE), name=b"META-INF/manifest.xml"),
    "text.txt": lambda: b"a;b;c\r\n" * (SIZE // 7),
    "wide.txt": lambda: b"\xff\xfe" + "a;b\r\n".encode("utf-16-le") * (SIZE // 10 - 1),
    "ends.pdf": lambda: corpus.PDF + b"%%EOF" * (5 * MEGABYTE - 99),
    "nearly-encrypted.doc": lambda: corpus.OLE + "EncryptedPackag".encode("utf-16-le") * (SIZE // 32),
}
