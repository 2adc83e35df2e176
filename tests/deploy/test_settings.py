"""What is deployed is what the services read: every variable is a setting, and every setting without a default is given."""

import importlib
from typing import Any

import pytest

from chassis.config import PREFIX, Process, describe
from tests.architecture.tree import SERVICES
from tests.deploy.manifests import compose, containers, literals

# Kontor starts without a bus only in one process.
NEEDED = {"KONTOR_BUS_URL", "KONTOR_PEERS", "KONTOR_LISTEN", "KONTOR_ADMIN_LISTEN", "KONTOR_ASSERTION_KEYS"}


def _settings(service: str) -> tuple[set[str], set[str]]:
    """The names that a service's process knows, and those it does not start without."""
    kind = importlib.import_module(f"services.{service}.config").Config
    own = describe(kind, f"{PREFIX}{service.upper()}_")
    known = {name for name, _, _ in [*describe(Process, PREFIX), *own]}
    return known, NEEDED | {name for name, default, _ in own if default == "required"}


def _names(variables: set[str], known: set[str]) -> set[str]:
    """The settings behind variables: X_FILE gives X."""
    return {name if name in known else name.removesuffix("_FILE") for name in variables}


@pytest.mark.parametrize("service", SERVICES)
def test_compose_gives_a_service_its_settings_and_no_others(service: str) -> None:
    known, needed = _settings(service)
    given = _names(set(compose()["services"][service]["environment"]), known)
    assert (given - known, needed - given) == (set(), set())


@pytest.mark.parametrize("service", SERVICES)
def test_kubernetes_gives_a_service_its_settings_and_no_others(service: str) -> None:
    known, needed = _settings(service)
    (container,) = containers(service)
    given = _names(_variables(container) | {"KONTOR_BUS_URL_FILE"} | set(literals("kontor-process")), known)
    assert (given - known, needed - given) == (set(), set())


def test_migration_knows_every_services_settings() -> None:
    """It builds every service, so it needs what all of them need."""
    facts = [_settings(service) for service in SERVICES]
    known, needed = set().union(*(all_ for all_, _ in facts)), set().union(*(required for _, required in facts))
    (container,) = containers("migrate")
    for given in (set(compose()["services"]["migrate"]["environment"]), _variables(container) | set(literals("kontor-process"))):
        assert (_names(given, known) - known, needed - _names(given, known)) == (set(), set())


def _variables(container: dict[str, Any]) -> set[str]:
    return {variable["name"] for variable in container["env"]}
