"""Put documents on legal hold, and end that: for administrators of the client's firm (BEY-02)."""

from collections.abc import Sequence
from typing import Any

import uuid_utils.compat as uuid
from kontor.documents.v1 import retention_pb2 as pb
from kontor.documents.v1.events_pb2 import HoldReleased, HoldSet
from sqlalchemy import Row, any_, bindparam, delete, func, literal_column, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from chassis import clock
from chassis.caller import Caller
from chassis.db import Database, Transaction
from chassis.errors import NotFound
from services.documents import holds
from services.documents.actions.deletion import said
from services.documents.models import Client, Document, Id, Version
from services.documents.models_retention import Announcement, Hold
from services.documents.paging import after, page_size

COUNTED = 10_000
# The document that is held: of one that became a version of another, that one, as in holds.HELD.
_held = aliased(Document)
_meant = func.coalesce(_held.merged_into, _held.id)


def set_hold(tx: Transaction, caller: Caller, request: pb.SetHoldRequest) -> Sequence[Hold]:
    """Hold these documents, or everything of the client. Raises NotFound ``client_not_found`` or ``document_not_found``."""
    words = said(request.reason)
    _own_client(tx, caller, request.organisation_id)
    held = _documents(tx, request) if request.document_ids else [None]
    now = clock.now()
    made = [
        Hold(
            id=str(uuid.uuid7()), organisation_id=request.organisation_id, document_id=document_id, reason=words,
            set_by=_called(caller), set_at=now, released_by="", release_reason="",
        )
        for document_id in held
    ]  # fmt: skip
    tx.add_all(made)
    event = HoldSet(
        hold_ids=[hold.id for hold in made], organisation_id=request.organisation_id, document_ids=[each for each in held if each]
    )
    tx.emit(event, about=made[0].id, organisation=request.organisation_id)
    for hold in made:
        tx.record("hold.set", organisation=hold.organisation_id, subject=hold.id, document=hold.document_id or "all")
    return made


def release_hold(tx: Transaction, caller: Caller, request: pb.ReleaseHoldRequest) -> Sequence[Hold]:
    """End holds. Whatever was announced of the documents counts no longer: people are told again before anything goes.

    Raises NotFound ``client_not_found`` or ``hold_not_found``.
    """
    words = said(request.reason)
    _own_client(tx, caller, request.organisation_id)
    asked = [Hold.organisation_id == request.organisation_id, Hold.id.in_(request.hold_ids)]
    ended = update(Hold).where(*asked, Hold.released_at.is_(None))
    released = tx.scalars(ended.values(released_by=_called(caller), release_reason=words, released_at=clock.now()).returning(Hold)).all()
    found = tx.scalars(select(Hold).where(*asked).order_by(Hold.id.desc())).all()
    if len(found) < len(set(map(str.lower, request.hold_ids))):
        raise NotFound("hold_not_found", "There is no such hold.")
    for hold in released:
        _announce_anew(tx, hold)
        tx.record("hold.release", organisation=hold.organisation_id, subject=hold.id, document=hold.document_id or "all")
    if released:
        event = HoldReleased(hold_ids=[hold.id for hold in released], organisation_id=request.organisation_id)
        tx.emit(event, about=released[0].id, version=2, organisation=request.organisation_id)
    return found


def list_holds(database: Database, caller: Caller, request: pb.ListHoldsRequest) -> tuple[Sequence[Row[Any]], str]:
    """A page of a client's holds, newest first, and where the next one begins. Raises NotFound ``client_not_found``."""
    size = page_size(request.page_size)
    if not database.read(_OWN, {"organisation": request.organisation_id, "firm": caller.organisation_id}):
        raise _no_client()
    asked = {"organisation": request.organisation_id, "active": request.active}
    rows = database.read(_PAGE, {**asked, "after": after(request.page_token), "limit": size + 1})
    return rows[:size], rows[size - 1].id if len(rows) > size else ""


def counted(database: Database, hold_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """For each hold that lasts: how many stored files the store itself keeps, and how many it has not been told of yet."""
    return {row.id: (row.locked, row.waiting) for row in database.read(_COUNTED, {"ids": list(hold_ids)})}


def _own_client(tx: Transaction, caller: Caller, organisation_id: str) -> None:
    """Raises NotFound for a client of somebody else. Nobody deletes anything of the client until this transaction ends."""
    own = select(Client.organisation_id).where(Client.organisation_id == organisation_id, Client.firm_id == caller.organisation_id)
    if tx.scalar(own.with_for_update()) is None:
        raise _no_client()


def _no_client() -> NotFound:
    return NotFound("client_not_found", "There is no such client of your firm.")


def _documents(tx: Transaction, request: pb.SetHoldRequest) -> Sequence[str]:
    """The documents that are meant: of an upload that became a version of a document, that document."""
    asked = select(Document.id, func.coalesce(Document.merged_into, Document.id).label("meant")).where(
        Document.id.in_(request.document_ids), Document.organisation_id == request.organisation_id, Document.deleted_at.is_(None)
    )
    rows = tx.execute(asked).all()
    if len(rows) < len(set(map(str.lower, request.document_ids))):
        raise NotFound("document_not_found", "There is no such document, or you may not see it.")
    return sorted({row.meant for row in rows})


def _announce_anew(tx: Transaction, hold: Hold) -> None:
    covered = select(Version.id).join(Document, Document.id == Version.document_id).where(Document.organisation_id == hold.organisation_id)
    if hold.document_id:
        covered = covered.where(Document.id == select(_meant).where(_held.id == hold.document_id).scalar_subquery())
    tx.execute(delete(Announcement).where(Announcement.version_id.in_(covered)).execution_options(synchronize_session=False))


def _called(caller: Caller) -> str:
    return f"{caller.name}, {caller.organisation_name}"


_OWN = select(Client.organisation_id).where(Client.organisation_id == bindparam("organisation"), Client.firm_id == bindparam("firm"))
_PAGE = (
    select(*Hold.__table__.c)
    .where(Hold.organisation_id == bindparam("organisation"), Hold.id < bindparam("after", type_=Id))
    .where(or_(bindparam("active").is_(False), Hold.released_at.is_(None)))
    .order_by(Hold.id.desc())
    .limit(bindparam("limit"))
)
_covered = (
    select(Version.store_hold)
    .join(Document, Document.id == Version.document_id)
    .where(Document.organisation_id == Hold.organisation_id, or_(Hold.document_id.is_(None), Document.id == _meant))
    .limit(COUNTED)
    .lateral("covered")
)
_COUNTED = (
    select(
        Hold.id,
        func.count().filter(_covered.c.store_hold == holds.LOCKED).label("locked"),
        func.count().filter(_covered.c.store_hold.in_((holds.FREE, holds.ON_ITS_WAY))).label("waiting"),
    )
    .outerjoin(_held, _held.id == Hold.document_id)
    .join(_covered, literal_column("true"))
    .where(Hold.id == any_(bindparam("ids", type_=ARRAY(Id))), Hold.released_at.is_(None))
    .group_by(Hold.id)
)
