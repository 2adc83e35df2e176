"""What waits for its scan: claimed once, never lost, and never clean because something did not answer."""

import random
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Semaphore
from typing import BinaryIO

import pytest
from kontor.access.v1.access_pb2 import SERVICE_AREA_PAYROLL
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1.events_pb2 import DocumentPublished

from chassis import clock
from chassis.config import Secret
from chassis.errors import Unavailable
from chassis.testing import at_once
from services.documents.config import Config
from services.documents.jobs import scan_waiting
from services.documents.jobs.scan_waiting import ATTEMPTS, claim
from services.documents.scanner import ClamdScanner
from services.documents.vault import Vault
from services.documents.verdict import CLEAN, Verdict
from tests.documents import corpus
from tests.documents.conftest import KEY
from tests.documents.portal import Portal, new_pdf
from tests.servers.clamd import Address, address
from tests.servers.program import Program
from tests.servers.s3 import S3

STUMBLED_OVER = b"% no rule foresaw this"
STATUSES = {pb.STATUS_QUARANTINE, pb.STATUS_UNSCANNABLE}


def test_two_rounds_at_once_settle_each_file_once(portal: Portal, start_portal: Callable[[Config], Portal], settings: Config) -> None:
    """ACC-57: rows are claimed."""
    other = start_portal(settings)
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    uploaded = [portal.upload(member, folder, f"{number}.pdf").document_id for number in range(12)]
    portal.under.relay()
    outcomes = at_once([lambda: portal.under.run_job("scan_waiting"), lambda: other.under.run_job("scan_waiting")])
    assert outcomes == [None, None]
    published = [event.document_id for event in portal.under.relay() if isinstance(event, DocumentPublished)]
    assert sorted(published) == sorted(uploaded)


def test_a_scan_whose_process_died_is_taken_up_by_another(portal: Portal) -> None:
    """P13."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    uploaded = portal.upload(member, folder)
    assert portal.under.service.database is not None
    taken = claim(portal.under.service.database)
    assert taken is not None
    portal.scan()
    assert portal.get(member, uploaded.document_id).status == pb.STATUS_SCANNING
    with clock.moved(timedelta(minutes=11)):
        portal.scan()
    assert portal.get(member, uploaded.document_id).status == pb.STATUS_PUBLISHED


def test_a_changed_or_lost_file_is_never_shared_and_stops_no_other(portal: Portal, tmp_path: Path) -> None:
    """P13, P19."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    changed = portal.upload(member, folder, "a.pdf")
    (file,) = (tmp_path / "files" / "documents").iterdir()
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    lost = portal.upload(member, folder, "b.pdf")
    next(each for each in file.parent.iterdir() if each != file).unlink()
    fine = portal.upload(member, folder, "c.pdf")
    portal.scan()
    assert portal.get(member, changed.document_id).reason == "tampered"
    assert portal.get(member, lost.document_id).status == pb.STATUS_SCANNING
    assert portal.get(member, fine.document_id).status == pb.STATUS_PUBLISHED


def test_a_small_archive_that_no_program_could_read_is_settled_and_stops_no_other(portal: Portal) -> None:
    """P13, P14, P15: its directory sends us to where no file can be read."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    far = [portal.upload(member, folder, f"{offset}.zip", corpus.far_zip(offset)) for offset in corpus.FAR]
    fine = portal.upload(member, folder, "z.pdf")
    portal.scan()
    assert {(portal.get(member, each.document_id).status, portal.get(member, each.document_id).reason) for each in far} == {
        (pb.STATUS_UNSCANNABLE, "damaged")
    }
    assert portal.get(member, fine.document_id).status == pb.STATUS_PUBLISHED


class Stumbling:
    """A scanner that meets in one kind of file what nobody foresaw."""

    looks_for_malware = False

    def scan(self, file: BinaryIO) -> Verdict:
        file.seek(0)
        if STUMBLED_OVER in file.read():
            raise OverflowError("Python int too large to convert to C long")
        return CLEAN

    def check(self) -> None:
        """It is always there."""


def test_a_file_over_which_the_scan_breaks_off_stops_no_other_and_is_given_up(portal: Portal, settings: Config) -> None:
    """P13, BEY-03: tried again and again, with others in between, and in the end nobody vouches for it; it never becomes clean."""
    company = portal.company()
    folder = portal.folder(company)
    member, vault = portal.member(company, folder), Vault(settings.storage(), settings.keyring(), limit=corpus.MEGABYTE)
    stumbled_over = portal.upload(member, folder, "a.pdf", b"%PDF-1.7 " + STUMBLED_OVER)
    assert portal.under.service.database is not None
    for attempt in range(1, ATTEMPTS + 1):
        assert portal.get(member, stumbled_over.document_id).status == pb.STATUS_SCANNING
        fine = portal.upload(member, folder, f"{attempt}.pdf")
        with clock.moved(timedelta(minutes=2 * attempt)):
            scan_waiting.run(portal.under.service.database, vault, Stumbling(), Semaphore(1))
        assert portal.get(member, fine.document_id).status == pb.STATUS_PUBLISHED
    settled = portal.get(member, stumbled_over.document_id)
    assert (settled.status, settled.reason) == (pb.STATUS_UNSCANNABLE, "damaged")


def test_a_night_without_scanner_does_not_count_against_a_file(portal: Portal, settings: Config) -> None:
    """P13: the first fault of ours after it is not the last attempt."""
    company = portal.company()
    folder = portal.folder(company)
    member, vault = portal.member(company, folder), Vault(settings.storage(), settings.keyring(), limit=corpus.MEGABYTE)
    uploaded = portal.upload(member, folder, "a.pdf", b"%PDF-1.7 " + STUMBLED_OVER)
    assert portal.under.service.database is not None
    nobody = ClamdScanner("127.0.0.1", 1)
    for attempt in range(1, ATTEMPTS + 2):
        with clock.moved(timedelta(minutes=2 * attempt)), pytest.raises(Unavailable):
            scan_waiting.run(portal.under.service.database, vault, nobody, Semaphore(1))
    with clock.moved(timedelta(minutes=3 * ATTEMPTS)):
        scan_waiting.run(portal.under.service.database, vault, Stumbling(), Semaphore(1))
    assert portal.get(member, uploaded.document_id).status == pb.STATUS_SCANNING


def test_a_file_that_was_swapped_for_another_is_noticed(portal: Portal, tmp_path: Path) -> None:
    """P13, P19: the transition is guarded by the SHA-256 that was scanned."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    portal.publish(member, folder, "a.pdf")
    (first,) = (tmp_path / "files" / "documents").iterdir()
    second = portal.upload(member, folder, "b.pdf")
    next(each for each in first.parent.iterdir() if each != first).write_bytes(first.read_bytes())
    portal.scan()
    assert portal.get(member, second.document_id).reason == "tampered"


