"""Everything is said in the language of the reader."""

import pytest

from chassis.errors import Failure
from chassis.language import LANGUAGES
from tests.gateway.portal import DOCUMENT, FORM, Portal, document, listed, noticed, portal, words

SIGN_IN = {"nb": "Logg inn", "sv": "Logga in", "fi": "Kirjaudu sisään", "da": "Log ind", "en": "Sign in"}


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("sv-SE,sv;q=0.9,en;q=0.8", "sv"), ("de,fi;q=0.5,en;q=0.4", "fi"), ("nn,en;q=0.5", "nb"), ("da", "da"), ("de", "en"), ("", "en")],
)
def test_before_sign_in_the_browser_says_which_language(accepted: str, language: str) -> None:
    """ACC-20."""
    answer = portal(signed_in=False).get("/sign-in", headers={"Accept-Language": accepted})
    assert f'<html lang="{language}">' in answer.get_data(as_text=True)
    assert SIGN_IN[language] in words(answer)


def test_a_language_chosen_before_sign_in_is_remembered() -> None:
    """ACC-20: from an icon at the top right."""
    asked = portal(signed_in=False)
    for language in LANGUAGES:
        answer = asked.post("/language", language=language, back="/password")
        assert answer.headers["Location"] == "/password"
        assert f'<html lang="{language}">' in asked.get("/sign-in", headers={"Accept-Language": "en"}).get_data(as_text=True)


def test_the_persons_own_language_goes_before_both() -> None:
    """ACC-71."""
    asked = portal(language="fi")
    asked.client.set_cookie("language", "sv")
    for path in ("/account", "/nowhere"):
        assert '<html lang="fi">' in asked.get(path, headers={"Accept-Language": "nb"}).get_data(as_text=True)


def test_choosing_while_signed_in_is_kept_with_the_person() -> None:
    """ACC-71, AMI-21."""
    asked = portal()
    asked.post("/language", language="da", back="/account")
    assert asked.last("UpdateProfile").language == "da"


BACK = ("https://elsewhere.example/", "//elsewhere.example/", "/\\elsewhere.example", "javascript:alert(1)", "")
# Browsers, and Python's urlsplit, leave these characters out of an address before they look at it.
LEFT_OUT = ("/\t/elsewhere.example", "/\n/elsewhere.example", "/\r/elsewhere.example")


@pytest.mark.parametrize("back", [*BACK, *LEFT_OUT])
def test_choosing_a_language_leads_back_to_our_own_pages_only(back: str) -> None:
    answer = portal(signed_in=False).client.post("/language", data={"language": "nb", "back": back}, headers=FORM)
    assert answer.headers["Location"] == "/"


def test_a_language_that_is_not_offered_is_not_kept() -> None:
    answer = portal(signed_in=False).post("/language", language="tlh", back="/")
    assert "Set-Cookie" not in answer.headers


def _home(language: str, *, time_zone: str = "Europe/Oslo") -> Portal:
    asked = portal(language=language, time_zone=time_zone)
    asked.book.answers.update(listed(document()) | {"ListNotices": noticed(DOCUMENT, unread=1)})
    return asked


@pytest.mark.parametrize(
    ("language", "moment", "month"),
    [
        ("nb", "28.05.2026 22:26", "Mai 2026"),
        ("sv", "2026-05-28 22:26", "Maj 2026"),
        ("fi", "28.5.2026 22.26", "Toukokuu 2026"),
        ("da", "28.05.2026 22.26", "Maj 2026"),
        ("en", "28 May 2026 22:26", "May 2026"),
    ],
)
def test_dates_are_written_as_the_reader_writes_them(language: str, moment: str, month: str) -> None:
    """ACC-49: date and minute."""
    said = words(_home(language).get("/documents"))
    assert moment in said
    assert month in said


def test_times_are_those_of_the_organisation() -> None:
    assert "28 May 2026 23:26" in words(_home("en", time_zone="Europe/Helsinki").get("/documents"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_home_greets_in_every_language(language: str) -> None:
    answer = _home(language).get("/")
    assert answer.status_code == 200
    assert "Ingrid" in words(answer)


def test_a_failure_of_no_known_reason_is_still_a_sentence() -> None:
    asked = portal(language="sv")
    unknown = Failure("quite_new", "New.")
    asked.book.answers["GetNoticeSettings"] = unknown
    answer = asked.get("/account/notices")
    assert answer.status_code == 500
    assert "Något gick fel hos oss" in words(answer)
