"""Names that people, or those who wish us ill, give to files: through upload, list, header, zip, store and log, unchanged or refused."""

import io
import json
import logging
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
import structlog
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from kontor.documents.v1 import documents_pb2 as pb
from werkzeug.http import parse_options_header

from chassis import telemetry
from chassis.caller import Caller
from chassis.errors import Invalid
from services.documents.names import clean_name
from services.documents.rules import name_key
from services.gateway.transfer import content_disposition
from tests.documents.portal import Portal, new_id, stored_files

# RFC 6266 § 4.1 as we write it: a quoted plain name, and the real one as RFC 8187 § 3.2.1 says it.
_HEADER = re.compile(r'attachment; filename="([ !#-\[\]-~]+)"; filename\*=UTF-8\'\'((?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-F]{2})+)')
_HOSTILE = [
    "../../etc/passwd.pdf", "..\\boot.pdf", "a\r\nSet-Cookie: b=c.pdf", "a\0.pdf", "\u202efdp.pdf", "a\u2028b.pdf", 'a"; filename="b.pdf',
    "a%0d%0ab.pdf", "a';DROP TABLE documents;--.pdf", "${jndi:x}.pdf", "{{7*7}}.pdf", "<script>.pdf", "=cmd|' /C calc'!A0.pdf",
    "👩‍💼 lønn.pdf", "🇳🇴🧾.pdf", "नमस्ते.pdf", "e\u0301.pdf", "\ufeffa.pdf", "a\x1b[31m.pdf", ".pdf", "....pdf", "~.pdf", "-rf.pdf",
    "CON.pdf", "a\ud800.pdf", "*.pdf", "a\t.pdf", "%.pdf", "a%2fb.pdf", "\\\\host\\share.pdf", "a:stream.pdf", "x" * 196 + ".pdf",
    "ß" * 125 + ".pdf",
]  # fmt: skip
names = st.builds(
    lambda stem, ending: stem + ending,
    st.one_of(
        st.text(max_size=60),
        st.text(alphabet="ab./\\\r\n\0\t\"';%*=:\u202e\u2066\u200b\u2028\ud800\udfff\ufeff🧾e\u0301å", max_size=20),
        st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cf")), max_size=40),
        st.sampled_from(_HOSTILE),
    ),
    st.sampled_from([".pdf", ".PDF", ".pdf"]),
)  # fmt: skip


def said(header: str) -> tuple[str, str]:
    """The plain and the real name in a Content-Disposition, read strictly."""
    match = _HEADER.fullmatch(header)
    assert match is not None, header
    return match[1], unquote(match[2], encoding="utf-8", errors="strict")


@settings(max_examples=500, deadline=None)
@given(names)
@example("a\r\nSet-Cookie: b=c.pdf")
def test_a_header_says_exactly_the_name_and_nothing_more(name: str) -> None:
    """P16: RFC 6266, RFC 8187: whatever the service keeps comes out of both a strict reader and the one that servers use."""
    try:
        kept = clean_name(name)
    except Invalid:
        return
    header = content_disposition(kept)
    assert header.isascii()
    assert header.isprintable()
    plain, real = said(header)
    assert real == kept
    assert not set(plain) & set('/\\%"')
    assert parse_options_header(header) == ("attachment", {"filename": kept})


class Room:
    """A folder to upload to, and somebody who may."""

    def __init__(self, portal: Portal) -> None:
        self.portal, self.uploads, company = portal, 0, portal.company()
        self.folder = portal.folder(company)
        self.member = portal.member(company, self.folder)

    def upload(self, name: str) -> pb.Document | None:
        """The document; none for a name that was refused, with a reason that says so. Each is of another month: its place is free."""
        self.uploads += 1
        try:
            return self.portal.upload(self.member, self.folder, name, period=self.uploads % 12 + 1, year=2000 + self.uploads // 12)
        except (Invalid, UnicodeEncodeError) as why:
            # Half characters do not even get into a message.
            refused = why.reason.startswith("file_name_") if isinstance(why, Invalid) else bool(re.search("[\ud800-\udfff]", name))
        assert refused, name
        return None


@pytest.fixture
def room(portal: Portal) -> Room:
    return Room(portal)


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What would be written to the log, as operators get it."""
    root, stream = logging.getLogger(), io.StringIO()
    before, level, configured = root.handlers[:], root.level, structlog.get_config()
    telemetry.log_as("json", "debug")
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    structlog.configure(**configured)


@pytest.mark.timeout(180)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(given_names=st.lists(names, min_size=1, max_size=6))
@example(given_names=_HOSTILE)
def test_a_name_goes_through_upload_download_zip_store_and_log_or_is_refused(
    room: Room, tmp_path: Path, logged: io.StringIO, given_names: list[str]
) -> None:
    """P16."""
    kept = [document for name in given_names if (document := room.upload(name)) is not None]
    room.portal.scan()
    for document in kept:
        (head, *_) = room.portal.documents(room.member).Download(pb.DownloadRequest(document_id=document.document_id))
        assert said(content_disposition(head.head.name))[1] == document.name
    if kept:
        _unpacks(room, room.member, kept, tmp_path)
    assert [path.name for path in stored_files(tmp_path) if not re.fullmatch("[0-9a-f-]{36}", path.name)] == []
    for line in logged.getvalue().splitlines():
        assert isinstance(json.loads(line), dict)


def _unpacks(room: Room, who: Caller, kept: list[pb.Document], folder: Path) -> None:
    """Each is in the zip once, under its name or that with a number, and lands in the folder where it is unpacked."""
    parts = room.portal.documents(who).DownloadZip(pb.DownloadZipRequest(document_ids=[each.document_id for each in kept]))
    target = folder / "unpacked" / new_id()
    with zipfile.ZipFile(io.BytesIO(b"".join(part.chunk for part in parts))) as archive:
        assert archive.testzip() is None
        found = archive.namelist()
        archive.extractall(target)
    assert len(set(map(name_key, found))) == len(kept)
    assert {name_key(each.name) for each in kept} <= set(map(name_key, found))
    assert sorted(path.name for path in target.rglob("*")) == sorted(found)
    assert all(path.parent == target for path in target.rglob("*"))


def test_a_name_in_a_log_cannot_begin_a_line_of_its_own(logged: io.StringIO) -> None:
    """P16: also where a failure's text carries it."""
    for name in _HOSTILE:
        telemetry.log("test").warning("file refused", name=name.encode("utf-8", "replace").decode(), error=f"not {name!r}")
    lines = logged.getvalue().splitlines()
    assert len(lines) == len(_HOSTILE)
    assert all(json.loads(line)["event"] == "file refused" for line in lines)
