"""One server for all of pytest's workers: the first that needs it starts it, the session's end ends it, whatever happened between."""

import fcntl
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import pytest

from tests.servers.container import remove
from tests.servers.missing import PREFIX
from tests.servers.program import end_group

RUN = pytest.StashKey[Path]()
PATTERN = "kontor-tests-"


class Server(Protocol):
    """What can be shared: a program or a container."""

    @property
    def url(self) -> str:
        """Its address."""

    def start(self) -> None:
        """Start it and wait until it answers."""

    def release(self) -> dict[str, str | int]:
        """Leave it running; what is returned says how to end it."""


class Shared:
    """The servers of this test session."""

    def __init__(self, run: Path) -> None:
        self.run = run

    def url(self, name: str, build: Callable[[Path], Server]) -> str:
        """The address of the session's server of this name, started if it is not running yet."""
        with (self.run / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            record = self.run / f"{name}.json"
            if not record.exists():
                server = build(self.directory(name))
                server.start()
                record.write_text(json.dumps({"url": server.url, **server.release()}))
            return str(json.loads(record.read_text())["url"])

    def directory(self, name: str) -> Path:
        """A new empty directory for a server, removed with the session."""
        made = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.run))
        made.chmod(0o755)  # a server that refuses to run as root has to get in
        return made


@pytest.fixture(scope="session")
def shared_servers(pytestconfig: pytest.Config) -> Shared:
    """The servers shared by all workers."""
    return Shared(pytestconfig.stash[RUN])


def pytest_configure(config: pytest.Config) -> None:
    """Give the session a directory; workers use that of their controller."""
    given = getattr(config, "workerinput", {}).get("servers")
    if given is None:
        _end_leftovers()
        run = Path(tempfile.gettempdir()) / f"{PATTERN}{os.getpid()}"
        run.mkdir(mode=0o755)
        config.stash[RUN] = run
        # A cleanup, not a session hook: it runs after every fixture of the session is torn down.
        config.add_cleanup(lambda: _end_all(run))
    else:
        config.stash[RUN] = Path(given)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell a new worker where the session's servers are recorded."""
    node.workerinput["servers"] = str(node.config.stash[RUN])  # type: ignore[attr-defined]  # the worker's node has no public type


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end, once per reason, what could not be tested."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = {report.longrepr[2].removeprefix("Skipped: ") for report in skipped if isinstance(report.longrepr, tuple)}
    for reason in sorted(reason for reason in reasons if reason.startswith(PREFIX)):
        terminalreporter.write_line(reason, yellow=True)


def _end_all(run: Path) -> None:
    for record in run.glob("*.json"):
        with suppress(FileNotFoundError):  # another session cleans up after the same killed one
            server = json.loads(record.read_text())
            if "pid" in server and _is_ours(server["pid"], run):
                end_group(server["pid"], signal.Signals(server["ending"]))
    remove(run)
    shutil.rmtree(run, ignore_errors=True)


def _end_leftovers() -> None:
    """End the servers of sessions that were killed before they could."""
    for run in Path(tempfile.gettempdir()).glob(f"{PATTERN}*"):
        controller = run.name.removeprefix(PATTERN)
        if controller.isdecimal() and not Path(f"/proc/{controller}").exists():
            _end_all(run)


def _is_ours(pid: int, run: Path) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cwd").resolve().is_relative_to(run)
    return False
