"""Change what a document is called and where it is: its name, folder, period and year (ACC-52)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kontor.documents.v1.events_pb2 import DocumentEdited, DocumentMoved
from sqlalchemy import Row, delete, or_, select, update
from sqlalchemy.exc import IntegrityError

from chassis.caller import Caller
from chassis.db import Database, Transaction
from chassis.errors import Conflict, Invalid, NotFound
from services.documents import access, rules, sharing
from services.documents.actions.upload import exists, judged_name
from services.documents.inspector.filetypes import ACCEPTED
from services.documents.models import Client, Document, Version
from services.documents.models_retention import Announcement
from services.documents.names import extension
from services.documents.rules import SHARED, Status


@dataclass(frozen=True)
class Edit:
    """What is to change; None for what stays. ``revision`` is what it was made for, 0 for whatever there is."""

    folder_id: str | None
    period: int | None
    year: int | None
    replace: bool
    revision: int
    name: str | None = None


@dataclass(frozen=True)
class Place:
    """Where a document is to be: the only one of this name, period and year in the folder."""

    folder: Row[Any]
    name: str
    period: int
    year: int


def update_document(database: Database, caller: Caller, document_id: str, *, edit: Edit, terms: rules.Terms) -> str:
    """Change a document; answers its id, or that of the document whose next version it became (ACC-40, ACC-53).

    ``terms`` say how long it will be kept in another service area (ACC-45). Raises NotFound for a document or folder the caller may not
    use, Invalid for the name, Conflict ``document_exists``, ``place_taken``, ``changed_meanwhile``, ``document_not_shared``.
    """
    while True:
        seen = access.document(database, caller, document_id)
        if edit.revision not in (0, seen.revision):
            raise Conflict("changed_meanwhile", "The document has been changed meanwhile.", facts={"name": seen.name})
        if seen.status not in SHARED:
            status = Status(seen.status).name.lower()
            raise Conflict("document_not_shared", "The document has not passed its scan.", facts={"name": seen.name, "status": status})
        try:
            with database.transaction() as tx:
                if settled := _apply(tx, caller, seen, edit, terms):
                    return settled
        except IntegrityError as error:
            # Somebody else took the place in this moment; the next look finds them there.
            if "uq_documents_slot" not in str(error.orig):
                raise


def _apply(tx: Transaction, caller: Caller, seen: Row[Any], edit: Edit, terms: rules.Terms) -> str | None:
    """The id to answer; none if the document has changed since it was seen."""
    place = _place(tx, caller, seen, edit)
    if (place.folder.id, place.name, place.period, place.year) == (seen.folder_id, seen.name, seen.period, seen.year):
        return str(seen.document_id)
    found = _locked(tx, seen, place)
    document = found.pop(seen.document_id, None)
    if document is None or document.revision != seen.revision:
        return None
    if found and not edit.replace:
        raise exists(place.name)
    if place.folder.service_area != seen.service_area:
        _retime(tx, document, area=place.folder.service_area, terms=terms)
    if not found:
        _move(tx, caller, document, place)
        return document.id
    return _become_version(tx, caller, document, _replaceable(list(found.values()), place))


def _place(tx: Transaction, caller: Caller, seen: Row[Any], edit: Edit) -> Place:
    """Where the document is to go, judged: the old and the new folder are the caller's to use, and of the same client."""
    access.usable_folder(tx, caller, seen.folder_id)
    folder = access.held_folder(tx, caller, edit.folder_id or seen.folder_id)
    if folder.organisation_id != seen.organisation_id:
        raise NotFound("folder_not_found", "There is no such folder at this client.")
    name = seen.name if edit.name is None else judged_name(edit.name)
    if _type(name) != _type(seen.name):
        wrong = {"name": "file_name_type_changed"}
        raise Invalid("file_name_type_changed", "The ending must stay of the same type.", fields=wrong, facts={"name": seen.name})
    return Place(folder, name, edit.period or seen.period, edit.year or seen.year)


def _type(name: str) -> str:
    known = ACCEPTED.get(extension(name))
    return known.content_type if known else extension(name)


def _locked(tx: Transaction, seen: Row[Any], place: Place) -> dict[str, Document]:
    """The document, and whoever has the place or waits for it: locked in one order, so that nobody waits in a circle."""
    takes_place = (
        (Document.folder_id == place.folder.id)
        & (Document.name_key == rules.name_key(place.name))
        & (Document.period == place.period)
        & (Document.year == place.year)
        & access.TAKES_PLACE
    )
    both = select(Document).where(or_((Document.id == seen.document_id) & access.IN_FOLDER, takes_place)).order_by(Document.id)
    return {each.id: each for each in tx.scalars(both.with_for_update())}


