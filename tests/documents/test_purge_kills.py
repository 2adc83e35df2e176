"""The purge is killed again and again: every document is whole or goes on being deleted, and in the end nothing else is left."""

import hashlib
import json
import random
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from chassis.caller import Caller
from services.documents.config import Config
from tests.documents.endings import before, ends, purge, rows, told, tombstones
from tests.documents.portal import Portal, new_pdf, stored_files

FILES, KILLS = 120, 8
ROOT = Path(__file__).parents[2]


def killed(settings: Config, moment: datetime) -> bool:
    """Let a process delete, and kill it within a second; whether it was still at it."""
    given = {"database_url": settings.database_url, "storage_url": settings.storage_url, "sealing_keys": settings.sealing_keys}
    command = [sys.executable, "-m", "tests.documents.purger", json.dumps(given), moment.isoformat()]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as purger:
        assert purger.stdout is not None
        assert purger.stdout.readline() == b"started\n"
        threading.Event().wait(random.uniform(0.01, 0.5))
        running = purger.poll() is None
        purger.kill()
    return running


def whole(portal: Portal, member: Caller, contents: dict[str, bytes]) -> set[str]:
    """The names that still stand in the list: each can be read as it was uploaded, and each that does not has a tombstone."""
    standing = [portal.get(member, str(row[0])) for row in rows(portal, "select id from documents where deleted_at is null")]
    seen = {document.name: document for document in standing}
    for name, document in seen.items():
        assert portal.download(member, document.document_id) == contents[name]
    gone = {str(row[0]): str(row[1]) for row in rows(portal, "select name, sha256 from tombstones")}
    assert set(gone) == set(contents) - set(seen)
    assert all(digest == hashlib.sha256(contents[name]).hexdigest() for name, digest in gone.items())
    return set(seen)


@pytest.mark.timeout(300)
def test_a_killed_purge_leaves_every_document_whole_or_its_deletion_going_on(portal: Portal, settings: Config, tmp_path: Path) -> None:
    """P12, P18: no half-deleted document at any point, no orphan at the end."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    contents = {f"{number}.pdf": new_pdf() for number in range(FILES)}
    last = [portal.upload(member, folder, name, content) for name, content in contents.items()][-1]
    portal.scan()
    told(portal, ends(last), member)
    at_work, left = 0, []
    for number in range(KILLS):
        at_work += killed(settings, ends(last) + timedelta(hours=1, minutes=5 * number))
        left.append(len(whole(portal, member, contents)))
    counted = {"kills at work": at_work, "left after each": left, "unfinished": rows(portal, _UNFINISHED)[0][0]}
    sys.stdout.write(f"{counted}\n")
    assert at_work > KILLS // 2, counted
    with before(ends(last), -timedelta(hours=5)):
        purge(portal)
        assert whole(portal, member, contents) == set()
    assert stored_files(tmp_path) == [], counted
    assert rows(portal, "select (select count(*) from versions), (select count(*) from announcements)") == [(0, 0)]
    assert rows(portal, _UNFINISHED) == [(0,)]
    assert rows(portal, "select count(*) from tombstones") == [(FILES,)]
    assert len(tombstones(portal, member, company)) == 50


_UNFINISHED = "select count(*) from tombstones where deleted_at is null"
