"""Who may import whom, as import-linter's contracts in pyproject.toml say."""

import ast
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.architecture.tree import ROOT, SERVICES, modules, tree

OURS = {"buf", "chassis", "demo", "kontor", "services"}


def test_imports_point_where_the_contracts_allow(tmp_path: Path) -> None:
    """import-linter overlooks folders without `__init__.py`, which ours do without: it gets a copy that has them."""
    for path in modules("chassis", "services", "demo"):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    for folder in [path for path in tmp_path.rglob("*") if path.is_dir()]:
        (folder / "__init__.py").touch()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    linter = Path(sysconfig.get_path("scripts")) / "lint-imports"
    run = subprocess.run([linter, "--no-cache"], cwd=tmp_path, check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[run.stdout.find("Contracts") :]


def test_the_contracts_name_every_service() -> None:
    rules = (ROOT / "pyproject.toml").read_text()
    assert {service: rules.count(f'"services.{service}",') for service in SERVICES} == dict.fromkeys(SERVICES, 2)


def test_what_is_imported_is_declared() -> None:
    """What another package happens to bring along goes away with it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    asked_for = [*project["dependencies"], *extras["embedded"], *extras["sms"]]
    declared = {re.split(r"[\[=<>~! ]", name)[0] for name in asked_for}
    brought = {name: {re.sub(r"[-_.]+", "-", each).lower() for each in packages} for name, packages in packages_distributions().items()}
    foreign = _imported() - OURS - set(sys.stdlib_module_names)
    assert {name for name in foreign if not declared & brought.get(name, set())} == set()


def _imported() -> set[str]:
    """The packages that the program imports, also in the middle of a function."""
    nodes = [node for path in modules("chassis", "services", "demo") for node in ast.walk(tree(path))]
    whole = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    parts = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {name.partition(".")[0] for name in whole | parts}
