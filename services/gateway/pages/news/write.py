"""Write and publish the firm's news, for its administrators (ACC-66)."""

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from flask import Blueprint, redirect, render_template, request, url_for
from google.protobuf.timestamp_pb2 import Timestamp
from kontor.access.v1 import access_pb2
from kontor.messaging.v1 import news_pb2, news_pb2_grpc
from werkzeug.wrappers import Response

from chassis import clock
from chassis.errors import Denied, Failure
from chassis.language import LANGUAGES
from chassis.service import Peers
from services.gateway import texts
from services.gateway.reader import may
from services.gateway.reasons import problems
from services.gateway.richtext import html

Answer = str | Response | tuple[str, int]
PAGE, TITLE, BODY = 50, 200, 20_000
AREAS = (access_pb2.SERVICE_AREA_ACCOUNTING, access_pb2.SERVICE_AREA_PAYROLL, access_pb2.SERVICE_AREA_HR)
FURTHEST = timedelta(days=365)
NEW = news_pb2.OwnArticle()


class Writing:
    """The list of all articles, the form, and the pages that ask before something is published, taken back or deleted."""

    def __init__(self, peers: Peers) -> None:
        self._news = news_pb2_grpc.NewsStub(peers.channel("messaging"))

    def route(self, pages: Blueprint) -> None:
        """Add the routes, for administrators only."""
        for path, view, methods in (
            ("/own", self.own, ["GET"]),
            ("/new", self.new, ["GET", "POST"]),
            ("/own/<uuid:article>", self.change, ["GET", "POST"]),
            ("/own/<uuid:article>/publish", self.publish, ["GET", "POST"]),
            ("/own/<uuid:article>/withdraw", self.withdraw, ["GET", "POST"]),
            ("/own/<uuid:article>/delete", self.delete, ["GET", "POST"]),
        ):
            pages.add_url_rule(path, view.__name__, view, methods=methods)

        pages.context_processor(lambda: {"states": news_pb2})

        @pages.before_request
        def administrators_only() -> None:
            if request.path.startswith(("/news/own", "/news/new")) and not may(access_pb2.PERMISSION_NEWS_MANAGE):
                raise Denied("not_permitted", "News is written by the firm's administrators.")

    def own(self) -> Answer:
        """Every article of the firm, last changed first."""
        wanted = news_pb2.ListOwnArticlesRequest(page_size=PAGE, page_token=request.args.get("page", ""))
        return render_template("news/own.html", found=self._news.ListOwnArticles(wanted))

    def new(self) -> Answer:
        """Write an article."""
        return self._written(NEW) if request.method == "POST" else _form(NEW)

    def change(self, article: uuid.UUID) -> Answer:
        """Change an article, draft or published."""
        held = self._get(article)
        return self._written(held) if request.method == "POST" else _form(held)

    def publish(self, article: uuid.UUID) -> Answer:
        """Now, or at a time in the firm's time zone."""
        held = self._get(article)
        if request.method != "POST":
            return _asking(held)
        at, told = _time(request.form.get("publish_at", "").strip())
        if told:
            return _asking(held, {"publish_at": told}), 422
        try:
            self._news.PublishArticle(news_pb2.PublishArticleRequest(article_id=held.article_id, publish_at=at))
        except Failure as failure:
            return _asking(held, problems(failure, "publish_at")), failure.http_status
        return redirect(url_for("news.own", done="scheduled" if at else "published"))

    def withdraw(self, article: uuid.UUID) -> Answer:
        """Take it back."""
        held = self._get(article)
        if request.method != "POST":
            return render_template("news/withdraw.html", article=held)
        self._news.WithdrawArticle(news_pb2.WithdrawArticleRequest(article_id=held.article_id))
        return redirect(url_for("news.own", done="withdrawn"))

    def delete(self, article: uuid.UUID) -> Answer:
        """Delete it for good."""
        held = self._get(article)
        if request.method != "POST":
            return render_template("news/delete.html", article=held)
        self._news.DeleteDraft(news_pb2.DeleteDraftRequest(article_id=held.article_id))
        return redirect(url_for("news.own", done="deleted"))

    def _get(self, article: uuid.UUID) -> news_pb2.OwnArticle:
        return self._news.GetOwnArticle(news_pb2.GetOwnArticleRequest(article_id=str(article)))

    def _written(self, held: news_pb2.OwnArticle) -> Answer:
        told = dict(_wrong(_order(held)))
        if told:
            return _form(held, told), 422
        if request.form.get("do") == "preview":
            return _form(held, preview=True)
        try:
            saved = self._news.SaveArticle(_request(held))
        except Failure as failure:
            return _form(held, problems(failure, "form")), failure.http_status
        return redirect(url_for("news.change", article=saved.article_id, saved=1))


