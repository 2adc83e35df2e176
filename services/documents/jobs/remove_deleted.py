"""Remove the bytes of what was deleted, and make its tombstone final. Whatever breaks off in between goes on here (P18)."""

from datetime import timedelta

from sqlalchemy import bindparam, select, update

from chassis import clock, telemetry
from chassis.db import Database
from chassis.errors import Conflict, Failure
from services.documents.models import Id, Moment
from services.documents.models_retention import Tombstone
from services.documents.preview.cache import Cache
from services.documents.vault import Vault

EVERY = timedelta(minutes=1)
ROWS = 1000
# Nobody else takes it while its bytes are removed; a process that dies over it gives it back after this.
LEASE = timedelta(minutes=2)
# A store that keeps what nothing here holds, is asked again later.
KEPT = timedelta(hours=1)


def run(database: Database, vault: Vault, pages: Cache, *_: str) -> None:
    """Remove until nothing is left to remove, or the store does not answer. Raises Unavailable then: the rows are still due."""
    for _row in range(ROWS):
        version_id = _claim(database)
        if version_id is None:
            return
        try:
            pages.forget(version_id)
            vault.forget(version_id)
        except Conflict as why:
            telemetry.log(__name__).error("the store does not let go", version_id=version_id, reason=why.reason)
            _postpone(database, version_id, by=KEPT)
        except Failure:
            _postpone(database, version_id, by=EVERY)
            raise
        else:
            _finish(database, version_id)


def _claim(database: Database) -> str | None:
    now = clock.now()
    with database.transaction() as tx:
        return tx.execute(_CLAIM, {"now": now, "until": now + LEASE}).scalar_one_or_none()


def _postpone(database: Database, version_id: str, *, by: timedelta) -> None:
    with database.transaction() as tx:
        tx.execute(_UNFINISHED.values(due_at=clock.now() + by), {"of_version": version_id})


def _finish(database: Database, version_id: str) -> None:
    with database.transaction() as tx:
        done = _UNFINISHED.values(deleted_at=clock.now()).returning(Tombstone.organisation_id, Tombstone.sha256)
        row = tx.execute(done, {"of_version": version_id}).one_or_none()
        if row is not None:
            tx.record("document.removed", organisation=row.organisation_id, subject=version_id, sha256=row.sha256)


_next = (
    select(Tombstone.id)
    .where(Tombstone.deleted_at.is_(None), Tombstone.due_at <= bindparam("now", type_=Moment))
    .order_by(Tombstone.due_at)
    .limit(1)
    .with_for_update(skip_locked=True)
    .correlate(None)
)
_CLAIM = (
    update(Tombstone)
    .where(Tombstone.id == _next.scalar_subquery())
    .values(due_at=bindparam("until", type_=Moment))
    .returning(Tombstone.id)
    .execution_options(synchronize_session=False)
)
_UNFINISHED = (
    update(Tombstone)
    .where(Tombstone.id == bindparam("of_version", type_=Id), Tombstone.deleted_at.is_(None))
    .execution_options(synchronize_session=False)
)
