"""The address book, the notices that stand in the portal, people's switches, and the mails that are due."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis import db

# Kinds of delivery, and the states of one.
DIGEST, MESSAGE, ANSWER, EXPIRY, STOPPED, DELETED = "digest", "message", "answer", "expiry", "stopped", "deleted"
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
    # The hour of the person's own day at which the digest leaves; the setting's where none was chosen.
    digest_hour: Mapped[int | None] = mapped_column(SmallInteger)
    # When name and language were told: an event that was overtaken changes nothing. Those entered with a membership are older than any.
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
    __table_args__ = (Index("ix_withdrawals_at", "at"),)

    membership_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    # A folder or a document with area 0, or an organisation with the area that is no longer served.
    scope_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    service_area: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Notice(Model):
    """One thing told to one member. Ids only: names are looked up where access is checked."""

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("membership_id", "kind", "subject_id", "version"),
        Index("ix_notices_page", "membership_id", "id"),
        Index("ix_notices_expiry", "subject_id", postgresql_where=sql("kind = 5")),
        Index("ix_notices_unread", "membership_id", "category", "at", postgresql_where=sql("read_at is null and digested_at is null")),
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    membership_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    kind: Mapped[int] = mapped_column(SmallInteger)
    category: Mapped[int] = mapped_column(SmallInteger)
    organisation_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    subject_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    thread_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    folder_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    service_area: Mapped[int] = mapped_column(SmallInteger)
    version: Mapped[int]
    unscannable: Mapped[bool]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    read_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    digested_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Switch(Model):
    """Whether a member is told of a category on a channel; where there is no row the default holds (ACC-68, AMI-08)."""

    __tablename__ = "switches"

    membership_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    category: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    channel: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    on: Mapped[bool]


class EmailStop(Model):
    """Whether a member's access is in force, and whether e-mails have stopped with it; without a row it is, and they go on (NET-14)."""

    __tablename__ = "email_stops"

    membership_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    stopped: Mapped[bool]
    # Whoever's access has ended does not see what stands in the portal (NET-13).
    in_force: Mapped[bool] = mapped_column(default=True, server_default=sql("true"))
    # When it was so: an event that was overtaken changes nothing.
    as_of: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Delivery(Model):
    """One mail: due, sending until its lease ends, then sent, dropped (nothing left to tell) or failed. It is written when it leaves."""

    __tablename__ = "deliveries"
    __table_args__ = (
        # The promise of one digest a person and day, and one mail a reader and message or answer.
        UniqueConstraint("recipient_id", "kind", "window"),
        Index("ix_deliveries_due", "due_at", postgresql_where=sql("state in ('due', 'sending')")),
        Index("ix_deliveries_ended_at", "ended_at", postgresql_where=sql("ended_at is not null")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    # A digest, and what gathers (gathering.py), goes to a person over all organisations, a mail about a message to one membership.
    recipient_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    kind: Mapped[str] = mapped_column(String(20))
    # The local date of a digest, or the id of the message or answer, or of what was the first to be told.
    window: Mapped[str] = mapped_column(String(36))
    # A digest tells what was posted before this moment.
    until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state: Mapped[str] = mapped_column(String(10))
    # When the next attempt is due; while it is being sent, the end of the lease.
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    attempts: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    # What a firm has answered and who there, which came with its event: gone as soon as the mail has ended (ACC-64).
    subject: Mapped[str | None] = mapped_column(String(200))
    text: Mapped[str | None] = mapped_column(Text)
    sent_by: Mapped[str | None] = mapped_column(String(300))
    # Of its link to get no more mails: the same at every attempt. Gone as soon as the mail has ended; then only its hash is known.
    token: Mapped[str | None] = mapped_column(String(43))


class UnsubscribeLink(Model):
    """The link in one mail that switches its category off for its reader. Of its token only the SHA-256 is kept."""

    __tablename__ = "unsubscribe_links"
    __table_args__ = (Index("ix_unsubscribe_links_user_id", "user_id"), Index("ix_unsubscribe_links_made_at", "made_at"))

    token: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    category: Mapped[int] = mapped_column(SmallInteger)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ExpiryBatch(Model):
    """Documents of one folder that will be deleted on one day, told in one notice: how many of them are still there to be told of."""

    __tablename__ = "expiry_batches"
    __table_args__ = (Index("ix_expiry_batches_organisation_id", "organisation_id"), Index("ix_expiry_batches_at", "at"))

    batch_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    files: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    # When it had reached its first reader.
    delivered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ExpiringVersion(Model):
    """One of them; goes when it was replaced, deleted, moved, held, or announced again."""

    __tablename__ = "expiring_versions"
    __table_args__ = (
        Index("ix_expiring_versions_version_id", "version_id"),
        Index("ix_expiring_versions_document_id", "document_id"),
    )

    batch_id: Mapped[str] = mapped_column(ForeignKey("expiry_batches.batch_id", ondelete="CASCADE"), primary_key=True)
    version_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    document_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))


class SmsReport(Model):
    """What became of an SMS: its provider's name for it and how far it came, as `actions/sms_reports.py` numbers it. No number, no text."""

    __tablename__ = "sms_reports"
    __table_args__ = (Index("ix_sms_reports_at", "at"),)

    message_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[int] = mapped_column(SmallInteger)
    # The provider's code for why it was not delivered.
    error: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
