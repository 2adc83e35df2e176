"""Whatever is in a file, looking into it costs little: measured in a process that is not given more."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.documents import bombs, corpus
from tests.documents.corpus import MEGABYTE
from tests.documents.inspecting import MEMORY, SECONDS

ROOT = Path(__file__).parents[2]


def inspected(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """What a process of its own found and needed for each file. Fails if it was ended for taking more than is promised."""
    command = [sys.executable, "-m", "tests.documents.inspecting", *map(str, paths)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Every bomb and a thousand changed archives, inspected."""
    folder = tmp_path_factory.mktemp("bombs")
    for name, made in bombs.BOMBS.items():
        (folder / name).write_bytes(made())
    for number, mutant in enumerate(bombs.mutants(1000)):
        (folder / f"mutant-{number}.zip").write_bytes(mutant)
    found = inspected(sorted(folder.iterdir()))
    assert len(found) == len(bombs.BOMBS) + 1000
    assert {path.name: path.stat().st_size for path in folder.iterdir() if path.stat().st_size > bombs.SIZE} == {}
    for path in folder.iterdir():
        path.unlink()
    return found


@pytest.mark.timeout(300)
@pytest.mark.xdist_group("bombs")
def test_an_inspection_takes_at_most_two_seconds_and_64_megabytes(
    measured: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    """P15."""
    slowest, largest = max(measured, key=lambda each: each["seconds"]), max(measured, key=lambda each: each["memory"])
    with capsys.disabled():
        sys.stdout.write(
            f"\nP15: {len(measured)} files; slowest {slowest['name']} {slowest['seconds']:.2f} s,"
            f" largest {largest['name']} {largest['memory'] / MEGABYTE:.1f} MB\n"
        )
    assert slowest["seconds"] <= SECONDS
    assert largest["memory"] <= MEMORY


@pytest.mark.timeout(300)
@pytest.mark.xdist_group("bombs")
def test_bombs_are_not_clean(measured: list[dict[str, Any]]) -> None:
    """P14, P15."""
    reasons = {each["name"]: each["reason"] for each in measured}
    assert all(reasons[name] for name in ("random.zip", "members.zip", "ends.zip", "manifest.odt"))
    assert {reasons[f"far-{number}.zip"] for number in range(len(corpus.FAR))} == {"damaged"}
    assert {reasons[name] for name in ("zeros.zip", "empty-blocks-packed.zip")} == {"too_compressed"}
