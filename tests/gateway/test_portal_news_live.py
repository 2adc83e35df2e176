"""News in a real browser: what comes out shows up on open pages, and what is shown is read."""

import pytest
from kontor.identity.v1 import identity_pb2
from kontor.messaging.v1 import news_pb2 as pb
from playwright.sync_api import expect

from tests.gateway.newsroom import ARTICLE, answers, article
from tests.gateway.portal import OWN, Portal, listed, noticed
from tests.gateway.window import OpenPage, fresh, window
from tests.waiting import eventually


def _asked() -> Portal:
    asked = fresh(kind=identity_pb2.ORGANISATION_KIND_FIRM)
    asked.book.answers.update(listed() | {"ListNotices": noticed()} | answers())
    return asked


@pytest.mark.parametrize("path", ["/", "/news"])
def test_an_article_that_comes_out_shows_up_on_open_pages(new_page: OpenPage, path: str) -> None:
    """ACC-66, ACC-67: without loading the page again; and so does the next one."""
    asked = _asked()
    with window(new_page, asked) as seen:
        seen.page.goto(path)
        seen.listens()
        for title in ("Nettopp publisert", "Og en til"):
            asked.book.answers["ListArticles"] = pb.ListArticlesResponse(articles=[article(title)], unread=1)
            seen.hub.publish(f"firm:{OWN}")
            expect(seen.page.get_by_role("link", name=title)).to_be_visible()
        assert seen.complaints == []


def test_an_article_that_is_shown_is_read_and_the_button_for_it_is_not_needed(new_page: OpenPage) -> None:
    """ACC-75, BEY-01: the page says so itself."""
    asked = _asked()
    with window(new_page, asked) as seen:
        seen.page.goto(f"/news/{ARTICLE}")
        eventually(lambda: asked.asked("MarkArticlesRead"))
        assert list(asked.last("MarkArticlesRead").article_ids) == [ARTICLE]
        expect(seen.page.get_by_role("button", name="Mark as read")).to_be_hidden()
        assert seen.complaints == []


def test_news_is_written_without_script(new_page: OpenPage) -> None:
    """ACC-66: languages open, the preview shows, and deleting asks on a page of its own."""
    asked = _asked()
    asked.book.answers["GetOwnArticle"] = pb.OwnArticle(
        article_id=ARTICLE, state=pb.ARTICLE_STATE_DRAFT, revision=1, texts=[pb.ArticleText(language="en", title="Draft", body="Text")]
    )
    with window(new_page, asked, javascript=False) as seen:
        seen.page.goto(f"/news/own/{ARTICLE}")
        seen.page.locator("summary", has_text="Suomi").click()
        seen.page.get_by_label("Title (Suomi)").fill("Luonnos")
        seen.page.get_by_label("Text (Suomi)").fill("**Teksti**")
        seen.page.get_by_role("button", name="Preview").click()
        expect(seen.page.locator("strong", has_text="Teksti")).to_be_visible()
        seen.page.get_by_role("button", name="Save as draft").click()
        assert [each.language for each in asked.last("SaveArticle").texts] == ["en", "fi"]
        seen.page.goto(f"/news/own/{ARTICLE}")
        seen.page.get_by_role("link", name="Delete the article").click()
        assert seen.page.url.endswith("/delete")
        seen.page.get_by_role("button", name="Delete the article").click()
        assert asked.last("DeleteDraft").article_id == ARTICLE
