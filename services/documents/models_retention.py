"""The tables about how documents end: what was announced, what is on hold, and what is left of what was deleted."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Index, Integer, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from services.documents.models import Id, Model, Moment


class Announcement(Model):
    """People were told that a version will be deleted, so many days before (BEY-02). Goes when it is deleted, or released from a hold."""

    __tablename__ = "announcements"
    __table_args__ = (Index("ix_announcements_batch_id", "batch_id"),)

    version_id: Mapped[str] = mapped_column(Id, primary_key=True)
    days: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    # What was told together; another one when it had to be told again, because it had reached nobody.
    batch_id: Mapped[str] = mapped_column(Id)
    announced_at: Mapped[datetime] = mapped_column(Moment)
    # When it had reached the first person.
    delivered_at: Mapped[datetime | None] = mapped_column(Moment)


class Hold(Model):
    """A legal hold of a document, or of all that a client has. Several may hold the same one; each ends by itself."""

    __tablename__ = "holds"
    __table_args__ = (
        Index("ix_holds_active", "organisation_id", "document_id", postgresql_where=text("released_at is null")),
        Index("ix_holds_newest", "organisation_id", text("id desc")),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    organisation_id: Mapped[str] = mapped_column(Id)
    # None: everything of the client.
    document_id: Mapped[str | None] = mapped_column(Id)
    reason: Mapped[str] = mapped_column(String(500))
    set_by: Mapped[str] = mapped_column(String(300))
    set_at: Mapped[datetime] = mapped_column(Moment)
    released_by: Mapped[str] = mapped_column(String(300), default="")
    release_reason: Mapped[str] = mapped_column(String(500), default="")
    released_at: Mapped[datetime | None] = mapped_column(Moment)


class Tombstone(Model):
    """What is left of a deleted version. Made when nobody can read it any more; final once its bytes are gone."""

    __tablename__ = "tombstones"
    __table_args__ = (
        Index("ix_tombstones_newest", "organisation_id", text("withdrawn_at desc"), text("id desc")),
        Index("ix_tombstones_document_id", "document_id"),
        Index("ix_tombstones_unfinished", "due_at", postgresql_where=text("deleted_at is null")),
    )

    # That of the version.
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    document_id: Mapped[str] = mapped_column(Id)
    organisation_id: Mapped[str] = mapped_column(Id)
    folder_id: Mapped[str] = mapped_column(Id)
    folder_name: Mapped[str] = mapped_column(String(100))
    service_area: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(600))
    period: Mapped[int] = mapped_column(SmallInteger)
    year: Mapped[int] = mapped_column(SmallInteger)
    # 0 for one that was never shared: only the side that uploaded it knows of it.
    version: Mapped[int] = mapped_column(Integer)
    content_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    uploaded_by: Mapped[str] = mapped_column(String(300))
    uploaded_by_firm: Mapped[bool] = mapped_column(Boolean)
    uploader_organisation_id: Mapped[str] = mapped_column(Id)
    uploaded_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    cause: Mapped[int] = mapped_column(SmallInteger)
    withdrawn_at: Mapped[datetime] = mapped_column(Moment)
    # When to remove the bytes, next or again.
    due_at: Mapped[datetime] = mapped_column(Moment)
    deleted_at: Mapped[datetime | None] = mapped_column(Moment)
    # The notice that made it permissible; none on request.
    notice_days: Mapped[int | None] = mapped_column(SmallInteger)
    notice_batch_id: Mapped[str | None] = mapped_column(Id)
    notice_announced_at: Mapped[datetime | None] = mapped_column(Moment)
    notice_delivered_at: Mapped[datetime | None] = mapped_column(Moment)
    # On request: who, and in their words why.
    deleted_by: Mapped[str] = mapped_column(String(300), default="")
    reason: Mapped[str] = mapped_column(String(500), default="")
