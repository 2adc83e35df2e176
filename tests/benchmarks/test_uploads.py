"""What sealing, checking and recording a file costs, and giving it out again, against the bare store."""

import io
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from minio import Minio

from demo.session import World, until
from tests.benchmarks.asking import Rest
from tests.benchmarks.measure import report, side_by_side, told
from tests.fleet import Product
from tests.scenario import CLIENT, Scenario
from tests.servers.s3 import S3

SMALL, LARGE = 100 * 1024, 50 * 2**20
LINE = b"2026-05-12;1920;Bankinnskudd;1 234,50;NOK\n"


@dataclass
class Store:
    """The bare store and the product, and files in them."""

    product: Product
    rest: Rest
    folder_id: str
    client: Minio
    database: psycopg.Connection[tuple[int]]
    bucket: str = ""
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def raw_put(self, body: bytes) -> str:
        """Into the store, by its client."""
        name = f"raw-{next(self._numbers)}"
        self.client.put_object(self.bucket, name, io.BytesIO(body), len(body))
        return name

    def raw_get(self, name: str) -> None:
        """Out of the store, by its client."""
        answer = self.client.get_object(self.bucket, name)
        assert answer.read()
        answer.close()
        answer.release_conn()

    def upload(self, body: bytes) -> str:
        """Through the gateway; the document's id."""
        name = quote(f"Bank {len(body)} {next(self._numbers)}.csv")
        answer = self.rest.put(f"/api/v1/folders/{self.folder_id}/files/{name}?period=5&year=2026", body)
        return str(json.loads(answer)["document_id"])

    def settled(self) -> None:
        """Returns when nothing waits for its scan, so that it is uploads that are measured."""
        until(lambda: self.database.execute("select 1 from versions where status = 1 limit 1").fetchone() is None or None, "the scans")


@pytest.fixture(scope="module")
def store(product: Product, world: World, story: Scenario, s3: S3, databases: dict[str, str]) -> Iterator[Store]:
    """One bucket, one folder."""
    rest = Rest(product, world, CLIENT.administrator)
    with psycopg.connect(databases["documents"].replace("+psycopg", ""), autocommit=True) as connection:
        yield Store(product, rest, story.folders[2], s3.client(), connection, s3.new_bucket())
    rest.close()


@pytest.mark.parametrize("clients", [1, 8])
def test_small_uploads_against_the_bare_store(store: Store, clients: int) -> None:
    """T6: 100 KiB, PUT through the gateway and put_object of the S3 client."""
    body = _table(SMALL)
    timings = side_by_side(
        80 // clients,
        clients=clients,
        between=store.settled,
        raw_S3_client=lambda: store.raw_put(body),
        through_the_gateway=lambda: store.upload(body),
    )
    assert report(f"Upload of 100 KiB, {clients} clients", timings)


def test_large_uploads_against_the_bare_store(store: Store) -> None:
    """T7: 50 MiB, and how much memory they take."""
    body = _table(LARGE)
    timings = side_by_side(
        1, rounds=6, between=store.settled, raw_S3_client=lambda: store.raw_put(body), through_the_gateway=lambda: store.upload(body)
    )
    assert report("Upload of 50 MiB", timings, unit_bytes=LARGE)
    for name in ("gateway", "documents"):
        store.settled()
        begin = _reset(store.product, name)
        store.upload(body)
        assert told(f"{name}: {(_peak(store.product, name) - begin) / 1024:.0f} MiB more while a file of 50 MiB passes")


@pytest.mark.parametrize(("size", "clients", "calls"), [(SMALL, 1, 80), (SMALL, 8, 10), (LARGE, 1, 3)])
def test_downloads_against_the_bare_store(store: Store, size: int, clients: int, calls: int) -> None:
    """T8: GET through the gateway and get_object of the S3 client."""
    body = _table(size)
    name, document = store.raw_put(body), store.upload(body)
    store.settled()
    get: Callable[[], bytes] = store.rest.get(f"/api/v1/documents/{document}/file")
    assert len(get()) == size
    timings = side_by_side(calls, clients=clients, raw_S3_client=lambda: store.raw_get(name), through_the_gateway=get)
    assert report(f"Download of {size / 1024:,.0f} KiB, {clients} clients", timings, unit_bytes=size)


def _table(size: int) -> bytes:
    return (LINE * (size // len(LINE) + 1))[: size - 1] + b"\n"


def _reset(product: Product, name: str) -> int:
    """Have the system begin anew to note how much memory a process takes at the most; what it takes now, in KiB."""
    Path(f"/proc/{product.programs[name].pid}/clear_refs").write_text("5")
    return _peak(product, name)


def _peak(product: Product, name: str) -> int:
    status = Path(f"/proc/{product.programs[name].pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0])
