"""Which firm works for which client, and which of its consultants, in which areas."""

from datetime import datetime

from sqlalchemy import ARRAY, DateTime, Index, Integer, MetaData, SmallInteger, String, UniqueConstraint, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis import db


class Model(DeclarativeBase):
    """What all tables of this service share."""

    metadata = MetaData(naming_convention=db.NAMING)


class Link(Model):
    """A firm works for a client."""

    __tablename__ = "links"
    __table_args__ = (
        UniqueConstraint("organisation_id", "firm_id"),
        Index("ix_links_by_name", "firm_id", "name_key", "organisation_id"),
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    firm_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    organisation_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    client_name: Mapped[str] = mapped_column(String(200))
    # The name as it is sorted and searched: the same for Ø and ø.
    name_key: Mapped[str] = mapped_column(String(400))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    # What the firm does for the client; help with the portal is always part of it and not in here.
    service_areas: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    version: Mapped[int] = mapped_column(Integer)


class Consultant(Model):
    """In which areas a member of a firm works for a client. The row stays when that has ended, so that its version goes on."""

    __tablename__ = "consultants"
    __table_args__ = (Index("ix_consultants_membership_id", "membership_id"),)

    organisation_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    membership_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    firm_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    service_areas: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    version: Mapped[int] = mapped_column(Integer)

    @property
    def aggregate(self) -> str:
        """What events about this row are ordered by."""
        return f"{self.organisation_id}/{self.membership_id}"


class Member(Model):
    """A member of a firm who was assigned, or has been removed. The row stays: who was removed is assigned nothing any more."""

    __tablename__ = "members"

    membership_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    removed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
