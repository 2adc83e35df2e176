"""The people of a client, for its firm to see: who is a user there is the client's own business to change (ACC-12)."""

import uuid

from flask import render_template, request
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc

from chassis.service import Peers
from services.gateway.pages.administration.one_client import OneClient

PAGE = 50


class ClientPeople:
    """The tab "People" of a client."""

    def __init__(self, peers: Peers) -> None:
        self._client = OneClient(peers)
        self._members = identity_pb2_grpc.OrganisationsStub(peers.channel("identity"))

    def people(self, client: uuid.UUID) -> str:
        """By name, searched, a page at a time."""
        name = request.args.get("name", "")[:200].strip()
        wanted = identity_pb2.ListMembersRequest(
            organisation_id=str(client), name=name, page_size=PAGE, page_token=request.args.get("page", "")
        )
        part = request.headers.get("HX-Target") == "work"
        return render_template(
            "administration/client_people_work.html" if part else "administration/client_people.html",
            client=self._client.organisation(client), link=self._client.link(client), found=self._members.ListMembers(wanted), name=name,
        )  # fmt: skip
