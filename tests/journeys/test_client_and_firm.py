"""The main job as its users live it: from an invited client to a document in the firm's hands, through the portal in a browser."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys import afterwards, coming_in, sharing
from tests.journeys.pages import LOCALES, Portal
from tests.journeys.stage import Stage
from tests.journeys.story import Story
from tests.servers.browser import DESKTOP, PHONE, Pages

WAYS = [
    pytest.param("together", DESKTOP, "nb", marks=pytest.mark.xdist_group("journeys together"), id="together-desktop"),
    pytest.param("together", PHONE, "sv", marks=pytest.mark.xdist_group("journeys together"), id="together-phone"),
    pytest.param("apart", DESKTOP, "en", marks=pytest.mark.xdist_group("journeys apart"), id="apart-desktop"),
]


@pytest.fixture
def open_window(
    stage: Stage, size: tuple[int, int], language: str, new_page: Pages, screenshots: Path, request: pytest.FixtureRequest
) -> Callable[[], Portal]:
    """Opens a window for one more person."""
    pictures = screenshots / request.node.callspec.id
    opened = {"size": size, "locale": LOCALES[language], "base_url": stage.product.url, "worker": "allow"}
    return lambda: Portal(new_page(**opened), language, pictures)  # type: ignore[arg-type]  # as `Pages` takes them


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("stage", "size", "language"), WAYS, indirect=["stage"])
def test_from_an_invited_client_to_a_document_in_the_firms_hands(
    stage: Stage, language: str, open_window: Callable[[], Portal], request: pytest.FixtureRequest
) -> None:
    """ACC-01, BEY-01, BEY-03: the eleven steps; each says in its own words what it proves."""
    story = Story(stage, stage.company(request.node.callspec.id, language=language), open_window)
    coming_in.is_added(story)
    coming_in.is_welcomed(story)
    coming_in.signs_in(story)
    coming_in.looks_around(story)
    sharing.uploads(story)
    sharing.sends_a_file_again(story)
    sharing.sends_what_is_stopped(story)
    sharing.is_heard(story)
    afterwards.finds_things(story)
    afterwards.is_reminded(story)
    afterwards.is_removed(story)
