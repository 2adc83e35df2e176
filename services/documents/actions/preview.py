"""Look at a document without fetching it."""

from collections.abc import Collection
from typing import Any

from kontor.documents.v1 import previews_pb2 as pb
from sqlalchemy import Row, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY

from chassis.caller import Caller
from chassis.db import Database
from chassis.errors import NotFound
from services.documents.accesses import PREVIEW, Accesses
from services.documents.actions.download import readable
from services.documents.models import Id, Version
from services.documents.preview.previews import Previewed, Previews
from services.documents.rules import SHARED

# By the version that is shared now: the document's id may be that of an upload that became a version of another.
_document = select(Version.document_id).where(Version.id == bindparam("shared", type_=Id)).correlate(None).scalar_subquery()
_VERSION = select(Version.id, Version.number, Version.content_type, Version.size).where(
    Version.document_id == _document, Version.number == bindparam("number"), Version.status.in_(SHARED)
)
_LIVING = select(Version.id).where(Version.id == any_(bindparam("ids", type_=ARRAY(Id))), Version.status.in_(SHARED))


def get_preview(database: Database, previews: Previews, accesses: Accesses, caller: Caller, request: pb.GetPreviewRequest) -> pb.Preview:
    """Whether there is a preview, and what it holds (ACC-51). Raises what a download would."""
    document, number, version = _version(database, caller, request.document_id, request.version)
    accesses.note(caller, PREVIEW, document, version=number)
    whole = previews.whole(version)
    whole.document_id, whole.version, whole.name = request.document_id.lower(), number, document.name
    return whole


def get_preview_page(
    database: Database, previews: Previews, accesses: Accesses, caller: Caller, request: pb.GetPreviewPageRequest
) -> pb.PreviewPage:
    """One page. Raises what a download would, and NotFound ``preview_page_not_found``."""
    document, number, version = _version(database, caller, request.document_id, request.version)
    accesses.note(caller, PREVIEW, document, version=number, goes_on=True)
    return previews.page(version, request.page)


def living(database: Database, version_ids: Collection[str]) -> set[str]:
    """Those of the versions that were scanned clean and are still there."""
    return {row.id for row in database.read(_LIVING, {"ids": list(version_ids)})}


def _version(database: Database, caller: Caller, document_id: str, number: int) -> tuple[Row[Any], int, Previewed]:
    """The document, and its version: the same condition as for a download, so nothing is shown that cannot be fetched (ACC-03)."""
    (document,) = readable(database, caller, [document_id])
    for row in database.read(_VERSION, {"shared": document.version_id, "number": number or document.version}):
        return document, row.number, Previewed(row.id, row.content_type, row.size)
    raise NotFound("version_not_found", "The document has no such version.")
