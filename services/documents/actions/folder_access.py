"""Say which folders a member may use: the ticks of the client's administrator."""

from collections.abc import Collection, Sequence

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
    folders = tx.scalars(select(Folder).where(Folder.organisation_id == organisation_id).order_by(Folder.name_key))
    return [(folder, folder.id in granted) for folder in folders]


def save_folder_access(tx: Transaction, caller: Caller, membership_id: str, *, folder_ids: Collection[str]) -> None:
    """Let the member use exactly these folders of the caller's organisation, from now on (ACC-79, ACC-80).

    The caller has made sure that it is a member of that organisation. Raises NotFound for a folder of another one.
    """
    revision = _locked_revision(tx, membership_id)
    wanted = {folder_id.lower() for folder_id in folder_ids}
    before = {folder.id: granted for folder, granted in ticks(tx, caller.organisation_id, membership_id)}
    if not wanted <= before.keys():
        raise NotFound("folder_not_found", "There is no such folder in your organisation.")
    granted = sorted(wanted - {folder_id for folder_id, had in before.items() if had})
    removed = sorted(folder_id for folder_id, had in before.items() if had and folder_id not in wanted)
    if granted:
        tx.execute(insert(Grant), [{"folder_id": each, "membership_id": membership_id, "granted_at": clock.now()} for each in granted])
    tx.execute(delete(Grant).where(Grant.membership_id == membership_id, Grant.folder_id.in_(removed)))
    if granted or removed:
        tx.emit(
            FolderAccessChanged(
                organisation_id=caller.organisation_id, membership_id=membership_id, granted_folder_ids=granted, removed_folder_ids=removed
            ),
            about=membership_id, version=revision, organisation=caller.organisation_id,
        )  # fmt: skip
        facts = {"granted": " ".join(granted), "removed": " ".join(removed)}
        tx.record("folder_access.save", organisation=caller.organisation_id, subject=membership_id, **facts)


def _locked_revision(tx: Transaction, membership_id: str) -> int:
    """The number of this save; a second one of the same member waits here until the first is committed."""
    next_revision = insert(FolderAccess).values(membership_id=membership_id, revision=1)
    statement = next_revision.on_conflict_do_update(index_elements=["membership_id"], set_={"revision": FolderAccess.revision + 1})
    return tx.execute(statement.returning(FolderAccess.revision)).scalar_one()
