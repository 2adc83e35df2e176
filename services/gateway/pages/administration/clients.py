"""The firm's clients, as its administrators keep them in order: the list, and the pages of one client."""

from flask import Blueprint, render_template, request
from kontor.linking.v1 import linking_pb2, linking_pb2_grpc

from chassis.service import Peers
from services.gateway.pages.administration.client_folders import ClientFolders
from services.gateway.pages.administration.client_people import ClientPeople
from services.gateway.pages.administration.consultants import Consultants
from services.gateway.pages.administration.new_client import NewClient

PAGE = 50
ONE = "/clients/<uuid:client>"


def add_to(pages: Blueprint, peers: Peers) -> None:
    """The routes; what each of them asks for is refused by the services to whoever is not the firm's administrator."""
    new, folders, consultants, people = NewClient(peers), ClientFolders(peers), Consultants(peers), ClientPeople(peers)
    pages.add_url_rule("/clients", "clients", ClientList(peers).clients, methods=["GET"])
    pages.add_url_rule("/clients/new", "new_client", new.new, methods=["GET", "POST"])
    pages.add_url_rule(f"{ONE}/folders", "client", folders.folders, methods=["GET", "POST"])
    pages.add_url_rule(f"{ONE}/folders/<uuid:folder>", "client_folder", folders.folder, methods=["GET", "POST"])
    pages.add_url_rule(f"{ONE}/folders/<uuid:folder>/remove", "remove_folder", folders.remove, methods=["GET", "POST"])
    pages.add_url_rule(f"{ONE}/consultants", "consultants", consultants.consultants, methods=["GET", "POST"])
    pages.add_url_rule(f"{ONE}/areas", "areas", consultants.areas, methods=["POST"])
    pages.add_url_rule(f"{ONE}/people", "people", people.people, methods=["GET"])


class ClientList:
    """All clients of the firm, with the areas in which nobody works for them (ACC-11)."""

    def __init__(self, peers: Peers) -> None:
        self._links = linking_pb2_grpc.LinksStub(peers.channel("linking"))

    def clients(self) -> str:
        """By name, searched, a page at a time."""
        name, unserved = request.args.get("name", "")[:200].strip(), request.args.get("state", "") == "unserved"
        wanted = linking_pb2.ListClientsRequest(name=name, unserved=unserved, page_size=PAGE, page_token=request.args.get("page", ""))
        part = request.headers.get("HX-Target") == "work"
        return render_template(
            "administration/clients_work.html" if part else "administration/clients.html",
            found=self._links.ListClients(wanted), name=name, unserved=unserved,
        )  # fmt: skip
