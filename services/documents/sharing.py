"""Share a file: make it the newest version of a document, and tell everybody whom that concerns."""

from google.protobuf.message import Message
from kontor.documents.v1.events_pb2 import DocumentPublished
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from chassis import clock
from chassis.db import Transaction
from services.documents import access, rules
from services.documents.models import Change, Document, Feed, Folder

# What the list shows of a document is that of its newest shared version.
_SHOWN = (
    "version_id",
    "size",
    "sha256",
    "content_type",
    "uploaded_by",
    "uploaded_by_firm",
    "uploader_organisation_id",
    "uploaded_at",
)


def become_version(entry: Document, *, of: Document, versions: int = 1) -> None:
    """Let what ``entry`` shows be the newest version of another document from now on (ACC-42); its id goes on leading there.

    ``versions`` is how many versions it brings along.
    """
    # A document never ends before a version of it does.
    ends = max(of.expires_at, entry.expires_at)
    for column in _SHOWN:
        setattr(of, column, getattr(entry, column))
    of.expires_at = ends
    entry.merged_into = of.id
    raise_version(of, by=versions)
    entry.status = of.status


def raise_version(document: Document, *, by: int = 1) -> None:
    """Count a version that is shared now."""
    document.revision += 1
    document.version += by
    document.status = rules.shared_status(document.version)


def announce(tx: Transaction, document: Document, *, by_membership_id: str) -> None:
    """Tell everybody who may see a document that its newest version is shared."""
    event = DocumentPublished(
        document_id=document.id, organisation_id=document.organisation_id, folder_id=document.folder_id, version=document.version,
        service_area=area(tx, document.folder_id),  # type: ignore[arg-type]  # the number of the enum
        uploaded_by_membership_id=by_membership_id, uploaded_by_firm=document.uploaded_by_firm,
        reader_membership_ids=access.readers(tx, document.folder_id),
    )  # fmt: skip
    tx.emit(event, about=document.id, version=document.revision, organisation=document.organisation_id)
    note(tx, document, event)
    tx.record(
        "document.publish",
        organisation=document.organisation_id,
        subject=document.id,
        version=str(document.version),
        sha256=document.sha256,
    )


def note(tx: Transaction, document: Document, event: Message) -> None:
    """Put what happened to a shared document into its client's change feed (BEY-15)."""
    newest = insert(Feed).values(organisation_id=document.organisation_id, position=1)
    claimed = newest.on_conflict_do_update(index_elements=["organisation_id"], set_={"position": Feed.position + 1})
    position = tx.execute(claimed.returning(Feed.position)).scalar_one()
    change = {"organisation_id": document.organisation_id, "position": position, "document_id": document.id, "at": clock.now()}
    tx.execute(insert(Change).values(type=event.DESCRIPTOR.full_name, **change))


def area(tx: Transaction, folder_id: str) -> int:
    """The service area of a folder."""
    return tx.scalars(select(Folder.service_area).where(Folder.id == folder_id)).one()
