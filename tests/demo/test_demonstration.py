"""What somebody sees who tries Kontor: one command, a firm with three clients, files in every state, and codes to sign in with."""

import http.client
import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from urllib.parse import urlsplit

import grpc
import pytest
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc

from demo import people
from demo.session import World, caught
from tests.fleet import ROOT, ready
from tests.servers.program import Program, free_ports

STATES = {
    documents_pb2.STATUS_PUBLISHED,
    documents_pb2.STATUS_UPDATED,
    documents_pb2.STATUS_QUARANTINE,
    documents_pb2.STATUS_UNSCANNABLE,
}


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """`kontor run`, as `make run` starts it, until it says that it is running."""
    folder = tmp_path_factory.mktemp("demonstration")
    web, rpc, admin = (f"127.0.0.1:{port}" for port in free_ports(3))
    program = Program(
        name="Kontor",
        url=f"http://{web}",
        command=[sys.executable, "-m", "services", "run", "--folder", str(folder / "var"), "--web", web],
        directory=folder,
        environment={"KONTOR_LISTEN": rpc, "KONTOR_ADMIN_LISTEN": admin, "PYTHONPATH": str(ROOT)},
        answers=lambda: ready(admin) and "is running" in (folder / "log").read_text(),
        start_seconds=100,
    )
    program.start()
    yield program
    program.stop()


@pytest.mark.xdist_group("demonstration")
@pytest.mark.timeout(180)
def test_everybody_named_can_sign_in_and_sees_files_in_every_state(demonstration: Program) -> None:
    """ACC-56, ACC-57, BEY-03: the printed accounts work with the printed password and the codes shown; no scan is still waiting."""
    secrets = json.loads((demonstration.directory / "var" / "demo.json").read_text())
    assert set(secrets) == {person.email for person in people.EVERYBODY}
    printed = (demonstration.directory / "log").read_text()
    assert all(person.email in printed for person in people.EVERYBODY)
    with grpc.insecure_channel(demonstration.environment["KONTOR_LISTEN"]) as channel:
        world = World(lambda _: channel, caught(demonstration.directory / "var" / "mail"))
        world.secrets = secrets
        for client in people.CLIENTS:
            world.sign_in_again(client.administrator)
            with world.acting(client.administrator) as held:
                stub = documents_pb2_grpc.DocumentsStub(world.channel("documents"))
                wanted = documents_pb2.ListDocumentsRequest(organisation_id=held.current.organisation_id, page_size=200)
                found = Counter(document.status for document in stub.ListDocuments(wanted).documents)
            assert set(found) == STATES


@pytest.mark.xdist_group("demonstration")
@pytest.mark.timeout(180)
@pytest.mark.parametrize("path", ["/sign-in", "/dev/mailbox", "/dev/codes", "/api/docs", "/api/openapi.json"])
def test_the_printed_addresses_answer(demonstration: Program, path: str) -> None:
    """The start page, the caught mail, the codes and the API's documentation are where the program says."""
    address = urlsplit(demonstration.url)
    with closing(http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)) as connection:
        connection.request("GET", path)
        assert connection.getresponse().status == 200


@pytest.mark.xdist_group("demonstration")
@pytest.mark.timeout(180)
def test_a_second_start_has_everything_still(demonstration: Program) -> None:
    """What was there before a stop is there after it, and nothing is loaded a second time."""
    demonstration.stop()
    (demonstration.directory / "log").write_text("")
    demonstration.start()
    printed = (demonstration.directory / "log").read_text()
    assert "Loading the demonstration" not in printed
    assert partial(ready, demonstration.environment["KONTOR_ADMIN_LISTEN"])()
