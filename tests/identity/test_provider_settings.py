"""Whom people may sign in with is read strictly: every mistake is said at the start, and no secret is quoted."""

import json
from typing import Any

import pytest

from services.identity import identifiers, providers

GOOD: dict[str, Any] = {
    "name": "eid", "label": "eID", "issuer": "https://eid.example/path", "client_id": "kontor", "client_secret": "S3CRET",
    "email": {"domains": ["testdal.example"]},
}  # fmt: skip


def mistakes(*entries: Any) -> str:
    with pytest.raises(ValueError) as why:
        providers.read(json.dumps(entries))
    assert "S3CRET" not in str(why.value)
    return str(why.value)


def test_none_is_the_default_and_one_needs_little() -> None:
    """NET-01."""
    assert providers.read("") == ()
    (one,) = providers.read(json.dumps([GOOD]))
    assert (one.label("fi"), one.scopes, one.two_factors({"acr": "", "amr": ["pwd"]})) == ("eID", ("openid", "email"), False)
    assert (one.speaks_for("kari@testdal.example"), one.speaks_for("kari@eviltestdal.example")) == (True, False)
    assert "S3CRET" not in repr(one)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "E ID"}, "name must be 1 to 40 of a-z"),
        ({"label": {"nb": "eID"}}, "with en among them"),
        ({"label": ""}, "label must be"),
        ({"issuer": "http://eid.example"}, "issuer must be an https address"),
        ({"issuer": "https://eid.example?x=1"}, "issuer must be an https address"),
        ({"issuer": 7}, "issuer must be"),
        ({"client_secret": ""}, "client_secret must be a text"),
        ({"scopes": ["email"]}, "with openid among them"),
        ({"acr_values": "high"}, "acr_values must be a list of texts"),
        ({"email": {"domains": []}}, "email must be an object with domains"),
        ({"email": {"domains": ["@testdal.example"]}}, "email must be an object with domains"),
        ({"email": ["testdal.example"]}, "email must be an object with domains"),
        ({"identifier": {"claim": "nin", "country": "NO"}}, "either identifier or email"),
        ({"identifier": {"claim": "nin", "country": "XX"}}, "with country (DK, EE, FI"),
        ({"identifier": {"claim": "nin"}}, "identifier must be an object with claim"),
        ({"identifier": {"claim": "nin", "country": "NO", "country_claim": "c"}}, "identifier must be an object with claim"),
        ({"two_factors": True}, "two_factors must be an object with acr or amr"),
        ({"two_factors": {"acr": "high"}}, "two_factors must be an object with acr or amr"),
        ({"clientid": "x"}, "there is no 'clientid'"),
    ],
)
def test_each_mistake_is_said(change: dict[str, Any], said: str) -> None:
    """NET-01."""
    assert said in mistakes({**GOOD, **change})


def test_without_a_way_to_find_people_there_is_none() -> None:
    """NET-01, NET-02: the countries are those whose numbers are known."""
    assert "either identifier or email" in mistakes({key: value for key, value in GOOD.items() if key != "email"})
    assert set(providers.COUNTRIES) == set(identifiers.NUMBERS)


def test_all_mistakes_are_said_at_once() -> None:
    """NET-01."""
    said = mistakes(GOOD, {key: value for key, value in GOOD.items() if key != "client_id"}, {**GOOD, "scopes": []})
    assert "provider 2: client_id is missing" in said
    assert "provider 3: scopes must be" in said
    assert "two providers have the name 'eid'" in said
    for text, what in (("{", "not JSON"), ("{}", "a list of objects"), ("[1]", "a list of objects")):
        with pytest.raises(ValueError, match=what):
            providers.read(text)


def test_http_is_for_this_machine_only() -> None:
    """NET-01: for trying it out."""
    assert providers.read(json.dumps([{**GOOD, "issuer": "http://127.0.0.1:8123"}]))[0].issuer == "http://127.0.0.1:8123"