def _form(held: news_pb2.OwnArticle, told: Mapping[str, str] | None = None, *, preview: bool = False) -> str:
    """The form as it was sent, or as the article is."""
    order = _order(held)
    if request.method == "POST":
        given = {each.language: each for each in _texts(order)}
        area, revision = _area(), request.form.get("revision", "0")
    else:
        given = {each.language: each for each in held.texts}
        area, revision = held.service_area, str(held.revision)
    shown = [(each, html(each.body)) for each in given.values()] if preview else []
    return render_template(
        "news/write.html", article=held, order=order, given=given, area=area, areas=AREAS, revision=revision, problems=told or {},
        preview=preview, shown=shown,
    )  # fmt: skip


def _asking(held: news_pb2.OwnArticle, told: Mapping[str, str] | None = None) -> str:
    given = {"written": request.form.get("publish_at", ""), "place": texts.place(), "problems": told or {}}
    return render_template("news/publish.html", article=held, **given)


def _order(held: news_pb2.OwnArticle) -> list[str]:
    """The languages, the one first that readers of others get: the article's own, for a new one the writer's."""
    first = [each.language for each in held.texts] or [texts.language()]
    return list(dict.fromkeys((*first[:1], *LANGUAGES)))


def _request(held: news_pb2.OwnArticle) -> news_pb2.SaveArticleRequest:
    revision = request.form.get("revision", "")
    return news_pb2.SaveArticleRequest(
        article_id=held.article_id, service_area=_area(), texts=_texts(_order(held)),
        revision=int(revision) if revision.isdecimal() and len(revision) < 18 else 0,
    )  # fmt: skip


def _texts(order: list[str]) -> list[news_pb2.ArticleText]:
    """What was written, of languages in which something was."""
    found = [news_pb2.ArticleText(language=each, title=_given(f"title-{each}"), body=_given(f"body-{each}")) for each in order]
    return [each for each in found if each.title or each.body]


def _area() -> "access_pb2.ServiceArea.ValueType":
    written = request.form.get("area", "")
    return next((each for each in AREAS if str(each) == written), access_pb2.SERVICE_AREA_UNSPECIFIED)


def _given(name: str) -> str:
    return request.form.get(name, "").replace("\r\n", "\n").strip()


def _wrong(order: list[str]) -> Iterator[tuple[str, str]]:
    """What the service's rules would refuse without saying in which language: too long, or missing beside the other."""
    nothing = not any(_given(f"{name}-{language}") for name in ("title", "body") for language in order)
    for language in order:
        title, body = _given(f"title-{language}"), _given(f"body-{language}")
        if len(title) > TITLE:
            yield f"title-{language}", texts._("Use at most %(number)s characters.", number=texts.number(TITLE))
        if len(body) > BODY:
            yield f"body-{language}", texts._("Use at most %(number)s characters.", number=texts.number(BODY))
        if not title and (body or (nothing and language == order[0])):
            yield f"title-{language}", texts._("Write a title.")
        if title and not body:
            yield f"body-{language}", texts._("Write a text.")


def _time(written: str) -> tuple[Timestamp | None, str]:
    """The time that was written, in the firm's time zone, or what is wrong with it; neither for at once."""
    if not written:
        return None, ""
    try:
        when = datetime.fromisoformat(written).replace(tzinfo=texts.zone()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None, texts._("Write a date and a time.")
    if not clock.now() < when < clock.now() + FURTHEST:
        return None, texts._("Choose a time to come, within a year, or none to publish at once.")
    at = Timestamp()
    at.FromDatetime(when)
    return at, ""
