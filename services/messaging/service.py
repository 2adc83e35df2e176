"""Builds the messaging service: what clients write to the firm."""

from pathlib import Path

from kontor.messaging.v1.messaging_pb2_grpc import add_MessagesServicer_to_server

from chassis.db import Database
from chassis.service import Peers, Rpc, Service, on
from services.messaging.api import Messages
from services.messaging.config import Config
from services.messaging.handlers import consultant_assigned
from services.messaging.models import Model


def build(config: Config, peers: Peers) -> Service:
    """The service with its database; it asks nobody, linking's events tell it who serves whom."""
    del peers
    database = Database(config.database_url, service="messaging")
    return Service(
        name="messaging",
        database=database,
        tables=Model.metadata,
        migrations=Path(__file__).parent / "migrations",
        rpcs=(Rpc(Messages(database), add_MessagesServicer_to_server),),
        handlers=(on(consultant_assigned),),
    )
