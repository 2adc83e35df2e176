"""Say which folders a member may use: the ticks of the client's administrator."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from kontor.documents.v1.events_pb2 import FolderAccessChanged
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from chassis import clock
from chassis.caller import Caller
from chassis.db import Transaction
from chassis.errors import NotFound
from services.documents.models import Folder, FolderAccess, Grant


def ticks(tx: Transaction, organisation_id: str, membership_id: str) -> Sequence[tuple[Folder, bool]]:
    """All folders of the organisation, by name, and whether the member may use them."""
    granted = set(tx.scalars(select(Grant.folder_id).where(Grant.membership_id == membership_id)))
    kept = select(Folder).where(Folder.organisation_id == organisation_id, Folder.removed_at.is_(None)).order_by(Folder.name_key)
    folders = tx.scalars(kept.with_for_update(read=True, key_share=True))
    return [(folder, folder.id in granted) for folder in folders]


def save_folder_access(tx: Transaction, caller: Caller, membership_id: str, *, folder_ids: Collection[str]) -> None:
    """Let the member use exactly these folders of the caller's organisation, from now on (ACC-79, ACC-80).

    The caller has made sure that it is a member of that organisation. Raises NotFound for a folder of another one.
    """
    revision = locked_revision(tx, membership_id)
    wanted = {folder_id.lower() for folder_id in folder_ids}
    before = {folder.id: granted for folder, granted in ticks(tx, caller.organisation_id, membership_id)}
    if not wanted <= before.keys():
        raise NotFound("folder_not_found", "There is no such folder in your organisation.")
    granted = sorted(wanted - {folder_id for folder_id, had in before.items() if had})
    removed = sorted(folder_id for folder_id, had in before.items() if had and folder_id not in wanted)
    change(tx, caller.organisation_id, Change(membership_id, revision, granted, removed))


def take_over(tx: Transaction, organisation_id: str, membership_id: str, *, folder_ids: Collection[str]) -> None:
    """Let the member use these folders too: those of the one whose place it takes (AMI-11)."""
    revision = locked_revision(tx, membership_id)
    had = tx.scalars(select(Grant.folder_id).where(Grant.membership_id == membership_id))
    new = {*folder_ids} - {*had}
    kept = new & {*tx.scalars(select(Folder.id).where(Folder.id.in_(new), Folder.removed_at.is_(None)))}
    # Of folders that were removed only what was deleted there can be known (BEY-02): nobody need be told.
    _grant(tx, membership_id, sorted(new - kept))
    change(tx, organisation_id, Change(membership_id, revision, sorted(kept), ()))


@dataclass(frozen=True)
class Change:
    """What changes for one member. `revision` counts the member's saves."""

    membership_id: str
    revision: int
    granted: Sequence[str]
    removed: Sequence[str]


def change(tx: Transaction, organisation_id: str, what: Change) -> None:
    """Grant and take folders, and tell of it where anything changes."""
    if not what.granted and not what.removed:
        return
    _grant(tx, what.membership_id, what.granted)
    tx.execute(delete(Grant).where(Grant.membership_id == what.membership_id, Grant.folder_id.in_(what.removed)))
    event = FolderAccessChanged(
        organisation_id=organisation_id, membership_id=what.membership_id,
        granted_folder_ids=what.granted, removed_folder_ids=what.removed,
    )  # fmt: skip
    tx.emit(event, about=what.membership_id, version=what.revision, organisation=organisation_id)
    facts = {"granted": " ".join(what.granted), "removed": " ".join(what.removed)}
    tx.record("folder_access.save", organisation=organisation_id, subject=what.membership_id, **facts)


def _grant(tx: Transaction, membership_id: str, folder_ids: Collection[str]) -> None:
    if folder_ids:
        given = [{"folder_id": each, "membership_id": membership_id, "granted_at": clock.now()} for each in folder_ids]
        tx.execute(insert(Grant), given)


def locked_revision(tx: Transaction, membership_id: str) -> int:
    """The number of this save; a second one of the same member waits here until the first is committed."""
    next_revision = insert(FolderAccess).values(membership_id=membership_id, revision=1)
    statement = next_revision.on_conflict_do_update(index_elements=["membership_id"], set_={"revision": FolderAccess.revision + 1})
    return tx.execute(statement.returning(FolderAccess.revision)).scalar_one()
