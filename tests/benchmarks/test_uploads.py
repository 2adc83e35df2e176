"""What sealing, checking and recording a file costs, against putting the same bytes straight into the store."""

import http.client
import io
import itertools
import os
from urllib.parse import quote, urlsplit

import pytest

from demo.session import World
from tests.benchmarks.measure import report, side_by_side
from tests.fleet import Product
from tests.scenario import CLIENT, Scenario
from tests.servers.s3 import S3


@pytest.mark.parametrize(("megabytes", "calls"), [(1, 20), (50, 3)])
def test_upload_against_the_raw_store(product: Product, world: World, story: Scenario, s3: S3, megabytes: int, calls: int) -> None:
    """T6, T7: PUT through the gateway and put_object of the S3 client, same bytes, in turns."""
    content, numbers = os.urandom(megabytes * 2**20).replace(b"\0", b"\1"), itertools.count()
    client, bucket = s3.client(), s3.new_bucket()
    body = b"%PDF-1.4\n" + content[9:]
    payroll = story.folders[2]

    def raw() -> None:
        client.put_object(bucket, f"raw-{next(numbers)}", io.BytesIO(body), len(body))

    def through_the_gateway() -> None:
        address = urlsplit(product.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)
        name = quote(f"Bench {megabytes} {next(numbers)}.pdf")
        headers = {"Authorization": f"Bearer {world.token(CLIENT.administrator)}", "Content-Type": "application/octet-stream"}
        connection.request("PUT", f"/api/v1/folders/{payroll}/files/{name}?period=5&year=2026", body, headers)
        answer = connection.getresponse()
        assert answer.status in (200, 201), answer.read()[:300]
        answer.read()
        connection.close()

    raw_timing, gateway = side_by_side(calls, raw_S3_client=raw, through_the_gateway=through_the_gateway)
    assert report(f"Upload of {megabytes} MiB", [raw_timing, gateway], unit_bytes=len(body))
