"""News: read by everybody it is for, written and published by the firm's administrators."""

import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from kontor.access.v1 import access_pb2
from kontor.identity.v1 import identity_pb2
from kontor.messaging.v1 import news_pb2 as pb

from chassis import clock
from chassis.errors import Conflict, Unavailable
from tests.gateway.newsroom import ARTICLE, article, own
from tests.gateway.portal import EVERYTHING, Portal, listed, noticed, portal, words

FIRM = identity_pb2.ORGANISATION_KIND_FIRM
READER = tuple(each for each in EVERYTHING if each != access_pb2.PERMISSION_NEWS_MANAGE)
WRITTEN = {"area": "2", "title-en": "New rates", "body-en": "From **January**.", "revision": "0"}


def reading(*articles: pb.Article, unread: int = 0, more: str = "", **who: Any) -> Portal:
    asked = portal(**{"permissions": READER, **who})
    asked.book.answers.update(listed() | {"ListNotices": noticed()})
    asked.book.answers["ListArticles"] = pb.ListArticlesResponse(articles=articles, unread=unread, next_page_token=more)
    asked.book.answers["GetArticle"] = articles[0] if articles else article()
    return asked


def writing(held: pb.OwnArticle | None = None, **who: Any) -> Portal:
    asked = portal(kind=FIRM, **who)
    asked.book.answers.update({"GetOwnArticle": held or own(), "SaveArticle": held or own()})
    return asked


def test_the_menu_leads_to_news_and_news_to_the_article() -> None:
    """ACC-66, ACC-75: in the reader's language, with what is new marked."""
    asked = reading(article(area=2), article("Les denne", read=True), unread=1, more="next", language="nb")
    page = asked.get("/news").get_data(as_text=True)
    assert re.search(r'href="/news" aria-current="page"', page)
    assert page.count(f'href="/news/{ARTICLE}"') == 2
    assert page.count('class="count">Ny<') == 1
    assert "Lønn · " in page
    assert 'href="/news?page=next"' in page
    assert (asked.last("ListArticles").language, asked.last("ListArticles").page_size) == ("nb", 20)
    assert 'href="/news/new"' not in page
    asked.get("/news?page=next")
    assert asked.last("ListArticles").page_token == "next"


def test_an_article_in_another_language_says_so_to_readers_by_ear() -> None:
    """WCAG 3.1.2."""
    page = reading(article(language="sv")).get(f"/news/{ARTICLE}").get_data(as_text=True)
    assert '<h1 lang="sv">Nye satser</h1>' in page
    assert '<article class="sheet prose" lang="sv">' in page
    assert "<h1>Nye satser</h1>" in reading(article(language="en")).get(f"/news/{ARTICLE}").get_data(as_text=True)


def test_an_article_is_shown_with_its_headings_and_without_its_html() -> None:
    """ACC-66."""
    text = "# Frist\n\n<script>alert(1)</script> [her](https://ok.example) [der](javascript:alert(1))"
    page = reading(article("<b>Satser</b>", body=text)).get(f"/news/{ARTICLE}").get_data(as_text=True)
    assert "&lt;b&gt;Satser&lt;/b&gt;" in page
    shown = page[page.index('<article class="sheet prose"') : page.index("</article>")]
    assert "<h2>Frist</h2>" in shown
    assert "<script" not in shown
    assert re.findall(r'href="([^"]*)"', shown) == ["https://ok.example"]


def test_fetching_an_article_reads_nothing_and_showing_it_does() -> None:
    """BEY-01, ACC-75: what only fetches an address leaves it unread; without script a button says so."""
    asked = reading(article())
    page = asked.get(f"/news/{ARTICLE}").get_data(as_text=True)
    assert f'hx-post="/news/{ARTICLE}/read" hx-trigger="load"' in page
    assert asked.asked("MarkArticlesRead") == []
    assert asked.post(f"/news/{ARTICLE}/read").status_code == 204
    assert list(asked.last("MarkArticlesRead").article_ids) == [ARTICLE]
    assert "hx-post" not in reading(article(read=True)).get(f"/news/{ARTICLE}").get_data(as_text=True)
    asked.post("/news/read")
    assert list(asked.last("MarkArticlesRead").article_ids) == []


