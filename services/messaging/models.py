"""Messages, and who at the firm may read those of which client."""

from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, DateTime, Index, MetaData, SmallInteger, String, Text, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis import db


class Model(DeclarativeBase):
    """What all tables of this service share."""

    metadata = MetaData(naming_convention=db.NAMING)


class Message(Model):
    """One message about a client's affairs, to those at the firm who serve it in one area."""

    __tablename__ = "messages"
    # Ids are UUIDv7, so newest first is by id. A page costs the same however long the history.
    __table_args__ = (
        Index("ix_messages_of_area", "organisation_id", "service_area", "id"),
        Index("ix_messages_of_sender", "organisation_id", "sent_by_user_id", "id"),
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    service_area: Mapped[int] = mapped_column(SmallInteger)
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    # Ids only: names are looked up where access to documents is checked.
    document_ids: Mapped[list[str]] = mapped_column(ARRAY(Uuid(as_uuid=False)))
    sent_by_user_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    sent_by_membership_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    # As the sender was called then: it stays readable when the sender is gone.
    sent_by: Mapped[str] = mapped_column(String(300))
    sent_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ConsultantAccess(Model):
    """What linking has told last about a consultant's areas at a client; none when that has ended."""

    __tablename__ = "consultant_access"

    organisation_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    membership_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    service_areas: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    version: Mapped[int] = mapped_column(BigInteger)
