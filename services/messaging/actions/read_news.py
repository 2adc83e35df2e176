"""Read the news of the firm: which articles a reader has, in which language, and which are still unread (ACC-66)."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    DateTime,
    Select,
    String,
    Uuid,
    and_,
    any_,
    bindparam,
    delete,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert

from chassis import clock
from chassis.caller import Caller
from chassis.db import Transaction
from services.messaging import news
from services.messaging.models import Article, ArticleRead, ArticleText, ClientFirm

_ID = Uuid(as_uuid=False)
_organisation = bindparam("organisation_id", type_=_ID)
_now, _since = bindparam("now", type_=DateTime(timezone=True)), bindparam("since", type_=DateTime(timezone=True))
_article = bindparam("article_id", type_=_ID)
_marked = exists().where(ArticleRead.article_id == Article.id, ArticleRead.membership_id == bindparam("membership_id", type_=_ID))
_read = or_(_marked, Article.publish_at <= _since)


def asked_by(caller: Caller) -> dict[str, Any]:
    """The parameters that all statements of here share: who reads, and when."""
    now = clock.now()
    who = {"organisation_id": caller.organisation_id, "membership_id": caller.membership_id or None}
    return who | {"now": now, "since": now - news.NEW_FOR}


def page(caller: Caller) -> Select[Any]:
    """A page of what the caller has, newest first, without bodies; also needs `language`, `before`, `before_id` and `limit`."""
    before = tuple_(bindparam("before", type_=DateTime(timezone=True)), bindparam("before_id", type_=_ID))
    earlier = tuple_(Article.publish_at, Article.id) < before
    titled = _in_language(ArticleText.title, literal("").label("body"))
    return titled.where(_visible(caller), earlier).order_by(Article.publish_at.desc(), Article.id.desc()).limit(bindparam("limit"))


def one(caller: Caller) -> Select[Any]:
    """One of them with its body; also needs `language` and `article_id`."""
    return _in_language(ArticleText.title, ArticleText.body).where(_visible(caller), Article.id == _article)


def unread(caller: Caller) -> Select[Any]:
    """How many of them the caller has not read."""
    return select(func.count()).select_from(Article).where(_visible(caller), not_(_read))


def mark_read(tx: Transaction, caller: Caller, article_ids: list[str]) -> int:
    """Remember that these are read, or all where none is named; answers how many are still unread. Others' articles are passed over."""
    chosen = Article.id == any_(bindparam("chosen", type_=ARRAY(_ID)))
    all_new = and_(bindparam("everything", type_=Boolean), Article.publish_at > _since)
    reading = select(Article.id, bindparam("reader", type_=_ID)).where(_visible(caller), or_(chosen, all_new))
    marks = insert(_reads).from_select(["article_id", "membership_id"], reading).on_conflict_do_nothing()
    asked = asked_by(caller)
    if caller.membership_id:
        given = asked | {"chosen": article_ids, "everything": not article_ids, "reader": caller.membership_id}
        read = len(tx.scalars(marks.returning(_reads.c.article_id), given).all())
        if read:
            tx.record("news.read", organisation=caller.organisation_id, subject=caller.membership_id, count=str(read))
    return int(tx.execute(unread(caller), asked).scalar_one())


def forget(tx: Transaction, membership_id: str) -> None:
    """Drop the marks of a member who was removed."""
    tx.execute(delete(ArticleRead).where(ArticleRead.membership_id == membership_id))


def _visible(caller: Caller) -> ColumnElement[bool]:
    out = Article.publish_at <= _now
    if caller.organisation_kind == "firm":
        return and_(Article.firm_id == _organisation, out)
    served_by = select(ClientFirm.firm_id).where(ClientFirm.organisation_id == _organisation)
    return and_(Article.firm_id.in_(served_by), out, or_(Article.service_area == news.ALL_AREAS, _served()))


def _served() -> ColumnElement[bool]:
    """Whether the firm serves the client in the article's area."""
    link = exists().where(ClientFirm.organisation_id == _organisation, ClientFirm.firm_id == Article.firm_id)
    return link.where(Article.service_area == any_(ClientFirm.service_areas))


def _in_language(*columns: Any) -> Select[Any]:
    """Articles with one text each: in the language asked for, else the article's first."""
    language = bindparam("language", type_=String)
    text = (
        select(ArticleText.language, *columns)
        .where(ArticleText.article_id == Article.id)
        .order_by((ArticleText.language == language).desc(), ArticleText.position)
        .limit(1)
        .lateral("text")
    )
    return select(Article.id, Article.service_area, Article.publish_at, text, _read.label("read")).join(text, true())


_reads = ArticleRead.metadata.tables[ArticleRead.__tablename__]
BEFORE_ALL = (datetime.max.replace(tzinfo=UTC), "ffffffff-ffff-ffff-ffff-ffffffffffff")
