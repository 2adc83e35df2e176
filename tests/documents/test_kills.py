"""The service and its store are killed again and again while files come in: what was acknowledged is there, what was not left nothing.

The suite kills some thirty times; ``KONTOR_TEST_KILLS=200`` says how often over each kind of store, as `make promises` does.
"""

import hashlib
import json
import os
import random
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from chassis import clock
from chassis.caller import Signer, new_keys
from chassis.config import Secret
from services.documents.config import Config
from tests.documents.nursery import Nursery, nursery
from tests.documents.portal import Portal, stored_files
from tests.documents.senders import LARGE, SMALL, Line, Sender, finish, ready
from tests.servers.program import Program, free_ports
from tests.servers.s3 import S3
from tests.waiting import eventually

KILLS = int(os.environ.get("KONTOR_TEST_KILLS", "24"))
# Over a directory, where only the service can be killed.
FEW = int(os.environ.get("KONTOR_TEST_KILLS", "8"))
# A kill and what it takes to start again, on a machine that has other work; and what comes after them all.
SECONDS_EACH, SECONDS_AFTER = 12, 500


@dataclass
class Attack:
    """The service in a process of its own, as an operator runs it, who sends to it, and how often what was killed meanwhile."""

    nursery: Nursery
    probes: int
    senders: Sequence[Sender]
    kills: Counter[str] = field(default_factory=Counter)
    stored: threading.Event = field(default_factory=threading.Event)

    def kill_service(self, *, times: int) -> None:
        """Kill the service until there were this many kills in all, each time somewhere in its work."""
        never = threading.Event()
        while self.kills.total() < times:
            self.stored.wait(60)
            never.wait(random.uniform(0.0, 0.5))
            self.nursery.kill_and_start()
            self.kills["documents"] += 1
            eventually(lambda: ready(self.probes), seconds=60, retry_on=(OSError,))

    def kill_store(self, program: Program, *, times: int) -> None:
        """Kill the store too, each time that it has taken some files."""
        while self.kills.total() < times:
            enough = self.acknowledged() + 3
            eventually(partial(self._busy, enough, times), seconds=60)
            self.stored.clear()
            program.kill()
            self.kills["store"] += 1
            program.start()
            self.stored.set()

    def _busy(self, enough: int, times: int) -> bool:
        return self.acknowledged() >= enough or self.kills.total() >= times

    def acknowledged(self) -> int:
        """How many files were taken so far."""
        return sum(len(sender.acknowledged) for sender in self.senders)


def environment(settings: Config, *, keys: Path, port: int, probes: int) -> dict[str, str]:
    return {
        "KONTOR_LISTEN": f"127.0.0.1:{port}",
        "KONTOR_ADMIN_LISTEN": f"127.0.0.1:{probes}",
        "KONTOR_PEERS": "identity=127.0.0.1:1",
        "KONTOR_ASSERTION_KEYS": str(keys),
        "KONTOR_DOCUMENTS_DATABASE_URL": settings.database_url,
        "KONTOR_DOCUMENTS_STORAGE_URL": settings.storage_url,
        "KONTOR_DOCUMENTS_STORAGE_SECRET_KEY": settings.storage_secret_key,
        "KONTOR_DOCUMENTS_SEALING_KEYS": settings.sealing_keys,
        "KONTOR_DOCUMENTS_SCANNER": settings.scanner,
        "KONTOR_DOCUMENTS_UPLOAD_LIMIT_MB": str(settings.upload_limit_mb),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }


def outlived(portal: Portal, settings: Config, folder: Path, *, kills: int, store: Program | None) -> tuple[set[str], str]:
    """Upload while it is killed, and check that all is there that was acknowledged; the ids of the known versions, and the counts."""
    company = portal.company()
    payslips = portal.folder(company)
    member = portal.member(company, payslips)
    portal.under.relay()
    private, public = new_keys("identity")
    (folder / "keys.json").write_text(json.dumps(public.as_dict()))
    port, probes = free_ports(2)
    line = Line(f"127.0.0.1:{port}", member, payslips, Signer(private, issuer="identity"))
    senders = [Sender(line, LARGE if store else SMALL) for _ in range(4)]
    with nursery(environment(settings, keys=folder / "keys.json", port=port, probes=probes), folder) as process:
        attack = Attack(process, probes, senders)
        attack.stored.set()
        process.kill_and_start()
        threads = [*senders, threading.Thread(target=attack.kill_service, kwargs={"times": kills})]
        if store:
            threads.append(threading.Thread(target=attack.kill_store, args=[store], kwargs={"times": kills}))
        for thread in threads:
            thread.start()
        for killer in threads[len(senders) :]:
            killer.join()
        acknowledged = finish(senders)
    with clock.moved(timedelta(hours=3)):
        portal.scan()
        portal.under.run_job("sweep_orphans")
    lost = [each for each, digest in acknowledged.items() if hashlib.sha256(portal.download(member, each)).hexdigest() != digest]
    known, attempted = versions(portal), sum(sender.attempted for sender in senders)
    assert lost == []
    # Enough to lose: how many get through between the kills is the machine's affair.
    assert len(acknowledged) > kills / 12
    counts = f"kills {dict(attack.kills)}; attempted {attempted}, acknowledged {len(acknowledged)}, kept {len(known)}, lost {len(lost)}"
    return known, counts


def versions(portal: Portal) -> set[str]:
    assert portal.under.service.database is not None
    return {str(row.id) for row in portal.under.service.database.read(text("select id from versions"))}


@pytest.mark.timeout(SECONDS_AFTER + SECONDS_EACH * FEW)
@pytest.mark.xdist_group("faults")
def test_nothing_acknowledged_is_lost_and_nothing_else_stays_in_a_directory(
    portal: Portal, settings: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """P12."""
    known, counts = outlived(portal, settings, tmp_path, kills=FEW, store=None)
    left = {path.name for path in stored_files(tmp_path)}
    with capsys.disabled():
        sys.stdout.write(f"\nP12, directory: {counts}, left behind {len(left - known)}\n")
    assert left == known


@pytest.mark.timeout(SECONDS_AFTER + SECONDS_EACH * KILLS)
@pytest.mark.xdist_group("faults")
def test_nothing_acknowledged_is_lost_and_nothing_else_stays_in_a_store_that_is_killed_too(
    start_portal: Callable[[Config], Portal], settings: Config, tmp_path: Path, own_s3: S3, capsys: pytest.CaptureFixture[str]
) -> None:
    """P12."""
    bucket = "test-kills"
    url = f"s3+http://{own_s3.access_key}@{own_s3.endpoint.rpartition('/')[2]}/{bucket}"
    stored = replace(settings, storage_url=url, storage_secret_key=Secret(own_s3.secret_key), upload_limit_mb=30)
    portal = start_portal(stored)
    known, counts = outlived(portal, stored, tmp_path, kills=KILLS, store=own_s3.program)
    client = own_s3.client()
    assert {str(each.object_name) for each in client.list_objects(bucket, recursive=True)} == {f"documents/{each}" for each in known}
    kept = {str(each.object_name) for each in client.list_objects(bucket, recursive=True, include_version=True)}
    parts = client._list_multipart_uploads(bucket).uploads
    left = kept - {f"documents/{each}" for each in known}
    with capsys.disabled():
        sys.stdout.write(f"\nP12, S3: {counts}, left behind {len(left)} objects and {len(parts)} unfinished\n")
    assert (left, parts) == (set(), [])
