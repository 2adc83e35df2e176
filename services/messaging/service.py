"""Builds the messaging service: what firms and clients write to each other, and news."""

from pathlib import Path

from kontor.messaging.v1.messaging_pb2_grpc import (
    add_EnquiriesServicer_to_server,
    add_MessagesServicer_to_server,
    add_ThreadsServicer_to_server,
)
from kontor.messaging.v1.news_pb2_grpc import add_NewsServicer_to_server

from chassis.db import Database
from chassis.service import Peers, Rpc, Service, on
from services.messaging.api.enquiries import Enquiries
from services.messaging.api.messages import Messages
from services.messaging.api.news import News
from services.messaging.api.threads import Threads
from services.messaging.config import Config
from services.messaging.handlers import (
    consultant_assigned,
    link_changed,
    link_created,
    member_added,
    member_removed,
    profile_changed,
)
from services.messaging.models import Model


def build(config: Config, peers: Peers) -> Service:
    """The service with its database; it asks nobody, events tell it who serves whom and who is who."""
    del peers
    database = Database(config.database_url, service="messaging")
    return Service(
        name="messaging",
        database=database,
        tables=Model.metadata,
        migrations=Path(__file__).parent / "migrations",
        rpcs=(
            Rpc(Messages(database), add_MessagesServicer_to_server),
            Rpc(Threads(database), add_ThreadsServicer_to_server),
            Rpc(Enquiries(database), add_EnquiriesServicer_to_server),
            Rpc(News(database), add_NewsServicer_to_server),
        ),
        handlers=(
            on(consultant_assigned), on(link_changed), on(link_created), on(member_added), on(member_removed), on(profile_changed),
        ),
    )  # fmt: skip
