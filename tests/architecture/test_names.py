"""Every file is named for what it is, in every service alike."""

import ast
import re

import pytest

from tests.architecture.tree import ROOT, SERVICES, files, modules, shown, tree

# Names that say nothing, so that everything ends up in them.
EMPTY = {"utils", "util", "helpers", "helper", "common", "base", "manager", "core", "misc", "tools", "lib", "shared"}

REQUIRED = {"README.md", "__main__.py", "config.py", "service.py"}
ALLOWED = REQUIRED | {
    "__init__.py", "actions", "api", "api.py", "handlers", "jobs", "migrations", "models", "models.py", "rules", "rules.py",
}  # fmt: skip


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [shown(path) for path in modules() if EMPTY & set(path.relative_to(ROOT).with_suffix("").parts)] == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_the_usual_files_and_names_its_others_in_its_readme(service: str) -> None:
    folder = ROOT / "services" / service
    present = {path.relative_to(folder).parts[0] for path in files() if path.is_relative_to(folder)}
    assert sorted(REQUIRED - present) == []
    words = (folder / "README.md").read_text()
    assert [name for name in sorted(present - ALLOWED) if f"`{name}`" not in words and f"`{name}/`" not in words] == []


def test_every_service_starts_by_the_same_three_lines() -> None:
    found = {service: (ROOT / "services" / service / "__main__.py").read_text() for service in SERVICES}
    assert len({text.replace(service, "SERVICE") for service, text in found.items()}) == 1, found


def test_a_handler_is_named_for_its_event() -> None:
    wrong = {}
    for path in modules(*(f"services/{service}/handlers" for service in SERVICES)):
        if path.name != "__init__.py" and _event(path.read_text()) != path.stem:
            wrong[shown(path)] = _event(path.read_text())
    assert wrong == {}


def test_settings_are_read_in_one_place() -> None:
    reading = [path for path in modules("chassis", "services", "demo") if path != ROOT / "chassis/config.py"]
    assert [shown(path) for path in reading if _reads_environment(tree(path))] == []


def _event(source: str) -> str | None:
    """The event a handler declares, `EVENT = events_pb2.MemberRemoved`, in snake case."""
    declared = re.search(r"^EVENT(?:: [^=]+)? = (?:\w+\.)*(\w+)$", source, re.MULTILINE)
    return re.sub(r"(?<!^)(?=[A-Z])", "_", declared.group(1)).lower() if declared else None


def _reads_environment(module: ast.Module) -> bool:
    """Where a variable is only set, for a library to read, no setting of ours is read."""
    nodes = list(ast.walk(module))
    imported = [name.name for node in nodes if isinstance(node, ast.ImportFrom) and node.module == "os" for name in node.names]
    setting = [node.value for node in nodes if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)]
    used = [ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute) and node not in setting]
    return bool({"environ", "getenv"} & {*imported}) or bool({"os.environ", "os.getenv"} & {*used})
