"""Letters with links leave at once, are kept nowhere, and read well in every language."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from kontor.notify.v1 import notify_pb2 as pb
from kontor.notify.v1.notify_pb2_grpc import LettersStub
from sqlalchemy import text

from chassis import clock
from chassis.caller import Caller
from chassis.config import BadSettings
from chassis.errors import Denied, Invalid, Unavailable
from chassis.language import LANGUAGES, Catalogues, offered
from chassis.testing import ServiceUnderTest, person
from services.notify import letters
from tests.notify.post import new_id, started
from tests.servers.smtp import Caught, MailServer

LINK = "https://portal.example.no/links/s3cr3t-t0k3n"
# The invitation by code is in English whatever the language (NET-21): test_mail_looks.py and identity's tests have it.
KINDS = [kind for kind in pb.LetterKind.values() if kind and kind != pb.LETTER_KIND_INVITATION]


def request(kind: pb.LetterKind.ValueType = pb.LETTER_KIND_WELCOME, /, **given: str) -> pb.SendNowRequest:
    content = {
        "letter_id": new_id(), "email": "kari@example.no", "language": "nb", "first_name": "Kari", "organisation_name": "Testdal Bakeri AS",
        "inviter_name": "Ola Nordmann", "link": LINK, **given,
    }  # fmt: skip
    letter = pb.SendNowRequest(kind=kind, **content)  # type: ignore[arg-type]
    letter.link_expires_at.FromDatetime(clock.now() + timedelta(hours=24))
    return letter


def identity(service: ServiceUnderTest) -> LettersStub:
    return LettersStub(service.channel(Caller(service="identity")))


def test_a_welcome_letter_arrives_with_what_to_do_and_where(service: ServiceUnderTest, smtp: MailServer) -> None:
    """ACC-15, ACC-16: who has added them where, the link that verifies, what comes next, and for how long it works."""
    identity(service).SendNow(request())
    mail = smtp.wait_for("kari@example.no")
    assert mail.message["subject"] == "Velkommen til Testdal Bakeri AS i Kontor"
    assert mail.message["from"] == "Kontor <no-reply@portal.example.no>"
    for part in ("Hei Kari,", "Ola Nordmann har lagt deg til", LINK, "Lag passord", "innen 24 timer", "https://portal.example.no"):
        assert part in mail.text
    html = mail.message.get_body(("html",))
    assert html is not None
    assert f'href="{LINK}"' in html.get_content()
    assert "prefers-color-scheme: dark" in html.get_content()


@pytest.mark.parametrize("kind", KINDS)
def test_every_letter_is_whole_in_every_language(service: ServiceUnderTest, smtp: MailServer, kind: pb.LetterKind.ValueType) -> None:
    """ACC-15, ACC-17, ACC-32, ACC-71: subject, text and HTML, no placeholder left, nothing of another language."""
    for language in LANGUAGES:
        identity(service).SendNow(request(kind, language=language))
        _check_that_it_is_whole(smtp.messages[-1], language)


def _check_that_it_is_whole(mail: Caught, language: str) -> None:
    html = mail.message.get_body(("html",))
    assert html is not None
    for content in (mail.message["subject"], mail.text, html.get_content()):
        assert content.strip()
        assert not re.search(r"%\(|\{\{|\{%|None", content)
    assert mail.message["content-language"] == language
    assert f'lang="{language}"' in html.get_content()
    greeting = {"nb": "Hei Kari,", "sv": "Hej Kari!", "fi": "Hei Kari,", "da": "Hej Kari\n", "en": "Hello Kari,"}[language]
    assert mail.text.replace("\r\n", "\n").startswith(greeting)


def test_nothing_of_a_letter_is_stored_or_logged(service: ServiceUnderTest, smtp: MailServer, caplog: pytest.LogCaptureFixture) -> None:
    """P28: its link is a key to the account; also when it could not be sent."""
    identity(service).SendNow(request())
    smtp.stop()
    with pytest.raises(Unavailable):
        identity(service).SendNow(request())
    database = service.service.database
    assert database is not None
    found = database.read(text("select table_name from information_schema.tables where table_schema = 'public'"))
    tables = [row.table_name for row in found]
    assert "deliveries" in tables
    for table in tables:
        assert "t0k3n" not in str(database.read(text(f'select * from "{table}"')))  # noqa: S608
    assert "t0k3n" not in caplog.text


def test_a_letter_that_nobody_took_fails_and_can_be_sent_again_under_the_same_id(service: ServiceUnderTest, smtp: MailServer) -> None:
    """The caller keeps the letter's row, so nothing is lost; the Message-ID tells a repeat from a new letter."""
    letter = request()
    smtp.stop()
    with pytest.raises(Unavailable) as failed:
        identity(service).SendNow(letter)
    assert failed.value.reason == "mail_unavailable"
    smtp.start()
    for _ in range(2):
        identity(service).SendNow(letter)
    assert {mail.message["message-id"] for mail in smtp.messages} == {f"<{letter.letter_id}@portal.example.no>"}


