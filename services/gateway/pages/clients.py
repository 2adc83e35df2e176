"""Clients: whom a consultant works for, with what is new at each (FNK-13, FNK-19)."""

from flask import Blueprint, render_template, request
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc
from kontor.linking.v1 import linking_pb2, linking_pb2_grpc

from chassis.service import Peers
from services.gateway.config import Config

PAGE, MOST = 50, 200


def blueprint(peers: Peers, _config: Config) -> Blueprint:
    """The routes."""
    pages = Blueprint("clients", __name__, url_prefix="/clients")
    links = linking_pb2_grpc.LinksStub(peers.channel("linking"))
    documents = documents_pb2_grpc.DocumentsStub(peers.channel("documents"))

    @pages.get("")
    def clients() -> str:
        wanted, token = request.args.get("name", "")[:200].strip(), request.args.get("page", "")
        found = links.ListClients(linking_pb2.ListClientsRequest(name=wanted, page_size=PAGE, page_token=token))
        ids = [client.organisation_id for client in found.clients]
        counted = documents.CountDocuments(documents_pb2.CountDocumentsRequest(organisation_ids=ids)).counts if ids else ()
        counts = {count.organisation_id: count for count in counted}
        part = request.headers.get("HX-Target") == "work"
        return render_template(
            "clients/list.html" if part else "clients/clients.html",
            clients=found.clients, counts=counts, name=wanted, next=found.next_page_token,
        )  # fmt: skip

    return pages


def names(peers: Peers) -> dict[str, str]:
    """Organisation id to name of the clients the caller works for, for a choice on other pages."""
    links = linking_pb2_grpc.LinksStub(peers.channel("linking"))
    return {each.organisation_id: each.name for each in links.ListClients(linking_pb2.ListClientsRequest(page_size=MOST)).clients}
