"""News of the firm, for everybody it is for (ACC-66)."""

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from kontor.messaging.v1 import news_pb2, news_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import TimedOut, Unavailable
from chassis.service import Peers
from services.gateway import texts
from services.gateway.config import Config
from services.gateway.pages.news.write import Writing
from services.gateway.richtext import html

PAGE, HEADLINES = 20, 3


class News:
    """What the reader has, in the reader's language."""

    def __init__(self, peers: Peers) -> None:
        self._news = news_pb2_grpc.NewsStub(peers.channel("messaging"))

    def page(self, size: int, token: str = "") -> news_pb2.ListArticlesResponse:
        """The newest, or those after the page of this token."""
        return self._news.ListArticles(news_pb2.ListArticlesRequest(page_size=size, page_token=token, language=texts.language()))

    def headlines(self) -> news_pb2.ListArticlesResponse | None:
        """The newest few; nothing where they cannot be had just now, so that the page they stand on can be."""
        try:
            return self.page(HEADLINES)
        except (Unavailable, TimedOut):
            return None

    def article(self, article_id: str) -> news_pb2.Article:
        """One with its text."""
        return self._news.GetArticle(news_pb2.GetArticleRequest(article_id=article_id, language=texts.language()))

    def mark_read(self, *article_ids: str) -> None:
        """These, or all when none is named."""
        self._news.MarkArticlesRead(news_pb2.MarkArticlesReadRequest(article_ids=article_ids))


def blueprint(peers: Peers, _config: Config) -> Blueprint:
    """The routes."""
    pages, held = Blueprint("news", __name__, url_prefix="/news"), News(peers)

    @pages.get("")
    def news() -> str:
        return render_template("news/news.html", found=held.page(PAGE, request.args.get("page", "")))

    @pages.get("/headlines")
    def headlines() -> str:
        """The part of the front page, fetched again when something came out."""
        return render_template("news/headlines.html", headlines=held.headlines())

    @pages.get("/<uuid:article>")
    def article(article: uuid.UUID) -> str:
        found = held.article(str(article))
        return render_template("news/article.html", article=found, text=html(found.body))

    @pages.post("/read")
    def read() -> Response:
        held.mark_read(*request.form.getlist("article"))
        return redirect(url_for("news.news"))

    @pages.post("/<uuid:article>/read")
    def seen(article: uuid.UUID) -> Response:
        """The page says so when it is shown: whatever only fetches an address has read nothing."""
        held.mark_read(str(article))
        return Response("", 204)

    Writing(peers).route(pages)
    return pages
