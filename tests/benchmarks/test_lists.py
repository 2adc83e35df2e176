"""What a page of documents costs over the bare query and the bare call: in a folder of ten thousand, by gRPC, REST and as a page."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc

from demo import data, files
from demo.session import World, until
from tests.benchmarks.asking import Direct, Rest
from tests.benchmarks.measure import report, side_by_side
from tests.fleet import Product
from tests.scenario import CLIENT, Scenario

DOCUMENTS = 10_000
COPY = """
insert into documents (id, organisation_id, folder_id, name, name_key, period, year, status, reason, revision, version, version_id, size,
  sha256, content_type, uploaded_by, uploaded_by_firm, uploader_organisation_id, uploaded_at, expires_at)
select gen_random_uuid(), organisation_id, folder_id, 'Bilag ' || n || '.csv', 'bilag ' || n || '.csv', 1 + n %% 12, 2020 + n %% 7, status,
  reason, revision, version, version_id, size, sha256, content_type, uploaded_by, uploaded_by_firm, uploader_organisation_id,
  uploaded_at - n * interval '1 minute', expires_at
from documents, generate_series(1, %s) n where id = %s
"""
ALL = "select * from documents where folder_id = %s and merged_into is null and deleted_at is null order by uploaded_at desc, id desc"
PAGE = f"{ALL} limit 50"


@dataclass
class Folder:
    """A folder of ten thousand documents, and who asks for them."""

    folder_id: str
    organisation_id: str
    database: psycopg.Connection[tuple[object, ...]]
    documents: documents_pb2_grpc.DocumentsStub
    direct: Direct
    rest: Rest

    @property
    def path(self) -> str:
        """Of the list."""
        return f"/api/v1/organisations/{self.organisation_id}/documents"

    def by_pages(self, size: int) -> None:
        """Read all of it."""
        read, token = 0, ""
        while token or not read:
            page = json.loads(self.rest.get(f"{self.path}?page_size={size}&page_token={token}")())
            read, token = read + len(page["documents"]), page["next_page_token"]
        assert read > DOCUMENTS


@pytest.fixture(scope="module")
def folder(product: Product, world: World, story: Scenario, databases: dict[str, str]) -> Iterator[Folder]:
    """Uploaded once, and copied in the database."""
    with world.acting(CLIENT.administrator):
        made = data.upload(world, story.client, files.File("Bilag.csv", files.csv(), "accounting"))
        stub = documents_pb2_grpc.DocumentsStub(world.channel("documents"))
        until(lambda: _published(stub, made.document_id), "the scan")
    with psycopg.connect(databases["documents"].replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(COPY, (DOCUMENTS, made.document_id))
        connection.execute("vacuum analyze documents")
        rest, direct = Rest(product, world, CLIENT.administrator), Direct(world, CLIENT.administrator)
        yield Folder(made.folder_id, story.client, connection, stub, direct, rest)
        rest.close()


def test_a_page_of_ten_thousand_documents(folder: Folder) -> None:
    """T1: p50 and p99 of the first page, against the same fifty rows by psycopg and against the call to documents alone."""
    request = documents_pb2.ListDocumentsRequest(organisation_id=folder.organisation_id)
    listed = folder.direct(lambda: folder.documents.ListDocuments(request))
    timings = side_by_side(
        100,
        gRPC=listed,
        raw_SQL=lambda: folder.database.execute(PAGE, (folder.folder_id,)).fetchall(),
        REST=folder.rest.get(folder.path),
        REST_profile=folder.rest.get("/api/v1/profile"),
        page=folder.rest.get("/documents", cookie=True),
        home=folder.rest.get("/", cookie=True),
    )
    assert report(f"First page of {DOCUMENTS:,} documents, 1 client", timings)


def test_a_page_of_ten_thousand_documents_for_sixteen(folder: Folder) -> None:
    """T1: as many a second, against the call to documents alone."""
    request = documents_pb2.ListDocumentsRequest(organisation_id=folder.organisation_id)
    listed = folder.direct(lambda: folder.documents.ListDocuments(request))
    timings = side_by_side(20, clients=16, gRPC=listed, REST=folder.rest.get(folder.path))
    assert report(f"First page of {DOCUMENTS:,} documents, 16 clients", timings)


def test_all_of_ten_thousand_documents_by_pages(folder: Folder) -> None:
    """T2: by pages of 50 and of 200, against reading them all in one query."""
    timings = side_by_side(
        1,
        raw_SQL_at_once=lambda: folder.database.execute(ALL, (folder.folder_id,)).fetchall(),
        REST_by_200=lambda: folder.by_pages(200),
        REST_by_50=lambda: folder.by_pages(50),
    )
    assert report(f"All of {DOCUMENTS:,} documents", timings, each=DOCUMENTS)


def _published(stub: documents_pb2_grpc.DocumentsStub, document_id: str) -> bool | None:
    document = stub.GetDocument(documents_pb2.GetDocumentRequest(document_id=document_id))
    return True if document.status == documents_pb2.STATUS_PUBLISHED else None
