"""The service is killed again and again while files come in: what was acknowledged is there, what was not has left nothing."""

import hashlib
import http.client
import json
import random
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1 import documents_pb2_grpc as rpcs
from sqlalchemy import text

from chassis import clock
from chassis.caller import Caller, Signer, acting, new_keys
from chassis.config import Process
from chassis.errors import Failure
from chassis.peers import PeerChannel, connect
from services.documents.config import Config
from tests.documents.portal import PIECE, Portal, new_pdf, stored_files
from tests.servers.program import Program, free_ports

KILLS = 6


def served(settings: Config, directory: Path, *, keys: Path, port: int) -> Program:
    """The documents service as an operator runs it, in a process of its own."""
    (admin,) = free_ports(1)
    environment = {
        "KONTOR_LISTEN": f"127.0.0.1:{port}",
        "KONTOR_ADMIN_LISTEN": f"127.0.0.1:{admin}",
        "KONTOR_PEERS": "identity=127.0.0.1:1",
        "KONTOR_ASSERTION_KEYS": str(keys),
        "KONTOR_DOCUMENTS_DATABASE_URL": settings.database_url,
        "KONTOR_DOCUMENTS_STORAGE_URL": settings.storage_url,
        "KONTOR_DOCUMENTS_SEALING_KEYS": settings.sealing_keys,
        "KONTOR_DOCUMENTS_SCANNER": settings.scanner,
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    return Program(
        name="documents",
        url=f"127.0.0.1:{port}",
        command=[sys.executable, "-m", "services.documents"],
        directory=directory,
        environment=environment,
        answers=partial(ready, admin),
    )


def ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    finally:
        connection.close()


class Sender(threading.Thread):
    """Uploads one file after the other, whatever happens, and remembers which were acknowledged."""

    def __init__(self, target: str, who: Caller, folder: str, signer: Signer) -> None:
        super().__init__(daemon=True)
        self._target, self._who, self._folder, self._signer = target, who, folder, signer
        self.attempted, self.acknowledged, self.ending = 0, dict[str, str](), threading.Event()

    def run(self) -> None:
        channel = connect(self._target, Process())
        documents = rpcs.DocumentsStub(PeerChannel("documents", channel))
        while not self.ending.is_set():
            content = new_pdf() + bytes(random.choice([0, 200_000, 900_000]))
            self.attempted += 1
            with acting(self._who, {"*": self._signer.sign(self._who, audience=["documents"])}):
                try:
                    document = documents.Upload(self._parts(content))
                except Failure:
                    self.ending.wait(0.1)
                else:
                    self.acknowledged[document.document_id] = hashlib.sha256(content).hexdigest()
        channel.close()

    def _parts(self, content: bytes) -> Iterator[pb.UploadRequest]:
        start = pb.UploadStart(folder_id=self._folder, name=f"{self.name} {self.attempted}.pdf", period=5, year=2026)
        pieces = [pb.UploadRequest(chunk=content[place : place + PIECE]) for place in range(0, len(content), PIECE)]
        return iter([pb.UploadRequest(start=start), *pieces])


@pytest.mark.timeout(180)
def test_no_acknowledged_upload_is_lost_when_the_service_is_killed(portal: Portal, settings: Config, tmp_path: Path) -> None:
    """P12."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    portal.under.relay()
    private, public = new_keys("identity")
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(public.as_dict()))
    (port,) = free_ports(1)
    program = served(settings, tmp_path, keys=keys, port=port)
    senders = [Sender(program.url, member, folder, Signer(private, issuer="identity")) for _ in range(3)]
    program.start()
    for sender in senders:
        sender.start()
    never = threading.Event()
    for _ in range(KILLS):
        never.wait(random.uniform(0.2, 1.5))
        program.kill()
        program.start()
    never.wait(1)
    for sender in senders:
        sender.ending.set()
        sender.join(30)
    program.stop()
    acknowledged = {document_id: digest for sender in senders for document_id, digest in sender.acknowledged.items()}
    with clock.moved(timedelta(hours=3)):
        portal.scan()
        portal.under.run_job("sweep_orphans")
    lost = [each for each, digest in acknowledged.items() if hashlib.sha256(portal.download(member, each)).hexdigest() != digest]
    assert portal.under.service.database is not None
    versions = portal.under.service.database.read(text("select id from versions"))
    counted = {"attempted": sum(sender.attempted for sender in senders), "acknowledged": len(acknowledged), "kept": len(versions)}
    assert lost == [], counted
    assert len(acknowledged) > KILLS, counted
    assert sorted(path.name for path in stored_files(tmp_path)) == sorted(str(row.id) for row in versions), counted
