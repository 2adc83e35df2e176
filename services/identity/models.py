"""What identity keeps: accounts and their proofs, sessions, organisations and members, and the letters still to be sent.

No secret is stored that could be used by one who reads it: passwords as Argon2id, tokens and keys as SHA-256, short codes as keyed digests.
What has to be computed with, authenticators' shared keys and telephone numbers, is sealed with a key from the settings.
"""

from datetime import date, datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    UniqueConstraint,
    Uuid,
    text,
)
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
    system_id: Mapped[str] = mapped_column(String(12), unique=True)  # in this system (NET-10), without its check character
    beta: Mapped[bool] = mapped_column(default=False)  # wants to see what is not finished yet (AMI-24)
    created_at: Mapped[datetime]
    terms_version: Mapped[str] = mapped_column(String(20), default="")  # of the terms and conditions, as accepted last
    terms_accepted_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]  # when its first session began: until then nobody has come in anywhere with it
    devices_ended_at: Mapped[datetime | None]  # logged out from all devices: the next one needs another proven factor or a new invitation


class Factor(Model):
    """A person's second factor, an authenticator app or a telephone. It is disabled for good at the 100th wrong code in a row."""

    __tablename__ = "factors"
    __table_args__ = (UniqueConstraint("user_id", "kind"),)

    id: Mapped[str] = key()
    user_id: Mapped[str] = refers("users.id")
    kind: Mapped[str] = mapped_column(String(20))
    secret: Mapped[str] = mapped_column(String(300))  # sealed: the authenticator's shared key, or the telephone number
    last_step: Mapped[int] = mapped_column(BigInteger)  # the newest time step whose code was used; it only moves forward
    failures: Mapped[int] = mapped_column(default=0)
    open_at: Mapped[datetime | None]  # before this moment no code is looked at
    disabled_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime]
    preferred_at: Mapped[datetime | None]  # of several, the one chosen last is asked for first


class FactorSetup(Model):
    """A second factor that a signed-in person is about to add: at most 5 codes in 10 minutes."""

    __tablename__ = "factor_setups"

    id: Mapped[str] = key()
    token: Mapped[bytes] = mapped_column(unique=True)
    user_id: Mapped[str] = refers("users.id", index=True)
    kind: Mapped[str] = mapped_column(String(20))
    secret: Mapped[str] = mapped_column(String(300))  # sealed, as a factor's
    tries: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


class SmsCode(Model):
    """The one code by SMS that counts for a sign-in, a session or a setup; the next one sent takes its place."""

    __tablename__ = "sms_codes"

    about: Mapped[str] = key()  # the attempt, session or setup it was sent for
    phone: Mapped[str] = mapped_column(String(300))  # sealed: where it was sent
    digest: Mapped[bytes]
    tries: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


class SmsBudget(Model):
    """When SMS were sent lately to a number, for an account or for an organisation: as many moments as may be within its period."""

    __tablename__ = "sms_budgets"

    subject: Mapped[bytes] = mapped_column(primary_key=True)  # SHA-256 of what is counted
    recent: Mapped[list[datetime]] = mapped_column(ARRAY(DateTime(timezone=True)))
    counted_at: Mapped[datetime] = mapped_column(index=True)


class RecoveryCode(Model):
    """One of ten codes that a person keeps for the day the telephone is lost; each works once."""

    __tablename__ = "recovery_codes"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[str] = refers("users.id", index=True)
    used_at: Mapped[datetime | None]


class VouchedCode(Model):
    """A code that an administrator made for a member who lost every second factor (BEY-05)."""

    __tablename__ = "vouched_codes"

    id: Mapped[str] = key()
    digest: Mapped[bytes] = mapped_column(unique=True)
    user_id: Mapped[str] = refers("users.id", index=True)
    made_by: Mapped[str] = refers("memberships.id")
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


class PasswordCounter(Model):
    """Wrong tries in a row: of passwords for an address, known or not, and of mailed codes that begin alike."""

    __tablename__ = "password_counters"

    address: Mapped[bytes] = mapped_column(primary_key=True)  # SHA-256 of the address, or of what is tried
    failures: Mapped[int]
    open_at: Mapped[datetime | None]  # before this moment no password is looked at
    counted_at: Mapped[datetime]


class Attempt(Model):
    """A sign-in between password and code: at most 5 codes in 10 minutes."""

    __tablename__ = "sign_in_attempts"

    id: Mapped[str] = key()
    token: Mapped[bytes] = mapped_column(unique=True)
    user_id: Mapped[str] = refers("users.id", index=True)
    enrolment_secret: Mapped[str | None] = mapped_column(String(300))  # sealed
    replaces: Mapped[bool] = mapped_column(default=False)  # after a vouched code: what is enrolled takes the place of all older factors
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
    authenticated_at: Mapped[datetime]  # when a second factor was given last
    password_at: Mapped[datetime]  # when the password was given last
    method: Mapped[str] = mapped_column(String(20), default="")  # what the second factor was
    device_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False), index=True)  # the enrolled device it was opened on
    address: Mapped[str] = mapped_column(String(60), default="")  # internet address of the last use
    identifier_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))  # a number not proven that opened it: what was entered with that
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
        Index(
            "ix_memberships_limited",
            "id",
            postgresql_where=text("removed_at is null and (first_day is not null or last_day is not null or not in_force)"),
        ),
    )

    id: Mapped[str] = key()
    organisation_id: Mapped[str] = refers("organisations.id")
    user_id: Mapped[str] = refers("users.id")
    role: Mapped[str] = mapped_column(String(30))
    programmes: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger), default=list)  # the scope of a programme administrator
    version: Mapped[int] = mapped_column(default=1)
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    first_day: Mapped[date | None]  # both days included, in the organisation's time zone; none: until further notice
    last_day: Mapped[date | None]
    stop_emails: Mapped[bool] = mapped_column(default=False)  # with the access, not only with the removal
    in_force: Mapped[bool] = mapped_column(default=True)  # as last announced; whether somebody may work is read from the days
    phone: Mapped[str | None] = mapped_column(String(300))  # sealed: where a confirmation code goes, as an administrator wrote it
    identifier_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))  # by which the person was added here
    identifier: Mapped[str | None] = mapped_column(String(1000))  # sealed: the same, as it was written here
    entered: Mapped[list[str] | None] = mapped_column(ARRAY(String(254)))  # address and names as entered: shown until the person comes in


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
