"""How documents end: notices, deletion by the firm, tombstones, legal hold."""

from collections.abc import Iterable, Sequence
from typing import Any

from grpc import ServicerContext
from kontor.documents.v1 import retention_pb2 as pb
from kontor.documents.v1 import retention_pb2_grpc as rpcs

from chassis import caller
from chassis.db import Database
from chassis.service import Job
from services.documents import access
from services.documents.actions import deletion, holds, retention, tombstones


class Retention(rpcs.RetentionServicer):
    """Answers kontor.documents.v1.Retention."""

    def __init__(self, database: Database, *, remove: Job) -> None:
        """``remove`` is the job that removes the bytes of what was deleted."""
        self._database, self._remove = database, remove

    def GetRetention(self, request: pb.GetRetentionRequest, _: ServicerContext) -> pb.DocumentRetention:
        """See the contract."""
        document, notices, held = retention.get_retention(self._database, caller.current(), request.document_id)
        return pb.DocumentRetention(
            document_id=document.id, expires_at=document.expires_at, notices=map(notice_message, notices),
            holds=[hold_message(row, told=row.told) for row in held],
        )  # fmt: skip

    def DeleteDocument(self, request: pb.DeleteDocumentRequest, _: ServicerContext) -> pb.DeleteDocumentResponse:
        """See the contract."""
        who = caller.current()
        document = access.document(self._database, who, request.document_id)
        with self._database.transaction() as tx:
            stones = deletion.delete_document(tx, who, document.id, request.reason)
            tx.start(self._remove)
            return pb.DeleteDocumentResponse(tombstones=[tombstone_message(stone) for stone in stones])

    def ListTombstones(self, request: pb.ListTombstonesRequest, _: ServicerContext) -> pb.ListTombstonesResponse:
        """See the contract."""
        rows, token = tombstones.list_tombstones(self._database, caller.current(), request)
        return pb.ListTombstonesResponse(tombstones=map(tombstone_message, rows), next_page_token=token)

    def GetTombstone(self, request: pb.GetTombstoneRequest, _: ServicerContext) -> pb.Tombstone:
        """See the contract."""
        return tombstone_message(tombstones.get_tombstone(self._database, caller.current(), request.tombstone_id))


class Holds(rpcs.HoldsServicer):
    """Answers kontor.documents.v1.Holds."""

    def __init__(self, database: Database, *, lock: Job) -> None:
        """``lock`` is the job that tells the store what is on hold."""
        self._database, self._lock = database, lock

    def SetHold(self, request: pb.SetHoldRequest, _: ServicerContext) -> pb.SetHoldResponse:
        """See the contract."""
        with self._database.transaction() as tx:
            made = holds.set_hold(tx, caller.current(), request)
            tx.start(self._lock)
        return pb.SetHoldResponse(holds=self._counted(made))

    def ReleaseHold(self, request: pb.ReleaseHoldRequest, _: ServicerContext) -> pb.ReleaseHoldResponse:
        """See the contract."""
        with self._database.transaction() as tx:
            released = holds.release_hold(tx, caller.current(), request)
            tx.start(self._lock)
        return pb.ReleaseHoldResponse(holds=self._counted(released))

    def ListHolds(self, request: pb.ListHoldsRequest, _: ServicerContext) -> pb.ListHoldsResponse:
        """See the contract."""
        rows, token = holds.list_holds(self._database, caller.current(), request)
        return pb.ListHoldsResponse(holds=self._counted(rows), next_page_token=token)

    def _counted(self, rows: Sequence[Any]) -> Iterable[pb.Hold]:
        counts = holds.counted(self._database, [row.id for row in rows])
        for row in rows:
            locked, waiting = counts.get(row.id, (0, 0))
            yield hold_message(row, told=True, locked=locked, waiting=waiting)


def notice_message(row: Any) -> pb.ExpiryNotice:
    """A notice of coming deletion."""
    return pb.ExpiryNotice(days=row.days, announced_at=row.announced_at, delivered_at=row.delivered_at, batch_id=row.batch_id)


def hold_message(row: Any, *, told: bool, locked: int = 0, waiting: int = 0) -> pb.Hold:
    """A hold, with its reasons for whom they are told."""
    return pb.Hold(
        hold_id=row.id, organisation_id=row.organisation_id, document_id=row.document_id or "", reason=row.reason if told else "",
        set_by=row.set_by, set_at=row.set_at, released_by=row.released_by, released_at=row.released_at,
        release_reason=row.release_reason if told else "", locked=locked, waiting=waiting,
    )  # fmt: skip


def tombstone_message(row: Any) -> pb.Tombstone:
    """What is left of a version; why it was deleted, in the firm's words, only for the firm's people."""
    notice = pb.ExpiryNotice(
        days=row.notice_days, announced_at=row.notice_announced_at, delivered_at=row.notice_delivered_at, batch_id=row.notice_batch_id
    ) if row.notice_batch_id else None  # fmt: skip
    inside = caller.current().organisation_id != row.organisation_id
    return pb.Tombstone(
        tombstone_id=row.id, document_id=row.document_id, organisation_id=row.organisation_id, folder_id=row.folder_id,
        folder_name=row.folder_name, service_area=row.service_area, name=row.name, period=row.period, year=row.year,
        version=row.version, size=row.size, sha256=row.sha256, uploaded_by=row.uploaded_by, uploaded_by_firm=row.uploaded_by_firm,
        uploaded_at=row.uploaded_at, expires_at=row.expires_at, cause=row.cause, withdrawn_at=row.withdrawn_at,
        deleted_at=row.deleted_at, notice=notice, deleted_by=row.deleted_by, reason=row.reason if inside else "",
        content_type=row.content_type,
    )  # fmt: skip
