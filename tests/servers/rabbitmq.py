"""RabbitMQ for tests: the one in KONTOR_TEST_RABBITMQ_URL, a container, or a node of our own from the distribution's package."""

import base64
import http.client
import json
import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uuid_utils.compat as uuid

from tests.servers.container import Container, usable
from tests.servers.missing import could_not_test, program
from tests.servers.program import Program, free_ports
from tests.servers.sharing import Shared
from tests.waiting import eventually

Node = Program | Container

IMAGE = "rabbitmq:4-management"
# Debian's own start script refuses every user but root and rabbitmq and runs the node as the latter; this is the program behind it.
UNWRAPPED = "/usr/lib/rabbitmq/bin/rabbitmq-server"
MANAGEMENT = 10_000  # how far above its port a node answers to those who manage it


@pytest.fixture(scope="session")
def rabbitmq_url(shared_servers: Shared) -> str:
    """The session's RabbitMQ, at its first virtual host."""
    return os.environ.get("KONTOR_TEST_RABBITMQ_URL") or shared_servers.url("rabbitmq", rabbitmq)


@pytest.fixture
def new_vhost(rabbitmq_url: str) -> Iterator[Callable[[], str]]:
    """Make a virtual host that nobody else uses and return its address; it is deleted after the test."""
    made: list[str] = []

    def create() -> str:
        made.append(f"test-{uuid.uuid7().hex[-12:]}")
        manage(rabbitmq_url, "PUT", f"/vhosts/{made[-1]}")
        return f"{rabbitmq_url.rpartition('/')[0]}/{made[-1]}"

    yield create
    for vhost in made:
        manage(rabbitmq_url, "DELETE", f"/vhosts/{vhost}")


@pytest.fixture
def rabbit_node(shared_servers: Shared) -> Iterator[Node]:
    """A RabbitMQ of the test's own, to stop, kill, freeze and start again; what was confirmed survives."""
    node = rabbitmq(shared_servers.directory("rabbitmq"))
    node.start()
    yield node
    node.kill()


def manage(url: str, method: str, path: str) -> object:
    """Ask the node's management interface, e.g. ``manage(url, "GET", "/queues")``. Raises OSError when it refuses."""
    node = urlsplit(url)
    account = base64.b64encode(f"{node.username}:{node.password}".encode()).decode()
    connection = http.client.HTTPConnection(node.hostname or "localhost", _management_port(node.port), timeout=10)
    try:
        connection.request(method, f"/api{path}", headers={"Authorization": f"Basic {account}"})
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status >= 400:
        raise OSError(f"RabbitMQ answers {answer.status} to {method} {path}: {body.decode(errors='replace')}")
    return json.loads(body) if body else None


def wait_until_on_disk(node: Node, queue: str) -> None:
    """Wait until a killed node would come back with a new queue.

    RabbitMQ 3.10 confirms messages half a second before it has written the name of the new quorum queue they are in; killed in between,
    it comes back with a queue that never gets a leader.
    """

    def written() -> str:
        if isinstance(node, Container):
            return node.run("cat /var/lib/rabbitmq/mnesia/*/quorum/*/names.dets")
        return "".join(names.read_text(errors="replace") for names in node.directory.glob("data/*/quorum/*/names.dets"))

    eventually(lambda: queue in written())


def rabbitmq(directory: Path) -> Node:
    """A new node on free ports: the deployed version where its image is here, else the distribution's."""
    (port,) = free_ports(1, beside=MANAGEMENT)
    return _container(directory, port) if usable(IMAGE) else _program(directory, port)


def _container(directory: Path, port: int) -> Container:
    return Container(
        name="RabbitMQ",
        url=f"amqp://guest:guest@127.0.0.1:{port}/%2F",
        image=IMAGE,
        directory=directory,
        ports={5672: port, 15672: _management_port(port)},
        environment={"RABBITMQ_DEFAULT_USER": "guest", "RABBITMQ_DEFAULT_PASS": "guest"},
        answers=partial(_answers, port),
    )


def _program(directory: Path, port: int) -> Program:
    """A node that no other node on this machine knows."""
    server = program("rabbitmq-server", package="rabbitmq-server", also=UNWRAPPED)
    mapper = shutil.which("epmd")
    if server is None or mapper is None:
        could_not_test("RabbitMQ: no KONTOR_TEST_RABBITMQ_URL, and no rabbitmq-server to start")
    mapper_port, own_port = free_ports(2)
    (directory / "rabbitmq.conf").write_text(_configuration(port))
    (directory / "plugins").write_text("[rabbitmq_management].")
    # Erlang's port mapper would otherwise be started once for the machine, and stay.
    start = f'"{mapper}" -port {mapper_port} & exec "{server}"'
    return Program(
        name="RabbitMQ",
        url=f"amqp://guest:guest@127.0.0.1:{port}/%2F",
        command=["/bin/sh", "-c", start],
        directory=directory,
        environment=_environment(directory, port=port, own_port=own_port, mapper_port=mapper_port),
        answers=partial(_answers, port),
    )


def _environment(directory: Path, *, port: int, own_port: int, mapper_port: int) -> dict[str, str]:
    return {
        "HOME": str(directory),  # where Erlang keeps the secret that nodes share
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(mapper_port),
        "RABBITMQ_NODENAME": f"kontor-{port}@localhost",
        "RABBITMQ_DIST_PORT": str(own_port),
        "RABBITMQ_CONFIG_FILE": str(directory / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": str(directory / "none"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "plugins"),
        "RABBITMQ_MNESIA_BASE": str(directory / "data"),
        "RABBITMQ_LOG_BASE": str(directory),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2",
    }


def _configuration(port: int) -> str:
    return f"""
listeners.tcp.1 = 127.0.0.1:{port}
management.tcp.ip = 127.0.0.1
management.tcp.port = {_management_port(port)}
disk_free_limit.absolute = 10MB
collect_statistics_interval = 1000
log.console.level = warning
"""


def _management_port(port: int | None) -> int:
    # As with the default ports, 5672 and 15672.
    return (port or 5672) + MANAGEMENT


def _answers(port: int) -> bool:
    """Whether the node is up: its management interface opens last."""
    manage(f"amqp://guest:guest@127.0.0.1:{port}/%2F", "GET", "/health/checks/virtual-hosts")
    return True
