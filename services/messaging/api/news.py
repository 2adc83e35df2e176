"""News of a firm for its clients and its own people, over gRPC."""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from kontor.messaging.v1 import news_pb2 as pb
from kontor.messaging.v1.news_pb2_grpc import NewsServicer
from sqlalchemy import ARRAY, Boolean, DateTime, Uuid, and_, any_, bindparam, case, or_, select, tuple_

from chassis import caller, clock
from chassis.db import Database
from chassis.errors import Invalid
from services.messaging import news
from services.messaging.actions import read_news
from services.messaging.actions.news import delete_draft, no_article, publish_article, save_article, withdraw_article
from services.messaging.models import Article, ArticleText
from services.messaging.news import State

PAGE_SIZE = 50
STATES = {
    State.DRAFT: pb.ARTICLE_STATE_DRAFT, State.SCHEDULED: pb.ARTICLE_STATE_SCHEDULED,
    State.PUBLISHED: pb.ARTICLE_STATE_PUBLISHED, State.WITHDRAWN: pb.ARTICLE_STATE_WITHDRAWN,
}  # fmt: skip


class News(NewsServicer):
    """What a firm has published, and what it is about to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ListArticles(self, request: pb.ListArticlesRequest, _: grpc.ServicerContext) -> pb.ListArticlesResponse:
        """Newest first, a page at a time."""
        who, size = caller.current(), request.page_size or PAGE_SIZE
        before, before_id = _opened(request.page_token)
        asked = read_news.asked_by(who)
        wanted = {"language": request.language or who.language, "before": before, "before_id": before_id, "limit": size + 1}
        rows = self._database.read(read_news.page(who), asked | wanted)
        more = _token(rows[size - 1].publish_at, rows[size - 1].id) if len(rows) > size else ""
        unread = self._database.read(read_news.unread(who), asked)[0][0]
        return pb.ListArticlesResponse(articles=[to_article(row) for row in rows[:size]], next_page_token=more, unread=unread)

    def GetArticle(self, request: pb.GetArticleRequest, _: grpc.ServicerContext) -> pb.Article:
        """With its text."""
        who = caller.current()
        wanted = {"language": request.language or who.language, "article_id": request.article_id}
        rows = self._database.read(read_news.one(who), read_news.asked_by(who) | wanted)
        if not rows:
            raise no_article()
        return to_article(rows[0])

    def MarkArticlesRead(self, request: pb.MarkArticlesReadRequest, _: grpc.ServicerContext) -> pb.MarkArticlesReadResponse:
        """Those the caller may read; others are passed over."""
        with self._database.transaction() as tx:
            return pb.MarkArticlesReadResponse(unread=read_news.mark_read(tx, caller.current(), list(request.article_ids)))

    def ListOwnArticles(self, request: pb.ListOwnArticlesRequest, _: grpc.ServicerContext) -> pb.ListOwnArticlesResponse:
        """Last changed first, a page at a time."""
        who, size = caller.current(), request.page_size or PAGE_SIZE
        before, before_id = _opened(request.page_token)
        page = {"firm_id": who.organisation_id, "before": before, "before_id": before_id, "limit": size + 1}
        rows = self._database.read(_own_page, page | {"state": request.state, "every": not request.state, "now": clock.now()})
        texts = self._texts([row.id for row in rows[:size]], bodies=False)
        more = _token(rows[size - 1].changed_at, rows[size - 1].id) if len(rows) > size else ""
        return pb.ListOwnArticlesResponse(articles=[to_own_article(row, texts[row.id]) for row in rows[:size]], next_page_token=more)

    def GetOwnArticle(self, request: pb.GetOwnArticleRequest, _: grpc.ServicerContext) -> pb.OwnArticle:
        """With its texts in all languages."""
        rows = self._database.read(_own, {"firm_id": caller.current().organisation_id, "article_id": request.article_id})
        if not rows:
            raise no_article()
        return self._whole(rows[0])

    def SaveArticle(self, request: pb.SaveArticleRequest, _: grpc.ServicerContext) -> pb.OwnArticle:
        """A new one is a draft."""
        with self._database.transaction() as tx:
            article = save_article(tx, caller.current(), request)
        return self._whole(article)

    def PublishArticle(self, request: pb.PublishArticleRequest, _: grpc.ServicerContext) -> pb.OwnArticle:
        """Now, or when its time comes."""
        with self._database.transaction() as tx:
            article = publish_article(tx, caller.current(), request)
        return self._whole(article)

    def WithdrawArticle(self, request: pb.WithdrawArticleRequest, _: grpc.ServicerContext) -> pb.OwnArticle:
        """It stays, as one that is withdrawn."""
        with self._database.transaction() as tx:
            article = withdraw_article(tx, caller.current(), request.article_id)
        return self._whole(article)

    def DeleteDraft(self, request: pb.DeleteDraftRequest, _: grpc.ServicerContext) -> pb.DeleteDraftResponse:
        """For good."""
        with self._database.transaction() as tx:
            delete_draft(tx, caller.current(), request.article_id)
        return pb.DeleteDraftResponse()

    def _whole(self, row: Any) -> pb.OwnArticle:
        return to_own_article(row, self._texts([row.id], bodies=True)[row.id])

    def _texts(self, article_ids: Sequence[str], *, bodies: bool) -> Mapping[str, list[pb.ArticleText]]:
        texts: dict[str, list[pb.ArticleText]] = {each: [] for each in article_ids}
        for row in self._database.read(_texts_of, {"article_ids": list(article_ids), "bodies": bodies}):
            texts[row.article_id].append(pb.ArticleText(language=row.language, title=row.title, body=row.body))
        return texts


def to_article(row: Any) -> pb.Article:
    """An article as its readers get it."""
    return pb.Article(
        article_id=row.id, service_area=row.service_area, language=row.language, title=row.title, body=row.body,
        published_at=_timestamp(row.publish_at), read=row.read,
    )  # fmt: skip


def to_own_article(row: Any, texts: Sequence[pb.ArticleText]) -> pb.OwnArticle:
    """An article as those who write it get it."""
    state = STATES[news.state(publish_at=row.publish_at, withdrawn=row.withdrawn, now=clock.now())]
    return pb.OwnArticle(
        article_id=row.id, service_area=row.service_area, state=state, texts=texts, publish_at=_timestamp(row.publish_at),
        changed_at=_timestamp(row.changed_at), changed_by=row.changed_by, revision=row.revision,
    )  # fmt: skip


def _timestamp(when: datetime | None) -> Timestamp | None:
    if when is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(when)
    return stamp


def _token(at: datetime, article_id: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([at.isoformat(), article_id]).encode()).decode()


def _opened(token: str) -> tuple[datetime, str]:
    if not token:
        return read_news.BEFORE_ALL
    try:
        at, article_id = json.loads(base64.urlsafe_b64decode(token.encode()))
        return datetime.fromisoformat(at), str(UUID(article_id))
    except (ValueError, TypeError, AttributeError) as why:
        raise Invalid("bad_page_token", "This page token was not made here.", fields={"page_token": "not made here"}) from why


_ID, _TIME = Uuid(as_uuid=False), DateTime(timezone=True)
_now = bindparam("now", type_=_TIME)
_state = case(
    (and_(Article.publish_at.is_(None), Article.withdrawn), pb.ARTICLE_STATE_WITHDRAWN),
    (Article.publish_at.is_(None), pb.ARTICLE_STATE_DRAFT),
    (Article.publish_at > _now, pb.ARTICLE_STATE_SCHEDULED),
    else_=pb.ARTICLE_STATE_PUBLISHED,
)
_of_firm = select(*Article.__table__.c).where(Article.firm_id == bindparam("firm_id", type_=_ID))
_own = _of_firm.where(Article.id == bindparam("article_id", type_=_ID))
_own_page = (
    _of_firm.where(
        tuple_(Article.changed_at, Article.id) < tuple_(bindparam("before", type_=_TIME), bindparam("before_id", type_=_ID)),
        or_(bindparam("every", type_=Boolean), _state == bindparam("state")),
    )
    .order_by(Article.changed_at.desc(), Article.id.desc())
    .limit(bindparam("limit"))
)
_texts_of = (
    select(
        ArticleText.article_id, ArticleText.language, ArticleText.title,
        case((bindparam("bodies", type_=Boolean), ArticleText.body), else_="").label("body"),
    )
    .where(ArticleText.article_id == any_(bindparam("article_ids", type_=ARRAY(_ID))))
    .order_by(ArticleText.article_id, ArticleText.position)
)  # fmt: skip
