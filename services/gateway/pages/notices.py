"""Notices: the red dot, the list behind it, and going to what a notice is about (ACC-67)."""

import uuid
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc
from kontor.notify.v1 import notify_pb2, notify_pb2_grpc
from werkzeug.wrappers import Response

from chassis.service import Peers
from services.gateway.config import Config
from services.gateway.pages import clients
from services.gateway.reader import is_firm

PAGE, LATEST = 50, 5


@dataclass(frozen=True)
class Listed:
    """Some notices, and the documents they are about, by id."""

    notices: tuple[notify_pb2.Notice, ...]
    documents: dict[str, documents_pb2.Document]
    unread: int
    next: str


class Notices:
    """Notices as they are shown: with the names of documents, which are looked up where access is checked."""

    def __init__(self, peers: Peers) -> None:
        self._notices = notify_pb2_grpc.NoticesStub(peers.channel("notify"))
        self._documents = documents_pb2_grpc.DocumentsStub(peers.channel("documents"))

    def newest(self, size: int, token: str = "") -> Listed:
        """A page of them. One about a document that the reader may not see any more is left out (ACC-03)."""
        found = self._notices.ListNotices(notify_pb2.ListNoticesRequest(page_size=size, page_token=token))
        ids = list(dict.fromkeys(each.subject_id for each in found.notices if not _is_message(each)))
        wanted = documents_pb2.BatchGetDocumentsRequest(document_ids=ids)
        held = {each.document_id: each for each in self._documents.BatchGetDocuments(wanted).documents} if ids else {}
        shown = tuple(each for each in found.notices if _is_message(each) or each.subject_id in held)
        return Listed(shown, held, found.unread, found.next_page_token)

    def mark_read(self, *notice_ids: str) -> None:
        """These, or all when none is named."""
        self._notices.MarkRead(notify_pb2.MarkReadRequest(notice_ids=notice_ids))


def blueprint(peers: Peers, _config: Config) -> Blueprint:
    """The routes."""
    pages, held = Blueprint("notices", __name__, url_prefix="/notices"), Notices(peers)

    @pages.get("")
    def notices() -> str:
        listed = held.newest(PAGE, request.args.get("page", ""))
        return render_template("notices/notices.html", listed=listed, companies=clients.names(peers) if is_firm() else {})

    @pages.get("/latest")
    def latest() -> str:
        """The bell with its dot and the newest few, fetched again when something has happened."""
        return render_template("notices/bell.html", listed=held.newest(LATEST))

    @pages.post("/read")
    def read() -> Response:
        held.mark_read(*request.form.getlist("notice"))
        return redirect(url_for("notices.notices"))

    @pages.get("/<uuid:notice>/open")
    def open_(notice: uuid.UUID) -> Response:
        """Go to what it is about; it is read by that, unless another site or a program that looks ahead led here."""
        if request.method == "GET" and request.headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none"):
            held.mark_read(str(notice))
        document, company = request.args.get("document", ""), request.args.get("client", "") if is_firm() else ""
        if not document:
            return redirect(url_for("messages.messages", client=company or None))
        return redirect(url_for("documents.documents", document=document, client=company or None))

    return pages


def _is_message(notice: notify_pb2.Notice) -> bool:
    return notice.kind == notify_pb2.NOTICE_KIND_MESSAGE
