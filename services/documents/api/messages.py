"""Rows of this service as messages of the contract."""

from typing import Any

from kontor.documents.v1 import documents_pb2 as pb
from sqlalchemy import Row

from chassis import clock
from services.documents.actions.counting import COUNTED, Counts
from services.documents.models import Folder
from services.documents.rules import SHARED


def folder_message(folder: "Folder | Row[Any]") -> pb.Folder:
    """A folder."""
    return pb.Folder(folder_id=folder.id, organisation_id=folder.organisation_id, name=folder.name, service_area=folder.service_area)  # type: ignore[arg-type]


def document_message(row: Row[Any]) -> pb.Document:
    """A document with its folder's name and area, as the caller sees it."""
    return pb.Document(
        document_id=row.id, organisation_id=row.organisation_id, folder_id=row.folder_id, folder_name=row.folder_name,
        service_area=row.service_area, name=row.name, period=row.period, year=row.year, status=row.status, version=max(row.version, 1),
        content_type=row.content_type, size=row.size, sha256=row.sha256, uploaded_by=row.uploaded_by,
        uploaded_by_firm=row.uploaded_by_firm, uploaded_at=clock.stamp(row.uploaded_at), reason=row.reason,
        expires_at=clock.stamp(row.expires_at), revision=row.revision,
    )  # fmt: skip


def version_message(row: Row[Any], document: Row[Any]) -> pb.Version:
    """A version that was shared; who uploaded it stands there as in the list."""
    by_firm = row.uploader_organisation_id != document.organisation_id
    return pb.Version(
        number=row.number, uploaded_by=row.uploader_organisation_name if by_firm else row.uploader_name, uploaded_by_firm=by_firm,
        uploaded_at=clock.stamp(row.received_at), size=row.size, sha256=row.sha256, content_type=row.content_type,
        expires_at=clock.stamp(row.expires_at), downloadable=document.status in SHARED,
    )  # fmt: skip


def counts_message(counts: Counts) -> pb.FilterCounts:
    """What each choice of a filter would find, in the order in which choices are shown."""
    by = {facet: sorted(found.items()) for facet, found in counts.by.items()}
    return pb.FilterCounts(
        statuses=[pb.StatusCount(status=status, documents=number) for status, number in by["status"]],
        years=[pb.NumberCount(number=year, documents=number) for year, number in reversed(by["year"])],
        periods=[pb.NumberCount(number=period, documents=number) for period, number in by["period"]],
        folders=[pb.FolderCount(folder_id=folder, documents=number) for folder, number in by["folder"]],
        at_least=counts.at_least,
    )  # fmt: skip


def count_message(row: Row[Any]) -> pb.DocumentCount:
    """How many documents a client has."""
    return pb.DocumentCount(
        organisation_id=row.organisation_id, documents=row.documents, recent=row.recent, at_least=row.documents >= COUNTED
    )
