"""The tables of the documents service: folders and who may use them, documents and their versions, and the change feed."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, Integer, MetaData, SmallInteger, String, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.db import NAMING
from services.documents.rules import Status

Id = Uuid(as_uuid=False)
Moment = DateTime(timezone=True)
# What is a row of its own in its folder.
LISTED = text("merged_into is null and deleted_at is null")


class Model(DeclarativeBase):
    """All tables of this service."""

    metadata = MetaData(naming_convention=NAMING)


class Client(Model):
    """A client company, as far as this service needs to know it; from other services' events."""

    __tablename__ = "clients"

    organisation_id: Mapped[str] = mapped_column(Id, primary_key=True)
    firm_id: Mapped[str | None] = mapped_column(Id)
    name: Mapped[str] = mapped_column(String(200), default="")
    time_zone: Mapped[str] = mapped_column(String(60), default="")


class Consultant(Model):
    """In which areas a person of the firm works for a client (ACC-11); none any more when the list is empty."""

    __tablename__ = "consultants"
    __table_args__ = (Index(None, "organisation_id"),)

    membership_id: Mapped[str] = mapped_column(Id, primary_key=True)
    organisation_id: Mapped[str] = mapped_column(Id, primary_key=True)
    service_areas: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    # Version of the assignment this came from; an event that was overtaken changes nothing.
    version: Mapped[int] = mapped_column(BigInteger)