def clamd_settings(settings: Config, where: Address) -> Config:
    return replace(settings, scanner=f"clamd://{where.host}:{where.port}", scanner_seconds=1)


def test_a_stopped_scanner_leaves_files_scanning_and_they_are_shared_when_it_is_back(
    settings: Config, start_portal: Callable[[Config], Portal], own_clamd: Program
) -> None:
    """P13."""
    portal = start_portal(clamd_settings(settings, address(own_clamd.url)))
    company = portal.company()
    folder = portal.folder(company)
    member, consultant = portal.member(company, folder), portal.consultant(company, SERVICE_AREA_PAYROLL)
    own_clamd.kill()
    good, bad = portal.upload(member, folder, "a.pdf"), portal.upload(member, folder, "b.txt", corpus.MARKER)
    for minutes in range(3):
        with clock.moved(timedelta(minutes=minutes)), pytest.raises(Unavailable):
            portal.scan()
        assert {each.status for each in portal.listed(member, company)} == {pb.STATUS_SCANNING}
        assert portal.listed(consultant, company) == []
        assert portal.refusal(consultant, good.document_id) == "document_not_found"
    own_clamd.start()
    with clock.moved(timedelta(minutes=5)):
        portal.scan()
    assert portal.get(consultant, good.document_id).status == pb.STATUS_PUBLISHED
    assert portal.get(member, bad.document_id).reason == "malware"


def test_a_frozen_scanner_is_given_up_and_asked_again(
    settings: Config, start_portal: Callable[[Config], Portal], own_clamd: Program
) -> None:
    """P13, P23."""
    portal = start_portal(clamd_settings(settings, address(own_clamd.url)))
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    uploaded = portal.upload(member, folder)
    own_clamd.freeze()
    with pytest.raises(Unavailable):
        portal.scan()
    own_clamd.thaw()
    assert portal.get(member, uploaded.document_id).status == pb.STATUS_SCANNING
    with clock.moved(timedelta(minutes=2)):
        portal.scan()
    assert portal.get(member, uploaded.document_id).status == pb.STATUS_PUBLISHED


def test_what_clamd_does_not_open_is_not_clean(settings: Config, start_portal: Callable[[Config], Portal], clamd_address: Address) -> None:
    """P14: clamd alone says OK to a member over its limit."""
    portal = start_portal(clamd_settings(settings, clamd_address))
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    for name, content in (
        ("i200.zip", corpus.bomb()),
        ("e.zip", corpus.encrypted_zip()),
        ("p.pdf", corpus.polyglot()),
        ("m.txt", corpus.MARKER),
    ):
        assert portal.publish(member, folder, name, content).status in STATUSES


def test_files_live_in_an_s3_store_like_in_a_directory(settings: Config, start_portal: Callable[[Config], Portal], s3: S3) -> None:
    """ACC-54, P19."""
    bucket = s3.new_bucket()
    url = f"s3+http://{s3.access_key}@{s3.endpoint.rpartition('/')[2]}/{bucket}"
    portal = start_portal(replace(settings, storage_url=url, storage_secret_key=Secret(s3.secret_key), upload_limit_mb=30))
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    content = b"%PDF-1.7" + random.Random(3).randbytes(22 * corpus.MEGABYTE)
    document = portal.publish(member, folder, content=content)
    assert portal.download(member, document.document_id) == content
    (stored,) = s3.client().list_objects(bucket, recursive=True)
    assert stored.size is not None
    assert stored.size > len(content)


def test_files_open_with_an_older_key_after_a_new_one_was_put_first(
    portal: Portal, settings: Config, start_portal: Callable[[Config], Portal]
) -> None:
    """P19."""
    company = portal.company()
    folder = portal.folder(company)
    member, content = portal.member(company, folder), new_pdf()
    document = portal.publish(member, folder, content=content)
    waiting = portal.upload(member, folder, "waiting.pdf", content)
    newer = "test2:" + b64encode(bytes(32)).decode()
    rotated = start_portal(replace(settings, sealing_keys=Secret(f"{newer},{KEY}")))
    rotated.under.run_job("scan_waiting")
    assert rotated.download(member, waiting.document_id) == content
    assert rotated.download(member, document.document_id) == content
    fresh = rotated.publish(member, folder, "new.pdf", content)
    assert rotated.download(member, fresh.document_id) == content
