"""Clients: whom a consultant works for, with what is new at each; and choosing one for another page (FNK-13, FNK-19)."""

from collections.abc import Iterable

from flask import Blueprint, Response, g, render_template, request
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc
from kontor.linking.v1 import linking_pb2, linking_pb2_grpc
from kontor.messaging.v1 import messaging_pb2, messaging_pb2_grpc

from chassis.service import Peers
from services.gateway.asked import is_id
from services.gateway.config import Config
from services.gateway.reader import client, is_firm

PAGE, MOST = 50, 200
OK = 200
# The clients chosen last are remembered by the browser: ids only, and linking says anew each time which of them are still the reader's.
COOKIE, REMEMBERED, KEPT_SECONDS = "clients", 6, 90 * 24 * 3600
# What a client can be chosen for.
PLACES = {"documents": "documents.documents", "upload": "documents.upload", "messages": "messages.messages"}


def blueprint(peers: Peers, config: Config) -> Blueprint:
    """The routes."""
    pages, clients = Blueprint("clients", __name__, url_prefix="/clients"), Clients(peers)
    pages.add_url_rule("", "clients", clients.list, methods=["GET"])

    @pages.after_app_request
    def remember(response: Response) -> Response:
        chosen = request.args.get("client", "")
        if response.status_code == OK and is_id(chosen) and g.get("held") is not None and is_firm():
            kept = ".".join([chosen, *(each for each in remembered() if each != chosen)][:REMEMBERED])
            response.set_cookie(COOKIE, kept, max_age=KEPT_SECONDS, secure=config.secure, httponly=True, samesite="Lax")
        return response

    return pages


class Clients:
    """The list, and what is counted beside each name."""

    def __init__(self, peers: Peers) -> None:
        self._links = linking_pb2_grpc.LinksStub(peers.channel("linking"))
        self._documents = documents_pb2_grpc.DocumentsStub(peers.channel("documents"))
        self._threads = messaging_pb2_grpc.ThreadsStub(peers.channel("messaging"))

    def list(self) -> str:
        """By name, searched, a page at a time."""
        name, token, mine = request.args.get("name", "")[:200].strip(), request.args.get("page", ""), request.args.get("of", "") == "mine"
        place = request.args.get("to", "")
        found = self._links.ListClients(linking_pb2.ListClientsRequest(name=name, mine=mine, page_size=PAGE, page_token=token))
        ids = [each.organisation_id for each in found.clients]
        part = request.headers.get("HX-Target") == "work"
        return render_template(
            "clients/list.html" if part else "clients/clients.html",
            clients=found.clients, next=found.next_page_token, name=name, mine=mine, place=place if place in PLACES else "",
            target=PLACES.get(place, PLACES["documents"]), counts=self.documents(ids), threads=self.threads(ids),
        )  # fmt: skip

    def documents(self, ids: Iterable[str]) -> dict[str, documents_pb2.DocumentCount]:
        """How many documents, and how many new ones, by client."""
        wanted = documents_pb2.CountDocumentsRequest(organisation_ids=ids)
        return {each.organisation_id: each for each in self._documents.CountDocuments(wanted).counts} if wanted.organisation_ids else {}

    def threads(self, ids: Iterable[str]) -> dict[str, messaging_pb2.ThreadCounts]:
        """How many conversations wait for the firm, by client."""
        wanted = messaging_pb2.CountThreadsRequest(organisation_ids=ids)
        return {each.organisation_id: each for each in self._threads.CountThreads(wanted).counts} if wanted.organisation_ids else {}


def names(peers: Peers, *ids: str) -> dict[str, str]:
    """Organisation id to name, of clients the reader works for: of these; else of the chosen one and some to choose from."""
    links = linking_pb2_grpc.LinksStub(peers.channel("linking"))
    wanted = list(dict.fromkeys(ids or [each for each in (client(), *remembered()) if is_id(each)]))[:MOST]
    found = _found(links, linking_pb2.ListClientsRequest(organisation_ids=wanted, page_size=MOST)) if wanted else {}
    in_order = {each: found[each] for each in wanted if each in found}
    if ids or len(in_order) >= REMEMBERED:
        return in_order
    # Nobody was chosen yet, or few: the first ones by name are as good as any.
    return in_order | _found(links, linking_pb2.ListClientsRequest(page_size=REMEMBERED))


def _found(links: linking_pb2_grpc.LinksStub, wanted: linking_pb2.ListClientsRequest) -> dict[str, str]:
    return {each.organisation_id: each.name for each in links.ListClients(wanted).clients}


def remembered() -> list[str]:
    """The clients chosen last, newest first, as the browser tells."""
    return [each for each in request.cookies.get(COOKIE, "").split(".")[:REMEMBERED] if is_id(each)]
