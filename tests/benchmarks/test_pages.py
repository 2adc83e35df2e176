"""Whether a page costs the same in an organisation of a thousand documents and of a million: in time, and in what the database reads."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1.documents_pb2_grpc import DocumentsStub
from sqlalchemy import Connection, event

from chassis.caller import Caller
from chassis.db import Database
from demo.session import World
from services.documents.actions import browse, counting
from tests.benchmarks.asking import Direct
from tests.benchmarks.measure import in_turns, report, told
from tests.scenario import CLIENT, Scenario

SIZES = (1_000, 100_000, 1_000_000)
FOLDERS = 4
SORTS = {"newest": pb.SORT_NEWEST, "name": pb.SORT_NAME, "largest": pb.SORT_LARGEST, "period": pb.SORT_PERIOD, "folder": pb.SORT_FOLDER}
# What is filled in for %s: organisation, membership, side, documents.
MAKE = """
create temporary table made as select gen_random_uuid() as id, n from generate_series(0, %(folders)s - 1) n;
insert into folders (id, organisation_id, name, name_key, service_area, created_at)
  select id, %(organisation)s, 'Mappe ' || n, 'mappe ' || n, 1 + n %% 3, now() from made;
insert into grants (folder_id, membership_id, granted_at) select id, %(membership)s, now() from made;
insert into documents (id, organisation_id, folder_id, name, name_key, period, year, status, reason, revision, version, version_id, size,
    sha256, content_type, uploaded_by, uploaded_by_firm, uploader_organisation_id, uploaded_at, expires_at)
  select gen_random_uuid(), %(organisation)s, made.id, 'Bilag ' || number || '.csv', 'bilag ' || number || '.csv', 1 + number %% 12,
    2020 + number %% 7, 3, '', 1, 1, gen_random_uuid(), 1000 + number, repeat('0', 64), 'text/csv', 'Ingrid Eksempeldal',
    number %% 2 = 0, %(side)s, now() - number * interval '1 second', now() + interval '1 year'
  from generate_series(1, %(documents)s) number join made on made.n = number %% %(folders)s;
drop table made;
"""


@dataclass
class Archive:
    """Organisations with as many documents each."""

    organisations: dict[int, str]
    database: Database
    who: Caller
    documents: DocumentsStub
    direct: Direct


@pytest.fixture(scope="module")
def archive(world: World, story: Scenario, databases: dict[str, str]) -> Iterator[Archive]:
    """Made in the database: a million uploads would take a day."""
    member, organisations = story.memberships[CLIENT.administrator.email], {size: str(uuid.uuid4()) for size in SIZES}
    with psycopg.connect(databases["documents"].replace("+psycopg", ""), autocommit=True) as connection:
        for size, organisation in organisations.items():
            given = {"organisation": organisation, "membership": member, "side": story.client, "documents": size, "folders": FOLDERS}
            with psycopg.ClientCursor(connection) as cursor:
                cursor.execute(MAKE, given)
        connection.execute("vacuum analyze documents")
    database, stub = Database(databases["documents"], service="bench"), DocumentsStub(world.channel("documents"))
    who = Caller(membership_id=member, organisation_id=story.client)
    yield Archive(organisations, database, who, stub, Direct(world, CLIENT.administrator))
    database.close()


@pytest.mark.parametrize("sort", SORTS)
def test_a_page_costs_the_same_in_an_organisation_of_a_million(archive: Archive, sort: str) -> None:
    """T3: in each order, the first page and the one behind it."""
    contenders: dict[str, Callable[[], object]] = {}
    for size, organisation in archive.organisations.items():
        first = pb.ListDocumentsRequest(organisation_id=organisation, sort=SORTS[sort])
        token = browse.list_documents(archive.database, archive.who, first).next_token
        behind = pb.ListDocumentsRequest(organisation_id=organisation, sort=SORTS[sort], page_token=token)
        contenders[f"first_of_{size:,}"] = archive.direct(lambda request=first: archive.documents.ListDocuments(request))  # type: ignore[misc]
        contenders[f"second_of_{size:,}"] = archive.direct(lambda request=behind: archive.documents.ListDocuments(request))  # type: ignore[misc]
    assert report(f"A page by {sort}", in_turns(40, contenders))


def test_what_a_page_reads(archive: Archive) -> None:
    """T3: buffers of each query, as PostgreSQL counts them."""
    lines = ["\n#### Buffers read", "| query | " + " | ".join(f"{size:,}" for size in SIZES) + " |", "|---" * (1 + len(SIZES)) + "|"]
    narrowed = {
        "by newest, one year": pb.ListDocumentsRequest(years=[2024]),
        "by newest, a year without documents": pb.ListDocumentsRequest(years=[1999]),
        "by newest, a status that none has": pb.ListDocumentsRequest(statuses=[pb.STATUS_QUARANTINE]),
        "by newest, a part of the name": pb.ListDocumentsRequest(name="lag 9"),
        "by newest, a name that nobody has": pb.ListDocumentsRequest(name="xyz"),
    }
    for name, given in [*((f"by {sort}", pb.ListDocumentsRequest(sort=number)) for sort, number in SORTS.items()), *narrowed.items()]:
        asked = [pb.ListDocumentsRequest(organisation_id=organisation) for organisation in archive.organisations.values()]
        for request in asked:
            request.MergeFrom(given)
        for kind, query in (("page", browse.list_documents), ("total", counting.total)):
            read = [_buffers(archive.database, lambda one=one, query=query: query(archive.database, archive.who, one)) for one in asked]
            lines.append(f"| {kind} {name} | " + " | ".join(f"{buffers:,}" for buffers in read) + " |")
    assert told("\n".join(lines))


def _buffers(database: Database, query: object) -> int:
    """What the statement that `query` sends reads: it is sent once more, to be explained."""
    sent: list[tuple[str, Any]] = []

    def note(connection: Connection, cursor: object, statement: str, parameters: Any, *_: object) -> None:
        sent.append((statement, parameters))

    engine = database._reading
    event.listen(engine, "before_cursor_execute", note)
    try:
        assert callable(query)
        query()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    (statement, parameters), *_ = sent
    with engine.connect() as connection:
        plan = connection.exec_driver_sql(f"explain (analyze, buffers, format json) {statement}", parameters).scalar_one()
    return int(plan[0]["Plan"]["Shared Hit Blocks"]) + int(plan[0]["Plan"]["Shared Read Blocks"])
