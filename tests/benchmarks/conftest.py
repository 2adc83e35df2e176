"""One product in separate processes on real servers, with a firm and a client, for all benchmarks."""

import os
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from demo.session import World
from tests import scenario
from tests.fleet import Product, Servers, apart
from tests.scenario import Scenario
from tests.servers import postgres
from tests.servers.clamd import Address
from tests.servers.program import free_ports
from tests.servers.s3 import S3
from tests.servers.sharing import Shared
from tests.servers.smtp import MailServer


@pytest.fixture(scope="session")
def postgres_url(shared_servers: Shared) -> str:
    """As an installation has it: what is measured is vacuumed meanwhile."""
    return os.environ.get("KONTOR_TEST_POSTGRES_URL") or shared_servers.url("postgres", partial(postgres.postgres, {}))


@pytest.fixture(scope="session")
def databases(new_database: Callable[[str], str]) -> dict[str, str]:
    """The address of each service's database."""
    return {name: new_database(name) for name in ("identity", "documents", "messaging", "linking", "notify")}


@pytest.fixture(scope="session")
def product(
    tmp_path_factory: pytest.TempPathFactory, databases: dict[str, str], rabbitmq_url: str, s3: S3, clamd_address: Address
) -> Iterator[Product]:
    """Six processes."""
    mail = MailServer(free_ports(1)[0])
    mail.start()
    running = apart(tmp_path_factory.mktemp("product"), Servers(databases, rabbitmq_url, s3, clamd_address, mail))
    yield running
    running.stop()
    mail.stop()


@pytest.fixture(scope="session")
def world(product: Product) -> Iterator[World]:
    """Its gRPC ports and its mail."""
    with product.world() as seen:
        yield seen


@pytest.fixture(scope="session")
def story(product: Product, world: World) -> Scenario:
    """A firm with two consultants, and a client with three folders."""
    return scenario.begin(product, world)
