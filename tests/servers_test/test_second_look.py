"""What passes only at the second look is named; what fails twice, or with many others, fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.second_look import MOST

ROOT = Path(__file__).parents[2]
# The first run leaves a mark in the folder, by which the second knows that it is one.
UNSTEADY = "import pathlib\ndef test_it():\n    mark = pathlib.Path('mark')\n    seen = mark.exists()\n    mark.touch()\n    assert seen\n"
BROKEN = "def test_it():\n    assert False\n"


@pytest.mark.parametrize(
    ("files", "status", "said"),
    [
        ({"a": UNSTEADY}, 0, "Unsteady, to be mended: failed beside the others, passed by themselves:\n  test_a.py::test_it"),
        ({"a": UNSTEADY, "b": BROKEN}, 1, "2 failed beside the others"),
        ({f"n{number}": UNSTEADY.replace("'mark'", f"'mark{number}'") for number in range(MOST + 1)}, 1, ""),
        ({"a": "this is no Python"}, 1, ""),
    ],
)
def test_failing_twice_is_failing(tmp_path: Path, files: dict[str, str], status: int, said: str) -> None:
    for name, content in files.items():
        (tmp_path / f"test_{name}.py").write_text(content)
    first = _run(tmp_path, "pytest")
    assert first.returncode != 0
    second = _run(tmp_path, "tests.second_look")
    assert (second.returncode, said in second.stdout) == (status, True), second.stdout
    assert ("passed" in second.stdout) == (bool(said) and "a" in files and files["a"] == UNSTEADY)


def test_nothing_failed_but_the_run_did(tmp_path: Path) -> None:
    """It was ended, or nothing could be collected: no reason to pass."""
    assert _run(tmp_path, "tests.second_look").returncode == 1


def _run(folder: Path, module: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTEST_ADDOPTS", None)
    command = [sys.executable, "-m", module]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, timeout=120, env=environment)
