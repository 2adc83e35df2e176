"""Write the firm's news: save, publish, take back, delete (ACC-66)."""

import uuid_utils.compat as uuid
from kontor.messaging.v1 import news_pb2 as pb
from kontor.messaging.v1.events_pb2 import ArticlePublished
from sqlalchemy import ColumnElement, and_, delete, or_, select, update

from chassis import clock
from chassis.caller import Caller
from chassis.db import Transaction
from chassis.errors import Conflict, Failure, Invalid, NotFound
from services.messaging import news, rules
from services.messaging.models import Article, ArticleText


def save_article(tx: Transaction, caller: Caller, request: pb.SaveArticleRequest) -> Article:
    """Make a draft, or change an article where it stands; its texts are exactly these.

    Raises Conflict `article_changed` when somebody has changed it since that revision, Invalid for a text without title or body.
    """
    texts = _texts(request)
    article = _changed(tx, caller, request) if request.article_id else _new(tx, caller, request)
    tx.execute(delete(ArticleText).where(ArticleText.article_id == article.id))
    tx.add_all(
        ArticleText(article_id=article.id, position=position, language=text.language, title=text.title, body=text.body)
        for position, text in enumerate(texts)
    )
    tx.record("news.save", organisation=caller.organisation_id, subject=article.id, revision=str(article.revision))
    return article


def publish_article(tx: Transaction, caller: Caller, request: pb.PublishArticleRequest) -> Article:
    """Publish now or later. Raises Conflict `article_published` for what is out already, and Invalid `publish_time_far`."""
    now = clock.now()
    at = news.publish_time(request.publish_at.seconds, now=now) if request.HasField("publish_at") else now
    if at is None:
        told = {"publish_at": "publish_time_far"}
        raise Invalid("publish_time_far", "An article is published at most a year ahead.", fields=told)
    waiting = or_(Article.publish_at.is_(None), Article.publish_at > now)
    article = _claim(tx, caller, request.article_id, waiting, publish_at=at, withdrawn=False) or _refuse(
        tx, caller, request.article_id, Conflict("article_published", "The article is published already.")
    )
    if at <= now:
        event = ArticlePublished(article_id=article.id, firm_id=article.firm_id)
        tx.emit(event, about=article.id, version=article.revision, organisation=article.firm_id)
    tx.record("news.publish", organisation=caller.organisation_id, subject=article.id, at=at.isoformat())
    return article


def withdraw_article(tx: Transaction, caller: Caller, article_id: str) -> Article:
    """Nobody reads it any more. Raises Conflict `article_not_published` for a draft."""
    article = _claim(tx, caller, article_id, Article.publish_at.is_not(None), publish_at=None, withdrawn=True) or _refuse(
        tx, caller, article_id, Conflict("article_not_published", "The article is not published.")
    )
    tx.record("news.withdraw", organisation=caller.organisation_id, subject=article.id)
    return article


def delete_draft(tx: Transaction, caller: Caller, article_id: str) -> None:
    """Delete what nobody reads. Raises Conflict `article_published` for what is published or scheduled."""
    draft = and_(_own(caller, article_id), Article.publish_at.is_(None))
    if tx.execute(delete(Article).where(draft).returning(Article.id)).scalar() is None:
        _refuse(tx, caller, article_id, Conflict("article_published", "Withdraw the article first."))
    tx.record("news.delete", organisation=caller.organisation_id, subject=article_id)


def no_article() -> NotFound:
    """There is none, or none of the caller's firm."""
    return NotFound("article_not_found", "There is no such article.")


def _new(tx: Transaction, caller: Caller, request: pb.SaveArticleRequest) -> Article:
    article = Article(
        id=str(uuid.uuid7()), firm_id=caller.organisation_id, service_area=request.service_area, publish_at=None, withdrawn=False,
        changed_at=clock.now(), changed_by=caller.name, revision=1,
    )  # fmt: skip
    tx.add(article)
    tx.flush()
    return article


def _changed(tx: Transaction, caller: Caller, request: pb.SaveArticleRequest) -> Article:
    seen = Article.revision == request.revision
    return _claim(tx, caller, request.article_id, seen, service_area=request.service_area) or _refuse(
        tx, caller, request.article_id, Conflict("article_changed", "Somebody has changed the article since.")
    )


def _claim(tx: Transaction, caller: Caller, article_id: str, state: ColumnElement[bool], **values: object) -> Article | None:
    """Change the firm's own article if it is in this state."""
    stamp = {"changed_at": clock.now(), "changed_by": caller.name, "revision": Article.revision + 1}
    claim = update(Article).where(_own(caller, article_id), state).values(**stamp, **values).returning(Article)
    return tx.scalars(claim).one_or_none()


def _refuse(tx: Transaction, caller: Caller, article_id: str, otherwise: Failure) -> Article:
    known = tx.scalar(select(Article.id).where(_own(caller, article_id)))
    raise otherwise if known else no_article()


def _own(caller: Caller, article_id: str) -> ColumnElement[bool]:
    return and_(Article.id == article_id, Article.firm_id == caller.organisation_id)


def _texts(request: pb.SaveArticleRequest) -> list[pb.ArticleText]:
    """The texts without control characters. What is wrong is named by language: `title-nb`."""
    texts = [
        pb.ArticleText(language=each.language, title=rules.one_line(each.title), body=rules.plain_text(each.body)) for each in request.texts
    ]
    if len({each.language for each in texts}) < len(texts):
        raise Invalid("article_language_twice", "An article has one text a language.", fields={"texts": "article_language_twice"})
    missing = [f"{name}-{each.language}" for each in texts for name in ("title", "body") if not getattr(each, name)]
    if missing:
        raise Invalid("article_empty", "An article needs a title and a text.", fields=dict.fromkeys(missing, "article_empty"))
    return texts
