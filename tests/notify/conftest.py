"""The notify service on a database and a mail server of the test's own."""

from collections.abc import Callable, Iterator

import pytest

from chassis.testing import ServiceUnderTest
from tests.notify.post import Office, started
from tests.servers.smtp import MailServer


@pytest.fixture
def service(service_database: Callable[[str], str], smtp: MailServer) -> Iterator[ServiceUnderTest]:
    running = started(service_database("notify"), smtp.url)
    yield running
    running.close()


@pytest.fixture
def office(service: ServiceUnderTest) -> Office:
    return Office(service)
