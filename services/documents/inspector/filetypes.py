"""Which kinds of file are accepted, and what a file really is, found in its bytes."""

import re
from codecs import iterdecode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

import filetype

from services.documents.inspector import zips
from services.documents.inspector.archives import GZIP, OLE
from services.documents.inspector.limits import MEGABYTE, Budget, Unreadable

_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."


@dataclass(frozen=True)
class FileType:
    """``kind`` is what the bytes must be; ``content_type`` is what we call it. A kind of zip names a member that must be in it."""

    kind: str
    content_type: str
    member: str = ""


# ASVS 5.1.1: everything that is accepted, by the ending of its name; nothing else is.
ACCEPTED: Mapping[str, FileType] = {
    "pdf": FileType("pdf", "application/pdf"),
    "png": FileType("image/png", "image/png"),
    "jpg": FileType("image/jpeg", "image/jpeg"),
    "jpeg": FileType("image/jpeg", "image/jpeg"),
    "gif": FileType("image/gif", "image/gif"),
    "tif": FileType("image/tiff", "image/tiff"),
    "tiff": FileType("image/tiff", "image/tiff"),
    "bmp": FileType("image/bmp", "image/bmp"),
    "webp": FileType("image/webp", "image/webp"),
    "heic": FileType("image/heic", "image/heic"),
    "docx": FileType("zip", _OOXML + "wordprocessingml.document", "word/document.xml"),
    "xlsx": FileType("zip", _OOXML + "spreadsheetml.sheet", "xl/workbook.xml"),
    "pptx": FileType("zip", _OOXML + "presentationml.presentation", "ppt/presentation.xml"),
    "odt": FileType("zip", _ODF + "text", "content.xml"),
    "ods": FileType("zip", _ODF + "spreadsheet", "content.xml"),
    "odp": FileType("zip", _ODF + "presentation", "content.xml"),
    "doc": FileType("ole", "application/msword"),
    "xls": FileType("ole", "application/vnd.ms-excel"),
    "ppt": FileType("ole", "application/vnd.ms-powerpoint"),
    "msg": FileType("ole", "application/vnd.ms-outlook"),
    "rtf": FileType("rtf", "application/rtf"),
    "txt": FileType("text", "text/plain"),
    "csv": FileType("text", "text/csv"),
    "tsv": FileType("text", "text/tab-separated-values"),
    "xml": FileType("text", "application/xml"),
    "xbrl": FileType("text", "application/xml"),
    "json": FileType("text", "application/json"),
    "eml": FileType("text", "message/rfc822"),
    "dat": FileType("text", "text/plain"),
    # SIE 4, the Swedish exchange format of bookkeeping, in code page 437.
    "se": FileType("text", "text/x-sie"),
    "si": FileType("text", "text/x-sie"),
    "sie": FileType("text", "text/x-sie"),
    "asice": FileType("zip", "application/vnd.etsi.asic-e+zip", "mimetype"),
    "zip": FileType("zip", "application/zip"),
    "gz": FileType("gzip", "application/gzip"),
    # Accepted so that the answer is advice, "unscannable: send a zip", and not a riddle.
    "7z": FileType("closed", "application/x-7z-compressed"),
    "rar": FileType("closed", "application/vnd.rar"),
    "tar": FileType("closed", "application/x-tar"),
}

_HEAD = 8192
_CHUNK = 256 * 1024
# PDF readers look for the end mark in the last 1,024 bytes (ISO 32000-1, Annex H note 18).
_AFTER_PDF = 1024
# Everything but NUL and other control characters, in any 8-bit code page; form feed and Ctrl-Z end pages and files of old programs.
_TEXT_BYTES = bytes({9, 10, 12, 13, 26} | set(range(32, 256)) - {127})
_WIDE_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_CONTROL = re.compile("[\0-\x08\x0b\x0e-\x19\x1b-\x1f\x7f]")


def matches(file: BinaryIO, expected: FileType, budget: Budget) -> bool:
    """Whether the bytes are what the name promises. Raises Unreadable for an encrypted OpenDocument file."""
    kind = _kind(file)
    if expected.kind != "zip" or kind != "zip":
        return kind == expected.kind
    members = {member.name: member for member in zips.members(file)}
    manifest = members.get("META-INF/manifest.xml")
    if manifest and any(b"encryption-data" in chunk for chunk in budget.counted(zips.content(file, manifest), packed=manifest.packed)):
        raise Unreadable("encrypted")
    return not expected.member or expected.member in members


def is_polyglot(file: BinaryIO, expected: FileType) -> bool:
    """Whether the file is also something else: a zip, or any second file behind a PDF's end."""
    if expected.kind in {"zip", "ole", "closed"}:
        return False
    if expected.kind == "pdf" and _after_pdf(file) > _AFTER_PDF:
        return True
    return zips.ends_as_zip(file)


def _after_pdf(file: BinaryIO) -> int:
    """How many bytes follow a PDF's last end mark, padding aside; 0 if there is no mark in the last megabyte."""
    size = file.seek(0, 2)
    file.seek(max(0, size - MEGABYTE))
    tail = file.read()
    end = tail.rfind(b"%%EOF")
    return len(tail[end + 5 :].strip(b"\0 \r\n\t")) if end >= 0 else 0


def _kind(file: BinaryIO) -> str:
    file.seek(0)
    head = file.read(_HEAD)
    for start, kind in ((b"%PDF-", "pdf"), (zips.LOCAL, "zip"), (zips.END, "zip"), (OLE, "ole"), (GZIP, "gzip"), (b"{\\rtf", "rtf")):
        if head.startswith(start):
            return kind
    guessed = filetype.guess_mime(head)
    if guessed and guessed.startswith("image/"):
        return str(guessed)
    return "text" if not guessed and _is_text(file, head) else "unknown"


def _is_text(file: BinaryIO, head: bytes) -> bool:
    file.seek(0)
    chunks = iter(partial(file.read, _CHUNK), b"")
    encoding = _WIDE_MARKS.get(head[:2])
    if encoding is None:
        return not any(chunk.translate(None, _TEXT_BYTES) for chunk in chunks)
    try:  # UTF-16, as spreadsheets export it
        return not any(_CONTROL.search(text) for text in iterdecode(chunks, encoding))
    except UnicodeDecodeError:
        return False
