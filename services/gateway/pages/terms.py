"""The terms and conditions are accepted before anything else (NET-36). What they say is on a page that anybody may read."""

from flask import Blueprint, redirect, render_template, request
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway.config import Config
from services.gateway.pages.entering import onward
from services.gateway.reasons import problems


def blueprint(peers: Peers, config: Config) -> Blueprint:
    """The route."""
    pages, own = Blueprint("terms", __name__), identity_pb2_grpc.AccountStub(peers.channel("identity"))

    @pages.post("/terms")
    def accept() -> str | Response | tuple[str, int]:
        try:
            profile = own.AcceptTerms(identity_pb2.AcceptTermsRequest(version=request.form.get("version", "-") or "-"))
        except Failure as failure:
            told = problems(failure, "version")
            return render_template("information/terms.html", frame="alone.html", problems=told), failure.http_status
        return redirect(onward(config, profile))

    return pages
