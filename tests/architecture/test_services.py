"""Every service stands alone, and its README says what it does: no more and no less."""

import ast
import importlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from google.protobuf.descriptor import FileDescriptor

from chassis.config import PREFIX, describe
from tests.architecture.tree import ROOT, SERVICES, modules, tree

ALONE = """
import importlib, sys
importlib.import_module(sys.argv[1])
others = [name for name in sys.modules if name.startswith("services.") and name.count(".") == 1 and not sys.argv[1].startswith(name)]
outside = [module.__file__ for name, module in sys.modules.items() if name.split(".")[0] in ("chassis", "services", "kontor", "demo")
           and getattr(module, "__file__", None) and not module.__file__.startswith(sys.path[0])]
sys.exit(str(others + outside) if others + outside else 0)
"""


def _asked(service: str) -> set[str]:
    # The gateway has no contract of its own.
    names = [path.stem for path in (ROOT / "proto" / "kontor" / service / "v1").glob("*.proto")]
    contracts = [importlib.import_module(f"kontor.{service}.v1.{name}_pb2").DESCRIPTOR for name in names]
    services = [offered for contract in contracts for offered in contract.services_by_name.values()]
    return {f"{offered.name}.{method.name}" for offered in services for method in offered.methods}


def _happened(service: str) -> set[str]:
    handlers = sorted((ROOT / "services" / service).glob("handlers/*.py"))
    names = [path.stem for path in handlers if path.stem != "__init__"]
    return {importlib.import_module(f"services.{service}.handlers.{name}").EVENT.DESCRIPTOR.name for name in names}


def _due(service: str) -> set[str]:
    return {path.stem for path in (ROOT / "services" / service).glob("jobs/*.py") if path.stem != "__init__"}


def _emits(service: str) -> set[str]:
    """The service's own events that its code makes."""
    try:
        contract: FileDescriptor = importlib.import_module(f"kontor.{service}.v1.events_pb2").DESCRIPTOR
    except ModuleNotFoundError:
        return set()
    nodes = [node for path in modules(f"services/{service}") for node in ast.walk(tree(path))]
    made = {ast.unparse(node.func).rpartition(".")[2] for node in nodes if isinstance(node, ast.Call)}
    return made & set(contract.message_types_by_name)


def _settings(service: str) -> set[str]:
    kind = importlib.import_module(f"services.{service}.config").Config
    return {name for name, _, _ in describe(kind, f"{PREFIX}{service.upper()}_")}


SECTIONS: dict[str, Callable[[str], set[str]]] = {
    "Asked": _asked,
    "Happened": _happened,
    "Due": _due,
    "Emits": _emits,
    "Settings": _settings,
}


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("service", SERVICES)
def test_a_readme_lists_what_the_service_does(service: str, section: str) -> None:
    """Each section of the README begins its table's rows, or its list's items, with the name in backticks."""
    assert _listed((ROOT / "services" / service / "README.md").read_text(), section) == SECTIONS[section](service)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_copied_out_alone_still_imports(service: str, tmp_path: Path) -> None:
    quiet = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "chassis", tmp_path / "chassis", ignore=quiet)
    shutil.copytree(ROOT / "gen" / "kontor", tmp_path / "kontor", ignore=quiet)
    shutil.copytree(ROOT / "gen" / "buf", tmp_path / "buf", ignore=quiet)
    shutil.copytree(ROOT / "services" / service, tmp_path / "services" / service, ignore=quiet)
    shutil.copy(ROOT / "services/__init__.py", tmp_path / "services")
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{ALONE}"
    command = [sys.executable, "-P", "-c", program, f"services.{service}.service"]
    run = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def _listed(readme: str, section: str) -> set[str]:
    found = re.search(rf"^## {section}\b.*?$(.*?)(?=^## |\Z)", readme, re.MULTILINE | re.DOTALL)
    if not found:
        return set()
    rows = re.findall(r"^(?:\| *|[-*] )`([\w.]+)`", found.group(1), re.MULTILINE)
    return set(rows)
