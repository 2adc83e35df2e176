"""Drop what has left the change feed, which is kept for 30 days (BEY-15), and the rows of deleted documents that only it still named."""

from datetime import datetime, timedelta

from sqlalchemy import Delete, Integer, any_, bindparam, delete, exists, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from chassis import clock
from chassis.db import Database
from services.documents.actions.changes import KEPT
from services.documents.models import Change, Document, Id, Moment, Version
from services.documents.rules import Status

EVERY = timedelta(days=1)
ROWS = 5000


def run(database: Database, *_: str) -> None:
    """Delete changes past their time, a few thousand at a time; nobody can ask for them any more. Then documents."""
    before = clock.now() - KEPT
    while _forget_changes(database, before) == ROWS:
        pass
    while _forget_documents(database, before):
        pass


def _forget_changes(database: Database, before: datetime) -> int:
    with database.transaction() as tx:
        return len(tx.execute(_OLD_CHANGES, {"before": before, "limit": ROWS}).all())


def _forget_documents(database: Database, before: datetime) -> int:
    """The rows of documents that were deleted before then, with those of the uploads that had become versions of them."""
    with database.transaction() as tx:
        ids = list(tx.scalars(_GONE, {"before": before, "limit": ROWS // 5}))
        if ids:
            tx.execute(_LED_ON, {"ids": ids})
            tx.execute(_MERGED, {"ids": ids})
            tx.execute(_DOCUMENTS, {"ids": ids})
    return len(ids)


_before, _ids = bindparam("before", type_=Moment), any_(bindparam("ids", type_=ARRAY(Id)))
_limit = bindparam("limit", type_=Integer)
_old = select(Change.organisation_id, Change.position).where(Change.at < _before).order_by(Change.at).limit(_limit)
_OLD_CHANGES = (
    delete(Change)
    .where(tuple_(Change.organisation_id, Change.position).in_(_old))
    .returning(Change.position)
    .execution_options(synchronize_session=False)
)
_led = aliased(Document)
_all = or_(_led.id == _ids, _led.merged_into == _ids)
_GONE = (
    select(Document.id)
    .where(Document.deleted_at < _before, ~exists().where(Version.document_id == Document.id))
    .where(~exists().where(or_(_led.id == Document.id, _led.merged_into == Document.id), Change.document_id == _led.id))
    # An upload to replace it that waits for its scan finds its place by name; its row still needs this one.
    .where(~exists().where(_led.replaces == Document.id, _led.status == Status.SCANNING))
    .limit(_limit)
    .with_for_update(skip_locked=True)
)
# An upload to replace it that failed is a row of its own.
_LED_ON = (
    update(Document)
    .where(Document.replaces.in_(select(_led.id).where(_all)), Document.status != Status.SCANNING)
    .values(replaces=None)
    .execution_options(synchronize_session=False)
)
_MERGED: Delete = delete(Document).where(Document.merged_into == _ids).execution_options(synchronize_session=False)
_DOCUMENTS: Delete = delete(Document).where(Document.id == _ids).execution_options(synchronize_session=False)
