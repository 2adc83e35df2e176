"""Keep the folders of a client: make, rename and remove them. The firm's business alone."""

from collections.abc import Sequence
from typing import Any

import uuid_utils.compat as uuid
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1.events_pb2 import FolderCreated, FolderRemoved, FolderRenamed
from sqlalchemy import Row, Select, bindparam, exists, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from chassis import clock
from chassis.caller import Caller
from chassis.db import Database, Transaction
from chassis.errors import Conflict, Invalid, NotFound
from services.documents import access, rules
from services.documents.models import Client, Document, Folder, Grant

COUNTED = 10_000
_in_folder: Select[Any] = select(literal_column("1")).where(Document.folder_id == Folder.id, access.IN_FOLDER).limit(COUNTED)
_ALL = (
    select(
        Folder.id, Folder.organisation_id, Folder.name, Folder.service_area,
        select(func.count()).select_from(_in_folder.correlate(Folder).subquery()).scalar_subquery().label("documents"),
        select(func.count()).where(Grant.folder_id == Folder.id).scalar_subquery().label("members"),
    )
    .where(Folder.organisation_id == bindparam("organisation"), Folder.removed_at.is_(None))
    .where(exists().where(Client.organisation_id == Folder.organisation_id, Client.firm_id == bindparam("firm")))
    .order_by(Folder.name_key)
)  # fmt: skip


def create_folder(tx: Transaction, caller: Caller, request: pb.CreateFolderRequest) -> Folder:
    """Make a folder for a client of the caller's firm (ACC-02, ACC-10).

    Raises NotFound for a client of somebody else, Conflict ``folder_exists`` for a name it has already.
    """
    client = tx.get(Client, request.organisation_id)
    if client is None or client.firm_id != caller.organisation_id or not caller.reaches(client.organisation_id):
        raise NotFound("client_not_found", "There is no such client of your firm.")
    name = _judged(request.name)
    values = {
        "id": str(uuid.uuid7()), "organisation_id": client.organisation_id, "name": name, "name_key": rules.name_key(name),
        "service_area": request.service_area, "created_at": clock.now(),
    }  # fmt: skip
    folder: Folder | None = tx.scalar(insert(Folder).values(values).on_conflict_do_nothing().returning(Folder))
    if folder is None:
        raise _exists(name)
    tx.emit(
        FolderCreated(folder_id=folder.id, organisation_id=folder.organisation_id, service_area=request.service_area),
        about=folder.id, organisation=folder.organisation_id,
    )  # fmt: skip
    tx.record("folder.create", organisation=folder.organisation_id, subject=folder.id, name=name)
    return folder


def list_client_folders(database: Database, caller: Caller, organisation_id: str) -> Sequence[Row[Any]]:
    """All folders of a client of the caller's firm, by name, with what is in them; none of somebody else's client."""
    return database.read(_ALL, {"organisation": organisation_id, "firm": caller.organisation_id}) if caller.reaches(organisation_id) else []


def rename_folder(tx: Transaction, caller: Caller, request: pb.RenameFolderRequest) -> Folder:
    """Give a folder of the caller's clients another name (ACC-10).

    Raises NotFound, Conflict ``folder_exists``, Invalid ``folder_name_invalid``.
    """
    name = _judged(request.name)
    folder = _kept(tx, caller, request.folder_id)
    folder.name, folder.name_key, folder.revision = name, rules.name_key(name), folder.revision + 1
    try:
        tx.flush()
    except IntegrityError as error:
        raise _exists(name) from error
    tx.emit(
        FolderRenamed(folder_id=folder.id, organisation_id=folder.organisation_id),
        about=folder.id, version=folder.revision, organisation=folder.organisation_id,
    )  # fmt: skip
    tx.record("folder.rename", organisation=folder.organisation_id, subject=folder.id, name=name)
    return folder


def remove_folder(tx: Transaction, caller: Caller, folder_id: str) -> None:
    """Remove an empty folder of the caller's clients (ACC-10).

    Raises NotFound, Conflict ``folder_not_empty``. The row stays, for what was once in it, and the ticks say who may know of that (BEY-02).
    """
    folder = _kept(tx, caller, folder_id)
    if tx.scalar(select(exists().where(Document.folder_id == folder.id, access.IN_FOLDER))):
        raise Conflict("folder_not_empty", "There are documents in the folder.", facts={"name": folder.name})
    folder.removed_at, folder.revision = clock.now(), folder.revision + 1
    tx.emit(
        FolderRemoved(folder_id=folder.id, organisation_id=folder.organisation_id),
        about=folder.id, version=folder.revision, organisation=folder.organisation_id,
    )  # fmt: skip
    tx.record("folder.remove", organisation=folder.organisation_id, subject=folder.id, name=folder.name)


def _kept(tx: Transaction, caller: Caller, folder_id: str) -> Folder:
    """The folder, locked: nobody puts a document into it meanwhile. Raises NotFound unless it is one of a client of the caller's firm."""
    of_the_firm = exists().where(Client.organisation_id == Folder.organisation_id, Client.firm_id == caller.organisation_id)
    folder: Folder | None = tx.scalar(
        select(Folder).where(Folder.id == folder_id, Folder.removed_at.is_(None), of_the_firm).with_for_update()
    )
    if folder is None or not caller.reaches(folder.organisation_id):
        raise NotFound("folder_not_found", "There is no such folder at a client of your firm.")
    return folder


def _judged(name: str) -> str:
    cleaned = " ".join(name.split())
    if not cleaned or not cleaned.isprintable():
        raise Invalid("folder_name_invalid", "The name cannot be used.", fields={"name": "folder_name_invalid"})
    return cleaned


def _exists(name: str) -> Conflict:
    return Conflict("folder_exists", "The client already has a folder of this name.", facts={"name": name})
