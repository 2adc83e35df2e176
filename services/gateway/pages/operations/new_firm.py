"""Make a firm and invite its first administrator (ACC-06)."""

from flask import redirect, render_template, request, url_for
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway import texts
from services.gateway.pages import first_administrator


class NewFirm:
    """The form."""

    def __init__(self, peers: Peers) -> None:
        self._organisations = identity_pb2_grpc.OrganisationsStub(peers.channel("identity"))

    def new(self) -> str | Response | tuple[str, int]:
        """The administrator gets a welcome mail, and makes the firm's clients."""
        if request.method != "POST":
            return _shown()
        wanted = identity_pb2.CreateFirmRequest(**first_administrator.company(), administrator=first_administrator.written())
        try:
            self._organisations.CreateFirm(wanted)
        except Failure as failure:
            return _shown(first_administrator.problems(failure)), failure.http_status
        return redirect(url_for("operations.start", done="made"))


def _shown(told: dict[str, str] | None = None) -> str:
    return render_template("operations/new_firm.html", problems=told or {}, written=request.form, countries=texts.countries())
