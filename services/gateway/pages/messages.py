"""Messages: write to the firm by service area, and what was written (ACC-60 to ACC-65)."""

from flask import Blueprint, g, redirect, render_template, request, url_for
from kontor.access.v1 import access_pb2
from kontor.messaging.v1 import messaging_pb2, messaging_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway.config import Config
from services.gateway.pages import clients
from services.gateway.reader import client, is_firm
from services.gateway.reasons import problems

AREAS = (access_pb2.SERVICE_AREA_ACCOUNTING, access_pb2.SERVICE_AREA_PAYROLL, access_pb2.SERVICE_AREA_HR)


def blueprint(peers: Peers, _config: Config) -> Blueprint:
    """The routes."""
    pages = Blueprint("messages", __name__)
    stub = messaging_pb2_grpc.MessagesStub(peers.channel("messaging"))

    @pages.get("/messages")
    def messages() -> str:
        return shown()

    @pages.post("/messages")
    def send() -> str | Response | tuple[str, int]:
        written = request.form.get("area", "")
        area = next((each for each in AREAS if str(each) == written), access_pb2.SERVICE_AREA_UNSPECIFIED)
        try:
            stub.SendMessage(
                messaging_pb2.SendMessageRequest(
                    organisation_id=client(),
                    service_area=area,
                    subject=request.form.get("subject", "").strip(),
                    body=request.form.get("body", "").strip(),
                )
            )
        except Failure as failure:
            return shown(problems=problems(failure, "body"), written=request.form), failure.http_status
        return redirect(url_for("messages.messages", client=client() if is_firm() else None, sent=1))

    def shown(**given: object) -> str:
        companies = clients.names(peers) if is_firm() else {g.held.current.organisation_id: g.held.current.organisation_name}
        chosen = client() or next(iter(companies), "")
        token = request.args.get("page", "")
        wanted = messaging_pb2.ListMessagesRequest(organisation_id=chosen, page_size=20, page_token=token)
        found = stub.ListMessages(wanted) if chosen else messaging_pb2.ListMessagesResponse()
        return render_template("messages/messages.html", found=found, areas=AREAS, chosen=chosen, companies=companies, **given)

    return pages
