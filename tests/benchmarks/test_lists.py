"""What a page of documents costs over the bare query: in a folder of ten thousand, by gRPC, REST and as a page of the portal."""

import http.client
from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import urlsplit

import psycopg
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc

from demo import data, files
from demo.session import World, until
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
PAGE = "select * from documents where folder_id = %s and merged_into is null order by uploaded_at desc, id desc limit 50"


def test_a_page_of_ten_thousand_documents(product: Product, world: World, story: Scenario, databases: dict[str, str]) -> None:
    """T1: p50 and p99 of the first page, against the same fifty rows by psycopg."""
    with world.acting(CLIENT.administrator):
        made = data.upload(world, story.client, files.File("Bilag.csv", files.csv(), "accounting"))
        stub = documents_pb2_grpc.DocumentsStub(world.channel("documents"))
        until(lambda: _published(stub, made.document_id), "the scan")
    kept = [_kept(product) for _ in range(3)]
    with psycopg.connect(databases["documents"].replace("+psycopg", ""), autocommit=True) as connection, ExitStack() as closing:
        for each in kept:
            closing.callback(each.close)
        connection.execute(COPY, (DOCUMENTS, made.document_id))
        connection.execute("analyze documents")
        request = documents_pb2.ListDocumentsRequest(organisation_id=story.client)
        with world.acting(CLIENT.administrator):
            assert len(stub.ListDocuments(request).documents) == 50
            timings = side_by_side(
                100,
                raw_SQL=lambda: connection.execute(PAGE, (made.folder_id,)).fetchall(),
                gRPC=lambda: stub.ListDocuments(request),
                REST=_getting(kept[0], world, f"/api/v1/organisations/{story.client}/documents"),
                page=_getting(kept[1], world, "/documents", cookie=True),
                home=_getting(kept[2], world, "/", cookie=True),
            )
    assert report(f"First page of {DOCUMENTS:,} documents", timings)


def _published(stub: documents_pb2_grpc.DocumentsStub, document_id: str) -> bool | None:
    document = stub.GetDocument(documents_pb2.GetDocumentRequest(document_id=document_id))
    return True if document.status == documents_pb2.STATUS_PUBLISHED else None


def _kept(product: Product) -> http.client.HTTPConnection:
    address = urlsplit(product.url)
    return http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)


def _getting(connection: http.client.HTTPConnection, world: World, path: str, *, cookie: bool = False) -> Callable[[], object]:
    token = world.token(CLIENT.administrator)
    headers = {"Cookie": f"session={token}"} if cookie else {"Authorization": f"Bearer {token}"}

    def get() -> None:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body[:300]

    return get
