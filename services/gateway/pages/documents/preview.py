"""Preview: look at a document's pages without fetching it (ACC-51)."""

import re
import uuid
from dataclasses import dataclass

from flask import Response, render_template, request, url_for
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc, previews_pb2, previews_pb2_grpc
from werkzeug.wrappers import Response as AnyResponse

from chassis.errors import NotFound, TooMany
from chassis.service import Peers
from services.gateway import seen, transfer
from services.gateway.asked import number
from services.gateway.reader import is_firm
from services.gateway.reasons import sentence
from services.gateway.texts import _

Answer = str | AnyResponse
ZOOMS = (100, 150, 200)
# Rendering takes a second or two, and twice that on a busy machine.
_PATIENCE = 15.0
_NUMBER = re.compile(r"[-+]?\d{1,3}(?:[ \u00a0.,]?\d{3})*(?:[.,]\d+)?")
_LONGEST_NUMBER = 30


@dataclass(frozen=True)
class View:
    """What of a document is looked at, and how large; all of it stands in the address."""

    document: str
    version: int
    page: int
    zoom: int

    @classmethod
    def asked(cls, document: uuid.UUID) -> "View":
        """From the address; what means nothing is left out."""
        version, page, zoom = (number(request.args.get(each)) for each in ("version", "page", "zoom"))
        return cls(str(document), version, max(1, page), zoom if zoom in ZOOMS else 100)

    def url(self, *, page: int = 0, zoom: int = 0) -> str:
        """The address of another page, or the same one larger."""
        zoom = zoom or self.zoom
        return url_for(
            "documents.preview", document=self.document, version=self.version or None, page=page or self.page,
            zoom=zoom if zoom != 100 else None,
        )  # fmt: skip

    def picture(self) -> str:
        """The address of the page's picture."""
        return url_for("documents.preview_picture", document=self.document, page=self.page, version=self.version or None)


class Preview:
    """The pages."""

    def __init__(self, peers: Peers) -> None:
        self._documents = documents_pb2_grpc.DocumentsStub(peers.channel("documents"))
        self._previews = previews_pb2_grpc.PreviewsStub(peers.channel("documents"))

    def show(self, document: uuid.UUID) -> Answer:
        """A page of the preview, or why there is none."""
        view = View.asked(document)
        found = self._documents.GetDocument(documents_pb2.GetDocumentRequest(document_id=view.document))
        seen.documents(found.document_id)
        back = url_for("documents.documents", client=found.organisation_id if is_firm() else None, document=view.document)
        given = {"document": found, "view": view, "back": back, "zooms": ZOOMS, "kinds": previews_pb2}
        wanted = previews_pb2.GetPreviewRequest(document_id=view.document, version=view.version)
        try:
            whole = self._previews.GetPreview(wanted, timeout=_PATIENCE)
            page = self._page(view) if whole.ready else previews_pb2.PreviewPage(unavailable=whole.reason)
        except TooMany as busy:
            return Response(render_template("documents/preview_busy.html", sentence=sentence(busy), **given), busy.http_status)
        return render_template("documents/preview.html", whole=whole, page=page, **given)

    def picture(self, document: uuid.UUID, page: int) -> AnyResponse:
        """The picture of a page: drawn anew by documents, and shown by our own page only."""
        view = View(str(document), number(request.args.get("version")), page, 100)
        shown = self._page(view)
        if shown.WhichOneof("content") != "picture":
            raise NotFound("preview_page_not_found", "This page is no picture.")
        return Response(shown.picture.webp, mimetype="image/webp", headers=transfer.HEADERS)

    def _page(self, view: View) -> previews_pb2.PreviewPage:
        wanted = previews_pb2.GetPreviewPageRequest(document_id=view.document, version=view.version, page=view.page)
        page: previews_pb2.PreviewPage = self._previews.GetPreviewPage(wanted, timeout=_PATIENCE)
        return page


def why_not(reason: int) -> str:
    """Why there is nothing to see, and what to do."""
    sentences: dict[int, str] = {
        previews_pb2.PREVIEW_REASON_KIND_NOT_SUPPORTED: _(
            "Files of this type have no preview. Download the file, and open it in the program it was made with."
        ),
        previews_pb2.PREVIEW_REASON_TOO_LARGE: _("The file is too large to be previewed. Download it to look at it."),
        previews_pb2.PREVIEW_REASON_TOOK_TOO_LONG: _("The file takes too long to be drawn. Download it to look at it."),
        previews_pb2.PREVIEW_REASON_ENCRYPTED: _("The file has a password. Download it, and open it with the password."),
    }
    return sentences.get(reason, _("The file cannot be read here. Download it, and see whether it opens in its own program."))


def word(name: str) -> str:
    """What a part, column or line of a SIE file is called in the reader's language; anything else as it is."""
    return {
        "company": _("Company"), "accounts": _("Accounts"), "balances": _("Balances"), "vouchers": _("Vouchers"), "what": _("Fact"),
        "value": _("Value"), "account": _("Account"), "name": _("Name"), "type": _("Type"), "year": _("Financial year"),
        "opening": _("Opening balance"), "closing": _("Closing balance"), "result": _("Result"), "series": _("Series"),
        "number": _("Number"), "date": _("Date"), "text": _("Text"), "amount": _("Amount"), "note": _("Note"),
        "organisation_number": _("Organisation number"), "address": _("Address"), "currency": _("Currency"),
        "program": _("Written by"), "generated": _("Written on"), "until": _("Until"),
    }.get(name, name)  # fmt: skip


def letter(number: int) -> str:
    """What spreadsheets call a column: A to Z, AA, AB …"""
    before, last = divmod(number, 26)
    return (letter(before - 1) if before else "") + chr(ord("A") + last)


def is_amount(text: str) -> bool:
    """Whether a cell reads as a number, and stands on the right."""
    return len(text) < _LONGEST_NUMBER and _NUMBER.fullmatch(text) is not None
