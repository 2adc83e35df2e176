"""The REST API does what its OpenAPI document says, whatever is sent to it."""

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig

from services.gateway.config import Config
from services.gateway.rest.api import Api
from services.gateway.rest.openapi import document
from services.gateway.rest.routes import routes
from tests.gateway import peers
from tests.gateway.peers import SESSION, Book

OPERATIONS = sorted((path, verb) for path, item in document(tuple(routes()), Config())["paths"].items() for verb in item)


@pytest.fixture(scope="module")
def schema() -> Any:
    """The API as documented, on services that refuse what the contract's rules refuse."""
    app = Flask("pages")
    Api(Config(), peers.peers(Book(strict=True))).mount(app)
    # U+0000 is in no schema, but in the description: a pattern on every text would hide the patterns that matter.
    project = ProjectConfig(generation=GenerationConfig(allow_x00=False))
    config = SchemathesisConfig(projects=ProjectsConfig(default=project))
    return schemathesis.openapi.from_wsgi("/api/openapi.json", app, config=config)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
@pytest.mark.parametrize(("path", "verb"), OPERATIONS, ids=lambda value: value)
def test_every_answer_is_as_documented(schema: Any, path: str, verb: str, mode: GenerationMode) -> None:
    """No 5xx, P16: what is right is taken, what is wrong is refused, nobody gets in; statuses, types and contents conform."""

    @settings(max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=schema[path][verb].as_strategy(generation_mode=mode))
    def holds(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {SESSION}"})

    holds()
