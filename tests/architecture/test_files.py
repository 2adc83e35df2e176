"""What is in the repository and what must not be."""

import re
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, files, shown
from tests.servers.clamd import EICAR

# Each in two parts, or this file would find itself.
HOSTS = ("pypi" + ".org", "python" + "hosted.org", "registry." + "npmjs", "jsdelivr" + ".net", "unpkg" + ".com", "cdnjs." + "cloudflare")
HOMES = "|".join(("wo" + "rk", "ro" + "ot", "home/[a-z]+", "Users/[A-Za-z]+", "opt/py" + "pi"))
MACHINE = re.compile(rf"(?<![\w.}}$/-])/(?:{HOMES})\b")
LOCKED = re.compile(r"^[a-z0-9][a-z0-9._-]*==\S+", re.MULTILINE)


def test_generated_code_is_not_committed() -> None:
    assert [shown(path) for path in files() if re.search(r"_pb2(_grpc)?\.pyi?$|\.binpb$|\.mo$|\.min\.(js|css)$", path.name)] == []


def test_no_file_names_a_package_registry_or_somebodys_machine() -> None:
    found = {}
    for path in _texts():
        text = path.read_text()
        hits = [host for host in HOSTS if host in text] + [match.group() for match in MACHINE.finditer(text)]
        if hits:
            found[shown(path)] = hits
    assert found == {}


def test_no_file_holds_the_marker_that_scanners_take_for_malware() -> None:
    assert [shown(path) for path in files() if EICAR in path.read_bytes()] == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "requirements-image.lock", "requirements-assets.lock"])
def test_every_locked_package_has_its_hashes_and_no_address(name: str) -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / name).read_text().strip())
    locked = [entry for entry in entries if LOCKED.match(entry)]
    assert locked
    assert [entry for entry in locked if "--hash=sha256:" not in entry] == []
    assert [entry for entry in entries if "://" in entry or "index" in entry.split()[0]] == []


def test_what_is_installed_is_what_the_project_asks_for() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    locked = (ROOT / "requirements.lock").read_text()
    compilers = set(re.findall(r"grpcio-tools==([\d.]+)", project + locked))
    assert len(compilers) == 1, "generated code refuses a runtime older than its compiler"
    assert f"\ngrpcio=={compilers.pop()} " in locked


def test_the_same_versions_are_tested_run_and_shipped() -> None:
    tested = set(LOCKED.findall((ROOT / "requirements-dev.lock").read_text()))
    for name in ("requirements.lock", "requirements-image.lock"):
        assert set(LOCKED.findall((ROOT / name).read_text())) - tested == set()


def _texts() -> list[Path]:
    return [path for path in files() if b"\0" not in path.read_bytes()[:8000]]
