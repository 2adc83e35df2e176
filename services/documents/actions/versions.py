"""Look at the versions of a document that were shared, and find the bytes of one (ACC-42)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kontor.documents.v1 import documents_pb2 as pb
from sqlalchemy import Row, bindparam, select

from chassis.caller import Caller
from chassis.db import Database
from chassis.errors import Invalid, NotFound
from services.documents import access
from services.documents.actions.download import readable
from services.documents.models import Version

PAGE = 50
_NEWEST_NUMBER = 2**31 - 1
_VERSION: tuple[Any, ...] = (
    Version.id, Version.number, Version.size, Version.sha256, Version.content_type, Version.uploader_name, Version.received_at,
    Version.uploader_organisation_id, Version.uploader_organisation_name, Version.expires_at,
)  # fmt: skip
_OF_DOCUMENT = select(*_VERSION).where(Version.document_id == bindparam("document"))
_PAGE = _OF_DOCUMENT.where(Version.number < bindparam("before")).order_by(Version.number.desc()).limit(bindparam("limit"))
_ONE = _OF_DOCUMENT.where(Version.number == bindparam("number"))


@dataclass(frozen=True)
class Content:
    """What a download is of."""

    version_id: str
    name: str
    content_type: str
    size: int
    sha256: str
    document: Row[Any]
    number: int


def list_versions(database: Database, caller: Caller, request: pb.ListVersionsRequest) -> tuple[Row[Any], Sequence[Row[Any]], str]:
    """The document, a page of its shared versions, newest first, and the token of the next page. Raises NotFound, Invalid."""
    document = access.document(database, caller, request.document_id)
    size = request.page_size or PAGE
    before = _number(request.page_token) if request.page_token else _NEWEST_NUMBER
    rows = database.read(_PAGE, {"document": document.document_id, "before": before, "limit": size + 1})
    return document, rows[:size], str(rows[size - 1].number) if len(rows) > size else ""


def readable_content(database: Database, caller: Caller, document_id: str, *, version: int) -> Content:
    """What the caller may download of a document: this version, or for 0 the newest.

    Raises NotFound also for ``version_not_found``, and Conflict ``not_scanned_clean``.
    """
    (document,) = readable(database, caller, [document_id])
    if version in (0, document.version):
        found = (document.version_id, document.name, document.content_type, document.size, document.sha256)
        return Content(*found, document, document.version)
    for row in database.read(_ONE, {"document": document.document_id, "number": version}):
        return Content(row.id, document.name, row.content_type, row.size, row.sha256, document, row.number)
    raise NotFound("version_not_found", "The document has no such version.")


def _number(token: str) -> int:
    if not (token.isascii() and token.isdecimal()) or int(token) > _NEWEST_NUMBER:
        raise Invalid("bad_page_token", "The page token is not one of ours.", fields={"page_token": "bad_page_token"})
    return int(token)
