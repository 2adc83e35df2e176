"""Documents: find, look at, upload and download (ACC-33 to ACC-59)."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, g, jsonify, redirect, render_template, request, url_for
from kontor.access.v1 import access_pb2
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc
from kontor.messaging.v1 import messaging_pb2, messaging_pb2_grpc
from werkzeug.wrappers import Response as AnyResponse

from chassis.errors import Failure, NotFound, to_problem
from chassis.service import Peers
from services.gateway import texts, transfer
from services.gateway.config import Config
from services.gateway.pages import clients
from services.gateway.reader import client, is_firm
from services.gateway.reasons import sentence

Answer = str | AnyResponse | tuple[str, int] | tuple[AnyResponse, int]
PAGE = 50
STATUSES = {
    "published": documents_pb2.STATUS_PUBLISHED,
    "updated": documents_pb2.STATUS_UPDATED,
    "scanning": documents_pb2.STATUS_SCANNING,
    "quarantine": documents_pb2.STATUS_QUARANTINE,
    "unscannable": documents_pb2.STATUS_UNSCANNABLE,
}
WORDS = {number: word for word, number in STATUSES.items()}


def blueprint(peers: Peers, config: Config) -> Blueprint:
    """The routes."""
    pages = Blueprint("documents", __name__, url_prefix="/documents")
    listing, sending = _Listing(peers), _Sending(peers, config)
    pages.add_url_rule("", "documents", listing.documents, methods=["GET"])
    pages.add_url_rule("/<uuid:document>/file", "file", listing.file, methods=["GET"])
    pages.add_url_rule("/download.zip", "zip", listing.zip, methods=["GET"])
    pages.add_url_rule("/states", "states", listing.states, methods=["GET"])
    pages.add_url_rule("/upload", "upload", sending.form, methods=["GET"])
    pages.add_url_rule("/upload", "receive_all", sending.receive_all, methods=["POST"])
    pages.add_url_rule("/upload", "receive", sending.receive, methods=["PUT"])
    pages.add_url_rule("/upload/names", "names", sending.names, methods=["POST"])
    pages.add_url_rule("/upload/message", "message", sending.message, methods=["POST"])
    pages.app_template_global("status_text")(status)
    pages.app_template_global("advice")(advice)
    pages.app_template_global("words")(WORDS)
    return pages


@dataclass(frozen=True)
class Filter:
    """What the list is narrowed to; all of it stands in the URL (ACC-48)."""

    client: str = ""
    name: str = ""
    status: str = ""
    year: str = ""
    period: str = ""
    folder: str = ""

    @classmethod
    def asked(cls) -> "Filter":
        """From the query; words that mean nothing are left out."""
        args = request.args
        return cls(
            client=args.get("client", "") if is_firm() else "",
            name=args.get("name", "")[:200].strip(),
            status=args.get("status", "") if args.get("status") in STATUSES else "",
            year=args.get("year", "") if args.get("year", "").isdecimal() and len(args.get("year", "")) == 4 else "",
            period=args.get("period", "") if args.get("period", "").isdecimal() and 1 <= int(args.get("period", "")) <= 12 else "",
            folder=args.get("folder", "") if _is_uuid(args.get("folder", "")) else "",
        )

    def url(self, **changed: str) -> str:
        """The address of the list with this filter, changed as told; an empty value removes."""
        values = {**self.__dict__, **changed}
        return url_for("documents.documents") + "?" + urlencode({name: value for name, value in values.items() if value})

    def request(self, organisation: str, token: str) -> documents_pb2.ListDocumentsRequest:
        """As the documents service wants it."""
        return documents_pb2.ListDocumentsRequest(
            organisation_id=organisation,
            name=self.name,
            statuses=[STATUSES[self.status]] if self.status else [],
            years=[int(self.year)] if self.year else [],
            periods=[int(self.period)] if self.period else [],
            folder_ids=[self.folder] if self.folder else [],
            page_size=PAGE,
            page_token=token,
        )

    def any(self) -> bool:
        """Whether anything is narrowed."""
        return any((self.name, self.status, self.year, self.period, self.folder))


class _Listing:
    """The list with filters, the details panel, downloads."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self._documents = documents_pb2_grpc.DocumentsStub(peers.channel("documents"))
        self._folders = documents_pb2_grpc.FoldersStub(peers.channel("documents"))

    def documents(self) -> Answer:
        """The list; with `?document=` its details beside it."""
        companies = clients.names(self._peers) if is_firm() else {}
        wanted, organisation = Filter.asked(), client()
        if is_firm() and not organisation:
            return redirect(url_for("clients.clients"))
        folders = self._folders.ListFolders(documents_pb2.ListFoldersRequest(organisation_id=organisation)).folders
        found = self._documents.ListDocuments(wanted.request(organisation, request.args.get("page", "")))
        return render_template(
            "documents/list.html" if request.headers.get("HX-Target") == "list" else "documents/documents.html",
            found=found, folders=folders, filter=wanted, chosen=self._chosen(), companies=companies, company=organisation,
            statuses=STATUSES, words=WORDS, years=found.years or [datetime.now(texts.zone()).year],
        )  # fmt: skip

    def file(self, document: uuid.UUID) -> AnyResponse:
        """The bytes of one document, as an attachment (ACC-54)."""
        return transfer.download(self._peers, str(document))

    def zip(self) -> AnyResponse:
        """Several documents as one zip, streamed."""
        ids = [each for each in request.args.getlist("document") if _is_uuid(each)]
        return transfer.download_zip(self._peers, list(dict.fromkeys(ids)))

    def states(self) -> Response:
        """The present status of these documents, for rows that wait for their scan."""
        ids = [each for each in request.args.getlist("document") if _is_uuid(each)][:200]
        held = self._documents.BatchGetDocuments(documents_pb2.BatchGetDocumentsRequest(document_ids=ids)).documents
        return jsonify({each.document_id: _state(each) for each in held})

    def _chosen(self) -> documents_pb2.Document | None:
        wanted = request.args.get("document", "")
        if not _is_uuid(wanted):
            return None
        try:
            return self._documents.GetDocument(documents_pb2.GetDocumentRequest(document_id=wanted))
        except NotFound:
            return None


