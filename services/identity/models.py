"""What identity keeps: accounts and their proofs, sessions, organisations and members, and the letters still to be sent.

No secret is stored that could be used by one who reads it: passwords as Argon2id, tokens and keys as SHA-256. The one exception
is the authenticator's shared key, which has to be computed with.
"""

from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, DateTime, ForeignKey, Index, Integer, LargeBinary, MetaData, String, UniqueConstraint, Uuid, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis import db


class Model(DeclarativeBase):
    """Identity's tables."""

    metadata = MetaData(naming_convention=db.NAMING)
    type_annotation_map = {str: String(200), datetime: DateTime(timezone=True), bytes: LargeBinary(32)}  # noqa: RUF012 - SQLAlchemy's name


def key() -> Mapped[str]:
    """A UUIDv7 of ours as primary key."""
    return mapped_column(Uuid(as_uuid=False), primary_key=True)


def refers(column: str, *, index: bool = False) -> Mapped[str]:
    """A reference to a row that must exist."""
    return mapped_column(Uuid(as_uuid=False), ForeignKey(column), index=index)


class User(Model):
    """A person's account: one per mail address (ACC-19, ACC-32)."""

    __tablename__ = "users"

    id: Mapped[str] = key()
    email: Mapped[str] = mapped_column(String(254), unique=True)
    first_name: Mapped[str]
    last_name: Mapped[str]
    language: Mapped[str] = mapped_column(String(10))  # empty until chosen
    password_hash: Mapped[str | None]
    verified_at: Mapped[datetime | None]
    operator: Mapped[bool] = mapped_column(default=False)  # runs the platform: may make firms
    created_at: Mapped[datetime]


class Factor(Model):
    """A person's second factor. It is disabled for good at the 100th wrong code in a row."""

    __tablename__ = "factors"
    __table_args__ = (UniqueConstraint("user_id", "kind"),)

    id: Mapped[str] = key()
    user_id: Mapped[str] = refers("users.id")
    kind: Mapped[str] = mapped_column(String(20))
    secret: Mapped[str] = mapped_column(String(64))
    last_step: Mapped[int] = mapped_column(BigInteger)  # the newest time step whose code was used; it only moves forward
    failures: Mapped[int] = mapped_column(default=0)
    open_at: Mapped[datetime | None]  # before this moment no code is looked at
    disabled_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime]


class PasswordCounter(Model):
    """Wrong passwords in a row for an address, whether or not it has an account."""

    __tablename__ = "password_counters"

    address: Mapped[bytes] = mapped_column(primary_key=True)  # SHA-256 of the address
    failures: Mapped[int]
    open_at: Mapped[datetime | None]  # before this moment no password is looked at
    counted_at: Mapped[datetime]


class Attempt(Model):
    """A sign-in between password and code: at most 5 codes in 10 minutes."""

    __tablename__ = "sign_in_attempts"

    id: Mapped[str] = key()
    token: Mapped[bytes] = mapped_column(unique=True)
    user_id: Mapped[str] = refers("users.id", index=True)
    enrolment_secret: Mapped[str | None] = mapped_column(String(64))
    tries: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


class Session(Model):
    """A signed-in browser or app. Ends 30 minutes after its last use, 12 hours after its start, or when ended."""

    __tablename__ = "sessions"

    id: Mapped[str] = key()
    token: Mapped[bytes] = mapped_column(unique=True)
    user_id: Mapped[str] = refers("users.id", index=True)
    membership_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False), ForeignKey("memberships.id"), index=True)
    user_agent: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)
    authenticated_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Organisation(Model):
    """A firm, or a client company that a firm made."""

    __tablename__ = "organisations"
    __table_args__ = (
        Index("uq_organisations_firm", "country", "number", unique=True, postgresql_where=text("kind = 'firm'")),
        Index("uq_organisations_client", "firm_id", "country", "number", unique=True, postgresql_where=text("kind = 'client'")),
    )

    id: Mapped[str] = key()
    kind: Mapped[str] = mapped_column(String(10))
    firm_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False), ForeignKey("organisations.id"))
    name: Mapped[str]
    number: Mapped[str] = mapped_column(String(30))
    country: Mapped[str] = mapped_column(String(2))
    time_zone: Mapped[str] = mapped_column(String(50))
    created_at: Mapped[datetime]


class Membership(Model):
    """A person in an organisation, from being added to being removed. Added again is a new row (ACC-84)."""

    __tablename__ = "memberships"
    __table_args__ = (
        Index("uq_memberships_living", "organisation_id", "user_id", unique=True, postgresql_where=text("removed_at is null")),
        Index("ix_memberships_user", "user_id", postgresql_where=text("removed_at is null")),
    )

    id: Mapped[str] = key()
    organisation_id: Mapped[str] = refers("organisations.id")
    user_id: Mapped[str] = refers("users.id")
    role: Mapped[str] = mapped_column(String(20))
    version: Mapped[int] = mapped_column(default=1)
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class Link(Model):
    """A mailed link. Its row stays 30 days after its end, so that it can still say what became of it (BEY-01)."""

    __tablename__ = "links"

    id: Mapped[str] = key()
    token: Mapped[bytes] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    user_id: Mapped[str] = refers("users.id", index=True)
    organisation_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False), ForeignKey("organisations.id"))
    letter_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]


class Letter(Model):
    """Mail that is due. It holds no link: that is made in the moment of sending, and only its digest is kept."""

    __tablename__ = "letters"
    __table_args__ = (
        Index("ix_letters_due", "due_at", postgresql_where=text("sent_at is null and dropped_at is null")),
        # However often somebody asks, one letter waits for an address.
        Index(
            "uq_letters_password",
            "email",
            unique=True,
            postgresql_where=text("kind = 'password' and sent_at is null and dropped_at is null"),
        ),
        Index("ix_letters_sent", "email", "kind", "sent_at"),
    )

    id: Mapped[str] = key()
    kind: Mapped[str] = mapped_column(String(30))
    email: Mapped[str] = mapped_column(String(254))
    membership_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False), ForeignKey("memberships.id"), index=True)
    inviter_name: Mapped[str]
    language: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime] = mapped_column(index=True)
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    dropped_at: Mapped[datetime | None]


class ApiKey(Model):
    """A back-office system's key. It acts as the membership that made it, within these permissions."""

    __tablename__ = "api_keys"

    id: Mapped[str] = key()
    digest: Mapped[bytes] = mapped_column(unique=True)
    prefix: Mapped[str] = mapped_column(String(20))
    label: Mapped[str]
    organisation_id: Mapped[str] = refers("organisations.id", index=True)
    membership_id: Mapped[str] = refers("memberships.id")
    permissions: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
