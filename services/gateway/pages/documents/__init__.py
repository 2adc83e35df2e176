"""Documents: find, look at, download and upload (ACC-33 to ACC-59)."""

from flask import Blueprint
from kontor.documents.v1 import retention_pb2

from chassis.service import Peers
from services.gateway.config import Config
from services.gateway.pages.documents import filters, preview, status
from services.gateway.pages.documents.edit import Edit
from services.gateway.pages.documents.ending import Ending, Holds
from services.gateway.pages.documents.find import Find
from services.gateway.pages.documents.upload import Upload


def blueprint(peers: Peers, config: Config) -> Blueprint:
    """The routes."""
    pages = Blueprint("documents", __name__, url_prefix="/documents")
    find, upload, look = Find(peers), Upload(peers, config), preview.Preview(peers)
    edit, ending, holds = Edit(peers), Ending(peers), Holds(peers)
    pages.add_url_rule("", "documents", find.documents, methods=["GET"])
    pages.add_url_rule("/<uuid:document>/file", "file", find.file, methods=["GET"])
    pages.add_url_rule("/<uuid:document>/preview", "preview", look.show, methods=["GET"])
    pages.add_url_rule("/<uuid:document>/preview/<int:page>.webp", "preview_picture", look.picture, methods=["GET"])
    pages.add_url_rule("/download.zip", "zip", find.zip, methods=["GET"])
    pages.add_url_rule("/states", "states", find.states, methods=["GET"])
    pages.add_url_rule("/upload", "upload", upload.form, methods=["GET"])
    pages.add_url_rule("/upload", "receive_all", upload.receive_all, methods=["POST"])
    pages.add_url_rule("/upload", "receive", upload.receive, methods=["PUT"])
    pages.add_url_rule("/upload/names", "names", upload.names, methods=["POST"])
    pages.add_url_rule("/upload/message", "message", upload.message, methods=["POST"])
    pages.add_url_rule("/edit", "edit", edit.form, methods=["GET"])
    pages.add_url_rule("/edit", "save", edit.save, methods=["POST"])
    pages.add_url_rule("/<uuid:document>/delete", "ask", ending.ask, methods=["GET"])
    pages.add_url_rule("/<uuid:document>/delete", "delete", ending.delete, methods=["POST"])
    pages.add_url_rule("/deleted", "deleted", ending.deleted, methods=["GET"])
    pages.add_url_rule("/deleted/<uuid:tombstone>", "certificate", ending.certificate, methods=["GET"])
    pages.add_url_rule("/holds", "holds", holds.show, methods=["GET"])
    pages.add_url_rule("/holds", "change_holds", holds.change, methods=["POST"])
    pages.app_context_processor(lambda: {"retention": retention_pb2})
    pages.app_template_global("sort_text")(filters.sort_text)
    pages.app_template_global("side_text")(filters.side_text)
    pages.app_template_global("status_word")(status.word)
    pages.app_template_global("status_text")(status.text)
    pages.app_template_global("advice")(status.advice)
    pages.app_template_global("preview_why_not")(preview.why_not)
    pages.app_template_global("preview_word")(preview.word)
    pages.app_template_global("preview_letter")(preview.letter)
    pages.app_template_global("preview_amount")(preview.is_amount)
    return pages
