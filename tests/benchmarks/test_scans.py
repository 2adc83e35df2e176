"""What fetching, unsealing, hashing and inspecting a file adds to having clamd look at it."""

import hashlib
import io
from pathlib import Path

import pytest

from services.documents.examination import examine
from services.documents.scanner import ClamdScanner
from services.documents.sealing import Keyring
from services.documents.storage.s3 import S3Storage
from services.documents.vault import Vault
from services.documents.verdict import CLEAN
from tests.benchmarks.measure import report, side_by_side
from tests.servers.clamd import Address
from tests.servers.s3 import S3

LINE = b"2026-05-12;1920;Bankinnskudd;1 234,50;NOK\n"


@pytest.mark.parametrize(("megabytes", "calls"), [(1, 20), (50, 2)])
def test_a_scan_against_bare_clamd(s3: S3, clamd_address: Address, tmp_path: Path, megabytes: int, calls: int) -> None:
    """T9: from the store to the verdict, against INSTREAM of bytes that are at hand."""
    body = LINE * (megabytes * 2**20 // len(LINE))
    digest, scanner = hashlib.sha256(body).hexdigest(), ClamdScanner(clamd_address.host, clamd_address.port)
    storage = S3Storage(s3.endpoint.partition("//")[2], s3.new_bucket(), access_key=s3.access_key, secret_key=s3.secret_key, secure=False)
    vault = Vault(storage, Keyring("bench", {"bench": bytes(32)}), limit=2**30)
    vault.keep("version", [body])

    def pipeline() -> None:
        assert examine(vault, scanner, "version", name="bank.csv", sha256=digest).verdict == CLEAN

    def fetched() -> None:
        assert sum(map(len, vault.read("version"))) == len(body)

    def bare() -> None:
        assert scanner.scan(io.BytesIO(body)) == CLEAN

    timings = side_by_side(calls, bare_clamd=bare, whole_examination=pipeline, fetched_and_unsealed=fetched)
    assert report(f"Scan of {megabytes} MiB", timings, unit_bytes=len(body))
