"""Threads of messages, and who may read those of which client; the firm's news, and who has read which."""

from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, Boolean, DateTime, ForeignKey, Index, Integer, MetaData, SmallInteger, String, Text, Uuid, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis import db


class Model(DeclarativeBase):
    """What all tables of this service share."""

    metadata = MetaData(naming_convention=db.NAMING)


class Thread(Model):
    """A conversation about a client's affairs in one area. What a list shows of it stands here, so that no list looks at its messages."""

    __tablename__ = "threads"
    __table_args__ = (
        Index("ix_threads_of_area", "organisation_id", "service_area", "last_message_at", "id"),
        Index("ix_threads_live", "organisation_id", "service_area", postgresql_where=text("state <> 3")),
        Index("ix_threads_assigned", "assigned_membership_id", postgresql_where=text("assigned_membership_id is not null")),
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    service_area: Mapped[int] = mapped_column(SmallInteger)
    subject: Mapped[str] = mapped_column(String(200))
    state: Mapped[int] = mapped_column(SmallInteger)
    # As who began it was called then, and who wrote last: it stays readable when they are gone.
    started_by: Mapped[str] = mapped_column(String(300))
    started_by_firm: Mapped[bool] = mapped_column(Boolean)
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    # Those of its first message.
    document_ids: Mapped[list[str]] = mapped_column(ARRAY(Uuid(as_uuid=False)))
    assigned_membership_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    # Also the position of its last message: adding to it is the claim to the next position.
    message_count: Mapped[int] = mapped_column(Integer)
    last_message_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_message_by: Mapped[str] = mapped_column(String(300))
    last_message_by_firm: Mapped[bool] = mapped_column(Boolean)


class Participant(Model):
    """Somebody at the client who sees a thread, by person: one who is added again sees it again (ACC-84)."""

    __tablename__ = "participants"
    # A person's threads by activity are one walk along this.
    __table_args__ = (Index("ix_participants_by_activity", "user_id", "organisation_id", "last_message_at", "thread_id"),)

    thread_id: Mapped[str] = mapped_column(ForeignKey("threads.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    # The person's newest membership of the client.
    membership_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    last_message_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ReadMark(Model):
    """Up to where a person has read a thread. Nothing where the person has not."""

    __tablename__ = "read_marks"

    thread_id: Mapped[str] = mapped_column(ForeignKey("threads.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    position: Mapped[int] = mapped_column(Integer)
    # How many of the messages after it the person wrote: those are not new to them.
    own: Mapped[int] = mapped_column(Integer)


class Message(Model):
    """One message of a thread."""

    __tablename__ = "messages"
    # Ids are UUIDv7, so newest first is by id. A page costs the same however long the history.
    __table_args__ = (
        Index("ix_messages_of_thread", "thread_id", "position", unique=True),
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
    thread_id: Mapped[str] = mapped_column(ForeignKey("threads.id", ondelete="CASCADE"))
    # From 1, without gaps.
    position: Mapped[int] = mapped_column(Integer)
    by_firm: Mapped[bool] = mapped_column(Boolean)


class ConsultantAccess(Model):
    """What linking has told last about a consultant's areas at a client; none when that has ended."""

    __tablename__ = "consultant_access"
    __table_args__ = (Index("ix_consultant_access_membership_id", "membership_id"),)

    organisation_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    membership_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    service_areas: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    version: Mapped[int] = mapped_column(BigInteger)


class ClientFirm(Model):
    """A firm works for a client, in these areas, as linking told last."""

    __tablename__ = "client_firms"

    organisation_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    firm_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    service_areas: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    version: Mapped[int] = mapped_column(BigInteger)


class Member(Model):
    """A membership that identity has told of. The row stays when it has ended: telling of its beginning may come late."""

    __tablename__ = "members"
    __table_args__ = (Index("ix_members_organisation_id", "organisation_id"), Index("ix_members_user_id", "user_id"))

    membership_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    user_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    organisation_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    removed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    # As an administrator there entered it: what is shown until the person comes in. Gone with the person's last membership.
    name: Mapped[str] = mapped_column(String(300), default="")
    # The name as it is sorted and searched: the same for Ø and ø.
    name_key: Mapped[str] = mapped_column(String(600), default="")


class Person(Model):
    """How a person is called, as identity told last, where the person has come in; gone with the last membership."""

    __tablename__ = "people"

    user_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    name: Mapped[str] = mapped_column(String(300))
    name_key: Mapped[str] = mapped_column(String(600))
    # Memberships. To others the person is whoever was entered there.
    came_in: Mapped[list[str]] = mapped_column(ARRAY(Uuid(as_uuid=False)), default=list)
    as_of: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Article(Model):
    """An article of a firm's news. Its readers see it from `publish_at` on; a draft and a withdrawn one have none."""

    __tablename__ = "articles"
    __table_args__ = (
        Index("ix_articles_published", "firm_id", "publish_at", "id"),
        Index("ix_articles_changed", "firm_id", "changed_at", "id"),
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    firm_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    # 0 when it is for all clients.
    service_area: Mapped[int] = mapped_column(SmallInteger)
    publish_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    withdrawn: Mapped[bool] = mapped_column(Boolean)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_by: Mapped[str] = mapped_column(String(300))
    revision: Mapped[int] = mapped_column(BigInteger)


class ArticleText(Model):
    """An article in one language."""

    __tablename__ = "article_texts"

    article_id: Mapped[str] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(String(2), primary_key=True)
    # The first is read by those in whose language there is none.
    position: Mapped[int] = mapped_column(SmallInteger)
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)


class ArticleRead(Model):
    """A member has read an article."""

    __tablename__ = "article_reads"

    article_id: Mapped[str] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True)
    membership_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True, index=True)
