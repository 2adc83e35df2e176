"""News as the messaging service tells of it."""

from typing import Any

from kontor.messaging.v1 import news_pb2 as pb

from tests.gateway.portal import AT

ARTICLE = "01920000-0000-7000-8000-0000000000c1"
TEXT = """Vi kjører lønn tidligere enn vanlig i desember.

## Dette trenger vi

- **Timer og tillegg** senest *5. desember*
- Sykmeldinger, se [veiledningen](https://eksempelvik.example/sykmelding)

> Send ikke personnummer i meldinger.

### Spørsmål

1. Skriv til oss
2. eller ring
"""


def article(title: str = "Nye satser", *, read: bool = False, language: str = "nb", body: str = "", area: int = 0) -> pb.Article:
    """An article as its readers get it."""
    return pb.Article(
        article_id=ARTICLE, title=title, language=language, body=body, published_at=AT, read=read, service_area=area,  # type: ignore[arg-type]
    )  # fmt: skip


def own(state: str = "DRAFT", *texts: pb.ArticleText) -> pb.OwnArticle:
    """An article as those who write it get it."""
    held = pb.OwnArticle(
        article_id=ARTICLE, state=pb.ArticleState.Value(f"ARTICLE_STATE_{state}"), revision=3, changed_at=AT, changed_by="Eva Redaktør",
        texts=texts or [pb.ArticleText(language="sv", title="Nya satser", body="Från **januari**.")],
    )  # fmt: skip
    if state in ("PUBLISHED", "SCHEDULED"):
        held.publish_at.CopyFrom(AT)
    return held


def answers() -> dict[str, Any]:
    """Articles in every state, in two languages."""
    states = ("DRAFT", "SCHEDULED", "PUBLISHED", "WITHDRAWN")
    title = "Lønnskjøring i desember: frist for timer og tillegg er den 5."
    texts = [pb.ArticleText(language="nb", title=title, body=TEXT), pb.ArticleText(language="en", title="Payroll in December", body=TEXT)]
    articles = [article(title, area=2), article("The office is closed", language="en"), article("Velkommen til portalen", read=True)]
    return {
        "ListArticles": pb.ListArticlesResponse(articles=articles, unread=2, next_page_token="next"),
        "GetArticle": article(title, body=TEXT, area=2),
        "ListOwnArticles": pb.ListOwnArticlesResponse(articles=[own(state, *texts) for state in states]),
        "GetOwnArticle": own("PUBLISHED", *texts),
    }
