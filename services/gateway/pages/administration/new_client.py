"""Make a client of the firm: the company, its first administrator, and what the firm does for it (ACC-06, ACC-11)."""

import uuid

from flask import redirect, render_template, request, url_for
from kontor.access.v1 import access_pb2
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc
from kontor.linking.v1 import linking_pb2, linking_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway import texts
from services.gateway.pages import first_administrator

AREAS = (access_pb2.SERVICE_AREA_ACCOUNTING, access_pb2.SERVICE_AREA_PAYROLL, access_pb2.SERVICE_AREA_HR)


class NewClient:
    """The form."""

    def __init__(self, peers: Peers) -> None:
        self._organisations = identity_pb2_grpc.OrganisationsStub(peers.channel("identity"))
        self._links = linking_pb2_grpc.LinksStub(peers.channel("linking"))

    def new(self) -> str | Response | tuple[str, int]:
        """Made by identity, then linked; where the second half fails, sending the form again does that half alone."""
        if request.method != "POST":
            return self._shown(areas=AREAS)
        areas, made = chosen_areas(), _made()
        if not areas:
            return self._shown({"areas": texts._("Choose at least one area.")}), 422
        try:
            made = made or self._create()
            self._links.CreateLink(linking_pb2.CreateLinkRequest(organisation_id=made, service_areas=areas))
        except Failure as failure:
            return self._shown(first_administrator.problems(failure), areas=areas, made=made), failure.http_status
        return redirect(url_for("administration.client", client=made, made=1))

    def _create(self) -> str:
        wanted = identity_pb2.CreateClientRequest(**first_administrator.company(), administrator=first_administrator.written())
        return self._organisations.CreateClient(wanted).organisation_id

    def _shown(self, told: dict[str, str] | None = None, **given: object) -> str:
        return render_template(
            "administration/new_client.html", problems=told or {}, written=request.form, countries=texts.countries(), all_areas=AREAS,
            **{"areas": (), "made": _made(), **given},
        )  # fmt: skip


def chosen_areas() -> "list[access_pb2.ServiceArea.ValueType]":
    """The service areas ticked on the form."""
    ticked = request.form.getlist("area")
    return [each for each in AREAS if str(each) in ticked]


def _made() -> str:
    """The client that the form has made already, when it is sent again."""
    try:
        return str(uuid.UUID(request.form.get("made", "")))
    except ValueError:
        return ""
