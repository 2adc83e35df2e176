"""What the inspector finds in files, hostile and harmless."""

import io
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.documents.inspector import Inspection, Limits, inspect
from services.documents.verdict import CLEAN, Verdict, quarantined, unscannable
from tests.documents import corpus
from tests.documents.corpus import MEGABYTE


def looked_into(content: bytes, name: str, limits: Limits | None = None) -> Inspection:
    return inspect(io.BytesIO(content), name, limits=limits)


@pytest.mark.parametrize(
    ("name", "content", "content_type"),
    [
        ("invoice.pdf", corpus.PDF, "application/pdf"),
        ("receipt.PNG", corpus.PNG, "image/png"),
        ("letter.docx", corpus.docx(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("hours.xlsx", corpus.xlsx(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("letter.odt", corpus.odt(), "application/vnd.oasis.opendocument.text"),
        ("books.se", corpus.SIE, "text/x-sie"),
        ("list.csv", "navn;beløp\nÅse;1\n".encode("latin-1"), "text/csv"),
        ("list.txt", "\ufeffÅse\t1\r\n".encode("utf-16"), "text/plain"),
        ("old.xls", corpus.OLE, "application/vnd.ms-excel"),
        ("all.zip", corpus.zipped([("a.pdf", corpus.PDF), ("b/", b"")]), "application/zip"),
        ("all.zip", corpus.zipped([("a.pdf", corpus.PDF)], method=zipfile.ZIP_STORED), "application/zip"),
        ("all.zip", corpus.streamed_zip([("a.pdf", corpus.PDF), ("b.txt", b"b")]), "application/zip"),
        ("all.zip", corpus.zipped([]), "application/zip"),
        ("photo.jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(99), "image/jpeg"),
    ],
)
def test_an_honest_file_is_clean_and_its_type_is_found_in_its_content(name: str, content: bytes, content_type: str) -> None:
    """ACC-50, ACC-57."""
    assert looked_into(content, name) == Inspection(CLEAN, content_type)


@pytest.mark.parametrize(
    ("name", "content", "verdict"),
    [
        ("invoice.exe", b"MZ", quarantined("type_not_accepted")),
        ("invoice", corpus.PDF, quarantined("type_not_accepted")),
        ("page.html", b"<script>", quarantined("type_not_accepted")),
        ("invoice.pdf", b"MZ" + bytes(999), quarantined("type_mismatch")),
        ("invoice.pdf", b"\n" + corpus.PDF, quarantined("type_mismatch")),
        ("invoice.pdf", b"\xef\xbb\xbf" + corpus.PDF, quarantined("type_mismatch")),
        ("books.se", b"#FLAGGA 0\r\n\0", quarantined("type_mismatch")),
        ("list.txt", b"\xff\xfe\0\0\0\0", quarantined("type_mismatch")),
        ("list.txt", b"\xff\xfea", quarantined("type_mismatch")),
        ("list.csv", corpus.PDF, quarantined("type_mismatch")),
        ("hours.xlsx", corpus.docx(), quarantined("type_mismatch")),
        ("hours.xlsx", corpus.OLE, quarantined("type_mismatch")),
        ("old.xls", corpus.xlsx(), quarantined("type_mismatch")),
        ("photo.jpg", corpus.PNG, quarantined("type_mismatch")),
        ("invoice.pdf", corpus.polyglot(), quarantined("polyglot")),
        ("photo.png", corpus.PNG + corpus.zipped([("a", b"a")]), quarantined("polyglot")),
        ("invoice.pdf", corpus.PDF + b"MZ" + b"\x90" * 2000, quarantined("polyglot")),
        ("all.zip", corpus.encrypted_zip(), unscannable("encrypted")),
        ("outer.zip", corpus.zipped([("inner.zip", corpus.encrypted_zip())]), unscannable("encrypted")),
        ("letter.docx", corpus.encrypted_office(), unscannable("encrypted")),
        ("letter.zip", corpus.zipped([("letter.docx", corpus.encrypted_office())]), unscannable("encrypted")),
        ("letter.odt", corpus.odt(encrypted=True), unscannable("encrypted")),
        ("all.zip", corpus.bomb, unscannable("too_compressed")),
        ("hours.xlsx", corpus.bomb, unscannable("too_compressed")),
        ("all.zip", lambda: corpus.nested(corpus.bomb(), depth=1), unscannable("too_compressed")),
        ("all.zip", lambda: corpus.quiet_bomb(101 * MEGABYTE), unscannable("too_large")),
        ("all.zip", lambda: corpus.many_members(1001), unscannable("too_many_members")),
        ("all.zip", corpus.nested(b"deep", depth=4), unscannable("too_deep")),
        ("all.zip", corpus.cut(corpus.zipped([("a.pdf", corpus.PDF)])), unscannable("damaged")),
        ("all.zip", corpus.hidden_member_zip(), unscannable("damaged")),
        ("all.zip", corpus.overlapping_zip(), unscannable("damaged")),
        *(("all.zip", corpus.far_zip(offset), unscannable("damaged")) for offset in corpus.FAR),
        ("all.zip", corpus.far_zip(2**63 + 100, size=2**63), unscannable("damaged")),
        ("letter.docx", corpus.far_zip(2**63), unscannable("damaged")),
        ("outer.zip", corpus.zipped([("inner.zip", corpus.far_zip(2**63))]), unscannable("damaged")),
        ("all.zip", corpus.zipped([("a.txt", b"a" * 999)], method=zipfile.ZIP_LZMA), unscannable("archive_kind")),
        ("all.7z", b"7z\xbc\xaf\x27\x1c" + bytes(99), unscannable("archive_kind")),
        ("all.zip", corpus.zipped([("a.rar", b"Rar!\x1a\x07\x01\0")]), unscannable("archive_kind")),
        ("all.tar", b"a.txt".ljust(257, b"\0") + b"ustar\0" + bytes(999), unscannable("archive_kind")),
    ],
)
def test_a_file_that_is_not_what_it_says_or_cannot_be_seen_whole_is_never_clean(
    name: str, content: "bytes | corpus.Made", verdict: Verdict
) -> None:
    """ACC-57, BEY-03, P14."""
    assert looked_into(content() if callable(content) else content, name).verdict == verdict


def test_three_archives_in_each_other_are_opened() -> None:
    """BEY-03."""
    assert looked_into(corpus.nested(b"deep", depth=3), "all.zip").verdict == CLEAN


def test_all_levels_of_an_archive_share_one_limit() -> None:
    """P14: four zips of 80 MB each in one zip are more than 300 MB."""
    inner = corpus.quiet_bomb(80 * MEGABYTE)
    outer = corpus.zipped([(f"{number}.zip", inner) for number in range(4)], method=zipfile.ZIP_STORED)
    assert looked_into(outer, "all.zip").verdict == unscannable("too_large")


def test_what_a_header_says_about_the_size_is_not_believed() -> None:
    """P14."""
    lying = corpus.lying_zip(b"a" * 5000)
    assert looked_into(lying, "all.zip", Limits(member=4000)).verdict == unscannable("too_large")


def test_a_gzip_is_opened_like_a_zip() -> None:
    """BEY-03."""
    pack = zlib.compressobj(wbits=31)
    assert looked_into(pack.compress(corpus.SIE) + pack.flush(), "books.gz").verdict == CLEAN
    pack = zlib.compressobj(wbits=31)
    assert looked_into(pack.compress(corpus.encrypted_zip()) + pack.flush(), "books.gz").verdict == unscannable("encrypted")


@pytest.mark.parametrize("keep", range(1, 100, 7))
def test_a_zip_that_broke_off_anywhere_is_never_clean(keep: int) -> None:
    """P14."""
    whole = corpus.zipped([("a.pdf", corpus.PDF), ("b.txt", corpus.MARKER)])
    assert looked_into(corpus.cut(whole, keep / 100), "all.zip").verdict != CLEAN


@settings(max_examples=300, deadline=1000)
@given(content=st.binary(max_size=3000), start=st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08", b"%PDF-", corpus.OLE]))
def test_garbage_gets_a_verdict_and_no_error(content: bytes, start: bytes) -> None:
    """P15."""
    for name in ("a.zip", "a.pdf", "a.docx", "a.txt", "a.gz"):
        assert looked_into(start + content, name).verdict


@settings(max_examples=300, deadline=1000)
@given(changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_zip_with_changed_bytes_gets_a_verdict_and_no_error(changes: list[tuple[float, int]]) -> None:
    """P15."""
    content = bytearray(corpus.nested(corpus.docx(("word/media/a.png", corpus.PNG)), depth=2))
    for place, value in changes:
        content[int(place * len(content))] = value
    assert looked_into(bytes(content), "a.zip").verdict
