"""Have a file looked at by a process of its own, which may crash, hang or eat without harm to anybody."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore
from typing import BinaryIO

from prometheus_client import Counter, Histogram

from chassis.errors import TooMany, Unavailable
from services.documents.preview import limits
from services.documents.preview.render import NOT_LOCKED_IN

RENDERED = Counter("kontor_previews_total", "Previews rendered", ["kind", "outcome"])
SECONDS = Histogram("kontor_preview_seconds", "Time to render a page", ["kind"])
_ROOT = Path(__file__).parents[3]
_PATIENCE = 2.0
# Started, imported, and waited for other processes: what is not the file's fault.
_SLACK = 3.0
# Out of processor time; out of memory, which libraries end with an abort.
_ENDED_BY = {signal.SIGXCPU: "took_too_long", signal.SIGABRT: "too_large"}


@dataclass(frozen=True)
class Outcome:
    """What the process wrote; or why there is nothing, and whether it would be the same another time."""

    output: bytes = b""
    reason: str = ""
    lasting: bool = True


class Renderer:
    """Runs at most ``places`` processes at once; as many calls may wait, for two seconds. ``memory`` in bytes, ``seconds`` of processor."""

    def __init__(self, *, places: int, memory: int, seconds: int) -> None:
        self._memory, self._seconds = memory, seconds
        # Whoever waits holds a thread that answers calls: the rest is sent away at once.
        self._room, self._places = BoundedSemaphore(2 * places), BoundedSemaphore(places)

    def run(self, kind: str, page: int, content: Iterable[bytes]) -> Outcome:
        """Render a page. Raises TooMany ``previews_busy``, and Unavailable ``previews_unavailable`` where no process can run, locked in."""
        with self._place():
            started = time.perf_counter()
            outcome = self._run(kind, page, content)
        RENDERED.labels(kind, outcome.reason or "rendered").inc()
        SECONDS.labels(kind).observe(time.perf_counter() - started)
        return outcome

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._room.acquire(blocking=False):
            raise _busy()
        try:
            if not self._places.acquire(timeout=_PATIENCE):
                raise _busy()
            try:
                yield
            finally:
                self._places.release()
        finally:
            self._room.release()

    def _run(self, kind: str, page: int, content: Iterable[bytes]) -> Outcome:
        # In memory only: what is unsealed is never on a disk, and is gone with the process.
        with _in_memory("document") as source, _in_memory("page") as target:
            for piece in content:
                source.write(piece)
            source.seek(0)
            words = ["services.documents.preview.render", kind, str(page), str(self._memory), str(self._seconds)]
            # An empty environment: settings and their secrets stay here. Isolated but for where our own code is.
            process = subprocess.Popen(
                [sys.executable, "-E", "-s", "-B", "-m", *words], stdin=source, stdout=target, stderr=subprocess.DEVNULL, env={}, cwd=_ROOT,
            )  # fmt: skip
            status = self._ended(process)
            if status == 0:
                target.seek(0)
                return Outcome(target.read(limits.OUTPUT + 1))
        if status == NOT_LOCKED_IN:
            raise Unavailable("previews_unavailable", "The kernel does not let a renderer be locked in.")
        if status is not None and status > 0:
            # It did not come as far as the file, or could not say what it found: a library is missing, or something else of ours.
            raise Unavailable("previews_unavailable", f"A renderer ended with status {status}.")
        return _failed(status)

    def _ended(self, process: "subprocess.Popen[bytes]") -> int | None:
        """How the process ended; None if it had to be made to."""
        with process:
            try:
                return process.wait(self._seconds + _SLACK)
            except subprocess.TimeoutExpired:
                return None
            finally:
                process.kill()


def _failed(status: int | None) -> Outcome:
    if status is None:
        # Perhaps the machine was busy: another time may go better.
        return Outcome(reason="took_too_long", lasting=False)
    return Outcome(reason=_ENDED_BY.get(signal.Signals(-status), "damaged"), lasting=-status != signal.SIGKILL)


@contextmanager
def _in_memory(name: str) -> Iterator[BinaryIO]:
    with os.fdopen(os.memfd_create(name), "w+b", buffering=0) as file:
        yield file


def _busy() -> TooMany:
    return TooMany("previews_busy", "Other previews are being made.", facts={"retry_after": "3"})
