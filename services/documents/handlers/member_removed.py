"""A member was removed: their folder access ends, or goes on at a new address; folders and documents stay (ACC-82, ACC-83)."""

from kontor.documents.v1.events_pb2 import FolderAccessChanged
from kontor.events.v1.envelope_pb2 import Envelope
from kontor.identity.v1 import events_pb2
from sqlalchemy import delete, update

from chassis.db import Transaction
from services.documents.actions import folder_access
from services.documents.models import Consultant, FolderAccess, Grant

EVENT = events_pb2.MemberRemoved


def handle(tx: Transaction, event: events_pb2.MemberRemoved, _: Envelope) -> None:
    """Take every tick and every area of this membership. Added again it is another one, and starts with none (ACC-84).

    Where the person only has a new address, the ticks go on with the membership that takes its place (AMI-11).
    """
    removed = sorted(tx.scalars(delete(Grant).where(Grant.membership_id == event.membership_id).returning(Grant.folder_id)))
    tx.execute(delete(Consultant).where(Consultant.membership_id == event.membership_id))
    if removed:
        saved = update(FolderAccess).where(FolderAccess.membership_id == event.membership_id).values(revision=FolderAccess.revision + 1)
        tx.emit(
            FolderAccessChanged(organisation_id=event.organisation_id, membership_id=event.membership_id, removed_folder_ids=removed),
            about=event.membership_id,
            version=tx.execute(saved.returning(FolderAccess.revision)).scalar_one(),
            organisation=event.organisation_id,
        )
        if event.replaced_by:
            folder_access.take_over(tx, event.organisation_id, event.replaced_by, folder_ids=removed)
