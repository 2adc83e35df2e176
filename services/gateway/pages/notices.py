"""Notices: the red dot, the list behind it, and going to what a notice is about (ACC-67)."""

import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc, retention_pb2, retention_pb2_grpc
from kontor.notify.v1 import notify_pb2, notify_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import NotFound
from chassis.service import Peers
from services.gateway.asked import is_id
from services.gateway.config import Config
from services.gateway.pages import clients
from services.gateway.reader import is_firm

PAGE, LATEST = 50, 5
ABOUT_DOCUMENTS = (notify_pb2.NOTICE_KIND_DOCUMENT_PUBLISHED, notify_pb2.NOTICE_KIND_DOCUMENT_QUARANTINED)
# Those that say the name of a document, and are left out where it cannot be seen.
NAMED = (*ABOUT_DOCUMENTS, notify_pb2.NOTICE_KIND_DOCUMENT_DELETED)


@dataclass(frozen=True)
class Listed:
    """Some notices, and the documents they are about, by id."""

    notices: tuple[notify_pb2.Notice, ...]
    documents: dict[str, documents_pb2.Document]
    # What documents were called that the firm has deleted.
    deleted: dict[str, str]
    unread: int
    next: str


class Notices:
    """Notices as they are shown: with the names of documents, which are looked up where access is checked."""

    def __init__(self, peers: Peers) -> None:
        self._notices = notify_pb2_grpc.NoticesStub(peers.channel("notify"))
        self._documents = documents_pb2_grpc.DocumentsStub(peers.channel("documents"))
        self._retention = retention_pb2_grpc.RetentionStub(peers.channel("documents"))

    def newest(self, size: int, token: str = "") -> Listed:
        """A page of them. One about a document that the reader may not see any more is left out (ACC-03)."""
        found = self._notices.ListNotices(notify_pb2.ListNoticesRequest(page_size=size, page_token=token))
        ids = list(dict.fromkeys(each.subject_id for each in found.notices if each.kind in ABOUT_DOCUMENTS))
        wanted = documents_pb2.BatchGetDocumentsRequest(document_ids=ids)
        held = {each.document_id: each for each in self._documents.BatchGetDocuments(wanted).documents} if ids else {}
        gone = self._deleted(each.subject_id for each in found.notices if each.kind == notify_pb2.NOTICE_KIND_DOCUMENT_DELETED)
        named = {*held, *gone}
        shown = tuple(each for each in found.notices if each.kind not in NAMED or each.subject_id in named)
        return Listed(shown, held, gone, found.unread, found.next_page_token)

    def _deleted(self, document_ids: Iterable[str]) -> dict[str, str]:
        """Their names, from what is left of them."""
        names: dict[str, str] = {}
        for document_id in document_ids:
            with suppress(NotFound):
                names[document_id] = self._retention.GetTombstone(retention_pb2.GetTombstoneRequest(tombstone_id=document_id)).name
        return names

    def mark_read(self, *notice_ids: str) -> None:
        """These, or all when none is named."""
        self._notices.MarkRead(notify_pb2.MarkReadRequest(notice_ids=notice_ids))


def blueprint(peers: Peers, _config: Config) -> Blueprint:
    """The routes."""
    pages, held = Blueprint("notices", __name__, url_prefix="/notices"), Notices(peers)

    @pages.get("")
    def notices() -> str:
        listed = held.newest(PAGE, request.args.get("page", ""))
        about = {each.organisation_id for each in listed.notices} if is_firm() else set()
        return render_template("notices/notices.html", listed=listed, companies=clients.names(peers, *about) if about else {})

    @pages.get("/latest")
    def latest() -> str:
        """The bell with its dot and the newest few, fetched again when something has happened."""
        return render_template("notices/bell.html", listed=held.newest(LATEST))

    @pages.post("/read")
    def read() -> Response:
        held.mark_read(*request.form.getlist("notice"))
        return redirect(url_for("notices.notices"))

    @pages.route("/<uuid:notice>/open", methods=["GET", "POST"])
    def open_(notice: uuid.UUID) -> Response:
        """Go to what it is about. The button reads it by that; an address alone changes nothing, whoever looks at it (BEY-01)."""
        if request.method == "POST":
            held.mark_read(str(notice))
        return redirect(_target())

    return pages


def _target() -> str:
    company = (request.args.get("client", "") if is_firm() else "") or None
    document, thread = request.args.get("document", ""), request.args.get("thread", "")
    if request.args.get("deletion"):
        folder = request.args.get("folder", "")
        return url_for("documents.documents", folder=folder if is_id(folder) else None, sort="oldest", client=company)
    if document:
        return url_for("documents.documents", document=document, client=company)
    return url_for("messages.thread", thread=thread, client=company) if is_id(thread) else url_for("messages.messages", client=company)
