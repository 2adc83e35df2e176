"""A new message: the type of enquiry first, for it decides who receives it (ACC-60); subject and description; no files (ACC-62)."""

from collections.abc import Sequence
from typing import Any

from flask import redirect, render_template, request, url_for
from kontor.messaging.v1 import messaging_pb2, messaging_pb2_grpc
from kontor.messaging.v1.messaging_pb2 import EnquiryType, Recipient
from werkzeug.wrappers import Response

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway.pages.messages.guard import Guard
from services.gateway.reader import client, is_firm
from services.gateway.reasons import problems

MOST_RECIPIENTS = 200


class New:
    """The form for a new conversation."""

    def __init__(self, peers: Peers, guard: Guard) -> None:
        self._messages = messaging_pb2_grpc.MessagesStub(peers.channel("messaging"))
        self._enquiries = messaging_pb2_grpc.EnquiriesStub(peers.channel("messaging"))
        self._guard = guard

    def form(self) -> str | Response:
        """The empty form; the firm's people choose a client first."""
        return self._shown() if client() else redirect(url_for("clients.clients"))

    def send(self) -> str | Response | tuple[str, int]:
        """Send it; what cannot be sent stays in its fields."""
        try:
            sent = self._messages.SendMessage(self._written())
        except Failure as failure:
            given = self._guard.refused(failure) or {"problems": problems(failure, "body")}
            return self._shown(written=request.form, **given), failure.http_status
        return redirect(url_for("messages.thread", thread=sent.thread_id, client=client() if is_firm() else None, sent=1))

    def _written(self) -> messaging_pb2.SendMessageRequest:
        form = request.form
        area = next((each for each in self._types() if str(each.service_area) == form.get("area", "")), EnquiryType()).service_area
        return messaging_pb2.SendMessageRequest(
            organisation_id=client(), service_area=area, subject=form.get("subject", "").strip(), body=form.get("body", "").strip(),
            to_membership_ids=form.getlist("to") if is_firm() else [], mask="mask" in form,
        )  # fmt: skip

    def _shown(self, **given: Any) -> str:
        return render_template("messages/new.html", types=self._types(), recipients=self._recipients(), company=client(), **given)

    def _types(self) -> Sequence[EnquiryType]:
        return self._enquiries.ListEnquiryTypes(messaging_pb2.ListEnquiryTypesRequest(organisation_id=client())).enquiry_types

    def _recipients(self) -> Sequence[Recipient]:
        if not is_firm():
            return ()
        asked = messaging_pb2.ListRecipientsRequest(organisation_id=client(), page_size=MOST_RECIPIENTS)
        return self._enquiries.ListRecipients(asked).recipients
