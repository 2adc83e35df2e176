"""What every test may ask for: the real servers, and patience where time is not the subject."""

import pytest

from chassis import peers

pytest_plugins = (
    "tests.servers.sharing",
    "tests.servers.postgres",
    "tests.servers.rabbitmq",
    "tests.servers.s3",
    "tests.servers.clamd",
    "tests.servers.smtp",
    "tests.servers.browser",
)


@pytest.fixture(scope="session", autouse=True)
def patience() -> None:
    """A machine that runs every test at once stands still for seconds now and then; tests about deadlines set their own."""
    peers.UNARY_SECONDS = 60.0


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes have no place in a test's name: an archive has its second in it, so that two workers would call one test by two names."""
    return argname if isinstance(val, bytes) else None
