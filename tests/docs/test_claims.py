"""What the documents claim about the code is so."""

import re
import tomllib
from pathlib import Path

import pytest

from chassis.config import PREFIX
from services.__main__ import settings_table
from tests.architecture.tree import ROOT, modules
from tests.docs.reading import documents, first_cells, inline, links, shown

DECISIONS = ROOT / "docs" / "decisions"


def asked_for() -> list[str]:
    """The packages that pyproject.toml names, without versions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [*project["dependencies"], *(name for group in project["optional-dependencies"].values() for name in group)]
    return [re.split(r"[\[=<>~! ]", name)[0] for name in named]


def test_every_dependency_has_its_reason() -> None:
    assert sorted(first_cells((ROOT / "docs" / "dependencies.md").read_text())) == sorted(asked_for())


def test_every_test_named_as_a_proof_is_there() -> None:
    there = {name for path in modules("tests") for name in re.findall(r"def (test_\w+)", path.read_text())}
    named = {code for code in inline(ROOT / "docs" / "security.md") if code.startswith("test_")}
    assert named
    assert sorted(named - there) == []


@pytest.mark.parametrize("document", documents(), ids=shown)
def test_every_setting_named_is_one(document: Path) -> None:
    known = set(re.findall(rf"`({PREFIX}\w+)`", settings_table()))
    named = {name for name in re.findall(rf"\b{PREFIX}[A-Z][A-Z_]*[A-Z]\b", document.read_text()) if not name.startswith(f"{PREFIX}TEST_")}
    assert sorted(name for name in named if name.removesuffix("_FILE") not in known) == []


def test_every_metric_named_is_counted() -> None:
    counted = {name for path in modules("chassis", "services") for name in re.findall(r'"(kontor_[a-z_]+)"', path.read_text())}
    named = {code for code in inline(ROOT / "docs" / "operations.md") if re.fullmatch(r"kontor_[a-z_]+", code)}
    assert named
    assert sorted(named - counted) == []


def test_every_decision_is_a_page_and_in_the_list() -> None:
    pages = sorted(path for path in DECISIONS.glob("*.md") if path.name != "README.md")
    assert [path.name[:4] for path in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    assert [link for link in links(DECISIONS / "README.md") if link[:4].isdigit()] == [path.name for path in pages]
    assert {path.name: lines for path in pages if (lines := len(path.read_text().splitlines())) > 40} == {}
