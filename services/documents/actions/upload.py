"""Receive a document: from the first byte to "waiting for its scan"."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import uuid_utils.compat as uuid
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1.events_pb2 import DocumentReceived
from sqlalchemy import Row, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import String

from chassis import clock
from chassis.caller import Caller
from chassis.db import Database, Transaction
from chassis.errors import Conflict, Invalid
from services.documents import access, rules
from services.documents.inspector.filetypes import ACCEPTED
from services.documents.models import Client, Document, Version
from services.documents.names import clean_name, extension
from services.documents.rules import Status
from services.documents.vault import Received

# Whoever has the place of a name, period and year in a folder, or waits for it while being scanned; whoever has it last.
_HOLDERS = (
    select(Document.id, Document.name_key)
    .where(Document.folder_id == bindparam("folder"), Document.name_key == any_(bindparam("keys", type_=ARRAY(String))))
    .where(Document.period == bindparam("period"), Document.year == bindparam("year"), access.TAKES_PLACE)
    .order_by(Document.replaces.is_(None), Document.id)
)


@dataclass(frozen=True)
class Place:
    """Where an upload is to go: judged, and free or to be replaced."""

    folder: Row[Any]
    name: str
    period: int
    year: int
    replace: bool
    batch_id: str


def check_names(database: Database, caller: Caller, request: pb.CheckNamesRequest) -> Sequence[Row[Any]]:
    """The documents that uploads with these names would replace, as far as the caller sees them (ACC-40)."""
    with database.transaction() as tx:
        folder = access.usable_folder(tx, caller, request.folder_id)
        keys = [rules.name_key(judged_name(name)) for name in request.names]
        held = _holders(tx, folder.id, keys, period=request.period, year=request.year)
    return access.documents(database, caller, list(held.values()))


def judged_name(name: str) -> str:
    """The clean name, of a type that is accepted. Raises Invalid, with the name in it, for there may be many."""
    try:
        cleaned = clean_name(name)
    except Invalid as why:
        raise Invalid(why.reason, why.message, fields=why.fields, facts={"name": name[:100]}) from why
    if extension(cleaned) not in ACCEPTED:
        raise Invalid("file_name_type", "Files of this type are not accepted.", fields={"name": "file_name_type"}, facts={"name": cleaned})
    return cleaned


def find_place(database: Database, caller: Caller, start: pb.UploadStart) -> Place:
    """Judge an upload before its bytes are sent.

    Raises NotFound for a folder the caller may not use, Invalid for the name, Conflict ``document_exists`` if the folder has this name,
    period and year and ``replace`` is not set (ACC-40).
    """
    name = judged_name(start.name)
    with database.transaction() as tx:
        folder = access.usable_folder(tx, caller, start.folder_id)
        place = Place(folder, name, start.period, start.year, start.replace, start.batch_id)
        _replaced(tx, place)
    return place


def keep_upload(database: Database, caller: Caller, place: Place, *, version_id: str, received: Received, terms: rules.Terms) -> Document:
    """Make the received bytes a document that waits for its scan. ``terms`` say how long it will be kept (ACC-45).

    Raises as find_place does: folder and name are looked at again, with the row that decides.
    """
    while True:
        try:
            with database.transaction() as tx:
                return _keep(tx, caller, place, version_id=version_id, received=received, terms=terms)
        except IntegrityError as error:
            # Somebody else's first upload took the place in this moment: it exists now, and can be replaced.
            if not place.replace or "uq_documents_slot" not in str(error.orig):
                raise exists(place.name) from error


def _keep(tx: Transaction, caller: Caller, place: Place, *, version_id: str, received: Received, terms: rules.Terms) -> Document:
    access.held_folder(tx, caller, place.folder.id)
    now = clock.now()
    by_firm = caller.organisation_id != place.folder.organisation_id
    document = Document(
        id=str(uuid.uuid7()), organisation_id=place.folder.organisation_id, folder_id=place.folder.id, name=place.name,
        name_key=rules.name_key(place.name), period=place.period, year=place.year, status=Status.SCANNING, reason="",
        replaces=_replaced(tx, place), revision=1, version=0, version_id=version_id, size=received.size, sha256=received.sha256,
        content_type=ACCEPTED[extension(place.name)].content_type, uploaded_by=caller.organisation_name if by_firm else caller.name,
        uploaded_by_firm=by_firm, uploader_organisation_id=caller.organisation_id, uploaded_at=now,
        expires_at=terms.end(now, area=place.folder.service_area, time_zone=_time_zone(tx, place)),
    )  # fmt: skip
    tx.add(document)
    tx.flush()
    tx.add(_version(caller, place, document))
    tx.emit(
        DocumentReceived(document_id=document.id, version_id=version_id, organisation_id=document.organisation_id),
        about=document.id, organisation=document.organisation_id,
    )  # fmt: skip
    tx.record(
        "document.upload", organisation=document.organisation_id, subject=document.id, sha256=received.sha256, folder=document.folder_id
    )
    return document


def _version(caller: Caller, place: Place, document: Document) -> Version:
    return Version(
        id=document.version_id, document_id=document.id, status=Status.SCANNING, reason="", size=document.size, sha256=document.sha256,
        content_type=document.content_type, uploader_user_id=caller.user_id, uploader_membership_id=caller.membership_id,
        uploader_name=caller.name, uploader_organisation_id=caller.organisation_id, uploader_organisation_name=caller.organisation_name,
        batch_id=place.batch_id, received_at=document.uploaded_at, due_at=document.uploaded_at, attempts=0,
        expires_at=document.expires_at,
    )  # fmt: skip


def _time_zone(tx: Transaction, place: Place) -> str:
    return tx.scalars(select(Client.time_zone).where(Client.organisation_id == place.folder.organisation_id)).one_or_none() or "UTC"


def _replaced(tx: Transaction, place: Place) -> str | None:
    """The document this upload replaces; none if the place is free."""
    key = rules.name_key(place.name)
    held = _holders(tx, place.folder.id, [key], period=place.period, year=place.year).get(key)
    if held and not place.replace:
        raise exists(place.name)
    return held


def _holders(tx: Transaction, folder_id: str, keys: list[str], *, period: int, year: int) -> dict[str, str]:
    rows = tx.execute(_HOLDERS, {"folder": folder_id, "keys": keys, "period": period, "year": year})
    return {row.name_key: row.id for row in rows}


def exists(name: str) -> Conflict:
    """The failure of a document whose place is taken, where nobody chose "overwrite" (ACC-40)."""
    return Conflict("document_exists", "The folder already has this name for this period.", facts={"name": name})
