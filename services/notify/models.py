"""The address book, the notices that stand in the portal, people's switches, and the mails that are due."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Identity, Index, MetaData, SmallInteger, String, UniqueConstraint, Uuid, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis import db

# Kinds of delivery, and the states of one.
DIGEST, MESSAGE = "digest", "message"
DUE, SENDING, SENT, DROPPED, FAILED = "due", "sending", "sent", "dropped", "failed"


class Model(DeclarativeBase):
    """What all tables of this service share."""

    metadata = MetaData(naming_convention=db.NAMING)


class Person(Model):
    """How a person is written to. Goes with the person's last membership."""

    __tablename__ = "people"

    user_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    # Empty until the first membership is known.
    email: Mapped[str] = mapped_column(String(254))
    first_name: Mapped[str] = mapped_column(String(100))
    language: Mapped[str] = mapped_column(String(10))
    time_zone: Mapped[str] = mapped_column(String(50))
    # When name and language were so: an event that was overtaken changes nothing.
    as_of: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Membership(Model):
    """A person in an organisation. The row stays when the member is removed, so that what comes late finds nobody."""

    __tablename__ = "memberships"
    __table_args__ = (Index("ix_memberships_user_id", "user_id"),)

    membership_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    user_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    organisation_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    removed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Organisation(Model):
    """What an organisation is called in mails."""

    __tablename__ = "organisations"

    organisation_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))


class Withdrawal(Model):
    """Until when a member could not see a folder, or a client's area: what happened before is not told any more, however late it comes."""

    __tablename__ = "withdrawals"

    membership_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    # A folder with area 0, or an organisation with the area that is no longer served.
    scope_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    service_area: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Notice(Model):
    """One thing told to one member. Ids only: names are looked up where access is checked."""

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("membership_id", "kind", "subject_id", "version"),
        Index("ix_notices_page", "membership_id", "id"),
        Index("ix_notices_unread", "membership_id", "kind", "at", postgresql_where=text("read_at is null and digested_at is null")),
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    membership_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    kind: Mapped[int] = mapped_column(SmallInteger)
    organisation_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    subject_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    folder_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    service_area: Mapped[int] = mapped_column(SmallInteger)
    version: Mapped[int]
    unscannable: Mapped[bool]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    read_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    digested_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Settings(Model):
    """A member's switches; who has no row has the defaults (ACC-68, AMI-08)."""

    __tablename__ = "settings"

    membership_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    documents_in_portal: Mapped[bool]
    documents_by_email: Mapped[bool]
    messages_by_email: Mapped[bool]


class Delivery(Model):
    """One mail: due, sending until its lease ends, then sent, dropped (nothing left to tell) or failed. It is written when it leaves."""

    __tablename__ = "deliveries"
    __table_args__ = (
        # The promise of one digest a person and day, and one mail a reader and message.
        UniqueConstraint("recipient_id", "kind", "window"),
        Index("ix_deliveries_due", "due_at", postgresql_where=text("state in ('due', 'sending')")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    # A digest goes to a person over all organisations, a mail about a message to one membership.
    recipient_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    kind: Mapped[str] = mapped_column(String(20))
    # The local date of a digest, or the id of the message.
    window: Mapped[str] = mapped_column(String(36))
    # A digest tells what was posted before this moment.
    until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state: Mapped[str] = mapped_column(String(10))
    # When the next attempt is due; while it is being sent, the end of the lease.
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    attempts: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
