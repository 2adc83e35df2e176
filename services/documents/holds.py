"""Legal hold: what nobody may delete, however long it lasts (BEY-02)."""

from collections.abc import Sequence

from sqlalchemy import any_, bindparam, exists, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from chassis.db import Transaction
from chassis.errors import Conflict
from services.documents.models import Client, Document, Id, Version
from services.documents.models_retention import Hold

# What the store was asked to do for a version, in versions.store_hold.
FREE, LOCKED, CANNOT, ON_ITS_WAY = 0, 1, 2, 3

_merged = aliased(Document)
# A hold follows a document that became a version of another one.
_same = or_(
    Hold.document_id.is_(None),
    Hold.document_id == Document.id,
    # Two levels down SQLAlchemy has to be told that these are the outer rows: otherwise one such hold would hold everything.
    exists().where(_merged.id == Hold.document_id, _merged.merged_into == Document.id).correlate(Hold, Document),
)
# The document is on hold, by itself or with everything of its client.
HELD = exists().where(Hold.organisation_id == Document.organisation_id, Hold.released_at.is_(None), _same)
_HELD_OF = (
    select(Document.id)
    .outerjoin(Version, Version.document_id == Document.id)
    .where(Document.id == any_(bindparam("ids", type_=ARRAY(Id))))
    .where(or_(HELD, Version.store_hold.in_((LOCKED, ON_ITS_WAY))))
    .limit(1)
)


def keep_out(tx: Transaction, organisation_id: str) -> None:
    """Until this transaction ends nobody sets or ends a hold at this client: what it finds to be free stays free."""
    tx.execute(select(Client.organisation_id).where(Client.organisation_id == organisation_id).with_for_update(read=True))


def refuse_if_held(tx: Transaction, organisation_id: str, document_ids: Sequence[str]) -> None:
    """Raises Conflict ``on_legal_hold`` if one of the client's documents is on hold, or the store has not yet let go of it."""
    keep_out(tx, organisation_id)
    if tx.execute(_HELD_OF, {"ids": list(document_ids)}).first():
        raise Conflict("on_legal_hold", "The document is on legal hold.")