@pytest.mark.parametrize("kind", [identity_pb2.ORGANISATION_KIND_CLIENT, FIRM])
def test_the_newest_headlines_are_on_the_home_page_and_open_the_article(kind: int) -> None:
    """ACC-66, ACC-75."""
    asked = reading(article(), kind=kind)
    page = asked.get("/").get_data(as_text=True)
    assert f'href="/news/{ARTICLE}"' in page
    assert "Nye satser" in page
    assert asked.last("ListArticles").page_size == 3


def test_home_is_there_where_news_is_not() -> None:
    """ACC-75: what cannot be fetched just now is said in its place."""
    asked = reading()
    asked.book.answers["ListArticles"] = Unavailable("unavailable")
    answer = asked.get("/")
    assert answer.status_code == 200
    assert "News cannot be fetched just now" in words(answer)
    assert "No news yet" in words(reading().get("/"))


def test_readers_have_no_way_to_write() -> None:
    """ACC-13: neither a link nor an address."""
    for kind in (identity_pb2.ORGANISATION_KIND_CLIENT, FIRM):
        asked = reading(article(), kind=kind)
        assert "/news/own" not in asked.get("/news").get_data(as_text=True) + asked.get(f"/news/{ARTICLE}").get_data(as_text=True)
        paths = ("own", "new", *(f"own/{ARTICLE}{act}" for act in ("", "/publish", "/withdraw", "/delete")))
        assert {asked.get(f"/news/{path}").status_code for path in paths} == {403}
        assert asked.post("/news/new", WRITTEN).status_code == 403
        assert asked.asked("SaveArticle") == []


def test_those_who_write_see_every_article_and_where_it_stands() -> None:
    """ACC-66."""
    asked = writing()
    states = ("DRAFT", "SCHEDULED", "PUBLISHED", "WITHDRAWN")
    asked.book.answers["ListOwnArticles"] = pb.ListOwnArticlesResponse(articles=[own(state) for state in states])
    said = words(asked.get("/news/own?done=withdrawn"))
    for each in ("Draft", "Scheduled", "Published", "Withdrawn", "All clients", "Svenska", "by Eva Redaktør", "Nobody sees it any more"):
        assert each in said


def test_what_is_written_is_saved_in_each_language_in_which_something_was_written() -> None:
    """ACC-66: the writer's own language first; lines end as text has them."""
    asked = writing(language="fi")
    form = {"area": "2", "title-nb": "Satser", "body-nb": "En\r\nto", "title-fi": "Uudet", "body-fi": "Alkaen", "title-da": " "}
    answer = asked.post("/news/new", form)
    assert answer.headers["Location"] == f"/news/own/{ARTICLE}?saved=1"
    sent = asked.last("SaveArticle")
    assert (sent.article_id, sent.service_area, sent.revision) == ("", 2, 0)
    assert [(each.language, each.title, each.body) for each in sent.texts] == [("fi", "Uudet", "Alkaen"), ("nb", "Satser", "En\nto")]


