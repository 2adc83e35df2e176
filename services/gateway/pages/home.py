"""Home: what is new, and the way to what one came for."""

from flask import Blueprint, g, redirect, render_template, url_for
from kontor.access.v1 import access_pb2
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc
from kontor.notify.v1 import notify_pb2, notify_pb2_grpc
from werkzeug.wrappers import Response

from chassis.service import Peers
from services.gateway.config import Config
from services.gateway.reader import is_firm, may

SHOWN = 6


def blueprint(peers: Peers, _config: Config) -> Blueprint:
    """The routes."""
    pages = Blueprint("home", __name__)
    documents = documents_pb2_grpc.DocumentsStub(peers.channel("documents"))
    notices = notify_pb2_grpc.NoticesStub(peers.channel("notify"))

    @pages.get("/")
    def home() -> str | Response:
        if not may(access_pb2.PERMISSION_DOCUMENT_READ):
            return redirect(url_for("account.account"))
        unread = notices.ListNotices(notify_pb2.ListNoticesRequest(page_size=1)).unread
        if is_firm():
            return redirect(url_for("clients.clients"))
        request = documents_pb2.ListDocumentsRequest(organisation_id=g.held.current.organisation_id, page_size=SHOWN)
        return render_template("home/home.html", newest=documents.ListDocuments(request), unread=unread)

    return pages
