"""Documents: find, look at, download and upload (ACC-33 to ACC-59)."""

from flask import Blueprint

from chassis.service import Peers
from services.gateway.config import Config
from services.gateway.pages.documents import status
from services.gateway.pages.documents.find import Find
from services.gateway.pages.documents.upload import Upload


def blueprint(peers: Peers, config: Config) -> Blueprint:
    """The routes."""
    pages = Blueprint("documents", __name__, url_prefix="/documents")
    find, upload = Find(peers), Upload(peers, config)
    pages.add_url_rule("", "documents", find.documents, methods=["GET"])
    pages.add_url_rule("/<uuid:document>/file", "file", find.file, methods=["GET"])
    pages.add_url_rule("/download.zip", "zip", find.zip, methods=["GET"])
    pages.add_url_rule("/states", "states", find.states, methods=["GET"])
    pages.add_url_rule("/upload", "upload", upload.form, methods=["GET"])
    pages.add_url_rule("/upload", "receive_all", upload.receive_all, methods=["POST"])
    pages.add_url_rule("/upload", "receive", upload.receive, methods=["PUT"])
    pages.add_url_rule("/upload/names", "names", upload.names, methods=["POST"])
    pages.add_url_rule("/upload/message", "message", upload.message, methods=["POST"])
    pages.app_template_global("status_word")(status.word)
    pages.app_template_global("status_text")(status.text)
    pages.app_template_global("advice")(status.advice)
    return pages
