"""Every kind of mail, in every language, as a mail program shows it: on a narrow telephone, by day and in the dark."""

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from chassis.language import LANGUAGES
from services.notify.letters import FOLDER, Writer
from services.notify.mail import Letter

NARROW = (320, 640)
LONG = "Østfjellbakkens Regnskapsførerselskap og Rådgivningstjenester Aksjeselskap"
LINK = f"https://portal.example.no/links/{'t' * 43}"
BY_LINK = {"organisation": LONG, "inviter": "Ola Nordmann", "link": LINK, "number": 24, "unit": "hours"}
GROUP = SimpleNamespace(files=12, area=2, day="3. mai 2027", query="expiring=1")
ABOUT: dict[str, dict[str, Any]] = {
    "added_to_organisation": BY_LINK, "welcome": BY_LINK, "password": BY_LINK, "password_changed": BY_LINK, "no_account": BY_LINK,
    "security_changed": BY_LINK | {"change": "factor_added"},
    "digest": {"organisations": [("Exempelvarvet AB", [(1, 1)]), (LONG, [(2, 12), (3, 1)])], "total": 14},
    "message": {"organisation": LONG, "number": 2},
    "answer": {"topic": LONG, "by": "Anna Berg", "number": 2, "organisation": LONG, "lines": ["Hei,", "", LINK * 2, "Hilsen Anna"]},
    "invitation": BY_LINK | {"code": "1234 5678 9012 3456"},
    "expiry": {"organisations": [(LONG, [GROUP])], "total": 12},
    "stopped": {"organisations": [("Exempelvarvet AB", [(0, 1)]), (LONG, [(0, 2)])], "total": 3},
    "deleted": {"organisations": [("Exempelvarvet AB", [(1, 1)]), (LONG, [(2, 12), (3, 1)])], "total": 14},
}  # fmt: skip
KINDS = sorted(path.name for path in (FOLDER / "templates").iterdir() if (path / "body.html").exists())
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
WRITER = Writer(public_url="https://portal.example.no", sender="Kontor <no-reply@portal.example.no>")


def letter(kind: str, language: str) -> Letter:
    """One of this kind, about things with long names."""
    token = "" if ABOUT[kind] is BY_LINK or kind in ("security_changed", "invitation", "stopped") else "u" * 43
    return WRITER.write(kind, to="kari@example.no", language=language, key="key", first_name="Kari", unsubscribe=token, **ABOUT[kind])


def test_no_kind_is_left_out() -> None:
    """A new kind of mail is looked at too."""
    assert sorted(ABOUT) == KINDS


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_mail_is_readable_on_the_narrowest_telephone_by_day_and_in_the_dark(
    new_page: Callable[..., Page], scheme: Literal["light", "dark"]
) -> None:
    """ACC-71, WCAG 1.4.3 and 1.4.10: no scrolling to the side, contrast enough, in the reader's language, and nothing is fetched."""
    page = new_page(size=NARROW, scheme=scheme)
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    wrong = []
    for kind in KINDS:
        for language in LANGUAGES:
            page.set_content(letter(kind, language).html)
            wide = page.evaluate("document.documentElement.scrollWidth")
            found = Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]}).response["violations"]
            wrong += [f"{kind} {language} {each['id']}: {each['nodes'][0]['html'][:90]}" for each in found]
            wrong += [f"{kind} {language} is {wide} wide"] * (wide > NARROW[0])
    assert wrong == []
    assert [url for url in fetched if not url.startswith(("about:", "data:"))] == []
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(247, 248, 245)", "dark": "rgb(18, 26, 22)"}[scheme]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_text_and_html_say_the_same(kind: str, language: str) -> None:
    """Whoever reads plain text misses nothing: every link and every name of the HTML stands there too."""
    mail = letter(kind, language)
    links = set(re.findall(r'href="([^"]+)"', mail.html.replace("&amp;", "&")))
    assert [link for link in links if link.rstrip("/") not in mail.text] == []
    for said in (name for name in (LONG, "Kari", "Anna Berg") if name in mail.html.partition("</head>")[2]):
        assert said in mail.text
    assert f'<html lang="{language}">' in mail.html
    assert "<img" not in mail.html
    assert not re.search(r"https?://(?!portal\.example\.no)", mail.html + mail.text)
