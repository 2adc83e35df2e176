"""Who of the firm works for a client, and in which areas: they receive its documents and enquiries (ACC-11)."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from flask import redirect, render_template, request, url_for
from kontor.access.v1 import access_pb2
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc
from kontor.linking.v1 import linking_pb2, linking_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway import texts
from services.gateway.pages.administration.new_client import AREAS, chosen_areas
from services.gateway.pages.administration.one_client import OneClient
from services.gateway.reasons import problems, sentence

Answer = str | Response | tuple[str, int]
# More people than this are not shown at once; the search finds the others.
PAGE = 100
HELP = access_pb2.SERVICE_AREA_PORTAL_SUPPORT


@dataclass(frozen=True)
class Row:
    """A person of the firm, and the areas in which this person works for the client."""

    member: identity_pb2.Member
    areas: tuple[int, ...]

    @property
    def written(self) -> str:
        """The areas as the form carries them, to see later what was changed on it."""
        return ",".join(map(str, self.areas))


class Consultants:
    """The tab "Consultants" of a client."""

    def __init__(self, peers: Peers) -> None:
        self._client = OneClient(peers)
        self._members = identity_pb2_grpc.OrganisationsStub(peers.channel("identity"))
        self._links = linking_pb2_grpc.LinksStub(peers.channel("linking"))

    def consultants(self, client: uuid.UUID) -> Answer:
        """A grid of ticks, people by areas, in force once saved."""
        if request.method != "POST":
            return self._shown(client)
        refused = list(self._save(client))
        if refused:
            return self._shown(client, {"grid": " ".join(refused)}), 409
        return redirect(url_for("administration.consultants", client=client, saved=1))

    def areas(self, client: uuid.UUID) -> Answer:
        """What the firm does for the client."""
        wanted = linking_pb2.UpdateLinkRequest(organisation_id=str(client), service_areas=chosen_areas())
        if not wanted.service_areas:
            return self._shown(client, {"areas": texts._("Choose at least one area.")}), 422
        try:
            self._links.UpdateLink(wanted)
        except Failure as failure:
            return self._shown(client, problems(failure, "areas")), failure.http_status
        return redirect(url_for("administration.consultants", client=client, saved=1))

    def _save(self, client: uuid.UUID) -> Iterator[str]:
        """Send what was changed on the form, and nothing else: another administrator's changes meanwhile stay. Yields what was refused."""
        for membership, before, now in _changes():
            wanted = linking_pb2.AssignConsultantRequest(organisation_id=str(client), membership_id=membership, service_areas=now)
            try:
                self._links.AssignConsultant(wanted)
            except Failure as failure:
                problems(failure, "grid")  # where a fresh code is needed, it is asked for in place
                if before or failure.reason != "consultant_not_found":
                    yield sentence(failure)

    def _shown(self, client: uuid.UUID, told: dict[str, str] | None = None) -> str:
        organisation, link, name = self._client.organisation(client), self._client.link(client), request.args.get("name", "")[:200].strip()
        wanted = identity_pb2.ListMembersRequest(name=name, page_size=PAGE, page_token=request.args.get("page", ""))
        found, rows = self._members.ListMembers(wanted), self._assigned(client)
        shown = [Row(each, rows.get(each.membership_id, ())) for each in found.members]
        areas = (*(link.firm_areas or AREAS), HELP)
        return render_template(
            "administration/consultants.html", client=organisation, link=link, rows=shown, next=found.next_page_token, total=found.total,
            areas=areas, all_areas=AREAS, name=name, problems=told or {},
        )  # fmt: skip

    def _assigned(self, client: uuid.UUID) -> dict[str, tuple[int, ...]]:
        found = self._links.ListConsultants(linking_pb2.ListConsultantsRequest(organisation_id=str(client))).consultants
        return {each.membership_id: tuple(each.service_areas) for each in found}


def _changes() -> "Iterator[tuple[str, str, list[access_pb2.ServiceArea.ValueType]]]":
    """Each person whose ticks differ from those the form was made with: who, what was ticked then, what is now."""
    for membership in request.form.getlist("person"):
        before, ticked = request.form.get(f"was-{membership}", ""), request.form.getlist(f"areas-{membership}")
        now = [each for each in (*AREAS, HELP) if str(each) in ticked]
        if before != ",".join(map(str, now)):
            yield membership, before, now
