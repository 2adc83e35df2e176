"""Remove stored bytes that belong to no document: what an upload left that broke off between the store and the database."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import UUID

from sqlalchemy import any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY

from chassis import clock, telemetry
from chassis.db import Database
from services.documents.models import Id, Version
from services.documents.preview.cache import Cache
from services.documents.vault import Vault

EVERY = timedelta(hours=1)
# Younger bytes may belong to an upload that is still going on: a call lasts an hour at most.
_YOUNG = timedelta(hours=2)
_BATCH = 500
_KNOWN = select(Version.id).where(Version.id == any_(bindparam("ids", type_=ARRAY(Id))))


def run(database: Database, vault: Vault, pages: Cache, *_: str) -> None:
    """Compare the store with the rows, a few hundred at a time (P12)."""
    vault.tidy(older_than=_YOUNG)
    stored = (version_id for version_id in vault.version_ids() if _age(version_id) > _YOUNG)
    while batch := list(islice(stored, _BATCH)):
        known = {row.id for row in database.read(_KNOWN, {"ids": batch})}
        for version_id in batch:
            if version_id not in known:
                vault.forget(version_id)
                telemetry.log(__name__).info("orphan removed", version_id=version_id)
    for version_id in pages.sweep():
        telemetry.log(__name__).info("previews of a version that is gone removed", version_id=version_id)


def _age(version_id: str) -> timedelta:
    """How long ago the id was made: a UUIDv7 begins with its milliseconds."""
    return clock.now() - datetime.fromtimestamp((UUID(version_id).int >> 80) / 1000, UTC)