class _Sending:
    """Choosing files, confirming, the question about files that are there already."""

    def __init__(self, peers: Peers, config: Config) -> None:
        self._peers, self._limit = peers, config.upload_limit_mb
        self._documents = documents_pb2_grpc.DocumentsStub(peers.channel("documents"))
        self._folders = documents_pb2_grpc.FoldersStub(peers.channel("documents"))
        self._messages = messaging_pb2_grpc.MessagesStub(peers.channel("messaging"))

    def form(self) -> Answer:
        """The form; month and year are the organisation's present ones (ACC-37)."""
        return self._shown()

    def names(self) -> Response:
        """Which of these files the folder has already, before anything is sent (ACC-40)."""
        given = request.get_json(silent=True) or {}
        found = self._documents.CheckNames(
            documents_pb2.CheckNamesRequest(
                folder_id=str(given.get("folder", "")),
                period=_number(given.get("period")),
                year=_number(given.get("year")),
                names=[str(each) for each in given.get("names", [])][:200],
            )
        )
        return jsonify({each.name: self._existing(each) for each in found.existing})

    def receive(self) -> Answer:
        """One file: its bytes are the body."""
        args = request.args
        start = documents_pb2.UploadStart(
            folder_id=args.get("folder", ""), name=args.get("name", ""), period=_number(args.get("period")), year=_number(args.get("year")),
            replace=args.get("replace") == "1", batch_id=args.get("batch", "")[:36], size=request.content_length or 0,
        )  # fmt: skip
        try:
            return jsonify(_state(transfer.upload(self._peers, request.stream, start))), 201
        except Failure as failure:
            problem = to_problem(failure, request_id=g.request_id) | {"detail": sentence(failure)}
            answer = jsonify(problem)
            answer.content_type = "application/problem+json"
            return answer, failure.http_status

    def receive_all(self) -> Answer:
        """All files of the form at once, where there is no script. Those that are there already are asked about again."""
        form, batch = request.form, str(uuid.uuid4())
        results = []
        for file in request.files.getlist("file"):
            if not file.filename:
                continue
            start = documents_pb2.UploadStart(
                folder_id=form.get("folder", ""), name=file.filename, period=_number(form.get("period")), year=_number(form.get("year")),
                replace="replace" in form, batch_id=batch,
            )  # fmt: skip
            try:
                results.append({"name": file.filename, "document": transfer.upload(self._peers, file.stream, start)})
            except Failure as failure:
                results.append({"name": file.filename, "problem": sentence(failure), "exists": failure.reason == "document_exists"})
        sent = [each["document"].document_id for each in results if "document" in each]
        if sent and form.get("message", "").strip():
            self._tell(sent, form.get("folder", ""), form.get("message", "").strip())
        return self._shown(results=results, words=WORDS)

    def message(self) -> Answer:
        """The message about files that were sent one by one (ACC-34)."""
        given = request.get_json(silent=True) or {}
        self._tell([str(each) for each in given.get("documents", [])][:200], str(given.get("folder", "")), str(given.get("message", "")))
        return Response(status=204)

    def _tell(self, documents: Iterable[str], folder: str, message: str) -> None:
        held = {each.folder_id: each for each in self._own_folders()}.get(folder)
        if held is None:
            raise NotFound("folder_not_found", "No such folder.")
        self._messages.SendMessage(
            messaging_pb2.SendMessageRequest(
                organisation_id=held.organisation_id, service_area=held.service_area, subject=texts._("About uploaded files"), body=message,
                document_ids=list(documents),
            )
        )  # fmt: skip

    def _own_folders(self) -> Iterable[documents_pb2.Folder]:
        return self._folders.ListFolders(documents_pb2.ListFoldersRequest(organisation_id=client())).folders

    def _shown(self, **given: Any) -> Answer:
        companies = clients.names(self._peers) if is_firm() else {}
        if is_firm() and not client():
            return redirect(url_for("clients.clients"))
        today = datetime.now(texts.zone())
        return render_template(
            "documents/upload.html", folders=self._own_folders(), period=_number(request.form.get("period")) or today.month,
            year=_number(request.form.get("year")) or today.year, years=range(today.year - 6, today.year + 2), company=client(),
            companies=companies, limit=self._limit, areas=access_pb2.ServiceArea, folder=request.values.get("folder", ""), **given,
        )  # fmt: skip

    def _existing(self, document: documents_pb2.Document) -> dict[str, object]:
        told = texts._(
            "Already in %(folder)s for %(month)s, uploaded by %(who)s %(when)s. Shall the new file replace it?",
            folder=document.folder_name, month=texts.month(document.period, document.year), who=document.uploaded_by,
            when=texts.moment(document.uploaded_at),
        )  # fmt: skip
        return {"question": told, "next": document.version + 1}


