"""Documents: upload, find, look at, download."""

from collections.abc import Iterator

import uuid_utils.compat as uuid
from grpc import ServicerContext
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1 import documents_pb2_grpc as rpcs

from chassis import caller
from chassis.db import Database
from chassis.errors import Conflict, Invalid, NotFound, Unavailable
from services.documents import access, ranges
from services.documents.accesses import DOWNLOAD, Accesses
from services.documents.actions import browse, counting, download, edit, upload, versions
from services.documents.api.messages import count_message, counts_message, document_message, version_message
from services.documents.rules import Terms
from services.documents.vault import Vault, too_large

# Of a download: at most so many bytes, four frames of the vault.
MESSAGE = 256 * 1024


class Documents(rpcs.DocumentsServicer):
    """Answers kontor.documents.v1.Documents."""

    def __init__(self, database: Database, vault: Vault, accesses: Accesses, *, terms: Terms) -> None:
        self._database, self._vault, self._accesses, self._terms = database, vault, accesses, terms

    def CheckNames(self, request: pb.CheckNamesRequest, _: ServicerContext) -> pb.CheckNamesResponse:
        """See the contract."""
        existing = upload.check_names(self._database, caller.current(), request)
        return pb.CheckNamesResponse(existing=map(document_message, existing))

    def Upload(self, requests: Iterator[pb.UploadRequest], context: ServicerContext) -> pb.Document:
        """See the contract. The bytes pass through; the document exists once this returns, or not at all."""
        who, start = caller.current(), _start(requests)
        if start.size > self._vault.limit:
            raise too_large(self._vault.limit)
        place = upload.find_place(self._database, who, start)
        version_id = str(uuid.uuid7())
        received = self._vault.keep(version_id, _chunks(requests), size=start.size)
        if not context.is_active():
            # Of an upload that breaks off grpc may first end the stream, as if the file were whole, and then say that it was cancelled.
            self._vault.forget(version_id)
            raise Unavailable("caller_left", "The upload was given up.")
        try:
            document = upload.keep_upload(self._database, who, place, version_id=version_id, received=received, terms=self._terms)
        except (Conflict, NotFound):
            # Refused for certain. After any other failure the rows may be there all the same: then only the sweep can know.
            self._vault.forget(version_id)
            raise
        return document_message(access.document(self._database, who, document.id))

    def ListDocuments(self, request: pb.ListDocumentsRequest, _: ServicerContext) -> pb.ListDocumentsResponse:
        """See the contract."""
        asked = (self._database, caller.current(), request)
        page = browse.list_documents(*asked)
        answer = pb.ListDocumentsResponse(documents=map(document_message, page.rows), next_page_token=page.next_token)
        if not request.page_token:
            answer.years.extend(counting.years(*asked))
            counts = counting.count_choices(*asked) if request.with_counts else None
            if counts:
                answer.counts.CopyFrom(counts_message(counts))
            answer.total = counts.total if counts and not counts.at_least else counting.total(*asked)
        return answer

    def UpdateDocument(self, request: pb.UpdateDocumentRequest, _: ServicerContext) -> pb.Document:
        """See the contract."""
        changes = _changes(request, revision=request.revision, name=request.name if request.HasField("name") else None)
        return self._updated(request.document_id, changes)

    def UpdateDocuments(self, request: pb.UpdateDocumentsRequest, _: ServicerContext) -> pb.UpdateDocumentsResponse:
        """See the contract."""
        answer = pb.UpdateDocumentsResponse()
        for each in request.documents:
            try:
                answer.documents.append(self._updated(each.document_id, _changes(request, revision=each.revision)))
            except (Conflict, Invalid, NotFound) as why:
                answer.refusals.append(pb.Refusal(document_id=each.document_id, reason=why.reason))
        return answer

    def _updated(self, document_id: str, changes: edit.Edit) -> pb.Document:
        settled = edit.update_document(self._database, caller.current(), document_id, edit=changes, terms=self._terms)
        return document_message(access.document(self._database, caller.current(), settled))

    def ListVersions(self, request: pb.ListVersionsRequest, _: ServicerContext) -> pb.ListVersionsResponse:
        """See the contract."""
        document, rows, next_token = versions.list_versions(self._database, caller.current(), request)
        return pb.ListVersionsResponse(versions=[version_message(row, document) for row in rows], next_page_token=next_token)

    def GetDocument(self, request: pb.GetDocumentRequest, _: ServicerContext) -> pb.Document:
        """See the contract."""
        return document_message(access.document(self._database, caller.current(), request.document_id))

    def BatchGetDocuments(self, request: pb.BatchGetDocumentsRequest, _: ServicerContext) -> pb.BatchGetDocumentsResponse:
        """See the contract."""
        found = access.documents(self._database, caller.current(), list(request.document_ids))
        return pb.BatchGetDocumentsResponse(documents=map(document_message, found))

    def Download(self, request: pb.DownloadRequest, _: ServicerContext) -> Iterator[pb.DownloadResponse]:
        """See the contract."""
        content = versions.readable_content(self._database, caller.current(), request.document_id, version=request.version)
        head = pb.DownloadHead(name=content.name, content_type=content.content_type, size=content.size, sha256=content.sha256)
        part = None
        if request.if_sha256 in ("", content.sha256):
            part = ranges.wanted(content.size, offset=request.offset, length=request.length, last=request.last)
        if part is None:
            pieces = self._vault.read(content.version_id)
        else:
            head.partial, head.offset, head.length = True, part.start, len(part)
            pieces = self._vault.read_part(content.version_id, size=content.size, part=part)
        self._accesses.note(caller.current(), DOWNLOAD, content.document, version=content.number, goes_on=bool(part and part.start))
        yield pb.DownloadResponse(head=head)
        yield from (pb.DownloadResponse(chunk=piece) for piece in _gathered(pieces))

    def DownloadZip(self, request: pb.DownloadZipRequest, _: ServicerContext) -> Iterator[pb.DownloadResponse]:
        """See the contract."""
        documents = download.readable(self._database, caller.current(), request.document_ids)
        self._accesses.note_zip(caller.current(), documents)
        yield pb.DownloadResponse(head=pb.DownloadHead(name="documents.zip", content_type="application/zip"))
        yield from (pb.DownloadResponse(chunk=piece) for piece in download.zipped(self._vault, documents))

    def CountDocuments(self, request: pb.CountDocumentsRequest, _: ServicerContext) -> pb.CountDocumentsResponse:
        """See the contract."""
        counts = counting.count_documents(self._database, caller.current(), request.organisation_ids)
        return pb.CountDocumentsResponse(counts=map(count_message, counts))