class Folder(Model):
    """A folder of one client for one service area (ACC-02)."""

    __tablename__ = "folders"
    __table_args__ = (Index("uq_folders_name", "organisation_id", "name_key", unique=True, postgresql_where=text("removed_at is null")),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    organisation_id: Mapped[str] = mapped_column(Id)
    name: Mapped[str] = mapped_column(String(100))
    name_key: Mapped[str] = mapped_column(String(300))
    service_area: Mapped[int] = mapped_column(SmallInteger)
    created_at: Mapped[datetime] = mapped_column(Moment)
    # Of the events about this folder.
    revision: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    # A removed folder stays for what was once in it; nobody uses it any more.
    removed_at: Mapped[datetime | None] = mapped_column(Moment)


class Grant(Model):
    """A tick: this member may use this folder (ACC-79). Nobody has one who was not given it (ACC-08).

    Of a folder that was removed it stays, and lets its member know of what was deleted there (BEY-02).
    """

    __tablename__ = "grants"
    __table_args__ = (Index(None, "membership_id"),)

    folder_id: Mapped[str] = mapped_column(ForeignKey("folders.id"), primary_key=True)
    membership_id: Mapped[str] = mapped_column(Id, primary_key=True)
    granted_at: Mapped[datetime] = mapped_column(Moment)


class FolderAccess(Model):
    """How often the ticks of a member were saved: its row is locked while they are, and orders the events about them."""

    __tablename__ = "folder_access"

    membership_id: Mapped[str] = mapped_column(Id, primary_key=True)
    revision: Mapped[int] = mapped_column(Integer)


class Document(Model):
    """A row of the document list.

    An upload that replaces a document is a row of its own while it is scanned, and stays one if it fails; passed, it becomes the
    next version of the replaced document, and its own id leads there (``merged_into``). So nothing unscanned ever touches what is shared.
    """

    __tablename__ = "documents"
    __table_args__ = (
        # One document a name, period and year in a folder (ACC-40), whoever comes first; failed and replacing uploads do not count.
        Index(
            "uq_documents_slot", "folder_id", "name_key", "period", "year", unique=True,
            postgresql_where=text("replaces is null and merged_into is null and deleted_at is null and status in (1, 2, 3)"),
        ),
        # The orders of the list.
        Index("ix_documents_newest", "folder_id", text("uploaded_at desc"), text("id desc"), postgresql_where=LISTED),
        Index("ix_documents_name", "folder_id", "name_key", "id", postgresql_where=LISTED),
        Index("ix_documents_size", "folder_id", "size", "id", postgresql_where=LISTED),
        # A status that few have, or none: without it, the list would be read to its end.
        Index("ix_documents_status", "folder_id", "status", text("uploaded_at desc"), text("id desc"), postgresql_where=LISTED),
        # Counting and the years of the filter are answered from this index alone.
        Index(
            "ix_documents_period", "folder_id", text("year desc"), text("period desc"), text("id desc"), postgresql_where=LISTED,
            postgresql_include=["status", "uploader_organisation_id", "uploaded_at", "uploaded_by_firm"],
        ),
        # Uploads to one place, which are settled in turn.
        Index("ix_documents_place", "folder_id", "name_key", "period", "year", postgresql_where=text("status = 1")),
        Index("ix_documents_merged_into", "merged_into", postgresql_where=text("merged_into is not null")),
        Index("ix_documents_replaces", "replaces", postgresql_where=text("replaces is not null")),
        Index("ix_documents_deleted_at", "deleted_at", postgresql_where=text("deleted_at is not null")),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    organisation_id: Mapped[str] = mapped_column(Id)
    folder_id: Mapped[str] = mapped_column(ForeignKey("folders.id"))
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(600))
    period: Mapped[int] = mapped_column(SmallInteger)
    year: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[Status] = mapped_column(SmallInteger)
    reason: Mapped[str] = mapped_column(String(40), default="")
    replaces: Mapped[str | None] = mapped_column(ForeignKey("documents.id"))
    merged_into: Mapped[str | None] = mapped_column(ForeignKey("documents.id"))
    # Of the events about this document.
    revision: Mapped[int] = mapped_column(Integer, default=1)
    # What follows is that of the shared version, or of the only one there is.
    version: Mapped[int] = mapped_column(Integer, default=0)
    version_id: Mapped[str] = mapped_column(Id)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    content_type: Mapped[str] = mapped_column(String(100))
    uploaded_by: Mapped[str] = mapped_column(String(300))
    uploaded_by_firm: Mapped[bool]
    # The side that sees it while it is not shared (ACC-57, ACC-58).
    uploader_organisation_id: Mapped[str] = mapped_column(Id)
    uploaded_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    # A deleted document has no version any more; its row goes when the change feed has forgotten it.
    deleted_at: Mapped[datetime | None] = mapped_column(Moment)


class Version(Model):
    """A file that was received whole. Its bytes are stored, sealed, under ``documents/<id>``."""

    __tablename__ = "versions"
    __table_args__ = (
        Index("ix_versions_waiting", "due_at", postgresql_where=text("status = 1")),
        Index("ix_versions_expires_at", "expires_at"),
        Index("ix_versions_store_hold", "store_hold", postgresql_where=text("store_hold <> 0")),
        Index("ix_versions_history", "document_id", "number"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id"))
    # 1, 2 … once it was shared (ACC-42); never given to one that was not.
    number: Mapped[int | None]
    status: Mapped[Status] = mapped_column(SmallInteger)
    reason: Mapped[str] = mapped_column(String(40), default="")
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    content_type: Mapped[str] = mapped_column(String(100))
    uploader_user_id: Mapped[str] = mapped_column(Id)
    uploader_membership_id: Mapped[str] = mapped_column(Id)
    uploader_name: Mapped[str] = mapped_column(String(300))
    uploader_organisation_id: Mapped[str] = mapped_column(Id)
    uploader_organisation_name: Mapped[str] = mapped_column(String(200))
    batch_id: Mapped[str] = mapped_column(String(36))
    received_at: Mapped[datetime] = mapped_column(Moment)
    # When to scan it, next or again; moved ahead while somebody is at it.
    due_at: Mapped[datetime] = mapped_column(Moment)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    # When its time is over (ACC-45): on its own clock, also when it was replaced.
    expires_at: Mapped[datetime] = mapped_column(Moment, server_default=text("now() + interval '6 months'"))
    # Whether the store itself refuses to delete it: 0 no, 1 yes, 2 it was asked to and cannot.
    store_hold: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")


class Change(Model):
    """An entry of a client's change feed (BEY-15). Positions are given out under a lock, so they commit in order and none is skipped."""

    __tablename__ = "changes"
    __table_args__ = (Index(None, "at"), Index(None, "document_id"))

    organisation_id: Mapped[str] = mapped_column(Id, primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    type: Mapped[str] = mapped_column(String(100))
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id"))
    at: Mapped[datetime] = mapped_column(Moment)


class Feed(Model):
    """The newest position in a client's change feed."""

    __tablename__ = "feeds"

    organisation_id: Mapped[str] = mapped_column(Id, primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
