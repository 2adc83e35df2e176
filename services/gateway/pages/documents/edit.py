"""Change what is known of documents: name, folder, period and year; of one, or of several at once (ACC-52, ACC-53)."""

from collections.abc import Sequence
from typing import Any

from flask import redirect, render_template, request, url_for
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc
from kontor.documents.v1.documents_pb2 import Document
from werkzeug.wrappers import Response

from chassis.errors import Conflict, Failure
from chassis.service import Peers
from services.gateway.asked import is_id, number
from services.gateway.pages.documents.filters import MONTHS, chosen_ids, years
from services.gateway.reader import client, is_firm
from services.gateway.reasons import problems, sentence

Answer = str | Response | tuple[str, int]


class Edit:
    """The forms for one document and for several."""

    def __init__(self, peers: Peers) -> None:
        self._documents = documents_pb2_grpc.DocumentsStub(peers.channel("documents"))
        self._folders = documents_pb2_grpc.FoldersStub(peers.channel("documents"))

    def form(self) -> Answer:
        """What is known now, to be changed."""
        documents = self._chosen()
        return self._shown(documents) if documents else redirect(url_for("documents.documents", client=self._client()))

    def save(self) -> Answer:
        """Change it; what cannot be changed stays in the form, with the reason."""
        documents = self._chosen()
        if len(documents) == 1:
            return self._save_one(documents[0])
        return self._save_all(documents) if documents else redirect(url_for("documents.documents", client=self._client()))

    def _save_one(self, document: Document) -> Answer:
        form = request.form
        wanted = documents_pb2.UpdateDocumentRequest(
            document_id=document.document_id, name=form.get("name", "").strip(), replace="replace" in form,
            revision=number(form.get("revision")), **_place(),
        )  # fmt: skip
        try:
            changed = self._documents.UpdateDocument(wanted)
        except Failure as failure:
            taken = isinstance(failure, Conflict) and failure.reason == "document_exists"
            told = {} if taken else problems(failure, "name")
            return self._shown([document], written=form, problems=told, taken=taken), failure.http_status
        return redirect(url_for("documents.documents", document=changed.document_id, client=self._client(), changed=1))

    def _save_all(self, documents: Sequence[Document]) -> Answer:
        revisions = [documents_pb2.DocumentRevision(document_id=each.document_id, revision=each.revision) for each in documents]
        wanted = documents_pb2.UpdateDocumentsRequest(documents=revisions, replace="replace" in request.form, **_place())
        try:
            answer = self._documents.UpdateDocuments(wanted)
        except Failure as failure:
            return self._shown(documents, written=request.form, problems=problems(failure, "folder")), failure.http_status
        refused = {each.document_id: each.reason for each in answer.refusals}
        if not refused:
            return redirect(url_for("documents.documents", client=self._client(), changed=len(answer.documents)))
        left = [each for each in documents if each.document_id in refused]
        reasons = {each: sentence(Conflict(reason)) for each, reason in refused.items()}
        taken = "document_exists" in refused.values()
        return self._shown(left, written=request.form, refused=reasons, changed=len(answer.documents), taken=taken)

    def _chosen(self) -> Sequence[Document]:
        chosen = chosen_ids()
        wanted = documents_pb2.BatchGetDocumentsRequest(document_ids=chosen)
        return self._documents.BatchGetDocuments(wanted).documents if chosen else ()

    def _shown(self, documents: Sequence[Document], **given: Any) -> str:
        organisation = documents[0].organisation_id
        folders = self._folders.ListFolders(documents_pb2.ListFoldersRequest(organisation_id=organisation)).folders
        offered = sorted({*years(), *(each.year for each in documents)})
        return render_template(
            "documents/edit.html", documents=documents, folders=folders, years=offered, company=organisation if is_firm() else None, **given
        )

    @staticmethod
    def _client() -> str | None:
        return client() if is_firm() else None


def _place() -> dict[str, Any]:
    """Folder, period and year as the form has them; what is left as it is has no value."""
    folder, period, year = request.form.get("folder", ""), number(request.form.get("period")), number(request.form.get("year"))
    place: dict[str, Any] = {"folder_id": folder} if is_id(folder) else {}
    if period in MONTHS:
        place["period"] = period
    return {**place, "year": year} if year else place
