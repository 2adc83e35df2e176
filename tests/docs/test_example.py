"""The program in README.md does what README.md says, against the whole product."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kontor.access.v1 import access_pb2
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc
from kontor.identity.v1 import identity_pb2

from demo import data, files
from demo.session import World, until
from tests import scenario
from tests.architecture.tree import ROOT
from tests.docs.reading import blocks
from tests.fleet import Product, together
from tests.scenario import CLIENT, FIRM, PAYROLL


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    """All services in one process, empty."""
    running = together(tmp_path)
    yield running
    running.stop()


@pytest.mark.timeout(300)
def test_the_example_follows_what_was_published(product: Product, tmp_path: Path) -> None:
    """BEY-15: a back-office system with an API key reads what clients of its firm were sent, and where to go on."""
    (program,) = blocks(ROOT / "README.md", {"python"})
    (tmp_path / "follow.py").write_text(program)
    with product.world() as world:
        story = scenario.begin(product, world)
        with world.acting(FIRM) as held:
            data.assign(world, story.client, held.current.membership_id, ("payroll",))
        with world.acting(PAYROLL):
            document = data.upload(world, story.client, files.File("Lønnskjøring.csv", files.csv(), "payroll"))
            until(lambda: _published(world, document.document_id), "the scan")
        with world.acting(FIRM):
            may = (access_pb2.PERMISSION_LINK_READ, access_pb2.PERMISSION_DOCUMENT_READ, access_pb2.PERMISSION_CHANGE_READ)
            asked = identity_pb2.CreateApiKeyRequest(label="back office", valid_days=1, permissions=may, organisation_ids=[story.client])
            key = data.organisations(world).CreateApiKey(asked).secret
    command = [sys.executable, str(tmp_path / "follow.py"), product.targets["documents"], key]
    said = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, cwd=ROOT, env={"PYTHONPATH": "gen"})
    assert said.returncode == 0, said.stderr
    assert f"{CLIENT.name} Lønnskjøring.csv STATUS_PUBLISHED" in said.stdout
    assert f"{CLIENT.name} go on from " in said.stdout


def _published(world: World, document_id: str) -> bool | None:
    stub = documents_pb2_grpc.DocumentsStub(world.channel("documents"))
    status = stub.GetDocument(documents_pb2.GetDocumentRequest(document_id=document_id)).status
    return status == documents_pb2.STATUS_PUBLISHED or None
