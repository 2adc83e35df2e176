"""What identity keeps of sign-ins through providers: those under way, and which person at a provider is which of ours."""

from datetime import datetime

from sqlalchemy import String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.models import Model, key, refers


class ProviderSignIn(Model):
    """A browser that is away at a provider: 10 minutes, once. Digests only; what proves it is with that browser."""

    __tablename__ = "provider_sign_ins"

    state: Mapped[bytes] = mapped_column(primary_key=True)
    browser: Mapped[bytes]
    provider: Mapped[str] = mapped_column(String(40))
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    # Of one that goes on with our second factor: the attempt, and whom to bind once that is given.
    attempt_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False), unique=True)
    user_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    issuer: Mapped[str] = mapped_column(String(500))
    subject: Mapped[str | None] = mapped_column(String(255))
    identifier_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))  # the number, not proven, by which it found the account


class ProviderBinding(Model):
    """Whom a provider means by a subject, since a verified address said so the first time. One of each provider for a person."""

    __tablename__ = "provider_bindings"
    __table_args__ = (UniqueConstraint("subject", "issuer"), UniqueConstraint("user_id", "issuer"))

    id: Mapped[str] = key()
    user_id: Mapped[str] = refers("users.id")
    issuer: Mapped[str] = mapped_column(String(500))
    subject: Mapped[str] = mapped_column(String(255))
    bound_at: Mapped[datetime]
    used_at: Mapped[datetime]
