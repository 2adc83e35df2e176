"""Follow what was published, in order, from a cursor on (BEY-15)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from kontor.documents.v1 import documents_pb2 as pb
from sqlalchemy import Row, bindparam, func, or_, select
from sqlalchemy.orm import aliased

from chassis import clock
from chassis.caller import Caller
from chassis.db import Database
from chassis.errors import Invalid
from services.documents.access import ARRIVED, DOCUMENT, MAY_USE, whose
from services.documents.models import Change, Document, Folder, Moment

KEPT = timedelta(days=30)
PAGE = 100

# One that became a version of another document is told of as that one.
_named = aliased(Document)
_SEEN_CHANGES = (
    select(Change.position, Change.type, Change.at, *DOCUMENT, Folder.name.label("folder_name"), Folder.service_area)
    .join(_named, _named.id == Change.document_id)
    .join(Document, Document.id == func.coalesce(_named.merged_into, _named.id))
    .join(Folder, Folder.id == Document.folder_id)
    .where(
        Change.organisation_id == bindparam("organisation"),
        Change.position > bindparam("after"),
        Change.at > bindparam("since", type_=Moment),
    )
    # What was deleted is told too: only what was once shared has changes.
    .where(MAY_USE, or_(ARRIVED, Document.deleted_at.is_not(None)))
    .order_by(Change.position)
    .limit(bindparam("limit"))
)


def list_changes(database: Database, caller: Caller, request: pb.ListChangesRequest) -> tuple[Sequence[Row[Any]], str]:
    """The next changes that the caller may see, and the cursor after them. Raises Invalid for a cursor that is not ours."""
    after = _position(request.cursor)
    size = request.page_size or PAGE
    asked = {**whose(caller), "organisation": request.organisation_id, "after": after, "since": clock.now() - KEPT, "limit": size}
    rows = database.read(_SEEN_CHANGES, asked)
    return rows, f"c{rows[-1].position}" if rows else request.cursor


def _position(cursor: str) -> int:
    if not cursor:
        return 0
    if cursor[0] != "c" or not cursor[1:].isdecimal() or len(cursor) > 19:
        raise Invalid("bad_cursor", "The cursor is not one of ours.", fields={"cursor": "bad_cursor"})
    return int(cursor[1:])
