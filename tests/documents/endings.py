"""What tests about the end of documents need: time that passes, notices that reach somebody, and people who delete and hold."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from google.protobuf.message import Message
from kontor.access.v1.access_pb2 import PERMISSION_DOCUMENT_DELETE, PERMISSION_DOCUMENT_HOLD, SERVICE_AREA_PAYROLL, ServiceArea
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1 import retention_pb2 as rp
from kontor.documents.v1 import retention_pb2_grpc as rpcs
from kontor.documents.v1.events_pb2 import DocumentsExpiring
from kontor.notify.v1.events_pb2 import ExpiryNoticeDelivered
from sqlalchemy import text

from chassis import clock
from chassis.caller import Caller
from tests.documents.portal import READ, WRITE, Company, Portal

DAY = timedelta(days=1)


def retention(portal: Portal, who: Caller) -> rpcs.RetentionStub:
    return rpcs.RetentionStub(portal.under.channel(who))


def holds(portal: Portal, who: Caller) -> rpcs.HoldsStub:
    return rpcs.HoldsStub(portal.under.channel(who))


def consultant(portal: Portal, company: Company, *areas: ServiceArea.ValueType) -> Caller:
    """Somebody of the firm who works for the company and may delete."""
    who = portal.consultant(company, *(areas or (SERVICE_AREA_PAYROLL,)))
    return replace(who, permissions=(*READ, WRITE, PERMISSION_DOCUMENT_DELETE))


def keeper(portal: Portal) -> Caller:
    """An administrator of the firm, who puts things on hold, and is nobody's consultant."""
    manager = portal.manager()
    return replace(manager, permissions=(*manager.permissions, PERMISSION_DOCUMENT_HOLD, PERMISSION_DOCUMENT_DELETE))


@contextmanager
def before(end: datetime, by: timedelta) -> Iterator[None]:
    """The clock stands so long before this moment; after it where ``by`` is negative."""
    with clock.moved(end - by - clock.now()):
        yield


def ends(document: pb.Document) -> datetime:
    return document.expires_at.ToDatetime(UTC)


def announced(portal: Portal) -> list[DocumentsExpiring]:
    """Let the hour strike; what is announced at it."""
    portal.under.run_job("announce_expiry")
    return [event for event in portal.under.relay() if isinstance(event, DocumentsExpiring)]


def delivered(portal: Portal, announcement: DocumentsExpiring, who: Caller) -> None:
    """The notice has reached somebody, just now."""
    event = ExpiryNoticeDelivered(
        batch_id=announcement.batch_id, version_ids=[each.version_id for each in announcement.versions],
        organisation_id=announcement.organisation_id, membership_id=who.membership_id,
    )  # fmt: skip
    event.delivered_at.FromDatetime(clock.now())
    assert portal.under.happened(event, source="notify")


def told(portal: Portal, end: datetime, who: Caller, *, days: int = 30) -> None:
    """So many days before the end everything due is announced, and all of it reaches somebody."""
    with before(end, days * DAY):
        for announcement in announced(portal):
            delivered(portal, announcement, who)


def purge(portal: Portal) -> list[Message]:
    """Let what may go go, bytes and all; what is told of it."""
    portal.under.run_job("purge_expired")
    portal.under.run_job("remove_deleted")
    return portal.under.relay()


def tombstones(portal: Portal, who: Caller, company: Company) -> list[rp.Tombstone]:
    return list(retention(portal, who).ListTombstones(rp.ListTombstonesRequest(organisation_id=company.organisation_id)).tombstones)


def delete(portal: Portal, who: Caller, document_id: str, reason: str = "Sent to the wrong client") -> list[rp.Tombstone]:
    request = rp.DeleteDocumentRequest(document_id=document_id, reason=reason)
    return list(retention(portal, who).DeleteDocument(request).tombstones)


def hold(portal: Portal, who: Caller, company: Company, *document_ids: str, reason: str = "Tax audit") -> list[rp.Hold]:
    request = rp.SetHoldRequest(organisation_id=company.organisation_id, document_ids=document_ids, reason=reason)
    return list(holds(portal, who).SetHold(request).holds)


def release(portal: Portal, who: Caller, company: Company, *hold_ids: str) -> list[rp.Hold]:
    who = replace(who, authenticated_at=int(clock.now().timestamp()))
    request = rp.ReleaseHoldRequest(organisation_id=company.organisation_id, hold_ids=hold_ids, reason="The audit is over")
    return list(holds(portal, who).ReleaseHold(request).holds)


def rows(portal: Portal, query: str) -> list[tuple[object, ...]]:
    assert portal.under.service.database is not None
    return [tuple(row) for row in portal.under.service.database.read(text(query))]


def multiply(portal: Portal, document_id: str, copies: int) -> None:
    """So many more documents like this one, rows only."""
    assert portal.under.service.database is not None
    with portal.under.service.database.begin() as connection:
        for statement in _MULTIPLY:
            connection.execute(text(statement), {"id": document_id, "copies": copies} if ":" in statement else {})


_MULTIPLY = (
    "create temp table copies (document uuid, version uuid, number int) on commit drop",
    "insert into copies select gen_random_uuid(), gen_random_uuid(), number from generate_series(1, :copies) number",
    """insert into documents select r.* from copies c, documents d,
       jsonb_populate_record(d, jsonb_build_object('id', c.document, 'version_id', c.version, 'name_key', d.name_key || c.number)) r
       where d.id = :id""",
    """insert into versions select r.* from copies c, versions v,
       jsonb_populate_record(v, jsonb_build_object('id', c.version, 'document_id', c.document)) r where v.document_id = :id""",
)
