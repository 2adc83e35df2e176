"""Linking on a database of its own, with one firm."""

from collections.abc import Callable, Iterator

import pytest
from kontor.identity.v1.identity_pb2_grpc import add_OrganisationsServicer_to_server

from chassis.config import Secret
from chassis.service import Rpc
from chassis.testing import FakePeers, ServiceUnderTest
from services.linking.config import Config
from services.linking.service import build
from tests.linking.firm import Firm, Identity


@pytest.fixture
def identity() -> Identity:
    return Identity()  # type: ignore[abstract]  # what it is not asked stays unimplemented


@pytest.fixture
def service(service_database: Callable[[str], str], identity: Identity) -> Iterator[ServiceUnderTest]:
    peers = FakePeers(identity=[Rpc(identity, add_OrganisationsServicer_to_server)])
    running = ServiceUnderTest(build(Config(database_url=Secret(service_database("linking"))), peers))
    yield running
    running.close()


@pytest.fixture
def firm(service: ServiceUnderTest, identity: Identity) -> Firm:
    return Firm(service, identity)
