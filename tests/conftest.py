"""What every test may ask for: the real servers, patience where time is not the subject, and logs as services write them."""

import logging

import pytest

from chassis import peers, telemetry

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


@pytest.fixture(scope="session", autouse=True)
def logs() -> None:
    """What is logged reaches `caplog`, in whatever order tests run: as services write it, and nowhere else."""
    telemetry.log_as("json", "info")
    logging.getLogger().handlers.clear()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes have no place in a test's name: an archive has its second in it, so that two workers would call one test by two names."""
    return argname if isinstance(val, bytes) else None
