"""News reaches the firm's people and the clients it is for, in their language, when its time has come."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import uuid_utils.compat as uuid
from kontor.access.v1.access_pb2 import (
    PERMISSION_NEWS_MANAGE,
    PERMISSION_NEWS_READ,
    SERVICE_AREA_HR,
    SERVICE_AREA_PAYROLL,
)
from kontor.identity.v1.events_pb2 import MemberRemoved
from kontor.linking.v1.events_pb2 import LinkChanged, LinkCreated
from kontor.messaging.v1 import news_pb2 as pb
from kontor.messaging.v1.news_pb2_grpc import NewsStub
from sqlalchemy import text

from chassis import clock
from chassis.caller import Caller
from chassis.config import Secret
from chassis.errors import Conflict, Denied, NotFound
from chassis.testing import FakePeers, ServiceUnderTest, at_once, person
from services.messaging.config import Config
from services.messaging.service import build

FIRM, BAKERY, GARDEN, LINK = (str(uuid.uuid7()) for _ in range(4))
DRAFT, SCHEDULED = pb.ARTICLE_STATE_DRAFT, pb.ARTICLE_STATE_SCHEDULED
PUBLISHED, WITHDRAWN = pb.ARTICLE_STATE_PUBLISHED, pb.ARTICLE_STATE_WITHDRAWN
HOUR = timedelta(hours=1)


@pytest.fixture
def service(service_database: Callable[[str], str]) -> Iterator[ServiceUnderTest]:
    running = ServiceUnderTest(build(Config(database_url=Secret(service_database("messaging"))), FakePeers()))
    linked(running, BAKERY)
    yield running
    running.close()


def linked(service: ServiceUnderTest, client: str) -> None:
    assert service.happened(LinkCreated(link_id=LINK, firm_id=FIRM, organisation_id=client))


def served(service: ServiceUnderTest, client: str, *areas: int, version: int) -> None:
    event = LinkChanged(link_id=LINK, firm_id=FIRM, organisation_id=client, service_areas=areas)  # type: ignore[arg-type]
    assert service.happened(event, version=version)


def editor(firm: str = FIRM, **given: Any) -> Caller:
    who = {"organisation_id": firm, "organisation_kind": "firm", "name": "Eva Redaktør", **given}
    return person(PERMISSION_NEWS_READ, PERMISSION_NEWS_MANAGE, **who)


def reader(organisation: str = BAKERY, language: str = "nb", **given: Any) -> Caller:
    return person(PERMISSION_NEWS_READ, organisation_id=organisation, language=language, **given)


def news(service: ServiceUnderTest, who: Caller) -> NewsStub:
    return NewsStub(service.channel(who))


def written(title: str, language: str = "nb", body: str = "Innhold") -> pb.ArticleText:
    return pb.ArticleText(language=language, title=title, body=body)


def draft(service: ServiceUnderTest, title: str = "Nye satser", area: int = 0, who: Caller | None = None) -> pb.OwnArticle:
    request = pb.SaveArticleRequest(service_area=area, texts=[written(title)])  # type: ignore[arg-type]
    return news(service, who or editor()).SaveArticle(request)


def publish(service: ServiceUnderTest, article: pb.OwnArticle, *, after: timedelta | None = None) -> pb.OwnArticle:
    request = pb.PublishArticleRequest(article_id=article.article_id)
    if after is not None:
        request.publish_at.FromDatetime(clock.now() + after)
    return news(service, editor()).PublishArticle(request)


def out(service: ServiceUnderTest, title: str = "Nye satser", area: int = 0) -> pb.OwnArticle:
    return publish(service, draft(service, title, area))


def page(service: ServiceUnderTest, who: Caller, **asked: Any) -> pb.ListArticlesResponse:
    return news(service, who).ListArticles(pb.ListArticlesRequest(**asked))


def titles(service: ServiceUnderTest, who: Caller) -> list[str]:
    return [each.title for each in page(service, who).articles]


def read(service: ServiceUnderTest, who: Caller, article: pb.OwnArticle, language: str = "") -> pb.Article:
    return news(service, who).GetArticle(pb.GetArticleRequest(article_id=article.article_id, language=language))


def test_a_published_article_is_read_by_the_firm_and_its_clients_and_a_draft_by_nobody(service: ServiceUnderTest) -> None:
    """ACC-66, ACC-03: other clients, and other firms, find no such article."""
    article = draft(service)
    assert article.state == DRAFT
    inside, outside = [reader(), editor()], [reader(GARDEN), editor(GARDEN)]
    for who in inside + outside:
        assert titles(service, who) == []
        with pytest.raises(NotFound):
            read(service, who, article)
    assert publish(service, article).state == PUBLISHED
    for who in inside:
        assert titles(service, who) == ["Nye satser"]
        assert read(service, who, article).body == "Innhold"
    for who in outside:
        assert titles(service, who) == []
        with pytest.raises(NotFound):
            read(service, who, article)


def test_a_client_has_news_about_the_areas_in_which_it_is_served_and_about_all(service: ServiceUnderTest) -> None:
    """ACC-66, ACC-11, ACC-03: the firm's own people have all; what ends at the client ends in its news, also where events overtake."""
    served(service, BAKERY, SERVICE_AREA_PAYROLL, version=3)
    served(service, BAKERY, SERVICE_AREA_HR, version=2)
    payroll, hr = out(service, "Lønn", SERVICE_AREA_PAYROLL), out(service, "HR", SERVICE_AREA_HR)
    out(service, "Alle")
    assert titles(service, reader()) == ["Alle", "Lønn"]
    assert titles(service, editor()) == ["Alle", "HR", "Lønn"]
    with pytest.raises(NotFound):
        read(service, reader(), hr)
    served(service, BAKERY, version=4)
    assert titles(service, reader()) == ["Alle"]
    with pytest.raises(NotFound):
        read(service, reader(), payroll)


