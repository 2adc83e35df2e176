"""Files and functions stay as long as somebody likes to read at once."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import ROOT, modules, shown, tree

FILE, FUNCTION, COMPOSITION, CHASSIS, CHASSIS_FILES = 300, 40, 80, 1900, 20


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
    """Lines of code: blank lines, explanations and what only tests use are not counted."""
    chassis = [path for path in modules("chassis") if path != ROOT / "chassis/testing.py"]
    assert sum(map(_code_lines, chassis)) <= CHASSIS
    assert len([path for path in chassis if path.parent.name == "chassis"]) <= CHASSIS_FILES


def _code_lines(path: Path) -> int:
    explained: set[int] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            explained |= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    lines = enumerate(path.read_text().splitlines(), start=1)
    return sum(1 for number, line in lines if line.strip() and not line.strip().startswith("#") and number not in explained)


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{shown(path)}: {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1
