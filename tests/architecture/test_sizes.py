"""Files and functions stay as long as somebody likes to read at once."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import ROOT, modules, shown, tree

FILE, FUNCTION, COMPOSITION, CHASSIS, CHASSIS_FILES = 300, 40, 80, 1800, 20


def test_no_file_is_longer_than_300_lines() -> None:
    counted = {shown(path): len(path.read_text().splitlines()) for path in modules()}
    assert {name: lines for name, lines in counted.items() if lines > FILE} == {}


def test_no_function_is_longer_than_40_lines() -> None:
    counted = {name: lines for path in modules() if "migrations" not in path.parts for name, lines in _functions(path)}
    assert {name: lines for name, lines in counted.items() if lines > FUNCTION} == {}


def test_a_service_is_composed_in_80_lines() -> None:
    compositions = (ROOT / "services").glob("*/service.py")
    counted = {shown(path): len(path.read_text().splitlines()) for path in compositions}
    assert {name: lines for name, lines in counted.items() if lines > COMPOSITION} == {}


def test_what_every_service_stands_on_can_be_read_in_an_afternoon() -> None:
    """Blank lines and what only tests use are not counted."""
    chassis = [path for path in modules("chassis") if path != ROOT / "chassis/testing.py"]
    assert sum(1 for path in chassis for line in path.read_text().splitlines() if line.strip()) <= CHASSIS
    assert len([path for path in chassis if path.parent.name == "chassis"]) <= CHASSIS_FILES


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{shown(path)}: {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1
