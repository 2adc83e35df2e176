"""Messaging on a database of its own."""

from collections.abc import Callable, Iterator

import pytest

from chassis.config import Secret
from chassis.testing import FakePeers, ServiceUnderTest
from services.messaging.config import Config
from services.messaging.service import build


@pytest.fixture
def service(service_database: Callable[[str], str]) -> Iterator[ServiceUnderTest]:
    running = ServiceUnderTest(build(Config(database_url=Secret(service_database("messaging"))), FakePeers()))
    yield running
    running.close()
