"""A documents process that is back at once after it was killed: forked from one that has everything imported already.

`python -m tests.documents.nursery`, with the service's settings in the environment: each line on its input kills the process and forks
the next, whose id it answers; the input's end ends both.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from services.__main__ import main as kontor
from services.documents import service as _  # noqa: F401 - imported once, for all that are forked


class Nursery:
    """The process and the one it is forked from."""

    def __init__(self, running: "subprocess.Popen[bytes]") -> None:
        self._running = running

    def kill_and_start(self) -> int:
        """Kill what runs, if anything does, and start the next; answers its id. It needs a moment before it answers calls."""
        if self._running.stdin is None or self._running.stdout is None:
            raise RuntimeError("the nursery has no pipes")
        self._running.stdin.write(b"\n")
        self._running.stdin.flush()
        return int(self._running.stdout.readline())


@contextmanager
def nursery(environment: Mapping[str, str], directory: Path) -> Iterator[Nursery]:
    """A nursery for the length of the block."""
    with (directory / "log").open("ab") as log:
        command = [sys.executable, "-m", "tests.documents.nursery"]
        running = subprocess.Popen(
            command, env={**os.environ, **environment}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, cwd=directory
        )
    with running:
        yield Nursery(running)


def main() -> None:
    """Fork for each line."""
    child = 0
    for _line in iter(sys.stdin.readline, ""):
        _end(child)
        child = os.fork()
        if child == 0:
            kontor(["run", "documents"])
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
    _end(child)


def _end(child: int) -> None:
    if child:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