def _retime(tx: Transaction, document: Document, *, area: int, terms: rules.Terms) -> None:
    """Keep its versions for as long as those of the new area are kept; whoever was told another day is told again."""
    zone = tx.scalars(select(Client.time_zone).where(Client.organisation_id == document.organisation_id)).one_or_none() or "UTC"
    for version in tx.scalars(select(Version).where(Version.document_id == document.id)):
        ends = terms.end(version.received_at, area=area, time_zone=zone)
        if ends != version.expires_at:
            version.expires_at = ends
            tx.execute(delete(Announcement).where(Announcement.version_id == version.id))
        if version.id == document.version_id:
            document.expires_at = ends


def _replaceable(found: Sequence[Document], place: Place) -> Document:
    for each in found:
        if each.status in SHARED:
            return each
    raise Conflict("place_taken", "An upload to this place waits for its scan.", facts={"name": place.name})


def _move(tx: Transaction, caller: Caller, document: Document, place: Place) -> None:
    from_folder_id = document.folder_id
    document.folder_id, document.name, document.name_key = place.folder.id, place.name, rules.name_key(place.name)
    document.period, document.year = place.period, place.year
    document.revision += 1
    tx.flush()
    if document.folder_id == from_folder_id:
        event = DocumentEdited(
            document_id=document.id, organisation_id=document.organisation_id, folder_id=document.folder_id,
            edited_by_membership_id=caller.membership_id,
        )  # fmt: skip
        tx.emit(event, about=document.id, version=document.revision, organisation=document.organisation_id)
        sharing.note(tx, document, event)
    else:
        _tell_moved(tx, caller, document, from_folder_id=from_folder_id)
    facts = {"folder": document.folder_id, "from_folder": from_folder_id, "period": str(place.period), "year": str(place.year)}
    tx.record("document.edit", organisation=document.organisation_id, subject=document.id, name=place.name, **facts)


def _tell_moved(tx: Transaction, caller: Caller, document: Document, *, from_folder_id: str) -> None:
    readers, before = (set(access.readers(tx, each)) for each in (document.folder_id, from_folder_id))
    if readers - before:
        _announce_anew(tx, document)
    event = DocumentMoved(
        document_id=document.id, organisation_id=document.organisation_id, from_folder_id=from_folder_id, folder_id=document.folder_id,
        service_area=sharing.area(tx, document.folder_id),  # type: ignore[arg-type]  # the number of the enum
        version=document.version, moved_by_membership_id=caller.membership_id, uploaded_by_firm=document.uploaded_by_firm,
        reader_membership_ids=sorted(readers), new_reader_membership_ids=sorted(readers - before),
        former_reader_membership_ids=sorted(before - readers),
    )  # fmt: skip
    tx.emit(event, about=document.id, version=document.revision, organisation=document.organisation_id)
    sharing.note(tx, document, event)


def _announce_anew(tx: Transaction, document: Document) -> None:
    """Whoever sees it only now has not been told of its end, and nothing goes before they were (BEY-02)."""
    versions = select(Version.id).where(Version.document_id == document.id)
    tx.execute(delete(Announcement).where(Announcement.version_id.in_(versions)).execution_options(synchronize_session=False))


def _become_version(tx: Transaction, caller: Caller, document: Document, existing: Document) -> str:
    """Put the document's versions on top of those of the existing one, as if they had been uploaded there."""
    from_folder_id, versions = document.folder_id, document.version
    before = access.readers(tx, from_folder_id)
    # Also where it ends another day now than people were told.
    if existing.expires_at > document.expires_at or set(access.readers(tx, existing.folder_id)) - set(before):
        _announce_anew(tx, document)
    above = {"document_id": existing.id, "number": Version.number + existing.version}
    tx.execute(update(Version).where(Version.document_id == document.id, Version.number.is_not(None)).values(above))
    # Ids that led to this document lead on to the other.
    tx.execute(update(Document).where(Document.merged_into == document.id).values(merged_into=existing.id))
    sharing.become_version(document, of=existing, versions=versions)
    document.revision += 1
    tx.flush()
    event = DocumentMoved(
        document_id=document.id, organisation_id=document.organisation_id, from_folder_id=from_folder_id, folder_id=existing.folder_id,
        service_area=sharing.area(tx, existing.folder_id),  # type: ignore[arg-type]  # the number of the enum
        version=versions, moved_by_membership_id=caller.membership_id, uploaded_by_firm=document.uploaded_by_firm,
        became_document_id=existing.id, former_reader_membership_ids=before,
    )  # fmt: skip
    tx.emit(event, about=document.id, version=document.revision, organisation=document.organisation_id)
    sharing.announce(tx, existing, by_membership_id=caller.membership_id)
    facts = {"into": existing.id, "from_folder": from_folder_id}
    tx.record("document.edit", organisation=document.organisation_id, subject=document.id, name=existing.name, **facts)
    return existing.id
