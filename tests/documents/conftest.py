"""The documents service on a real database, with files in a directory and identity played by the test."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from kontor.identity.v1 import identity_pb2_grpc
from psycopg import sql

from chassis.config import Secret
from chassis.service import Rpc
from chassis.testing import FakePeers, ServiceUnderTest
from services.documents.config import Config
from services.documents.service import build
from tests.documents.portal import Organisations, Portal

KEY = "test1:" + b64encode(bytes(range(32))).decode()


@pytest.fixture(scope="session")
def one_database(service_database: Callable[[str], str]) -> str:
    return service_database("documents")


@pytest.fixture
def documents_url(one_database: str) -> str:
    """A database of this service without any rows."""
    with psycopg.connect(one_database.replace("+psycopg", ""), autocommit=True) as connection:
        tables = connection.execute(
            "select tablename from pg_tables where schemaname = 'public' and tablename <> 'alembic_version'"
        ).fetchall()
        if tables:
            names = sql.SQL(", ").join(sql.Identifier(name) for (name,) in tables)
            connection.execute(sql.SQL("truncate {} cascade").format(names))
    return one_database


@pytest.fixture
def settings(documents_url: str, tmp_path: Path) -> Config:
    """Settings of a service that finds the marker and takes files up to 1 MB."""
    return Config(
        database_url=Secret(documents_url),
        storage_url=f"file://{tmp_path}/files",
        sealing_keys=Secret(KEY),
        scanner="marker",
        upload_limit_mb=1,
    )


@pytest.fixture
def start_portal() -> Iterator[Callable[[Config], Portal]]:
    """Start the service with these settings; a second one shares the first one's database."""
    started: list[ServiceUnderTest] = []

    def start(settings: Config) -> Portal:
        identity = Organisations()  # type: ignore[abstract]  # it plays the one part that is asked for
        peers = FakePeers(identity=[Rpc(identity, identity_pb2_grpc.add_OrganisationsServicer_to_server)])
        started.append(ServiceUnderTest(build(settings, peers)))
        return Portal(started[-1], identity)

    yield start
    for under in started:
        under.close()


@pytest.fixture
def portal(settings: Config, start_portal: Callable[[Config], Portal]) -> Portal:
    return start_portal(settings)
