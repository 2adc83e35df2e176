"""Have the store itself refuse to delete what is on legal hold, and let go of it when the hold has ended (P18)."""

from datetime import timedelta

from sqlalchemy import Update, any_, bindparam, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from chassis import telemetry
from chassis.db import Database
from chassis.errors import NotFound
from services.documents import holds
from services.documents.holds import CANNOT, FREE, HELD, LOCKED, ON_ITS_WAY
from services.documents.models import Document, Folder, Id, Version
from services.documents.models_retention import Hold
from services.documents.vault import Vault

EVERY = timedelta(minutes=1)
ROWS = 200
ROUNDS = 50


def run(database: Database, vault: Vault, *_: str) -> None:
    """Bring the store in line with the rows. Raises Unavailable if it does not answer: the rows forbid deletion all the while."""
    for held in (True, False):
        for _round in range(ROUNDS):
            taken = _take(database, held=held)
            for version_id in taken:
                _settle(database, vault, version_id, held=held)
            if len(taken) < ROWS:
                break


def _take(database: Database, *, held: bool) -> list[str]:
    """Versions whose lock is not as it should be. Before the store hears of one, its row says so: then nobody deletes it meanwhile."""
    rows = database.read(_UNLOCKED if held else _LOCKED, {"limit": ROWS})
    by_client: dict[str, list[str]] = {}
    for row in rows:
        by_client.setdefault(row.organisation_id, []).append(row.id)
    taken: list[str] = []
    for organisation_id, ids in by_client.items():
        with database.transaction() as tx:
            holds.keep_out(tx, organisation_id)
            taken += tx.scalars(_TAKE_TO_LOCK if held else _TAKE_TO_FREE, {"ids": ids}).all()
    return taken


def _settle(database: Database, vault: Vault, version_id: str, *, held: bool) -> None:
    try:
        kept = vault.hold(version_id, on=held)
    except NotFound:
        telemetry.log(__name__).error("nothing to lock in the store", version_id=version_id)
        kept = False
    with database.transaction() as tx:
        found = tx.execute(_SETTLED, {"of_version": version_id, "state": (LOCKED if kept else CANNOT) if held else FREE}).one_or_none()
    if found is None and held:
        # Deleted or let go while it was on its way: then the store must let go of it too.
        vault.hold(version_id, on=False)


def _take_from(states: tuple[int, ...], *, held: bool) -> Update:
    chosen = Version.id == any_(bindparam("ids", type_=ARRAY(Id)))
    right = HELD if held else ~HELD
    return (
        update(Version)
        .where(chosen, Version.document_id == Document.id, Version.store_hold.in_(states), right)
        .values(store_hold=ON_ITS_WAY)
        .returning(Version.id)
        .execution_options(synchronize_session=False)
    )  # fmt: skip


_WAITING, _HOLDING = (FREE, ON_ITS_WAY), (LOCKED, CANNOT, ON_ITS_WAY)
_of_clients = select(Version.id, Document.organisation_id).join(Document, Document.id == Version.document_id)
_UNLOCKED = (
    _of_clients.where(Version.store_hold.in_(_WAITING))
    .join(Folder, Folder.id == Document.folder_id)
    .where(Folder.organisation_id.in_(select(Hold.organisation_id).where(Hold.released_at.is_(None))), HELD)
    .limit(bindparam("limit"))
)
_LOCKED = _of_clients.where(Version.store_hold.in_(_HOLDING), Version.store_hold != FREE, ~HELD).limit(bindparam("limit"))
_TAKE_TO_LOCK, _TAKE_TO_FREE = _take_from(_WAITING, held=True), _take_from(_HOLDING, held=False)
_SETTLED = (
    update(Version)
    .where(Version.id == bindparam("of_version", type_=Id), Version.store_hold == ON_ITS_WAY)
    .values(store_hold=bindparam("state"))
    .returning(Version.id)
    .execution_options(synchronize_session=False)
)
