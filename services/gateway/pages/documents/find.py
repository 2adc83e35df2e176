"""Find documents: the list with its filters, the details beside it, and downloads (ACC-48 to ACC-54)."""

import uuid
from typing import Any

from flask import Response, jsonify, redirect, render_template, request, url_for
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc, retention_pb2, retention_pb2_grpc
from werkzeug.wrappers import Response as AnyResponse

from chassis import clock
from chassis.errors import NotFound
from chassis.service import Peers
from services.gateway import seen, texts, transfer
from services.gateway.asked import is_id, number
from services.gateway.pages import clients
from services.gateway.pages.documents import status
from services.gateway.pages.documents.filters import SIDES, SORTS, Counts, Filter, chosen_ids
from services.gateway.pages.documents.status import STATUSES
from services.gateway.reader import client, is_firm

Answer = str | AnyResponse
MOST_VERSIONS = 20


class Find:
    """The pages."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self._documents = documents_pb2_grpc.DocumentsStub(peers.channel("documents"))
        self._folders = documents_pb2_grpc.FoldersStub(peers.channel("documents"))
        self._retention = retention_pb2_grpc.RetentionStub(peers.channel("documents"))

    def documents(self) -> Answer:
        """The list; with `?document=` the details beside it."""
        organisation = client()
        if not organisation:
            return redirect(url_for("clients.clients"))
        part = request.headers.get("HX-Target") == "work"
        wanted = Filter.asked()
        found = self._documents.ListDocuments(wanted.request(organisation, request.args.get("page", "")))
        folders = self._folders.ListFolders(documents_pb2.ListFoldersRequest(organisation_id=organisation)).folders
        return render_template(
            "documents/work.html" if part else "documents/documents.html",
            found=found, folders=folders, filter=wanted, company=organisation, statuses=STATUSES, sides=SIDES, sorts=("", *SORTS),
            counts=Counts.of(found.counts, counted=found.HasField("counts")), **self._chosen(),
            companies=clients.names(self._peers) if is_firm() and not part else {},
            years=found.years or [clock.now().astimezone(texts.zone()).year],
        )  # fmt: skip

    def file(self, document: uuid.UUID) -> AnyResponse:
        """The bytes of one document, as an attachment (ACC-54); with `?version=` those of an earlier version (ACC-42)."""
        file = transfer.download(self._peers, str(document), version=number(request.args.get("version")))
        seen.documents(str(document))
        return file

    def zip(self) -> AnyResponse:
        """Several documents as one zip, streamed (ACC-54)."""
        chosen = chosen_ids()
        if not chosen:
            return redirect(url_for("documents.documents"))
        file = transfer.download_zip(self._peers, chosen)
        seen.documents(*chosen)
        return file

    def states(self) -> Response:
        """The present status of some documents, for rows that wait for their scan."""
        chosen = chosen_ids()
        wanted = documents_pb2.BatchGetDocumentsRequest(document_ids=chosen)
        found = self._documents.BatchGetDocuments(wanted).documents if chosen else ()
        return jsonify({each.document_id: status.row(each) for each in found})

    def _chosen(self) -> dict[str, Any]:
        """The document whose details are shown, its versions and what is known about its end."""
        wanted = request.args.get("document", "")
        if not is_id(wanted):
            return {"chosen": None}
        try:
            chosen = self._documents.GetDocument(documents_pb2.GetDocumentRequest(document_id=wanted))
            kept = self._retention.GetRetention(retention_pb2.GetRetentionRequest(document_id=wanted))
        except NotFound:
            return {"chosen": None}  # deleted meanwhile, or no longer one's own: the list is still there
        seen.documents(chosen.document_id)
        asked = documents_pb2.ListVersionsRequest(document_id=chosen.document_id, page_size=MOST_VERSIONS)
        versions = self._documents.ListVersions(asked).versions if chosen.version > 1 else ()
        return {"chosen": chosen, "kept": kept, "versions": versions}
