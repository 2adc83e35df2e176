"""The whole product in one process as an operator would watch it most closely: debug logs, traces, databases one can look into."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import scenario
from tests.fleet import together
from tests.journeys.stage import Stage
from tests.servers.sharing import Shared
from tests.whole.collector import Collector

DATABASES = ("identity", "documents", "messaging", "linking", "notify")
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker does all that is here, so that the product is started once."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.xdist_group("whole"))


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    """Where its traces go."""
    listening = Collector()
    listening.start()
    yield listening
    listening.stop()


@pytest.fixture(scope="session")
def databases(new_database: Callable[[str], str]) -> dict[str, str]:
    """The address of each service's database."""
    return {name: new_database(name) for name in DATABASES}


@pytest.fixture(scope="session")
def stage(shared_servers: Shared, databases: dict[str, str], collector: Collector) -> Iterator[Stage]:
    """Every service in one process, with a firm and a client."""
    folder = shared_servers.directory("whole")
    environ = {f"KONTOR_{name.upper()}_DATABASE_URL": url for name, url in databases.items()}
    environ |= {"KONTOR_LOG_LEVEL": "debug", "KONTOR_LOG_FORMAT": "json", **collector.environment}
    product = together(folder, environ=environ)
    try:
        with product.world() as world:
            mail = (folder / "var" / "mail").as_uri()
            yield Stage(product, scenario.begin(product, world), databases=databases, mail_url=mail)
    finally:
        product.stop()