def test_a_scheduled_article_comes_out_by_the_clock(service: ServiceUnderTest) -> None:
    """ACC-66: no job is needed, and its place in the list is its time's."""
    article = publish(service, draft(service, "Frist"), after=2 * HOUR)
    assert article.state == SCHEDULED
    out(service, "Først ute")
    assert titles(service, reader()) == ["Først ute"]
    with clock.moved(2 * HOUR):
        assert titles(service, reader()) == ["Frist", "Først ute"]
        assert news(service, editor()).GetOwnArticle(pb.GetOwnArticleRequest(article_id=article.article_id)).state == PUBLISHED


def test_a_scheduled_article_can_be_given_another_time_and_one_that_is_out_cannot(service: ServiceUnderTest) -> None:
    """ACC-66: a time that has passed means now."""
    article = publish(service, draft(service), after=2 * HOUR)
    earlier = publish(service, article, after=HOUR)
    assert earlier.publish_at.seconds < article.publish_at.seconds
    assert publish(service, article, after=-HOUR).publish_at.seconds >= article.changed_at.seconds
    with pytest.raises(Conflict) as refused:
        publish(service, article, after=HOUR)
    assert refused.value.reason == "article_published"


@pytest.mark.parametrize(("language", "title"), [("sv", "Nya satser"), ("nb", "Nye satser"), ("fi", "Nye satser"), ("", "Nye satser")])
def test_an_article_is_read_in_the_readers_language_or_else_in_its_first(service: ServiceUnderTest, language: str, title: str) -> None:
    """ACC-66, ACC-71: in lists and alone; another language can be asked for."""
    texts = [written("Nye satser"), written("Nya satser", "sv"), written("New rates", "en")]
    article = publish(service, news(service, editor()).SaveArticle(pb.SaveArticleRequest(texts=texts)))
    who = reader(language=language)
    assert titles(service, who) == [title] == [read(service, who, article).title]
    assert read(service, who, article, "en").title == "New rates"
    assert [each.title for each in page(service, who, language="en").articles] == ["New rates"]


