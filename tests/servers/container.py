"""A server in a container of our own, where an engine runs and has the image: the same handles as a program's."""

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import docker
from docker.errors import DockerException, NotFound

from tests.waiting import eventually


@dataclass(kw_only=True)
class Container:
    """A container whose ports are published on this machine; what it wrote survives a kill, not its removal."""

    name: str
    url: str
    image: str
    directory: Path
    ports: Mapping[int, int]  # the container's to this machine's
    answers: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    start_seconds: float = 90.0
    _id: str | None = None

    def start(self) -> None:
        """Start it, the first time or again, and wait until it answers. Raises RuntimeError with the end of its log when it does not."""
        with engine() as client:
            if self._id is None:
                published = {f"{inner}/tcp": ("127.0.0.1", outer) for inner, outer in self.ports.items()}
                made = client.containers.create(self.image, environment=dict(self.environment), ports=published)
                self._id = str(made.id)
                (self.directory / "container").write_text(self._id)
            client.containers.get(self._id).start()
        try:
            eventually(self.answers, seconds=self.start_seconds, retry_on=(OSError,))
        except AssertionError as late:
            raise RuntimeError(f"{self.name} does not answer: {self.log_end()}") from late

    def stop(self) -> None:
        """Ask it to end and wait until it has."""
        self._do("stop")

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._do("kill")

    def freeze(self) -> None:
        """Make it hang: its port still accepts, nothing answers."""
        self._do("pause")

    def thaw(self) -> None:
        """Let a frozen one go on."""
        self._do("unpause")

    def release(self) -> dict[str, str | int]:
        """How it is ended by whoever comes after: not at all, `remove` goes by the file in its directory."""
        return {}

    def log_end(self) -> str:
        """The last lines it wrote."""
        with engine() as client:
            return str(client.containers.get(self._id).logs(tail=30).decode(errors="replace"))

    def run(self, command: str) -> str:
        """What a shell command inside prints."""
        with engine() as client:
            return str(client.containers.get(self._id).exec_run(["sh", "-c", command]).output.decode(errors="replace"))

    def _do(self, what: str) -> None:
        with engine() as client:
            container = client.containers.get(self._id)
            if container.status in ("running", "paused"):
                getattr(container, what)()


@contextmanager
def engine() -> Iterator[docker.DockerClient]:
    """The engine of this machine; raises DockerException where there is none."""
    client = docker.from_env(timeout=60)
    try:
        yield client
    finally:
        client.close()


def usable(image: str) -> bool:
    """Whether an engine runs and has the image already. Nothing is fetched for a test."""
    if not _engine_listens():
        return False
    try:
        with engine() as client:
            client.images.get(image)
    except (DockerException, OSError):
        return False
    return True


def _engine_listens() -> bool:
    """Asked first because the client, where nobody listens, leaves a socket open."""
    address = urlsplit(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock")
    with socket.socket(socket.AF_UNIX if address.scheme == "unix" else socket.AF_INET) as connection:
        connection.settimeout(3)
        try:
            connection.connect(address.path if address.scheme == "unix" else (address.hostname, address.port or 2375))
        except OSError:
            return False
    return True


def remove(directory: Path) -> None:
    """Remove the containers that were started with this directory or one below it; where the engine is gone, so are they."""
    for record in directory.rglob("container") if _engine_listens() else ():
        with engine() as client:
            try:
                client.containers.get(record.read_text()).remove(force=True, v=True)
            except NotFound:
                continue