def _state(document: documents_pb2.Document) -> dict[str, object]:
    """What a row shows of a document: the status as a word for its look, and as a text."""
    word = WORDS.get(document.status, "scanning")
    return {"document_id": document.document_id, "name": document.name, "status": word, "label": status(word), "advice": advice(document)}


def status(word: str) -> str:
    """A status in the reader's language (ACC-56)."""
    return {
        "published": texts._("Published"), "updated": texts._("Updated"), "scanning": texts._("Being checked"),
        "quarantine": texts._("Quarantine"), "unscannable": texts._("Cannot be checked"),
    }[word]  # fmt: skip


def advice(document: documents_pb2.Document) -> str:
    """What to do about a file that was stopped (BEY-03); for others what is happening."""
    if document.status == documents_pb2.STATUS_SCANNING:
        return texts._("Received. The check usually takes less than a minute, and you can close this page.")
    if document.status == documents_pb2.STATUS_QUARANTINE:
        return texts._("The file was stopped by the security check and is shared with nobody. Ask the sender for a new copy.")
    if document.status != documents_pb2.STATUS_UNSCANNABLE:
        return ""
    if document.reason == "encrypted":
        return texts._("The file has a password, so nobody can see what it holds. Upload it again without a password.")
    if document.reason in ("too_deep", "too_large", "too_many_members", "ratio"):
        return texts._("The archive is too large or too deep to be checked. Unpack it and upload the files themselves.")
    return texts._("The file cannot be checked. Save it again, for example as PDF, and upload that.")


def _number(value: object) -> int:
    text = str(value or "")
    return int(text) if text.isdecimal() and len(text) <= 4 else 0


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
