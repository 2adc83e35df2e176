"""The client that a page of the firm's administration is about."""

import uuid

from flask import g
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc
from kontor.linking.v1 import linking_pb2, linking_pb2_grpc

from chassis.errors import NotFound
from chassis.service import Peers


class OneClient:
    """Its name and number from identity, what the firm does for it from linking."""

    def __init__(self, peers: Peers) -> None:
        self._organisations = identity_pb2_grpc.OrganisationsStub(peers.channel("identity"))
        self._links = linking_pb2_grpc.LinksStub(peers.channel("linking"))

    def organisation(self, client: uuid.UUID) -> identity_pb2.Organisation:
        """The client, if the reader's firm made it. Raises NotFound."""
        found = self._organisations.GetOrganisation(identity_pb2.GetOrganisationRequest(organisation_id=str(client)))
        if found.organisation_id == g.held.current.organisation_id:
            raise NotFound("organisation_not_found", "The firm is no client of its own.")
        return found

    def link(self, client: uuid.UUID) -> linking_pb2.Client:
        """What the firm does for it, and where nobody works for it; nothing while the link is on its way."""
        wanted = linking_pb2.ListClientsRequest(organisation_ids=[str(client)], page_size=1)
        found = [each for each in self._links.ListClients(wanted).clients if each.organisation_id == str(client)]
        return found[0] if found else linking_pb2.Client(organisation_id=str(client))
