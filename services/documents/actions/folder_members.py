"""The same ticks seen from a folder: who may use it (ACC-79)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, func, select

from chassis.caller import Caller
from chassis.db import Database, Transaction
from chassis.errors import NotFound
from services.documents.actions.folder_access import Change, change, locked_revision
from services.documents.models import Folder, Grant, Id

_columns = (Folder.id, Folder.organisation_id, Folder.name, Folder.service_area)
_own = (Folder.organisation_id == bindparam("organisation", type_=Id), Folder.removed_at.is_(None))
_COUNTED = (
    select(*_columns, func.count(Grant.membership_id).label("members"))
    .outerjoin(Grant, Grant.folder_id == Folder.id)
    .where(*_own)
    .group_by(Folder.id)
    .order_by(Folder.name_key)
)
_FOLDER = select(*_columns).where(*_own, Folder.id == bindparam("folder", type_=Id))
_GRANTED = select(Grant.membership_id).where(Grant.folder_id == bindparam("folder", type_=Id)).order_by(Grant.membership_id)


def list_folder_grants(database: Database, caller: Caller) -> Sequence[Row[Any]]:
    """All folders of the caller's own organisation, each with the number of its members."""
    return database.read(_COUNTED, {"organisation": caller.organisation_id})


def folder_members(database: Database, caller: Caller, folder_id: str) -> tuple[Row[Any], list[str]]:
    """The folder, and the members who may use it. Raises NotFound ``folder_not_found``."""
    found = database.read(_FOLDER, {"organisation": caller.organisation_id, "folder": folder_id})
    if not found:
        raise _no_folder()
    return found[0], [row.membership_id for row in database.read(_GRANTED, {"folder": folder_id})]


def save_folder_members(tx: Transaction, caller: Caller, folder_id: str, *, ticks: Mapping[str, bool]) -> None:
    """Let these members use the folder, or no longer; the others keep what they have (ACC-79, ACC-80).

    The caller has made sure that all who are to use it are members of that organisation. Raises NotFound ``folder_not_found``.
    """
    # In one order, so that two who save at once wait for each other and never for themselves.
    revisions = {membership_id: locked_revision(tx, membership_id) for membership_id in sorted(ticks)}
    kept = select(Folder.id).where(Folder.id == folder_id, Folder.organisation_id == caller.organisation_id, Folder.removed_at.is_(None))
    if tx.scalar(kept.with_for_update(read=True, key_share=True)) is None:
        raise _no_folder()
    had = set(tx.scalars(select(Grant.membership_id).where(Grant.folder_id == folder_id, Grant.membership_id.in_(ticks))))
    for membership_id, granted in ticks.items():
        if granted != (membership_id in had):
            given, taken = ([folder_id], []) if granted else ([], [folder_id])
            change(tx, caller.organisation_id, Change(membership_id, revisions[membership_id], given, taken))


def _no_folder() -> NotFound:
    return NotFound("folder_not_found", "There is no such folder in your organisation.")
