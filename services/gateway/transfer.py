"""Carries the bytes of files between the browser and documents, in pieces; the same for pages and for the REST API."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import IO
from urllib.parse import quote

from flask import Response, request
from kontor.documents.v1.documents_pb2 import (
    Document,
    DownloadHead,
    DownloadRequest,
    DownloadResponse,
    DownloadZipRequest,
    UploadRequest,
    UploadStart,
)  # fmt: skip
from kontor.documents.v1.documents_pb2_grpc import DocumentsStub
from werkzeug.wsgi import ClosingIterator

from chassis.errors import Invalid, Unavailable
from chassis.service import Peers
from services.gateway.rest import problems

PIECE = 256 * 1024
# A file is something to save: it is never shown, run, kept or embedded by a browser in our name.
HEADERS = {
    "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'", "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin", "X-Accel-Buffering": "no",
}  # fmt: skip
# One range of bytes, or the last ones; with more digits than any file has it is no range.
_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{1,18})?|-(\d{1,18}))", re.ASCII)
NOWHERE = 2**62
# attr-char of RFC 8187 § 3.2.1 beyond letters and digits.
_ATTR_CHARS = "!#$&+-.^_`|~"


class NotThere(Invalid):
    """The file has no such bytes."""

    http_status = 416


class TooLarge(Invalid):
    """The request is larger than requests may be."""

    http_status = 413


def refuse_large_body() -> None:
    """Raises TooLarge when the front has left the body of the current request unread because of its size."""
    if request.environ.get("kontor.body") == "too_large":
        raise TooLarge("request_too_large", "The request is larger than allowed.")


def upload(peers: Peers, body: IO[bytes], start: UploadStart) -> Document:
    """Send a received file to documents. Raises what Upload raises: `document_exists`, `file_too_large`, `file_empty`, `file_name_*`."""
    document: Document = DocumentsStub(peers.channel("documents")).Upload(_pieces(body, start))
    return document


def download(peers: Peers, document_id: str, *, version: int = 0) -> Response:
    """The bytes of a published document, as an attachment; or the part of them that the current request's headers ask for."""
    asked = DownloadRequest(document_id=document_id, version=version)
    _ask_for_part(asked)
    try:
        return _attachment(DocumentsStub(peers.channel("documents")).Download(asked))
    except Invalid as why:
        if why.reason != "range_not_satisfiable":
            raise
        response = problems.respond(NotThere(why.reason, why.message, facts=why.facts))
        response.headers["Content-Range"] = f"bytes */{why.facts['size']}"
        return response


def download_zip(peers: Peers, document_ids: Sequence[str]) -> Response:
    """Several documents as one zip."""
    return _attachment(DocumentsStub(peers.channel("documents")).DownloadZip(DownloadZipRequest(document_ids=document_ids)))


def content_disposition(name: str) -> str:
    """What makes a browser save the file under this name (RFC 6266 § 4, RFC 8187), with a plain one for old browsers."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^ !#-\[\]-~]|[%/]", "_", plain).strip() or "file"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe=_ATTR_CHARS)}"


def _ask_for_part(asked: DownloadRequest) -> None:
    """What Range and If-Range say (RFC 9110 § 13.1.5, § 14.2). One range only: who asks for several gets the whole, as that allows."""
    ranges = _RANGE.fullmatch(request.headers.get("Range", ""))
    if request.method != "GET" or not ranges:
        return
    first, last, suffix = ranges.groups()
    if suffix:
        asked.last, asked.offset = int(suffix), 0 if int(suffix) else NOWHERE
    elif not last or int(first) <= int(last):
        asked.offset, asked.length = int(first), int(last) - int(first) + 1 if last else 0
    asked.if_sha256 = _strong(request.headers.get("If-Range", ""))


def _strong(tag: str) -> str:
    """The hash in an entity tag of ours. Anything else, a date too, stands for no file."""
    return tag[1:-1] if re.fullmatch(r'"[0-9a-f]{64}"', tag) else tag and "-"


def _pieces(body: IO[bytes], start: UploadStart) -> Iterator[UploadRequest]:
    yield UploadRequest(start=start)
    while piece := body.read(PIECE):
        yield UploadRequest(chunk=piece)


def _attachment(parts: Iterator[DownloadResponse]) -> Response:
    # The head is fetched here, so that a refusal becomes an answer of its own and not a broken file.
    first = next(parts, None)
    if first is None or first.WhichOneof("part") != "head":
        raise Unavailable("download_broken", "The file did not come.")
    head: DownloadHead = first.head
    # Closed with the response, however far it was read: the stream behind it ends when the reader leaves.
    chunks = ClosingIterator((part.chunk for part in parts), getattr(parts, "close", None))
    response = Response(chunks, 206 if head.partial else 200, mimetype=_media_type(head.content_type), headers=HEADERS)
    response.headers["Content-Disposition"] = content_disposition(head.name)
    if head.sha256:
        response.headers["ETag"], response.headers["Accept-Ranges"] = f'"{head.sha256}"', "bytes"
    if head.partial:
        response.headers["Content-Range"] = f"bytes {head.offset}-{head.offset + head.length - 1}/{head.size}"
    if head.size:
        response.headers["Content-Length"] = str(head.length if head.partial else head.size)
    return response


def _media_type(found: str) -> str:
    return found if re.fullmatch(r"[a-z]+/[a-z0-9][a-z0-9.+-]*", found) else "application/octet-stream"
