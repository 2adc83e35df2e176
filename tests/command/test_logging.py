"""Whatever command of `kontor` runs, its log tells what failed without the values that were at hand."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chassis.caller import new_keys
from tests.architecture.tree import ROOT, SERVICES

PROGRAM = """
import sys
from chassis import telemetry
from services.__main__ import cli

def fail(password):
    raise ZeroDivisionError("as happens")

cli(sys.argv[1:], standalone_mode=False)
try:
    fail("gran furu bjerk hassel")
except ZeroDivisionError:
    telemetry.log("test").exception("event failed")
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Enough to assemble the gateway, which has no database."""
    _, public = new_keys("identity")
    (tmp_path / "public.json").write_text(json.dumps(public.as_dict(private=False)))
    peers = ",".join(f"{name}=127.0.0.1:1" for name in SERVICES if name != "gateway")
    return {**os.environ, "KONTOR_ASSERTION_KEYS": str(tmp_path / "public.json"), "KONTOR_PEERS": peers}


COMMANDS = [("settings",), ("flow", "MemberRemoved"), ("dlq", "list", "gateway"), ("migrate", "gateway")]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_traceback_in_the_log_holds_no_values(command: tuple[str, ...], environ: dict[str, str]) -> None:
    """A password that was being checked does not end up in the operator's terminal."""
    run = subprocess.run([sys.executable, "-c", PROGRAM, *command], env=environ, check=False, capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stderr
    line = json.loads(run.stderr.splitlines()[-1])
    assert (line["event"], line["level"]) == ("event failed", "error")
    assert "ZeroDivisionError: as happens" in line["exception"]
    assert "gran furu" not in run.stderr + run.stdout
