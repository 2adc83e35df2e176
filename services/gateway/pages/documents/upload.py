"""Upload documents: choose, confirm, answer the question about files that are there already (ACC-33 to ACC-42)."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Response, jsonify, redirect, render_template, request, url_for
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc
from kontor.documents.v1.documents_pb2 import Document, Folder, UploadStart
from kontor.messaging.v1 import messaging_pb2, messaging_pb2_grpc
from werkzeug.wrappers import Response as AnyResponse

from chassis import clock
from chassis.errors import Failure, Invalid, NotFound
from chassis.service import Peers
from services.gateway import texts, transfer
from services.gateway.asked import is_id, number
from services.gateway.config import Config
from services.gateway.pages import clients
from services.gateway.pages.documents import status
from services.gateway.pages.documents.filters import years
from services.gateway.reader import client, is_firm
from services.gateway.reasons import sentence
from services.gateway.rest import problems

MOST = 200


class Upload:
    """The pages, and what their script calls."""

    def __init__(self, peers: Peers, config: Config) -> None:
        self._peers, self._limit = peers, config.upload_limit_mb
        self._documents = documents_pb2_grpc.DocumentsStub(peers.channel("documents"))
        self._folders = documents_pb2_grpc.FoldersStub(peers.channel("documents"))
        self._messages = messaging_pb2_grpc.MessagesStub(peers.channel("messaging"))

    def form(self) -> str | AnyResponse:
        """The form; month and year are the present ones where the organisation is (ACC-37)."""
        return self._shown() if client() else redirect(url_for("clients.clients"))

    def names(self) -> Response:
        """Which of these files the folder has already, before anything is sent (ACC-40)."""
        given = _json()
        folder, period, year = _text(given.get("folder", "")), number(given.get("period")), number(given.get("year"))
        wanted = documents_pb2.CheckNamesRequest(folder_id=folder, period=period, year=year, names=_texts(given.get("names")))
        return jsonify({each.name: _question(each) for each in self._existing(wanted)})

    def receive(self) -> Response:
        """One file: its bytes are the body."""
        start = _start(request.args, request.args.get("name", ""), replace=request.args.get("replace") == "1")
        start.batch_id, start.size = request.args.get("batch", "")[:36], request.content_length or 0
        try:
            answer = jsonify(status.row(transfer.upload(self._peers, request.stream, start)))
        except Failure as failure:
            return problems.respond(failure, detail=sentence(failure))
        answer.status_code = 201
        return answer

    def receive_all(self) -> str | AnyResponse:
        """All files of the form at once, where there is no script. About those that are there already one is asked again."""
        if not client():
            return redirect(url_for("clients.clients"))
        batch = str(uuid.uuid4())
        results: list[dict[str, Any]] = []
        for file in (each for each in request.files.getlist("file") if each.filename):
            start = _start(request.form, file.filename or "", replace="replace" in request.form)
            start.batch_id = batch
            try:
                results.append({"name": file.filename, "document": transfer.upload(self._peers, file.stream, start)})
            except Failure as failure:
                results.append({"name": file.filename, "problem": sentence(failure), "exists": failure.reason == "document_exists"})
        sent = [each["document"] for each in results if "document" in each]
        message = request.form.get("message", "").strip()
        unsent = ""
        if sent and message:
            try:
                self._tell([each.document_id for each in sent], request.form.get("folder", ""), message, mask="mask" in request.form)
            except Failure as failure:  # the files are there all the same, and what was written stays
                unsent = sentence(failure)
        period, year = number(request.form.get("period")), number(request.form.get("year"))
        return self._shown(results=results, unsent=unsent, period=period, year=year)

    def message(self) -> Response:
        """The message about files that were sent one by one (ACC-34)."""
        given = _json()
        self._tell(_texts(given.get("documents")), _text(given.get("folder", "")), _text(given.get("message", "")),
                   mask=given.get("mask") is True)  # fmt: skip
        return Response(status=204)

    def _existing(self, wanted: documents_pb2.CheckNamesRequest) -> Iterable[Document]:
        try:
            return self._documents.CheckNames(wanted).existing
        except Invalid:
            # One name that cannot be used fails them all. Its own upload will say so; the others are still asked about.
            if len(wanted.names) <= 1:
                return ()
        alone = (documents_pb2.CheckNamesRequest(folder_id=wanted.folder_id, period=wanted.period, year=wanted.year, names=[each])
                 for each in wanted.names)  # fmt: skip
        return [document for each in alone for document in self._existing(each)]

    def _tell(self, document_ids: list[str], folder_id: str, message: str, *, mask: bool) -> None:
        folder = next((each for each in self._own_folders() if each.folder_id == folder_id), None)
        if folder is None:
            raise NotFound("folder_not_found", "No such folder.")
        self._messages.SendMessage(
            messaging_pb2.SendMessageRequest(
                organisation_id=folder.organisation_id,
                service_area=folder.service_area,
                subject=texts._("About uploaded files"),
                body=message,
                document_ids=[each for each in document_ids if is_id(each)],
                mask=mask,
            )
        )

    def _own_folders(self) -> Iterable[Folder]:
        return self._folders.ListFolders(documents_pb2.ListFoldersRequest(organisation_id=client())).folders

    def _shown(self, *, results: Iterable[Any] = (), unsent: str = "", period: int = 0, year: int = 0) -> str:
        today = clock.now().astimezone(texts.zone())
        return render_template(
            "documents/upload.html", folders=self._own_folders(), folder=request.values.get("folder", ""), results=results,
            period=period or today.month, year=year or today.year, years=years(), company=client(), limit=self._limit,
            companies=clients.names(self._peers) if is_firm() else {}, unsent=unsent,
            message="" if results and not unsent else request.form.get("message", ""),
        )  # fmt: skip


def _start(given: Mapping[str, str], name: str, *, replace: bool) -> UploadStart:
    period, year = number(given.get("period")), number(given.get("year"))
    return UploadStart(folder_id=given.get("folder", ""), name=name, period=period, year=year, replace=replace)


def _question(document: Document) -> dict[str, object]:
    """What one is asked about a file that is there already, and the version it would become (ACC-40, ACC-42)."""
    told = texts._(
        "Already in %(folder)s for %(month)s, uploaded by %(who)s %(when)s. Shall the new file replace it?",
        folder=document.folder_name, month=texts.month(document.period, document.year, inside=True), who=document.uploaded_by,
        when=texts.moment(document.uploaded_at, relative=True),
    )  # fmt: skip
    return {"question": told, "replace": texts._("Replace it, as version %(version)s", version=document.version + 1)}


def _json() -> dict[str, Any]:
    given = request.get_json(silent=True)
    return given if isinstance(given, dict) else {}


def _texts(given: object) -> list[str]:
    return [_text(each) for each in given][:MOST] if isinstance(given, list) else []


def _text(given: object) -> str:
    """The text, with half characters made whole as browsers do it in addresses: Windows has them in file names, no message can."""
    return str(given).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
