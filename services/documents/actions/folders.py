"""Make the folders of a client: the firm's business alone."""

import uuid_utils.compat as uuid
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1.events_pb2 import FolderCreated
from sqlalchemy.dialects.postgresql import insert

from chassis import clock
from chassis.caller import Caller
from chassis.db import Transaction
from chassis.errors import Conflict, Invalid, NotFound
from services.documents import rules
from services.documents.models import Client, Folder


def create_folder(tx: Transaction, caller: Caller, request: pb.CreateFolderRequest) -> Folder:
    """Make a folder for a client of the caller's firm (ACC-02, ACC-10).

    Raises NotFound for a client of somebody else, Conflict ``folder_exists`` for a name it has already.
    """
    client = tx.get(Client, request.organisation_id)
    if client is None or client.firm_id != caller.organisation_id:
        raise NotFound("client_not_found", "There is no such client of your firm.")
    name = " ".join(request.name.split())
    if not name or not name.isprintable():
        raise Invalid("folder_name_invalid", "The name cannot be used.", fields={"name": "folder_name_invalid"})
    values = {
        "id": str(uuid.uuid7()), "organisation_id": client.organisation_id, "name": name, "name_key": rules.name_key(name),
        "service_area": request.service_area, "created_at": clock.now(),
    }  # fmt: skip
    folder: Folder | None = tx.scalar(insert(Folder).values(values).on_conflict_do_nothing().returning(Folder))
    if folder is None:
        raise Conflict("folder_exists", "The client already has a folder of this name.", facts={"name": name})
    tx.emit(
        FolderCreated(folder_id=folder.id, organisation_id=folder.organisation_id, service_area=request.service_area),
        about=folder.id, organisation=folder.organisation_id,
    )  # fmt: skip
    tx.record("folder.create", organisation=folder.organisation_id, subject=folder.id, name=name)
    return folder
