"""A server started by a test as a local program: it can be stopped, killed and frozen, and started again at the same address."""

import os
import secrets
import signal
import socket
import subprocess
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.waiting import eventually


@dataclass(kw_only=True)
class Program:
    """A program of our own in a directory of its own, leading a process group of its own."""

    name: str
    url: str
    command: Sequence[str]
    directory: Path
    answers: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    ending: signal.Signals = signal.SIGTERM
    start_seconds: float = 60.0
    _process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Its process id, also that of its group; None while it is stopped."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it and wait until it answers. Raises RuntimeError with the end of its log when it does not."""
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                cwd=self.directory,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self.user,
                extra_groups=[] if self.user else None,
            )
        try:
            eventually(self._answers_or_ended, seconds=self.start_seconds, retry_on=(OSError,))
        except AssertionError as late:
            self.kill()
            raise RuntimeError(f"{self.name} does not answer: {self.log_end()}") from late

    def stop(self) -> None:
        """Ask it to end and wait until it has."""
        self._end(self.ending)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Make it hang: its port still accepts, nothing answers."""
        self._signal(signal.SIGSTOP)
        pid = self.pid
        # Each of its threads stops when it next looks; until then it may still answer.
        eventually(lambda: pid is None or all(state in "TZ" for state in _thread_states(pid)))

    def thaw(self) -> None:
        """Let a frozen one go on."""
        self._signal(signal.SIGCONT)

    def release(self) -> dict[str, str | int]:
        """Leave it running after this interpreter's end; returns what `end_group` needs to end it."""
        if self._process is None:
            raise RuntimeError(f"{self.name} is not running")
        pid = self._process.pid
        with warnings.catch_warnings():
            # Forgetting a running child is exactly what is wanted here.
            warnings.simplefilter("ignore", ResourceWarning)
            self._process = None
        return {"pid": pid, "ending": int(self.ending)}

    def log_end(self) -> str:
        """The last lines it wrote."""
        return (self.directory / "log").read_text(errors="replace")[-2000:]

    def _answers_or_ended(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise RuntimeError(f"{self.name} ended at once: {self.log_end()}")
        return self.answers()

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._signal(how)
        self.thaw()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait(timeout=30)
        self._process = None

    def _signal(self, which: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, which)


def end_group(pid: int, how: signal.Signals) -> None:
    """End a released program: ask, wait, insist."""
    for ask, seconds in ((how, 20.0), (signal.SIGKILL, 10.0)):
        try:
            os.killpg(pid, ask)
            os.killpg(pid, signal.SIGCONT)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + seconds
        with suppress(AssertionError):
            eventually(lambda: _gone(pid), seconds=deadline - time.monotonic())
            return


def _gone(pid: int) -> bool:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


def _thread_states(group: int) -> Iterator[str]:
    """The state letter of every thread in a process group."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[2]) == group:
                for thread in stat.parent.glob("task/*/stat"):
                    yield thread.read_text().rpartition(")")[2].split()[0]


def free_ports(count: int, *, beside: int = 0) -> list[int]:
    """Ports that nobody listens on just now, all different, and below those that the system gives to connections: one of these would be
    taken before its program has started. With `beside`, the port so much higher is free as well."""
    found: set[int] = set()
    with ExitStack() as open_sockets:
        while len(found) < count:
            port = 10_000 + secrets.randbelow(22_000 - beside)
            with suppress(OSError):
                for each in {port, port + beside}:
                    open_sockets.enter_context(socket.socket()).bind(("127.0.0.1", each))
                found.add(port)
    return list(found)


def accepts(port: int) -> bool:
    """Whether somebody accepts connections on a local port."""
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
