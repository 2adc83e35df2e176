"""Programs that tests start are ended by the session, also those that outlive the worker that started them."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.program import Program, accepts, end_group, free_ports
from tests.waiting import eventually


@pytest.fixture
def listener(tmp_path: Path) -> Callable[[str], Program]:
    """Make a program that runs some code; in it ``server()`` listens."""
    (port,) = free_ports(1)

    def make(code: str) -> Program:
        listen = f"import signal, socket; server = lambda: socket.create_server(('127.0.0.1', {port})); {code}"
        command = [sys.executable, "-c", listen]
        return Program(name="listener", url=str(port), command=command, directory=tmp_path, answers=lambda: accepts(port))

    return make


def test_a_released_program_is_ended_by_its_number(listener: Callable[[str], Program]) -> None:
    program = listener("held = server(); signal.pause()")
    program.start()
    handle = program.release()
    assert program.pid is None
    end_group(int(handle["pid"]), signal.SIGTERM)
    with pytest.raises(ConnectionRefusedError):
        accepts(int(program.url))


def test_a_program_that_ignores_us_is_ended_all_the_same(listener: Callable[[str], Program]) -> None:
    program = listener("held = server(); signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()")
    program.start()
    eventually(lambda: "deaf" in program.log_end())
    pid = program.pid
    assert pid is not None
    program.kill()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_program_that_ends_at_once_says_why(listener: Callable[[str], Program]) -> None:
    program = listener("raise SystemExit('no disk')")
    with pytest.raises(RuntimeError, match="no disk"):
        program.start()
