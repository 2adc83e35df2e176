"""The audit trail as administrators read it and operators write it out."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kontor.access.v1.access_pb2 import PERMISSION_AUDIT_READ, PERMISSION_MEMBER_READ
from kontor.audit.v1 import audit_pb2 as pb
from kontor.documents.v1 import audit_pb2_grpc as rpcs
from sqlalchemy import text

from chassis import caller
from chassis.caller import Caller
from chassis.db import Database
from chassis.errors import Denied, Invalid, Unauthenticated
from chassis.service import Service
from chassis.testing import FakePeers, ServiceUnderTest, at_once, person
from services import trail
from services.audit_export import export
from services.audit_verify import verify
from tests.chassis import sample

INGRID = person(PERMISSION_AUDIT_READ)
OTHER = person(PERMISSION_AUDIT_READ)
HOME = INGRID.organisation_id


@pytest.fixture
def service(new_database: Callable[[str], str]) -> Iterator[ServiceUnderTest]:
    database = Database(new_database("documents"), service="documents", pool_size=8)
    bare = Service("documents", database, tables=sample.Model.metadata, migrations=sample.MIGRATIONS)
    made = ServiceUnderTest(trail.readable(lambda _: bare, FakePeers()))
    yield made
    made.close()


def database_of(service: ServiceUnderTest) -> Database:
    assert service.service.database
    return service.service.database


def record(service: ServiceUnderTest, who: Caller, *actions: str) -> None:
    for action in actions:
        with caller.acting(who, {}), database_of(service).transaction() as tx:
            tx.record(action, organisation=who.organisation_id, subject=f"of {action}", name="Lønn")


def read(service: ServiceUnderTest, who: Caller = INGRID, **wanted: object) -> list[int]:
    request = pb.ListEntriesRequest(**wanted)  # type: ignore[arg-type]  # as each test says
    return [each.number for each in rpcs.DocumentsAuditStub(service.channel(who)).ListDocumentsEntries(request).entries]


def exported(service: ServiceUnderTest, organisation: str = HOME) -> bytes:
    return b"".join(export({"documents": database_of(service)}, organisation))


def test_an_administrator_finds_who_did_what_when(service: ServiceUnderTest) -> None:
    """BEY-09: filters by person, action, subject and time; newest first, a page at a time."""
    record(service, INGRID, "folder.create", "folder.rename", "folder.remove")
    colleague = person(PERMISSION_AUDIT_READ, organisation_id=HOME)
    record(service, colleague, "folder.create")
    assert read(service) == [4, 3, 2, 1]
    assert (read(service, page_size=2), read(service, page_size=2, before=3)) == ([4, 3], [2, 1])
    assert read(service, caller=colleague.label) == [4]
    assert read(service, actions=["folder.create", "folder.remove"]) == [4, 3, 1]
    assert read(service, subject="of folder.rename") == [2]
    assert read(service, since="2020-01-01T00:00:00Z", until="2099-01-01T00:00:00Z") == [4, 3, 2, 1]
    assert read(service, since="2099-01-01T00:00:00Z") == read(service, until="2020-01-01T00:00:00Z") == []
    with pytest.raises(Invalid):
        read(service, since="yesterday")
    with pytest.raises(Invalid):
        read(service, since="2026-19-39T29:00:00Z")


def test_nobody_reads_the_trail_of_another_organisation(service: ServiceUnderTest) -> None:
    """BEY-09, P10."""
    record(service, INGRID, "folder.create")
    assert read(service, OTHER) == []
    with pytest.raises(Denied):
        read(service, person(PERMISSION_MEMBER_READ, organisation_id=HOME))
    with pytest.raises(Unauthenticated):
        read(service, Caller())


def test_the_whole_chain_needs_a_fresh_code(service: ServiceUnderTest) -> None:
    """BEY-09: in its order, with what it must end with."""
    record(service, INGRID, "folder.create", "folder.rename", "folder.remove")
    stub = rpcs.DocumentsAuditStub(service.channel(person(PERMISSION_AUDIT_READ, organisation_id=HOME)))
    first = stub.ExportDocumentsEntries(pb.ExportEntriesRequest(page_size=2))
    rest = stub.ExportDocumentsEntries(pb.ExportEntriesRequest(after=2))
    assert [each.number for each in (*first.entries, *rest.entries)] == [1, 2, 3]
    assert (first.head_number, first.head_digest) == (3, rest.entries[-1].digest)
    assert [each.previous for each in (*first.entries, *rest.entries)][1:] == [each.digest for each in first.entries]
    stale = person(PERMISSION_AUDIT_READ, organisation_id=HOME, authenticated_at=1)
    with pytest.raises(Denied):
        rpcs.DocumentsAuditStub(service.channel(stale)).ExportDocumentsEntries(pb.ExportEntriesRequest())


def test_what_fifty_write_at_once_is_one_chain_that_holds(service: ServiceUnderTest) -> None:
    """P29, BEY-09."""
    assert at_once([lambda: record(service, INGRID, "folder.create")] * 50) == [None] * 50
    assert read(service, page_size=200) == list(range(50, 0, -1))
    assert verify(exported(service)) is None
    assert verify(exported(service, OTHER.organisation_id)) is None


TAMPERED = {
    "update audit set subject = 'forged' where number = 2": "documents row 2",
    "update audit set facts = '{}' where number = 3": "documents row 3",
    "delete from audit where number = 2": "documents row 2",
    "delete from audit where number = 3": "documents row 3",
    "update audit set number = 4 where number = 3": "documents row 3",
    "update audit_heads set digest = previous from audit where audit.number = 3": "documents row 4",
}


@pytest.mark.parametrize(("statement", "named"), TAMPERED.items())
def test_what_is_changed_in_the_database_shows_in_the_export(service: ServiceUnderTest, statement: str, named: str) -> None:
    """P29: altered, missing, moved, cut."""
    record(service, INGRID, "folder.create", "folder.rename", "folder.remove")
    with database_of(service).begin() as connection:
        connection.execute(text(statement))
    found = verify(exported(service))
    assert found is not None
    assert found.place == named


def test_a_later_export_goes_on_from_an_earlier_one(service: ServiceUnderTest) -> None:
    """BEY-09: who keeps an export notices a chain that was written anew."""
    record(service, INGRID, "folder.create")
    earlier = exported(service)
    record(service, INGRID, "folder.rename")
    assert verify(exported(service), earlier=earlier) is None
    with database_of(service).begin() as connection:
        connection.execute(text("delete from audit"))
        connection.execute(text("delete from audit_heads"))
    record(service, OTHER, "folder.create")
    record(service, INGRID, "folder.remove", "folder.rename")
    assert verify(exported(service)) is None
    assert verify(exported(service), earlier=earlier) is not None


def test_a_person_is_found_in_what_they_did_and_in_what_was_done_with_their_account(service: ServiceUnderTest) -> None:
    """BEY-09: who signs in is nobody yet, so the entry says whose account it is."""
    record(service, INGRID, "folder.create")
    with caller.acting(Caller(), {}), database_of(service).transaction() as tx:
        tx.record("sign_in.start", organisation=HOME, user=INGRID.user_id)
        tx.record("sign_in.start", organisation=HOME, user=OTHER.user_id)
    with caller.acting(INGRID, {}), database_of(service).transaction() as tx:
        tx.record("session.step_up", organisation=HOME, user=INGRID.user_id)
    assert read(service, person=INGRID.user_id) == [4, 2, 1]
    assert read(service, person=INGRID.user_id, actions=["sign_in.start", "folder.create"]) == [2, 1]
    assert read(service, person=OTHER.user_id) == [3]


MANY = (
    "insert into audit select :home, n, timestamptz '2026-01-01' + n * interval '1 minute', 'user:' || (n % 100),"
    " (array['folder.create', 'folder.rename', 'document.upload'])[n % 3 + 1], (n % 500)::text,"
    " jsonb_build_object('user', (n % 70)::text), '', '' from generate_series(1, 30000) n"
)
ASKED: dict[str, dict[str, object]] = {
    "nothing": {},
    "a page further on": {"before": 20_000},
    "a day": {"since": "2026-01-05T00:00:00Z", "until": "2026-01-06T00:00:00Z"},
    "a person": {"person": "7"},
    "who did it": {"caller": "user:7"},
    "a thing": {"subject": "7"},
    "kinds of act": {"actions": ["folder.rename", "document.upload", "hold.set"]},
    "a kind of act on a day": {"actions": ["folder.rename"], "since": "2026-01-05T00:00:00Z", "until": "2026-01-06T00:00:00Z"},
    "what never was": {"person": "nobody", "actions": ["hold.set"]},
}


@pytest.mark.parametrize("wanted", ASKED.values(), ids=list(ASKED))
def test_a_page_of_a_long_chain_costs_a_page(service: ServiceUnderTest, wanted: dict[str, object]) -> None:
    """BEY-09: by whatever is filtered, no more is read than a page for each kind of act and each way to be about a person."""
    database = database_of(service)
    with database.begin() as connection:
        connection.execute(text(MANY), {"home": HOME})
        connection.execute(text("analyze audit"))
        names = frozenset(wanted) - {"actions"}
        statement = trail._question(names, by_action="actions" in wanted)
        asked = {**wanted, "organisation": HOME, "size": 50}
        (plan,) = connection.execute(text(f"explain (analyze, format json) {statement}"), asked).scalar_one()
    assert scanned(plan["Plan"]) <= 50 * 2 * len(wanted.get("actions", [""])) + 2, plan  # type: ignore[arg-type]


def scanned(plan: dict[str, Any]) -> int:
    """How many rows were looked at in the table or its indexes."""
    below = sum(scanned(each) for each in plan.get("Plans", []))
    own = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0) if plan.get("Relation Name") == "audit" else 0
    return below + int(own * plan["Actual Loops"])
