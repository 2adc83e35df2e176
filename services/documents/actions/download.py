"""Fetch documents: one as it was, or several as a zip."""

from collections.abc import Iterator, Sequence
from typing import Any

import zipstream
from sqlalchemy import Row

from chassis.caller import Caller
from chassis.db import Database
from chassis.errors import Conflict, NotFound
from services.documents import access, rules
from services.documents.rules import SHARED, Status
from services.documents.vault import Vault

PIECE = 256 * 1024


def readable(database: Database, caller: Caller, ids: Sequence[str]) -> list[Row[Any]]:
    """The documents, if the caller sees every one and all were scanned clean. Raises NotFound or Conflict ``not_scanned_clean``.

    Who uploaded a file is refused like everybody else: nobody reads what was not scanned (ACC-58, ACC-59).
    """
    rows = access.documents(database, caller, list(ids))
    if len(rows) < len(set(map(str.lower, ids))):
        raise NotFound("document_not_found", "There is no such document, or you may not see it.")
    for row in rows:
        if row.status not in SHARED:
            raise Conflict("not_scanned_clean", "The file is not scanned clean.", facts={"status": Status(row.status).name.lower()})
    return rows


def zipped(vault: Vault, documents: Sequence[Row[Any]]) -> Iterator[bytes]:
    """A zip of these documents while it is made; documents are mostly compressed already, so it only packs."""
    archive = zipstream.ZipStream(compress_type=zipstream.ZIP_STORED)
    for document, name in zip(documents, rules.unique_names(row.name for row in documents), strict=True):
        archive.add(_when_reached(vault, document.version_id), name)
    yield from archive


def _when_reached(vault: Vault, version_id: str) -> Iterator[bytes]:
    """Opened only when the zip comes to it: a connection at a time, however many documents there are."""
    yield from vault.read(version_id)
