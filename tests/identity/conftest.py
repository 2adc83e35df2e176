"""Identity on a real database, with a fake of notify at the channel."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chassis.caller import Caller
from tests.identity.world import World


@pytest.fixture
def world(new_database: Callable[[str], str], tmp_path: Path) -> Iterator[World]:
    made = World(new_database("identity"), tmp_path)
    yield made
    made.service.close()


@pytest.fixture
def administrator(world: World) -> Caller:
    """The administrator of a firm, signed in."""
    world.firm()
    return world.caller(world.activated("berit@kontoret.example.no"))