def test_a_change_names_the_revision_it_changes_and_keeps_the_first_language_first() -> None:
    """ACC-66."""
    asked = writing()
    page = asked.get(f"/news/own/{ARTICLE}").get_data(as_text=True)
    assert 'name="revision" value="3"' in page
    assert page.index("title-sv") < page.index("title-nb")
    asked.post(f"/news/own/{ARTICLE}", {**WRITTEN, "revision": "3", "title-sv": "Nya", "body-sv": "Text"})
    sent = asked.last("SaveArticle")
    assert (sent.article_id, sent.revision, [each.language for each in sent.texts]) == (ARTICLE, 3, ["sv", "en"])


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, "title-en"),
        ({"title-en": "x"}, "body-en"),
        ({"body-nb": "x"}, "title-nb"),
        ({"title-en": "x" * 201, "body-en": "y"}, "title-en"),
        ({"title-en": "x", "body-en": "y" * 20_001}, "body-en"),
    ],
    ids=["nothing", "no text", "no title", "long title", "long text"],
)
def test_what_is_missing_or_too_long_is_said_at_its_field_and_nothing_is_lost(form: dict[str, str], field: str) -> None:
    """ACC-66: the language's part of the form is open."""
    asked = writing()
    answer = asked.post("/news/new", form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in page
    part = page.rindex("<details", 0, page.index(f'id="{field}-error"'))
    assert page[part:].startswith("<details open>")
    assert all(value in page for value in form.values())
    assert asked.asked("SaveArticle") == []


def test_a_preview_shows_what_readers_would_see_and_saves_nothing() -> None:
    """ACC-66: without script."""
    asked = writing()
    page = asked.post("/news/new", {**WRITTEN, "do": "preview"}).get_data(as_text=True)
    assert "<strong>January</strong>" in page
    assert "From **January**." in page, "the form keeps what was written"
    assert '<option value="2" selected>' in page
    assert asked.asked("SaveArticle") == []


def test_a_change_that_somebody_else_overtook_is_not_lost() -> None:
    """ACC-66: the form keeps it, and leads to the article as it is now."""
    asked = writing()
    asked.book.answers["SaveArticle"] = Conflict("article_changed")
    answer = asked.post(f"/news/own/{ARTICLE}", {**WRITTEN, "revision": "2"})
    assert answer.status_code == 409
    assert "Somebody else has changed this article" in words(answer)
    page = answer.get_data(as_text=True)
    assert 'value="New rates"' in page
    assert 'name="revision" value="2"' in page


def test_publishing_asks_first_and_reads_the_time_in_the_firms_zone() -> None:
    """ACC-66: Helsinki is an hour ahead of Oslo; nothing written means at once."""
    asked = writing(time_zone="Europe/Helsinki")
    assert "the time in Helsinki" in words(asked.get(f"/news/own/{ARTICLE}/publish"))
    assert asked.asked("PublishArticle") == []
    answer = asked.post(f"/news/own/{ARTICLE}/publish", publish_at="")
    assert answer.headers["Location"] == "/news/own?done=published"
    assert not asked.last("PublishArticle").HasField("publish_at")


def test_a_time_to_come_is_sent_as_that_time_in_utc() -> None:
    """ACC-66: as clocks in the firm's zone show it then."""
    asked = writing(time_zone="Europe/Helsinki")
    then = (clock.now() + timedelta(days=30)).astimezone(ZoneInfo("Europe/Helsinki")).replace(second=0, microsecond=0)
    answer = asked.post(f"/news/own/{ARTICLE}/publish", publish_at=then.strftime("%Y-%m-%dT%H:%M"))
    assert answer.headers["Location"] == "/news/own?done=scheduled"
    assert asked.last("PublishArticle").publish_at.seconds == int(then.timestamp())


@pytest.mark.parametrize("written", ["tomorrow", "2001-01-01T10:00", "9999-12-31T23:59", "0001-01-01T00:00", "2026-02-30T10:00"])
def test_a_time_that_cannot_be_is_said_at_its_field(written: str) -> None:
    """ACC-66: past, too far away, or none."""
    asked = writing()
    answer = asked.post(f"/news/own/{ARTICLE}/publish", publish_at=written)
    assert answer.status_code == 422
    assert 'id="publish_at-error"' in answer.get_data(as_text=True)
    assert asked.asked("PublishArticle") == []


@pytest.mark.parametrize(
    ("state", "act", "rpc"), [("PUBLISHED", "withdraw", "WithdrawArticle"), ("DRAFT", "delete", "DeleteDraft")], ids=["withdraw", "delete"]
)
def test_what_takes_an_article_away_asks_first(state: str, act: str, rpc: str) -> None:
    """ACC-66: a page asks where there is no script."""
    asked = writing(own(state))
    assert f'href="/news/own/{ARTICLE}/{act}" data-dialog="{act}"' in asked.get(f"/news/own/{ARTICLE}").get_data(as_text=True)
    assert "Nya satser" in words(asked.get(f"/news/own/{ARTICLE}/{act}"))
    assert asked.asked(rpc) == []
    assert "done=" in asked.post(f"/news/own/{ARTICLE}/{act}").headers["Location"]
    assert asked.last(rpc).article_id == ARTICLE
