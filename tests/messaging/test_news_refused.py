"""What cannot be news is refused by field, and what is published is told to open pages."""

import pytest
from kontor.messaging.v1 import news_pb2 as pb
from kontor.messaging.v1.events_pb2 import ArticlePublished
from sqlalchemy import text

from chassis.errors import Invalid
from chassis.testing import ServiceUnderTest
from tests.messaging.test_news import FIRM, HOUR, draft, editor, news, out, page, publish, reader, service, written

__all__ = ["service"]


def test_an_article_that_comes_out_is_told_to_open_pages_once(service: ServiceUnderTest) -> None:
    """ACC-66, ACC-67: ids only; a scheduled one comes out by the clock, without a word."""
    publish(service, draft(service), after=HOUR)
    assert service.relay() == []
    article = out(service, "Hemmelig frem til nå")
    assert service.relay() == [ArticlePublished(article_id=article.article_id, firm_id=FIRM)]


@pytest.mark.parametrize(
    ("texts", "fields", "reason"),
    [
        ([], ["texts"], "invalid_request"),
        ([written("")], ["texts.title"], "invalid_request"),
        ([written("x" * 201)], ["texts.title"], "invalid_request"),
        ([written("x", body="y" * 20_001)], ["texts.body"], "invalid_request"),
        ([written("x", "de")], ["texts.language"], "invalid_request"),
        ([written(" \x00\u202e ", body="\x07"), written("x", "sv")], ["title-nb", "body-nb"], "article_empty"),
        ([written("x"), written("y")], ["texts"], "article_language_twice"),
    ],
)
def test_what_is_no_article_is_refused_by_field(
    service: ServiceUnderTest, texts: list[pb.ArticleText], fields: list[str], reason: str
) -> None:
    """ACC-66: nothing is stored."""
    writer = news(service, editor())
    with pytest.raises(Invalid) as refused:
        writer.SaveArticle(pb.SaveArticleRequest(texts=texts))
    assert (sorted(refused.value.fields), refused.value.reason) == (sorted(fields), reason)
    assert list(writer.ListOwnArticles(pb.ListOwnArticlesRequest()).articles) == []


@pytest.mark.parametrize("seconds", [10**12, 253402300800, 2**62])
def test_a_time_that_is_none_is_refused(service: ServiceUnderTest, seconds: int) -> None:
    """ACC-66: more than a year away is a slip of the hand, and what no calendar has is no time."""
    writer, request = news(service, editor()), pb.PublishArticleRequest(article_id=draft(service).article_id)
    request.publish_at.seconds = seconds
    with pytest.raises(Invalid) as refused:
        writer.PublishArticle(request)
    assert (refused.value.reason, list(refused.value.fields)) == ("publish_time_far", ["publish_at"])


@pytest.mark.parametrize("token", ["x", "WyJ4IiwieSJd", "bnVsbA==", "WzEsMl0="])
def test_a_page_token_that_was_not_made_here_is_refused(service: ServiceUnderTest, token: str) -> None:
    """ACC-66: for readers and writers."""
    with pytest.raises(Invalid):
        page(service, reader(), page_token=token)
    with pytest.raises(Invalid):
        news(service, editor()).ListOwnArticles(pb.ListOwnArticlesRequest(page_token=token))


def test_control_characters_do_not_come_into_an_article(service: ServiceUnderTest) -> None:
    """ACC-66: the title is one line; the body keeps its lines."""
    texts = [written("  Ny\n\x00sats ", body="# En\r\n\r\nto\x1b\u202e ")]
    saved = news(service, editor()).SaveArticle(pb.SaveArticleRequest(texts=texts))
    assert (saved.texts[0].title, saved.texts[0].body) == ("Ny sats", "# En\n\nto")


def test_what_is_done_to_news_stands_in_the_audit_trail_without_its_text(service: ServiceUnderTest) -> None:
    """BEY-09: who saved and published which article."""
    article = out(service, "Varsel om pris")
    assert service.service.database is not None
    rows = service.service.database.read(text("select action, subject, facts from audit order by number"))
    assert [(row.action, row.subject) for row in rows] == [("news.save", article.article_id), ("news.publish", article.article_id)]
    assert "pris" not in str([row.facts for row in rows])
