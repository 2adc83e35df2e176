"""When a document ends, what was told about it, and what holds it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, bindparam, exists, or_, select

from chassis.caller import Caller
from chassis.db import Database
from services.documents import access
from services.documents.models import Client, Document, Id
from services.documents.models_retention import Announcement, Hold

_NOTICES = (
    select(*Announcement.__table__.c)
    .where(Announcement.version_id == bindparam("version", type_=Id))
    .order_by(Announcement.announced_at, Announcement.days.desc())
)
_merged = select(Document.id).where(Document.id == Hold.document_id, Document.merged_into == bindparam("document", type_=Id))
_of_the_firm = exists().where(Client.organisation_id == Hold.organisation_id, Client.firm_id == bindparam("side"))
_HOLDS = (
    select(*Hold.__table__.c, _of_the_firm.label("told"))
    .where(Hold.organisation_id == bindparam("organisation", type_=Id), Hold.released_at.is_(None))
    .where(or_(Hold.document_id.is_(None), Hold.document_id == bindparam("document", type_=Id), _merged.exists()))
    .order_by(Hold.id)
)


def get_retention(database: Database, caller: Caller, document_id: str) -> tuple[Row[Any], Sequence[Row[Any]], Sequence[Row[Any]]]:
    """The document, the notices about its present version, and its holds; reasons are told where ``told``. Raises NotFound."""
    document = access.document(database, caller, document_id)
    notices = database.read(_NOTICES, {"version": document.version_id})
    of = {"organisation": document.organisation_id, "document": document.id, "side": caller.organisation_id}
    return document, notices, database.read(_HOLDS, of)
