"""The whole product for a journey, in both compositions, with the first firm and client in it; each started once and then kept."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
import uuid_utils.compat as uuid
from kontor.identity.v1 import identity_pb2
from playwright.sync_api import Page

from demo import data, files
from demo.people import Person
from tests import scenario
from tests.fleet import Servers, apart, together
from tests.journeys.pages import LOCALES, Window
from tests.journeys.reader import Reader
from tests.journeys.stage import DATABASES, Company, Stage, stop_all
from tests.servers.browser import DESKTOP, PHONE, Pages
from tests.servers.clamd import Address
from tests.servers.program import free_ports
from tests.servers.rabbitmq import manage
from tests.servers.s3 import S3
from tests.servers.sharing import Shared
from tests.servers.smtp import MailServer

# Databases of the services whose jobs a test runs itself, on another day.
KNOWN = ("identity", "documents", "notify")
SMALL_FILES = {"KONTOR_DOCUMENTS_UPLOAD_LIMIT_MB": "2", "KONTOR_GATEWAY_UPLOAD_LIMIT_MB": "2"}


@pytest.fixture(scope="session")
def all_in_one(shared_servers: Shared, new_database: Callable[[str], str]) -> Iterator[Stage]:
    """Every service in one process, as `make run` starts them."""
    with _in_one_process(shared_servers.directory("journeys"), new_database) as stage:
        yield stage


@pytest.fixture
def own_time(tmp_path: Path, new_database: Callable[[str], str]) -> Iterator[Stage]:
    """The same once more, for a test that lets months pass."""
    with _in_one_process(tmp_path, new_database) as stage:
        yield stage


@contextmanager
def _in_one_process(folder: Path, new_database: Callable[[str], str]) -> Iterator[Stage]:
    databases, mail = {name: new_database(name) for name in KNOWN}, (folder / "var" / "mail").as_uri()
    reached = {f"KONTOR_{name.upper()}_DATABASE_URL": url for name, url in databases.items()}
    product = together(folder, environ={**reached, **SMALL_FILES, "KONTOR_NOTIFY_MAIL_URL": mail})
    try:
        with product.world() as world:
            yield Stage(product, scenario.begin(product, world), databases, mail)
    finally:
        product.stop()


@pytest.fixture(scope="session")
def each_apart(
    shared_servers: Shared, new_database: Callable[[str], str], rabbitmq_url: str, s3: S3, clamd_address: Address
) -> Iterator[Stage]:
    """Every service in a process of its own, over gRPC, RabbitMQ, PostgreSQL, S3, clamd and SMTP."""
    mail = MailServer(free_ports(1)[0])
    mail.start()
    vhost = f"journeys-{uuid.uuid7().hex[-12:]}"
    manage(rabbitmq_url, "PUT", f"/vhosts/{vhost}")
    databases = {name: new_database(name) for name in DATABASES}
    broker = f"{rabbitmq_url.rpartition('/')[0]}/{vhost}"
    product = apart(shared_servers.directory("journeys"), Servers(databases, broker, s3, clamd_address, mail))
    try:
        with product.world() as world:
            yield Stage(product, scenario.begin(product, world), databases, mail.url)
    finally:
        stop_all(product)
        manage(rabbitmq_url, "DELETE", f"/vhosts/{vhost}")
        mail.stop()


@pytest.fixture
def stage(request: pytest.FixtureRequest) -> Stage:
    """The product in the composition that the test is parametrised with: `together` or `apart`."""
    found: Stage = request.getfixturevalue({"together": "all_in_one", "apart": "each_apart"}[request.param])
    return found


@pytest.fixture(scope="session")
def screenshots(pytestconfig: pytest.Config) -> Path:
    """Where pictures of the journeys are kept for looking at."""
    return pytestconfig.rootpath / "var" / "screenshots"


@pytest.fixture(scope="session")
def furnished(all_in_one: Stage) -> Company:
    """A company with a colleague, with documents in every state, notices and messages."""
    made, world = all_in_one.company("sound", language="en"), all_in_one.world
    with world.acting(made.administrator):
        data.add_member(world, made.colleague, identity_pb2.ROLE_WRITE)
        for file in (
            files.File("Payroll.xlsx", files.payroll("mai"), "payroll"),
            files.File("Virus.txt", files.test_virus(), "payroll"),
            files.File("Locked.zip", files.locked_zip(), "payroll"),
        ):
            data.upload(world, made.id, file)
    data.write(world, made.id, made.administrator)
    with world.acting(made.payroll):
        data.upload(world, made.id, files.File("Payslips.pdf", files.pdf("Payslips", []), "payroll"))
    world.activate(made.colleague)
    return made


@pytest.fixture
def window(new_page: Pages, all_in_one: Stage) -> Window:
    """Opens a page of the portal, signed in where a person is named."""

    def open_(person: Person | None = None, *, size: tuple[int, int] = DESKTOP, language: str = "en", javascript: bool = True) -> Page:
        page = new_page(size=size, locale=LOCALES[language], base_url=all_in_one.product.url, javascript=javascript)
        if person is not None:
            cookie = {"name": "session", "value": all_in_one.world.token(person), "url": all_in_one.product.url}
            page.context.add_cookies([cookie])  # type: ignore[list-item]  # a SetCookieParam
        return page

    return open_


@pytest.fixture(scope="session")
def offices(all_in_one: Stage) -> Callable[[str], Company]:
    """The company that reads the guide in a language; made once."""
    return cache(lambda language: all_in_one.company(f"leser{language}", language=language))


@pytest.fixture(params=[pytest.param((DESKTOP, "nb"), id="desktop-nb"), pytest.param((PHONE, "en"), id="phone-en")])
def reader(request: pytest.FixtureRequest, all_in_one: Stage, offices: Callable[[str], Company], new_page: Pages) -> Reader:
    """Who does what the guide says, at a desk in Norwegian and on a phone in English."""
    size, language = request.param

    def open_page(spoken: str) -> Page:
        return new_page(size=size, locale=LOCALES[spoken], base_url=all_in_one.product.url)

    return Reader(all_in_one, offices(language), language, open_page)