def test_a_withdrawn_article_is_gone_for_readers_at_once_and_can_come_back(service: ServiceUnderTest) -> None:
    """ACC-66: it is kept for those who write; a draft cannot be withdrawn."""
    article, writer = out(service), news(service, editor())
    withdrawn = writer.WithdrawArticle(pb.WithdrawArticleRequest(article_id=article.article_id))
    assert (withdrawn.state, withdrawn.HasField("publish_at")) == (WITHDRAWN, False)
    assert titles(service, reader()) == []
    with pytest.raises(Conflict) as refused:
        writer.WithdrawArticle(pb.WithdrawArticleRequest(article_id=article.article_id))
    assert refused.value.reason == "article_not_published"
    publish(service, article)
    assert titles(service, reader()) == ["Nye satser"]


def test_only_what_nobody_reads_can_be_deleted(service: ServiceUnderTest) -> None:
    """ACC-66: published and scheduled articles are withdrawn first; with it go its texts and read marks."""
    article, later, writer = out(service), publish(service, draft(service), after=HOUR), news(service, editor())
    news(service, reader()).MarkArticlesRead(pb.MarkArticlesReadRequest())
    for each in (article, later):
        with pytest.raises(Conflict):
            writer.DeleteDraft(pb.DeleteDraftRequest(article_id=each.article_id))
        writer.WithdrawArticle(pb.WithdrawArticleRequest(article_id=each.article_id))
        writer.DeleteDraft(pb.DeleteDraftRequest(article_id=each.article_id))
        with pytest.raises(NotFound):
            writer.GetOwnArticle(pb.GetOwnArticleRequest(article_id=each.article_id))
    assert service.service.database is not None
    counts = "select (select count(*) from article_texts) + (select count(*) from article_reads) as remaining"
    assert service.service.database.read(text(counts))[0].remaining == 0


def test_a_change_is_seen_at_once_and_two_at_the_same_moment_do_not_undo_each_other(service: ServiceUnderTest) -> None:
    """ACC-66: one of the two is told that the article has changed."""
    article = out(service)
    change = [
        pb.SaveArticleRequest(article_id=article.article_id, texts=[written(f"Endret {number}")], revision=article.revision)
        for number in range(2)
    ]
    answers = at_once([lambda each=each: news(service, editor()).SaveArticle(each) for each in change])  # type: ignore[misc]
    (saved,) = [each for each in answers if isinstance(each, pb.OwnArticle)]
    (refused,) = [each for each in answers if isinstance(each, Conflict)]
    assert refused.reason == "article_changed"
    assert titles(service, reader()) == [saved.texts[0].title]
    assert (saved.state, saved.publish_at, saved.revision) == (PUBLISHED, article.publish_at, article.revision + 1)


def test_another_firm_can_do_nothing_with_an_article(service: ServiceUnderTest) -> None:
    """ACC-03: not see it, nor change, publish, withdraw or delete it."""
    article, stranger = out(service), news(service, editor(GARDEN))
    assert list(stranger.ListOwnArticles(pb.ListOwnArticlesRequest()).articles) == []
    identifier = article.article_id
    for call, request in [
        (stranger.GetOwnArticle, pb.GetOwnArticleRequest(article_id=identifier)),
        (stranger.SaveArticle, pb.SaveArticleRequest(article_id=identifier, texts=[written("x")], revision=article.revision)),
        (stranger.PublishArticle, pb.PublishArticleRequest(article_id=identifier)),
        (stranger.WithdrawArticle, pb.WithdrawArticleRequest(article_id=identifier)),
        (stranger.DeleteDraft, pb.DeleteDraftRequest(article_id=identifier)),
    ]:
        with pytest.raises(NotFound) as refused:
            call(request)  # type: ignore[operator]
        assert refused.value.reason == "article_not_found"
    assert titles(service, reader()) == ["Nye satser"]


def test_readers_do_not_write_news(service: ServiceUnderTest) -> None:
    """ACC-13: the permission decides, also at the firm."""
    for who in (reader(), reader(FIRM, organisation_kind="firm")):
        with pytest.raises(Denied):
            draft(service, who=who)


