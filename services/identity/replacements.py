"""The table of addresses that are being replaced."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped

from services.identity.models import Model, key, refers

_OPEN = text("ended_at is null")


class Replacement(Model):
    """A member whose address is being replaced by another one, until that is first used or the replacing is given up (AMI-11)."""

    __tablename__ = "replacements"
    __table_args__ = (
        Index("uq_replacements_old", "old_id", unique=True, postgresql_where=_OPEN),
        Index("uq_replacements_new", "new_id", unique=True, postgresql_where=_OPEN),
    )

    id: Mapped[str] = key()
    organisation_id: Mapped[str] = refers("organisations.id", index=True)
    old_id: Mapped[str] = refers("memberships.id")
    new_id: Mapped[str] = refers("memberships.id")
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
