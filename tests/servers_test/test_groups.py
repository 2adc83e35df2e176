"""What shares a product runs in one worker, or each worker would start one of its own and see half of what happened in it."""

import subprocess
import sys
from pathlib import Path

TESTS = """
import os, pathlib, pytest

@pytest.mark.parametrize("number", range(6))
@pytest.mark.xdist_group("shared")
def test_one(number):
    (pathlib.Path(__file__).parent / os.environ["PYTEST_XDIST_WORKER"]).touch()
"""


def test_a_group_stays_in_one_worker(tmp_path: Path) -> None:
    """As the Makefile starts the tests; pytest 9.2 passes over the names that pytest-xdist 3.8 gives its groups."""
    (tmp_path / "test_shared.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "--numprocesses", "2", "--dist", "loadgroup", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run([*command, "--rootdir", str(tmp_path)], cwd=tmp_path, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
    assert len(list(tmp_path.glob("gw*"))) == 1
