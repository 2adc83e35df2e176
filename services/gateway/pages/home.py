"""Home: what is new, and the way to what one came for."""

from flask import Blueprint, g, redirect, render_template, url_for
from kontor.access.v1 import access_pb2
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc
from werkzeug.wrappers import Response

from chassis.service import Peers
from services.gateway.config import Config
from services.gateway.pages.notices import Notices
from services.gateway.reader import is_firm, may

DOCUMENTS, NOTICES = 6, 4


def blueprint(peers: Peers, _config: Config) -> Blueprint:
    """The routes."""
    pages = Blueprint("home", __name__)
    documents = documents_pb2_grpc.DocumentsStub(peers.channel("documents"))
    notices = Notices(peers)

    @pages.get("/")
    def home() -> str | Response:
        if not may(access_pb2.PERMISSION_DOCUMENT_READ):
            return redirect(url_for("account.account"))
        if is_firm():
            return redirect(url_for("clients.clients"))
        company = g.held.current.organisation_id
        newest = documents.ListDocuments(documents_pb2.ListDocumentsRequest(organisation_id=company, page_size=DOCUMENTS))
        counts = documents.CountDocuments(documents_pb2.CountDocumentsRequest(organisation_ids=[company])).counts
        recent = counts[0].recent if counts else 0
        return render_template("home/home.html", newest=newest, recent=recent, listed=notices.newest(NOTICES))

    return pages
