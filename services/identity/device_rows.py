"""What identity keeps of devices: public keys, PINs, the tokens that refresh sessions, and computers that ask to be let in."""

from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.models import Model, key, refers


class Device(Model):
    """A telephone or browser that a person enrolled (NET-37). The private half of its key never leaves it."""

    __tablename__ = "devices"
    __table_args__ = (UniqueConstraint("user_id", "thumbprint"),)

    id: Mapped[str] = key()
    user_id: Mapped[str] = refers("users.id", index=True)
    thumbprint: Mapped[str] = mapped_column(String(43))  # of its key (RFC 7638): the same key enrolled again is the same device
    public_key: Mapped[str] = mapped_column(String(1000))  # JWK
    pin: Mapped[str | None] = mapped_column(String(400))  # Argon2id, and that sealed; none: a full sign-in is needed, and a new one
    pin_failures: Mapped[int] = mapped_column(default=0)  # in a row
    name: Mapped[str] = mapped_column(String(100))
    user_agent: Mapped[str] = mapped_column(String(300))
    enrolled_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    address: Mapped[str] = mapped_column(String(60), default="")  # internet address of the last use
    ended_at: Mapped[datetime | None]


class RefreshToken(Model):
    """What an app renews a device's session with. All of a session are a family: the second use of one ends the session (P8)."""

    __tablename__ = "refresh_tokens"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), index=True)
    made_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class WebSignIn(Model):
    """A computer that asks to be let in by a telephone (NET-38), for 2 minutes. The token in its QR code is made of the id and our key."""

    __tablename__ = "web_sign_ins"
    __table_args__ = (Index("ix_web_sign_ins_address", "address", "started_at"),)

    id: Mapped[str] = key()
    browser: Mapped[bytes] = mapped_column(unique=True)  # what only that browser has
    token: Mapped[bytes] = mapped_column(unique=True)
    code: Mapped[bytes] = mapped_column(unique=True)  # to type; keyed, as it is short
    user_agent: Mapped[str] = mapped_column(String(300))
    address: Mapped[str] = mapped_column(String(60))
    started_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    user_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False), index=True)  # who confirmed it
    confirmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]  # denied, or used
    denied: Mapped[bool] = mapped_column(default=False)
