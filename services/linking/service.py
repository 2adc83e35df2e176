"""Builds the linking service: which firm and which consultant may work for which client."""

from pathlib import Path

from kontor.identity.v1.identity_pb2_grpc import OrganisationsStub
from kontor.linking.v1.linking_pb2_grpc import add_LinksServicer_to_server

from chassis.db import Database
from chassis.service import Peers, Rpc, Service, on
from services.linking.api import Links
from services.linking.config import Config
from services.linking.handlers import member_removed
from services.linking.models import Model


def build(config: Config, peers: Peers) -> Service:
    """The service with its database; identity is asked who is who."""
    database = Database(config.database_url, service="linking")
    return Service(
        name="linking",
        database=database,
        tables=Model.metadata,
        migrations=Path(__file__).parent / "migrations",
        rpcs=(Rpc(Links(database, OrganisationsStub(peers.channel("identity"))), add_LinksServicer_to_server),),
        handlers=(on(member_removed),),
    )
