"""What identity keeps of the keys of back-office systems: nothing that opens anything."""

from datetime import datetime

from sqlalchemy import ARRAY, CheckConstraint, Integer, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.models import Model, key, refers


class ApiKey(Model):
    """A back-office system's key, by digest. It acts as the membership that made it, within these permissions."""

    __tablename__ = "api_keys"

    id: Mapped[str] = key()
    digest: Mapped[bytes] = mapped_column(unique=True)
    prefix: Mapped[str] = mapped_column(String(20))
    label: Mapped[str]
    organisation_id: Mapped[str] = refers("organisations.id", index=True)
    membership_id: Mapped[str] = refers("memberships.id")
    permissions: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    clients: Mapped[list[str] | None] = mapped_column(ARRAY(Uuid(as_uuid=False)))  # None: all of the firm's
    certificate: Mapped[str | None] = mapped_column(String(64))  # SHA-256, in hexadecimal
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_from: Mapped[str | None] = mapped_column(String(45))
    refused_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    # An empty list would be taken for no limit.
    __table_args__ = (CheckConstraint("cardinality(clients) > 0", name="clients"),)
