"""The contract only grows: programs that were written against a release keep working."""

import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from io import BytesIO
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from kontor.access.v1 import access_pb2

from chassis.peers import repeatable
from tests.architecture.tree import ROOT

BUF = Path(sysconfig.get_path("scripts")) / "buf"


def newest_release(repository: Path) -> str:
    """The tag of the newest release, by version; nothing before the first."""
    tags = _git(repository, "tag", "--list", "v[0-9]*", "--sort=-version:refname").decode().split()
    return tags[0] if tags else ""


def compiled(folder: Path) -> Path:
    """The descriptors of the contract in this folder's proto/, as the build hook makes them."""
    shutil.copy(ROOT / "hatch_build.py", folder)
    subprocess.run([sys.executable, "hatch_build.py"], cwd=folder, check=True)
    return folder / "gen" / "kontor.binpb"


def breaks(contract: Path, *, against: Path) -> str:
    """What a program that knows the older contract would trip over; nothing when nothing."""
    command = [BUF, "breaking", contract, "--against", against, "--config", ROOT / "buf.yaml"]
    run = subprocess.run([str(word) for word in command], check=False, capture_output=True, text=True)
    assert run.returncode in (0, 100), run.stderr
    return run.stdout


def test_the_contract_breaks_nothing_that_was_released(tmp_path: Path) -> None:
    """BEY-15. Before the first release there is nothing to break."""
    release = newest_release(ROOT)
    if release:
        with tarfile.open(fileobj=BytesIO(_git(ROOT, "archive", release, "proto"))) as archive:
            archive.extractall(tmp_path, filter="data")
    else:
        shutil.copytree(ROOT / "proto", tmp_path / "proto")
    assert breaks(ROOT / "gen" / "kontor.binpb", against=compiled(tmp_path)) == ""


BROKEN = {
    "a field is gone": ("  string organisation_number = 2 [(buf.validate.field).string = {min_len: 1, max_len: 30}];\n", ""),
    "a field has another name in JSON": ("string organisation_number = 2", "string number = 2"),
    "an RPC is gone": ("rpc CreateFirm(", "rpc MakeFirm("),
}


@pytest.mark.parametrize(("old", "new"), BROKEN.values(), ids=list(BROKEN))
def test_a_change_that_breaks_programs_is_found(old: str, new: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "proto", tmp_path / "proto")
    identity = tmp_path / "proto" / "kontor" / "identity" / "v1" / "identity.proto"
    before = identity.read_text()
    identity.write_text(before.replace(old, new))
    assert identity.read_text() != before
    assert "identity.proto" in breaks(compiled(tmp_path), against=ROOT / "gen" / "kontor.binpb")


def test_releases_are_compared_as_versions(tmp_path: Path) -> None:
    _git(tmp_path, "init", "--quiet")
    assert newest_release(tmp_path) == ""
    _git(tmp_path, "-c", "user.name=Test", "-c", "user.email=test@example.com", "commit", "--quiet", "--allow-empty", "--message", "first")
    for tag in ("v0.9.0", "v0.10.0", "v0.2.1", "vista"):
        _git(tmp_path, "tag", tag)
    assert newest_release(tmp_path) == "v0.10.0"


def test_every_permission_is_demanded_by_something() -> None:
    """One that nothing demands would be granted for nothing, and read as if it protected something."""
    declared = set(access_pb2.Permission.DESCRIPTOR.values_by_name) - {"PERMISSION_UNSPECIFIED"}
    demanded = set(re.findall(r"permission: (PERMISSION_\w+)", "".join(path.read_text() for path in (ROOT / "proto").rglob("*.proto"))))
    assert declared - demanded == set()


# Named as if it only read: what each writes, and so is never asked for twice.
NO_READ = {
    "Documents.Download": "a row in the trail", "Documents.DownloadZip": "a row in the trail",
    "WebSignIns.FindWebSignIn": "counts the try",
}  # fmt: skip


def test_what_only_reads_says_so() -> None:
    """Callers repeat it when nobody answers: an RPC has a GET route, or an `idempotency_level`, or it writes."""
    image = FileDescriptorSet.FromString((ROOT / "gen" / "kontor.binpb").read_bytes())
    offered = {f"{each.name}.{method.name}": method for file in image.file for each in file.service for method in each.method}
    reads = {name for name in offered if re.search(r"\.(List|Get|Show|Count|Check|Find|Resolve|Rate|Preview|BatchGet|Download)", name)}
    assert {name for name in reads if not repeatable(offered[name].options)} == set(NO_READ)


def test_lint_looks_at_the_contract() -> None:
    lint = (ROOT / "Makefile").read_text().partition("\nlint:")[2].partition("\n\n")[0]
    assert "buf lint gen/kontor.binpb --config buf.yaml" in lint


def _git(repository: Path, *words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=repository, check=True, capture_output=True).stdout
