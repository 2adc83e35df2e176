"""Who may import whom, as import-linter's contracts in pyproject.toml say."""

import shutil
import subprocess
import sysconfig
from pathlib import Path

from tests.architecture.tree import ROOT, SERVICES, modules


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
