"""Notices: the red dot, the list behind it, and going to what a notice is about (ACC-67)."""

from flask import Blueprint, redirect, render_template, request, url_for
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc
from kontor.notify.v1 import notify_pb2, notify_pb2_grpc
from werkzeug.wrappers import Response

from chassis.service import Peers
from services.gateway.config import Config
from services.gateway.pages import clients
from services.gateway.reader import is_firm

PAGE = 50


def blueprint(peers: Peers, _config: Config) -> Blueprint:
    """The routes."""
    pages = Blueprint("notices", __name__)
    stub = notify_pb2_grpc.NoticesStub(peers.channel("notify"))
    documents = documents_pb2_grpc.DocumentsStub(peers.channel("documents"))

    def listed(size: int, token: str = "") -> dict[str, object]:
        found = stub.ListNotices(notify_pb2.ListNoticesRequest(page_size=size, page_token=token))
        ids = [each.subject_id for each in found.notices if each.kind != notify_pb2.NOTICE_KIND_MESSAGE]
        # Names are looked up where access is checked; a document one may not see any more has none, and its notice is left out.
        held = documents.BatchGetDocuments(documents_pb2.BatchGetDocumentsRequest(document_ids=list(dict.fromkeys(ids)))) if ids else None
        names = {each.document_id: each for each in held.documents} if held else {}
        shown = [each for each in found.notices if each.kind == notify_pb2.NOTICE_KIND_MESSAGE or each.subject_id in names]
        return {"notices": shown, "documents": names, "unread": found.unread, "next": found.next_page_token}

    @pages.get("/notices")
    def notices() -> str:
        return render_template(
            "notices/notices.html", companies=clients.names(peers) if is_firm() else {}, **listed(PAGE, request.args.get("page", ""))
        )

    @pages.get("/notices/latest")
    def latest() -> str:
        """The bell with its dot and the newest few, fetched again when something has happened."""
        return render_template("notices/bell.html", **listed(5))

    @pages.post("/notices/read")
    def read() -> Response:
        stub.MarkRead(notify_pb2.MarkReadRequest(notice_ids=request.form.getlist("notice")))
        return redirect(url_for("notices.notices"))

    @pages.get("/notices/<uuid:notice>/open")
    def open_(notice: str) -> Response:
        """Mark read and go there."""
        stub.MarkRead(notify_pb2.MarkReadRequest(notice_ids=[str(notice)]))
        document, company = request.args.get("document", ""), request.args.get("client", "")
        if not document:
            return redirect(url_for("messages.messages", client=company or None))
        return redirect(url_for("documents.documents", document=document, client=company if is_firm() else None))

    return pages