def test_an_article_is_unread_until_it_is_marked_and_only_for_who_marked_it(service: ServiceUnderTest) -> None:
    """ACC-75: home tells what is new to oneself."""
    first, _, me, colleague = out(service, "en"), out(service, "to"), reader(), reader()
    assert page(service, me).unread == 2
    marked = news(service, me).MarkArticlesRead(pb.MarkArticlesReadRequest(article_ids=[first.article_id, first.article_id]))
    assert marked.unread == 1 == page(service, me).unread
    assert [each.read for each in page(service, me).articles] == [False, True]
    assert read(service, me, first).read
    assert page(service, colleague).unread == 2
    assert news(service, me).MarkArticlesRead(pb.MarkArticlesReadRequest()).unread == 0


def test_nobody_marks_what_they_may_not_read(service: ServiceUnderTest) -> None:
    """ACC-03: an article of another firm, or a draft, leaves no mark."""
    article, stranger = out(service), reader(GARDEN)
    news(service, stranger).MarkArticlesRead(pb.MarkArticlesReadRequest(article_ids=[article.article_id, draft(service).article_id]))
    linked(service, GARDEN)
    assert page(service, stranger).unread == 1


def test_what_a_removed_member_has_read_is_forgotten(service: ServiceUnderTest) -> None:
    """ACC-82: others' marks stay."""
    out(service)
    gone, stays = reader(), reader()
    for who in (gone, stays):
        news(service, who).MarkArticlesRead(pb.MarkArticlesReadRequest())
    removed = MemberRemoved(user_id=gone.user_id, membership_id=gone.membership_id, organisation_id=BAKERY)
    assert service.happened(removed)
    assert (page(service, gone).unread, page(service, stays).unread) == (1, 0)


def test_what_came_out_long_ago_is_not_new_to_who_joins_today(service: ServiceUnderTest) -> None:
    """ACC-75: sixty days."""
    out(service)
    with clock.moved(timedelta(days=59)):
        assert page(service, reader()).unread == 1
    with clock.moved(timedelta(days=61)):
        later = page(service, reader())
    assert (later.unread, [each.read for each in later.articles]) == (0, [True])


def test_articles_come_newest_first_in_pages_each_once(service: ServiceUnderTest) -> None:
    """ACC-66: an article that comes out meanwhile does not shift the next page; writers' lists alike."""
    for number in range(5):
        out(service, f"nr {number}")
    first = page(service, reader(), page_size=2)
    out(service, "nr 5")
    second = page(service, reader(), page_size=2, page_token=first.next_page_token)
    third = page(service, reader(), page_size=2, page_token=second.next_page_token)
    assert [each.title for one in (first, second, third) for each in one.articles] == [f"nr {number}" for number in (4, 3, 2, 1, 0)]
    assert (third.next_page_token, {each.body for each in first.articles}) == ("", {""})
    writer = news(service, editor())
    own = writer.ListOwnArticles(pb.ListOwnArticlesRequest(page_size=4))
    rest = writer.ListOwnArticles(pb.ListOwnArticlesRequest(page_size=4, page_token=own.next_page_token))
    assert [each.texts[0].title for one in (own, rest) for each in one.articles] == [f"nr {number}" for number in (5, 4, 3, 2, 1, 0)]


def test_those_who_write_find_articles_by_where_they_stand(service: ServiceUnderTest) -> None:
    """ACC-66: with who changed them last."""
    writer = news(service, editor())
    draft(service, "kladd")
    publish(service, draft(service, "siden"), after=HOUR)
    out(service, "ute")
    writer.WithdrawArticle(pb.WithdrawArticleRequest(article_id=out(service, "tilbake").article_id))
    for state, title in ((DRAFT, "kladd"), (SCHEDULED, "siden"), (PUBLISHED, "ute"), (WITHDRAWN, "tilbake")):
        (found,) = writer.ListOwnArticles(pb.ListOwnArticlesRequest(state=state)).articles
        assert (found.texts[0].title, found.state, found.changed_by) == (title, state, "Eva Redaktør")
