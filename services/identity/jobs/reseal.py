"""Seal anew with the current key what is sealed with an older one, so that that one can be taken out of the settings."""

from datetime import timedelta
from typing import Any

from sqlalchemy import literal, select, update
from sqlalchemy.orm import InstrumentedAttribute

from chassis.db import Database
from services.identity import identifiers
from services.identity.device_rows import Device
from services.identity.invitation_rows import Identifier, Invitation
from services.identity.models import Factor, Membership
from services.identity.sealing import Keyring
from services.identity.warning_rows import SmsWarning

EVERY = timedelta(hours=1)
AT_A_TIME = 500
# What is sealed, and beside what alone it opens.
SEALED: tuple[tuple[InstrumentedAttribute[Any], InstrumentedAttribute[str]], ...] = (
    (Factor.secret, Factor.user_id), (Membership.phone, Membership.id), (Membership.identifier, Membership.id),
    (Invitation.phone, Invitation.id), (Invitation.person, Invitation.id), (Identifier.sealed, Identifier.id),
    (SmsWarning.phone, SmsWarning.user_id), (Device.pin, Device.id),
)  # fmt: skip


def run(database: Database, keyring: Keyring) -> None:
    """Until none is left that is sealed with another key. One that is changed meanwhile is left alone: it is new already."""
    for secret, beside in SEALED:
        while _some(database, keyring, secret, beside) == AT_A_TIME:
            pass


def _some(database: Database, keyring: Keyring, secret: InstrumentedAttribute[Any], beside: InstrumentedAttribute[str]) -> int:
    table, country = secret.class_, (Identifier.country if secret.class_ is Identifier else literal(""))
    older = select(table.id, beside.label("beside"), secret.label("secret"), country.label("country")).where(
        secret.is_not(None), ~secret.startswith(f"{keyring.current}:", autoescape=True)
    )
    with database.transaction() as tx:
        rows = tx.execute(older.limit(AT_A_TIME)).all()
        for row in rows:
            opened = keyring.unseal(row.secret, bound_to=row.beside)
            fresh: dict[str, Any] = {secret.key: keyring.seal(opened, bound_to=row.beside)}
            if table is Identifier:
                # Looked up by a digest of the same key.
                fresh["digest"] = identifiers.renewed(keyring, row.country, opened)
            tx.execute(update(table).where(table.id == row.id, secret == row.secret).values(fresh))
    return len(rows)