def _changes(request: pb.UpdateDocumentRequest | pb.UpdateDocumentsRequest, *, revision: int, name: str | None = None) -> edit.Edit:
    """What is not in the request stays as it is."""
    return edit.Edit(
        folder_id=request.folder_id if request.HasField("folder_id") else None,
        period=request.period if request.HasField("period") else None,
        year=request.year if request.HasField("year") else None,
        replace=request.replace, revision=revision, name=name,
    )  # fmt: skip


def _start(requests: Iterator[pb.UploadRequest]) -> pb.UploadStart:
    first = next(requests, None)
    if first is None or first.WhichOneof("part") != "start":
        raise Invalid("upload_without_start", "The first message of an upload must be its start.")
    return first.start


def _chunks(requests: Iterator[pb.UploadRequest]) -> Iterator[bytes]:
    for request in requests:
        if request.WhichOneof("part") != "chunk":
            raise Invalid("upload_started_twice", "After the start, an upload has only chunks.")
        yield request.chunk


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in fewer messages: each costs as much to carry as the bytes of a few pieces."""
    held, size = list[bytes](), 0
    for piece in pieces:
        if held and size + len(piece) > MESSAGE:
            yield b"".join(held)
            held, size = [], 0
        held.append(piece)
        size += len(piece)
    if size:
        yield b"".join(held)
