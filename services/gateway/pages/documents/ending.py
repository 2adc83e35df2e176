"""How documents end: deleted by the firm on request (ACC-44), what is left on record, and legal holds (BEY-02)."""

import uuid
from typing import Any

from flask import redirect, render_template, request, url_for
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc, retention_pb2, retention_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway import transfer
from services.gateway.asked import is_id
from services.gateway.pages import clients
from services.gateway.pages.documents.filters import chosen_ids
from services.gateway.reader import client, is_firm
from services.gateway.reasons import problems

PAGE = 50
Answer = str | Response | tuple[str, int]


class Ending:
    """Deleting, and the list of what was deleted."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self._documents = documents_pb2_grpc.DocumentsStub(peers.channel("documents"))
        self._retention = retention_pb2_grpc.RetentionStub(peers.channel("documents"))

    def ask(self, document: uuid.UUID) -> str:
        """The page that asks who wanted it and why, before what cannot be undone."""
        return self._asked(str(document))

    def delete(self, document: uuid.UUID) -> Answer:
        """Delete it, with all its versions."""
        reason = request.form.get("reason", "").strip()
        try:
            self._retention.DeleteDocument(retention_pb2.DeleteDocumentRequest(document_id=str(document), reason=reason))
        except Failure as failure:
            if failure.reason == "step_up_needed":
                raise  # asked for in place, with what was written kept
            return self._asked(str(document), written=reason, problems=problems(failure, "reason")), failure.http_status
        return redirect(url_for("documents.documents", client=client() if is_firm() else None, deleted=1))

    def deleted(self) -> str | Response:
        """What was deleted, newest first."""
        organisation = client()
        if not organisation:
            return redirect(url_for("clients.clients"))
        name, token = request.args.get("name", "")[:200].strip(), request.args.get("page", "")
        asked = retention_pb2.ListTombstonesRequest(organisation_id=organisation, name=name, page_size=PAGE, page_token=token)
        found = self._retention.ListTombstones(asked)
        companies = clients.names(self._peers, organisation) if is_firm() else {}
        return render_template("documents/deleted.html", found=found, name=name, company=organisation, companies=companies)

    def certificate(self, tombstone: uuid.UUID) -> str | Response:
        """What is on record about one deletion, to read, print or keep as a file."""
        found = self._retention.GetTombstone(retention_pb2.GetTombstoneRequest(tombstone_id=str(tombstone)))
        page = render_template("documents/certificate.html", tombstone=found, company=found.organisation_id if is_firm() else None)
        if "file" not in request.args:
            return page
        content = render_template("documents/certificate_file.html", tombstone=found)
        answer = Response(content, mimetype="text/html", headers=transfer.HEADERS)
        answer.headers["Content-Disposition"] = transfer.content_disposition(f"{found.name}.html")
        return answer

    def _asked(self, document_id: str, **given: Any) -> str:
        document = self._documents.GetDocument(documents_pb2.GetDocumentRequest(document_id=document_id))
        return render_template("documents/delete.html", document=document, company=document.organisation_id, **given)


class Holds:
    """Legal holds of one client, for the firm's administrators."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self._documents = documents_pb2_grpc.DocumentsStub(peers.channel("documents"))
        self._holds = retention_pb2_grpc.HoldsStub(peers.channel("documents"))

    def show(self) -> Answer:
        """The holds that last and those that have ended; with ticked documents, the form for them."""
        return self._shown() if client() else redirect(url_for("clients.clients"))

    def change(self) -> Answer:
        """Hold the documents or the whole client, or end a hold."""
        form, reason = request.form, request.form.get("reason", "").strip()
        ended = [each for each in form.getlist("release") if is_id(each)]
        try:
            if ended:
                self._holds.ReleaseHold(retention_pb2.ReleaseHoldRequest(organisation_id=client(), hold_ids=ended, reason=reason))
            else:
                wanted = retention_pb2.SetHoldRequest(organisation_id=client(), document_ids=chosen_ids(), reason=reason)
                self._holds.SetHold(wanted)
        except Failure as failure:
            if failure.reason == "step_up_needed":
                raise
            return self._shown(written=reason, problems=problems(failure, "reason")), failure.http_status
        return redirect(url_for("documents.holds", client=client(), saved=1))

    def _shown(self, **given: Any) -> str:
        asked = retention_pb2.ListHoldsRequest(organisation_id=client(), page_size=PAGE, page_token=request.args.get("page", ""))
        found = self._holds.ListHolds(asked)
        ids = list(dict.fromkeys([*chosen_ids(), *(each.document_id for each in found.holds if each.document_id)]))[:200]
        wanted = documents_pb2.BatchGetDocumentsRequest(document_ids=ids)
        names = {each.document_id: each.name for each in self._documents.BatchGetDocuments(wanted).documents} if ids else {}
        return render_template(
            "documents/holds.html", found=found, names=names, chosen=[each for each in chosen_ids() if each in names], company=client(),
            companies=clients.names(self._peers, client()), **given,
        )  # fmt: skip
