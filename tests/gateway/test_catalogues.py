"""Every text of the portal is in all five catalogues, and none is left over."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from chassis.language import LANGUAGES
from services.gateway import texts

GATEWAY = texts.FOLDER.parent
CALLS = {"_": None, "_n": (1, 2)}
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
Text = str | tuple[str, str]


@cache
def _written() -> frozenset[Text]:
    """Every text in the templates and in the code; those with a plural as both forms."""
    return frozenset(text for path in _files() for text in _texts(path))


def _files() -> list[Path]:
    return [*sorted(GATEWAY.glob("*.py")), *sorted(GATEWAY.glob("pages/**/*.py")), *sorted(GATEWAY.glob("templates/**/*.html"))]


def _texts(path: Path) -> Iterator[Text]:
    with path.open("rb") as file:
        if path.suffix == ".html":
            found = [message for _, _, message, _ in babel_extract(file, list(CALLS), (), {})]
        else:
            found = [message for _, message, _, _ in extract("python", file, CALLS)]
    for message in found:
        strings = (message,) if isinstance(message, str) else tuple(each for each in message or () if isinstance(each, str))
        yield strings[0] if len(strings) == 1 else (strings[0], strings[1])


@cache
def _catalogue(language: str) -> Catalog:
    with (texts.FOLDER / language / "LC_MESSAGES" / "portal.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def _entries(language: str) -> dict[Text, tuple[str, ...]]:
    messages = [message for message in _catalogue(language) if message.id]
    return {
        message.id if isinstance(message.id, str) else (message.id[0], message.id[1]): (
            (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
        )
        for message in messages
    }


def test_the_texts_are_found_at_all() -> None:
    assert "Confirm upload" in _written()
    assert ("%(number)s document", "%(number)s documents") in _written()
    assert len(_written()) > 300


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_said_in_every_language_and_no_other_is_kept(language: str) -> None:
    """ACC-20."""
    assert sorted(map(str, _written() ^ _entries(language).keys())) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_is_written_and_carries_what_the_text_carries(language: str) -> None:
    for text, forms in _entries(language).items():
        singular, plural = (text, text) if isinstance(text, str) else text
        assert len(forms) == (1 if isinstance(text, str) else 2), text
        for form, source in zip(forms, (singular, plural), strict=False):
            assert form.strip(), text
            assert set(PLACEHOLDER.findall(form)) == set(PLACEHOLDER.findall(source)), text
            assert form.rstrip()[-1:] in ".?:" or source.rstrip()[-1:] not in ".?:", f"{language} does not end {form!r}"
            assert "!" not in form, "the portal does not raise its voice"


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_a_translation_is_one(language: str) -> None:
    """Sentences, that is; single words may be the same in two languages."""
    assert [text for text, (form, *_) in _entries(language).items() if form == text and text.count(" ") > 1] == []
