"""The terms and conditions stand before everything else, once."""

from kontor.identity.v1 import identity_pb2

from chassis.errors import Conflict
from tests.gateway.peers import Book
from tests.gateway.portal import Portal, portal, words


def due(**answers: object) -> Portal:
    """Somebody who has signed in for the first time: no organisation is told before the terms are accepted."""
    asked = portal(book=Book(answers=dict(answers)))  # type: ignore[arg-type]
    resolved = identity_pb2.ResolveSessionResponse()
    resolved.profile.first_name, resolved.profile.language, resolved.profile.terms_due = "Ingrid", "en", "2026-11"
    asked.book.answers["ResolveSession"] = resolved
    return asked


def test_who_has_not_accepted_the_terms_is_led_to_them_from_every_page() -> None:
    """NET-36: reading them, leaving, and nothing else."""
    asked = due()
    for address in ("/", "/documents", "/security", "/account"):
        assert asked.get(address).headers["Location"] == "/terms", address
    page = asked.get("/terms")
    assert "Accept the terms" in words(page)
    assert 'value="2026-11"' in page.get_data(as_text=True)


def test_the_version_that_was_read_is_accepted() -> None:
    """NET-36: and where there are newer ones meanwhile, those are to be read."""
    asked = due(AcceptTerms=identity_pb2.Profile())
    assert asked.post("/terms", version="2026-11").headers["Location"] == "/"
    assert asked.last("AcceptTerms").version == "2026-11"
    asked = due(AcceptTerms=Conflict("terms_outdated"))
    assert "Read the new ones" in words(asked.post("/terms", version="2020-01"))


def test_who_has_accepted_them_reads_them_without_being_asked() -> None:
    """NET-36."""
    assert "Accept the terms" not in words(portal().get("/terms"))
