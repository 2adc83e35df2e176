"""Every reason a service may give has a sentence for people, or is for programs only."""

import re
from pathlib import Path

import pytest
from flask import Flask, g

from chassis.errors import Conflict, Denied, Failure, Invalid, TooMany
from chassis.language import LANGUAGES, Catalogues
from services.gateway import reasons, texts

SERVICES = Path(texts.FOLDER).parents[1]
# What people cannot meet on a page: API keys, operators, wrong use of a call, and incidents, which carry nothing but the request id.
FOR_PROGRAMS = {
    "refresh_over",
    "api_key_unknown", "certificate_needed", "not_for_this_key", "session_needed", "link_missing", "bad_cursor", "upload_without_start",
    "upload_started_twice", "range_not_satisfiable",
    "scanner_unavailable", "file_missing", "file_tampered", "sealing_key_missing", "secret_tampered", "not_found", "method_not_allowed",
    "request_stalled",
    "bad_request", "unsupported_media_type",
}  # fmt: skip
# These have the sentence of their kind: "this is too often", "try again in a minute".
BY_KIND = {"overloaded", "invalid_request", "internal"}


def _listed(readme: Path) -> set[str]:
    section = re.search(r"^## Reasons$(.*?)(?=^## |\Z)", readme.read_text(), re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| *((?:`\w+`[, ]*)+)", section.group(1) if section else "", re.MULTILINE)
    return {reason for row in rows for reason in re.findall(r"`(\w+)`", row)}


def test_every_reason_of_every_service_is_said_to_people() -> None:
    listed = {reason for readme in SERVICES.glob("*/README.md") for reason in _listed(readme)}
    assert len(listed) > 40
    assert sorted(listed - reasons.SENTENCES.keys() - FOR_PROGRAMS - BY_KIND) == []


def test_one_whose_authenticator_is_blocked_is_sent_to_somebody_who_can_help() -> None:
    """BEY-05: an administrator can make a code for them, and for a company's only administrator the accountant can."""
    with Flask("said").test_request_context():
        g.translator = Catalogues(texts.FOLDER, "portal").translator("en")
        told = reasons.sentence(Denied("factor_disabled"))
    assert "administrator or your accountant can help." in told


@pytest.fixture
def said() -> Flask:
    """A request of somebody who reads English."""
    return Flask("said")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reason_says_what_happened_and_what_to_do(said: Flask, language: str) -> None:
    with said.test_request_context():
        g.translator = Catalogues(texts.FOLDER, "portal").translator(language)
        failure = Failure("any", facts={"limit_mb": "100", "retry_after": "30"})
        for reason, sentence in {**reasons.SENTENCES, **{str(kind): told for kind, told in reasons.KINDS.items()}}.items():
            text = sentence(failure)
            assert text.endswith("."), (reason, text)
            assert "%" not in text, (reason, text)


def test_how_long_to_wait_is_said_as_people_say_it(said: Flask) -> None:
    with said.test_request_context():
        g.translator = Catalogues(texts.FOLDER, "portal").translator("en")
        for seconds, words in (("1", "1 second,"), ("30.5", "30 seconds"), ("120", "2 minutes"), ("121", "3 minutes"), ("", "60 seconds")):
            assert words in reasons.sentence(TooMany("too_many_attempts", facts={"retry_after": seconds}))


def test_a_sentence_stands_at_its_field_and_else_where_the_form_says(said: Flask) -> None:
    with said.test_request_context():
        g.translator = Catalogues(texts.FOLDER, "portal").translator("en")
        several = Invalid("passwords_differ", fields={"password_again": "passwords_differ", "password": "value is too long"})
        assert set(reasons.problems(several, "email")) == {"password_again", "password"}
        assert reasons.problems(several, "email")["password"] == "This is not right. Check it, and try again."
        assert set(reasons.problems(Conflict("already_member"), "email")) == {"email"}
