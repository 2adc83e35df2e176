"""Documents: upload, find, look at, download."""

from collections.abc import Iterator

import uuid_utils.compat as uuid
from grpc import ServicerContext
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1 import documents_pb2_grpc as rpcs

from chassis import caller
from chassis.db import Database
from chassis.errors import Conflict, Invalid, NotFound
from services.documents import access
from services.documents.actions import browse, download, upload
from services.documents.api.messages import document_message
from services.documents.vault import Vault, too_large


class Documents(rpcs.DocumentsServicer):
    """Answers kontor.documents.v1.Documents."""

    def __init__(self, database: Database, vault: Vault, *, months: int) -> None:
        self._database, self._vault, self._months = database, vault, months

    def CheckNames(self, request: pb.CheckNamesRequest, _: ServicerContext) -> pb.CheckNamesResponse:
        """See the contract."""
        existing = upload.check_names(self._database, caller.current(), request)
        return pb.CheckNamesResponse(existing=map(document_message, existing))

    def Upload(self, requests: Iterator[pb.UploadRequest], _: ServicerContext) -> pb.Document:
        """See the contract. The bytes pass through; the document exists once this returns, or not at all."""
        who, start = caller.current(), _start(requests)
        if start.size > self._vault.limit:
            raise too_large(self._vault.limit)
        place = upload.find_place(self._database, who, start)
        version_id = str(uuid.uuid7())
        received = self._vault.keep(version_id, _chunks(requests))
        try:
            document = upload.keep_upload(self._database, who, place, version_id=version_id, received=received, months=self._months)
        except (Conflict, NotFound):
            # Refused for certain. After any other failure the rows may be there all the same: then only the sweep can know.
            self._vault.forget(version_id)
            raise
        return document_message(access.document(self._database, who, document.id))

    def ListDocuments(self, request: pb.ListDocumentsRequest, _: ServicerContext) -> pb.ListDocumentsResponse:
        """See the contract."""
        page = browse.list_documents(self._database, caller.current(), request)
        return pb.ListDocumentsResponse(
            documents=map(document_message, page.rows), next_page_token=page.next_token, total=page.total, years=page.years
        )

    def GetDocument(self, request: pb.GetDocumentRequest, _: ServicerContext) -> pb.Document:
        """See the contract."""
        return document_message(access.document(self._database, caller.current(), request.document_id))

    def BatchGetDocuments(self, request: pb.BatchGetDocumentsRequest, _: ServicerContext) -> pb.BatchGetDocumentsResponse:
        """See the contract."""
        found = access.documents(self._database, caller.current(), list(request.document_ids))
        return pb.BatchGetDocumentsResponse(documents=map(document_message, found))

    def Download(self, request: pb.DownloadRequest, _: ServicerContext) -> Iterator[pb.DownloadResponse]:
        """See the contract."""
        (document,) = download.readable(self._database, caller.current(), [request.document_id])
        pieces = self._vault.read(document.version_id)
        head = pb.DownloadHead(name=document.name, content_type=document.content_type, size=document.size, sha256=document.sha256)
        yield pb.DownloadResponse(head=head)
        yield from (pb.DownloadResponse(chunk=piece) for piece in pieces)

    def DownloadZip(self, request: pb.DownloadZipRequest, _: ServicerContext) -> Iterator[pb.DownloadResponse]:
        """See the contract."""
        documents = download.readable(self._database, caller.current(), request.document_ids)
        yield pb.DownloadResponse(head=pb.DownloadHead(name="documents.zip", content_type="application/zip"))
        yield from (pb.DownloadResponse(chunk=piece) for piece in download.zipped(self._vault, documents))

    def CountDocuments(self, request: pb.CountDocumentsRequest, _: ServicerContext) -> pb.CountDocumentsResponse:
        """See the contract."""
        counts = browse.count_documents(self._database, caller.current(), request.organisation_ids)
        return pb.CountDocumentsResponse(
            counts=[pb.DocumentCount(organisation_id=row.organisation_id, documents=row.documents, recent=row.recent) for row in counts]
        )


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