def test_only_identity_can_have_letters_sent(service: ServiceUnderTest, smtp: MailServer) -> None:
    """No person, with whatever permissions, can make Kontor write to strangers."""
    with pytest.raises(Denied):
        LettersStub(service.channel(person(*range(1, 100)))).SendNow(request())
    with pytest.raises(Denied):
        LettersStub(service.channel(Caller(service="documents"))).SendNow(request())
    assert smtp.messages == []


def test_a_letter_without_its_link_is_refused(service: ServiceUnderTest, smtp: MailServer) -> None:
    """A welcome that leads nowhere helps nobody."""
    with pytest.raises(Invalid) as refused:
        identity(service).SendNow(request(link=""))
    assert refused.value.reason == "link_missing"
    with pytest.raises(Invalid):
        identity(service).SendNow(request(email="kari@example.no\r\nBcc: all@example.no"))
    assert smtp.messages == []


def test_names_cannot_smuggle_headers_markup_or_advertisements_into_a_letter(service: ServiceUnderTest, smtp: MailServer) -> None:
    """ASVS 1.3.11 and 1.2.1: names are other people's text."""
    hostile = {"organisation_name": "Bakeri\r\nBcc: all@example.no", "inviter_name": "Win at www.example.com", "first_name": "<b>Kari</b>"}
    identity(service).SendNow(request(pb.LETTER_KIND_WELCOME, **hostile))
    (mail,) = smtp.messages
    assert mail.recipients == ("kari@example.no",)
    assert mail.message["bcc"] is None
    assert mail.message["subject"] == "Velkommen til Kontor"
    assert "www.example.com" not in mail.text
    html = mail.message.get_body(("html",))
    assert html is not None
    assert "&lt;b&gt;Kari&lt;/b&gt;" in html.get_content()


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_text_of_the_templates_is_translated_with_the_same_placeholders(language: str) -> None:
    """A template changed without its translations fails here, and not in somebody's mailbox."""
    folder = letters.FOLDER
    with (folder / "locale" / language / "LC_MESSAGES" / "mail.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    written = {message.id: message for message in catalogue if message.id}
    wanted = _texts(folder / "templates")
    assert set(written) == wanted
    for message in written.values():
        ids, strings = ([item] if isinstance(item, str) else list(item or ()) for item in (message.id, message.string))
        assert not message.fuzzy
        assert len(ids) == len(strings)
        for string in strings:
            assert string
            assert set(re.findall(r"%\(\w+\)\w", string)) == set(re.findall(r"%\(\w+\)\w", ids[-1]))


def test_texts_come_in_the_language_asked_for_or_else_in_english() -> None:
    """ACC-20: `no` and `nn` are answered in nb, a locale by its language, anything else in English."""
    catalogues = Catalogues(letters.FOLDER / "locale", "mail")
    assert catalogues.translator("sv-FI").gettext("Payroll") == "Lön"
    assert [offered(language) for language in ("no", "nn_NO", "NB", "de", "")] == ["nb", "nb", "nb", "en", "en"]
    finnish = catalogues.translator("fi")
    assert [finnish.ngettext("%(num)d file", "%(num)d files", number) for number in (1, 2)] == ["%(num)d tiedosto", "%(num)d tiedostoa"]
    assert catalogues.translator("en").gettext("never translated") == "never translated"


def test_a_service_that_could_not_send_anything_does_not_start(service_database: Callable[[str], str]) -> None:
    """A mistake in the settings is found at the start, not by the first letter."""
    for url in ("", "portal.example.no:25", "smtp://", "smtp://user@mail.example.no:587"):
        with pytest.raises(BadSettings):
            started(service_database("notify"), url)
    with pytest.raises(BadSettings):
        started(service_database("notify"), "smtp://localhost", digest_hour=24)


def _texts(templates: Path) -> set[str | tuple[str, ...]]:
    found: set[str | tuple[str, ...]] = set()
    for path in templates.rglob("*.*"):
        with path.open("rb") as file:
            for _, message, _, _ in extract("jinja2.ext:babel_extract", file, options={"newstyle_gettext": "true"}):
                found.add(message if isinstance(message, str) else tuple(message[:2]))
    return found
