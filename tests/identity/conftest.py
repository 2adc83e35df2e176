"""Identity on a real database, with a fake of notify at the channel."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chassis.caller import Caller
from tests.identity.invited import Inviting, inviting
from tests.identity.world import Somebody, World


@pytest.fixture
def world(service_database: Callable[[str], str], tmp_path: Path) -> Iterator[World]:
    made = World(service_database("identity"), tmp_path)
    yield made
    made.service.close()


@pytest.fixture
def administrator(world: World) -> Caller:
    """The administrator of a firm, signed in."""
    world.firm()
    return world.caller(world.activated("berit@kontoret.example.no"))


@pytest.fixture
def berit(world: World) -> Somebody:
    """Administers a firm."""
    world.firm()
    return world.activated("berit@kontoret.example.no")


@pytest.fixture
def kari(world: World, berit: Somebody) -> Caller:
    """Administers a client of Berit's firm."""
    world.client(world.caller(berit))
    return world.caller(world.activated("kari@bakeri.example.no"))


@pytest.fixture
def juri(world: World, kari: Caller) -> Inviting:
    """Was added by Kari, and is to be invited by her."""
    return inviting(world, kari)
