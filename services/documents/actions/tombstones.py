"""What was deleted, as far as the caller may know of it (BEY-02)."""

from collections.abc import Sequence
from typing import Any

from kontor.documents.v1 import retention_pb2 as pb
from sqlalchemy import Row, String, any_, bindparam, exists, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY

from chassis.caller import Caller
from chassis.db import Database
from chassis.errors import NotFound
from services.documents.access import whose, within
from services.documents.models import Consultant, Grant, Id
from services.documents.models_retention import Tombstone
from services.documents.paging import after, page_size
from services.documents.rules import like

# As access.MAY_USE, of the folder that it was in, which may be gone: a tick, or being the firm's consultant of the area at the client.
_ticked = exists().where(Grant.folder_id == Tombstone.folder_id, Grant.membership_id == bindparam("membership"))
_consulting = exists().where(
    Consultant.membership_id == bindparam("membership"),
    Consultant.organisation_id == Tombstone.organisation_id,
    Tombstone.service_area == any_(Consultant.service_areas),
)
# What was never shared is known only to the side that uploaded it (ACC-57).
_arrived = or_(Tombstone.version > 0, Tombstone.uploader_organisation_id == bindparam("side"))
_KNOWN = select(*Tombstone.__table__.c).where(or_(_ticked, _consulting), _arrived, within(Tombstone.organisation_id))
_last = select(Tombstone.withdrawn_at, Tombstone.id).where(Tombstone.id == bindparam("after", type_=Id)).correlate(None).subquery("last")
_folders = bindparam("folders", type_=ARRAY(Id))
_PAGE = (
    _KNOWN.where(Tombstone.organisation_id == bindparam("organisation"), Tombstone.name_key.like(bindparam("name", type_=String)))
    .where(or_(func.cardinality(_folders) == 0, Tombstone.folder_id == any_(_folders)))
    .order_by(Tombstone.withdrawn_at.desc(), Tombstone.id.desc())
    .limit(bindparam("limit"))
)
_FURTHER = _PAGE.where(tuple_(Tombstone.withdrawn_at, Tombstone.id) < select(_last.c.withdrawn_at, _last.c.id).scalar_subquery())
_ONE = (
    _KNOWN.where(or_(Tombstone.id == bindparam("id", type_=Id), Tombstone.document_id == bindparam("id", type_=Id)))
    .order_by(Tombstone.uploaded_at.desc(), Tombstone.id.desc())
    .limit(1)
)


def list_tombstones(database: Database, caller: Caller, request: pb.ListTombstonesRequest) -> tuple[Sequence[Row[Any]], str]:
    """A page of what was deleted at a client, newest first, and where the next one begins. Raises Invalid for a strange page token."""
    size = page_size(request.page_size)
    asked = {"organisation": request.organisation_id, "name": like(request.name), "folders": list(request.folder_ids), "limit": size + 1}
    behind = {"after": after(request.page_token)} if request.page_token else {}
    rows = database.read(_FURTHER if behind else _PAGE, {**whose(caller), **asked, **behind})
    return rows[:size], rows[size - 1].id if len(rows) > size else ""


def get_tombstone(database: Database, caller: Caller, tombstone_id: str) -> Row[Any]:
    """What is left of a version, or of a document's newest one. Raises NotFound."""
    for row in database.read(_ONE, {**whose(caller), "id": tombstone_id}):
        return row
    raise NotFound("tombstone_not_found", "Nothing of that kind was deleted, or you may not know of it.")
