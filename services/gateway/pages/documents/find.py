"""Find documents: the list with its filters, the details beside it, and downloads (ACC-48 to ACC-54)."""

import uuid
from dataclasses import asdict, dataclass
from urllib.parse import urlencode

from flask import Response, jsonify, redirect, render_template, request, url_for
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc
from werkzeug.wrappers import Response as AnyResponse

from chassis import clock
from chassis.errors import NotFound
from chassis.service import Peers
from services.gateway import texts, transfer
from services.gateway.pages import clients
from services.gateway.pages.documents import status
from services.gateway.pages.documents.status import STATUSES
from services.gateway.reader import client, is_firm

Answer = str | AnyResponse
PAGE, MOST = 50, 200
MONTHS = range(1, 13)


@dataclass(frozen=True)
class Filter:
    """What the list is narrowed to; all of it stands in the address (ACC-48)."""

    client: str = ""
    name: str = ""
    status: str = ""
    year: str = ""
    period: str = ""
    folder: str = ""

    @classmethod
    def asked(cls) -> "Filter":
        """From the address; what means nothing is left out."""
        name, word, year, period, folder = (request.args.get(each, "") for each in ("name", "status", "year", "period", "folder"))
        return cls(
            client=client() if is_firm() else "",
            name=name[:200].strip(),
            status=word if word in STATUSES else "",
            year=year if year.isdecimal() and len(year) == len("2026") else "",
            period=period if period.isdecimal() and len(period) <= len("12") and int(period) in MONTHS else "",
            folder=folder if is_id(folder) else "",
        )

    def url(self, **changed: str) -> str:
        """The address of the list with this filter, changed as told; an empty value takes one away."""
        values = {name: value for name, value in {**asdict(self), **changed}.items() if value}
        return url_for("documents.documents") + (f"?{urlencode(values)}" if values else "")

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


class Find:
    """The pages."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self._documents = documents_pb2_grpc.DocumentsStub(peers.channel("documents"))
        self._folders = documents_pb2_grpc.FoldersStub(peers.channel("documents"))

    def documents(self) -> Answer:
        """The list; with `?document=` the details beside it."""
        organisation = client()
        if not organisation:
            return redirect(url_for("clients.clients"))
        part = request.headers.get("HX-Target") == "work"
        wanted = Filter.asked()
        found = self._documents.ListDocuments(wanted.request(organisation, request.args.get("page", "")))
        folders = self._folders.ListFolders(documents_pb2.ListFoldersRequest(organisation_id=organisation)).folders
        return render_template(
            "documents/work.html" if part else "documents/documents.html",
            found=found, folders=folders, filter=wanted, chosen=self._chosen(), company=organisation, statuses=STATUSES,
            companies=clients.names(self._peers) if is_firm() and not part else {},
            years=found.years or [clock.now().astimezone(texts.zone()).year],
        )  # fmt: skip

    def file(self, document: uuid.UUID) -> AnyResponse:
        """The bytes of one document, as an attachment (ACC-54)."""
        return transfer.download(self._peers, str(document))

    def zip(self) -> AnyResponse:
        """Several documents as one zip, streamed (ACC-54)."""
        chosen = _chosen_ids()
        if not chosen:
            return redirect(url_for("documents.documents"))
        return transfer.download_zip(self._peers, chosen)

    def states(self) -> Response:
        """The present status of some documents, for rows that wait for their scan."""
        chosen = _chosen_ids()
        wanted = documents_pb2.BatchGetDocumentsRequest(document_ids=chosen)
        found = self._documents.BatchGetDocuments(wanted).documents if chosen else ()
        return jsonify({each.document_id: status.row(each) for each in found})

    def _chosen(self) -> documents_pb2.Document | None:
        wanted = request.args.get("document", "")
        if not is_id(wanted):
            return None
        try:
            return self._documents.GetDocument(documents_pb2.GetDocumentRequest(document_id=wanted))
        except NotFound:
            return None  # deleted meanwhile, or no longer one's own: the list is still there


def is_id(text: str) -> bool:
    """Whether this is an identifier at all."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _chosen_ids() -> list[str]:
    return list(dict.fromkeys(each for each in request.args.getlist("document") if is_id(each)))[:MOST]
