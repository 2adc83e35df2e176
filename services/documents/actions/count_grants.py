"""Count how many folders each member may use: who has none can do nothing yet (ACC-09)."""

from collections.abc import Sequence

from sqlalchemy import any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from chassis.caller import Caller
from chassis.db import Database
from services.documents.models import Folder, Grant, Id

_COUNTED = (
    select(Grant.membership_id, func.count().label("folders"))
    .join(Folder, Folder.id == Grant.folder_id)
    .where(Grant.membership_id == any_(bindparam("memberships", type_=ARRAY(Id))))
    .where(Folder.organisation_id == bindparam("organisation"), Folder.removed_at.is_(None))
    .group_by(Grant.membership_id)
)


def count_grants(database: Database, caller: Caller, membership_ids: Sequence[str]) -> dict[str, int]:
    """Membership to number of folders of the caller's own organisation; 0 for whoever has none or is of another organisation."""
    asked = [each.lower() for each in membership_ids]
    rows = database.read(_COUNTED, {"memberships": asked, "organisation": caller.organisation_id})
    return dict.fromkeys(asked, 0) | {row.membership_id: row.folders for row in rows}
