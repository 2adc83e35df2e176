"""Who sees what: the one condition under which a person may use a folder, and the queries that everything else is built on."""

from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, any_, bindparam, exists, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from chassis.caller import Caller
from chassis.db import Database, Transaction
from chassis.errors import NotFound
from services.documents.models import Consultant, Document, Folder, Grant, Id
from services.documents.rules import SHARED, Status


def within(organisation: Any) -> ColumnElement[bool]:
    """Of the clients that the caller's API key is limited to, if it is."""
    clients = bindparam("clients", type_=ARRAY(Id))
    return or_(func.cardinality(clients) == 0, organisation == any_(clients))


def _may_use() -> ColumnElement[bool]:
    """A tick for the folder, or being the firm's consultant of its area at its client (ACC-03, ACC-11). There is no other way in."""
    ticked = exists().where(Grant.folder_id == Folder.id, Grant.membership_id == bindparam("membership"))
    consulting = exists().where(
        Consultant.membership_id == bindparam("membership"),
        Consultant.organisation_id == Folder.organisation_id,
        Folder.service_area == any_(Consultant.service_areas),
    )
    return and_(or_(ticked, consulting), within(Folder.organisation_id))


def _arrived() -> ColumnElement[bool]:
    """Shared, or seen from the side that uploaded it (ACC-57, ACC-58, ACC-59); never what was deleted."""
    own = and_(Document.uploader_organisation_id == bindparam("side"), Document.status != Status.DELETED)
    return or_(Document.status.in_(SHARED), own)


MAY_USE = _may_use()
ARRIVED = _arrived()
# A row of its own in its folder.
IN_FOLDER = and_(Document.merged_into.is_(None), Document.deleted_at.is_(None))
# Has the place of its name, period and year in its folder: the condition of the index uq_documents_slot.
HOLDS_PLACE = and_(Document.replaces.is_(None), IN_FOLDER, Document.status.in_((Status.SCANNING, *SHARED)))
# Has it, or will have it once it passes its scan.
TAKES_PLACE = and_(IN_FOLDER, Document.status.in_((Status.SCANNING, *SHARED)))
_FOLDER: tuple[Any, ...] = (Folder.id, Folder.organisation_id, Folder.name, Folder.service_area)
USABLE = select(*_FOLDER, Folder.name_key).where(MAY_USE, Folder.removed_at.is_(None))
_USABLE_FOLDER = USABLE.where(Folder.id == bindparam("folder"))
# For whoever puts something into it: the folder is not removed meanwhile.
_HELD_FOLDER = _USABLE_FOLDER.with_for_update(of=Folder, read=True, key_share=True)

DOCUMENT: tuple[Any, ...] = (
    Document.id, Document.organisation_id, Document.folder_id, Document.name, Document.period, Document.year, Document.status,
    Document.reason, Document.version, Document.version_id, Document.size, Document.sha256, Document.content_type,
    Document.uploaded_by, Document.uploaded_by_firm, Document.uploaded_at, Document.expires_at, Document.revision,
)  # fmt: skip


def seen_documents() -> Select[Any]:
    """Documents that the caller sees, with their folder; an id of an upload that became a new version leads to what it replaced.

    ``id`` is the one that was asked for, ``document_id`` where it leads.
    """
    asked = Document.__table__.alias("asked")
    named = [asked.c.id if column is Document.id else column for column in DOCUMENT]
    return (
        select(*named, Document.id.label("document_id"), Folder.name.label("folder_name"), Folder.service_area)
        .select_from(asked)
        .join(Document, Document.id == func.coalesce(asked.c.merged_into, asked.c.id))
        .join(Folder, Folder.id == Document.folder_id)
        .where(asked.c.id == any_(bindparam("ids", type_=ARRAY(Id))), IN_FOLDER, MAY_USE, ARRIVED)
    )


_SEEN = seen_documents()
# Everybody who may use the folder: what DocumentPublished tells others, so that they need not ask.
_TICKED = select(Grant.membership_id).where(Grant.folder_id == bindparam("folder"))
_SERVING = (
    select(Consultant.membership_id)
    .join(Folder, Folder.organisation_id == Consultant.organisation_id)
    .where(Folder.id == bindparam("folder"), Folder.service_area == any_(Consultant.service_areas))
)
_READERS = _TICKED.union(_SERVING)


def whose(caller: Caller) -> dict[str, Any]:
    """The caller, as the queries here want it."""
    return {"membership": caller.membership_id, "side": caller.organisation_id, "clients": list(caller.clients)}


def usable_folder(tx: Transaction, caller: Caller, folder_id: str) -> Row[Any]:
    """The folder, if the caller may use it. Raises NotFound: whether it exists is nobody else's business."""
    return _found(tx, _USABLE_FOLDER, caller, folder_id)


def held_folder(tx: Transaction, caller: Caller, folder_id: str) -> Row[Any]:
    """As usable_folder; and until the transaction ends, nobody removes it."""
    return _found(tx, _HELD_FOLDER, caller, folder_id)


def _found(tx: Transaction, query: Select[Any], caller: Caller, folder_id: str) -> Row[Any]:
    folder: Row[Any] | None = tx.execute(query, {**whose(caller), "folder": folder_id}).one_or_none()
    if folder is None:
        raise NotFound("folder_not_found", "There is no such folder, or you may not use it.")
    return folder


def documents(database: Database, caller: Caller, ids: list[str]) -> list[Row[Any]]:
    """Those of the documents that the caller sees, in the order asked for."""
    found = {row.id: row for row in database.read(_SEEN, {**whose(caller), "ids": ids})}
    return [found[each] for each in dict.fromkeys(map(str.lower, ids)) if each in found]


def document(database: Database, caller: Caller, document_id: str) -> Row[Any]:
    """The document, if the caller sees it. Raises NotFound."""
    for row in documents(database, caller, [document_id]):
        return row
    raise NotFound("document_not_found", "There is no such document, or you may not see it.")


def readers(tx: Transaction, folder_id: str, *, side: str = "") -> list[str]:
    """The memberships that may use a folder, the firm's consultants too; of one ``side`` only, where one is named: firm or client."""
    if not side:
        return sorted(tx.scalars(_READERS, {"folder": folder_id}))
    of_client = tx.scalar(select(Folder.organisation_id).where(Folder.id == folder_id)) == side
    return sorted(tx.scalars(_TICKED if of_client else _SERVING, {"folder": folder_id}))
