"""Rows of this service as messages of the contract."""

from typing import Any

from kontor.documents.v1 import documents_pb2 as pb
from sqlalchemy import Row

from services.documents.models import Folder


def folder_message(folder: "Folder | Row[Any]") -> pb.Folder:
    """A folder."""
    return pb.Folder(folder_id=folder.id, organisation_id=folder.organisation_id, name=folder.name, service_area=folder.service_area)  # type: ignore[arg-type]


def document_message(row: Row[Any]) -> pb.Document:
    """A document with its folder's name and area, as the caller sees it."""
    return pb.Document(
        document_id=row.id, organisation_id=row.organisation_id, folder_id=row.folder_id, folder_name=row.folder_name,
        service_area=row.service_area, name=row.name, period=row.period, year=row.year, status=row.status, version=max(row.version, 1),
        content_type=row.content_type, size=row.size, sha256=row.sha256, uploaded_by=row.uploaded_by,
        uploaded_by_firm=row.uploaded_by_firm, uploaded_at=row.uploaded_at, reason=row.reason, expires_at=row.expires_at,
    )  # fmt: skip
