"""The whole product does what its OpenAPI document says, whatever is sent to it and whoever sends it."""

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from kontor.access.v1 import access_pb2
from kontor.identity.v1 import identity_pb2
from schemathesis import GenerationMode
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from chassis import clock
from demo import data, files
from services.gateway.config import Config
from services.gateway.rest.openapi import document
from services.gateway.rest.routes import routes
from tests.journeys.rest import Rest
from tests.journeys.stage import Stage
from tests.scenario import FIRM
from tests.waiting import eventually

DESCRIBED = document(tuple(routes()), Config())["paths"]
OPERATIONS = sorted((path, verb) for path, item in DESCRIBED.items() for verb in item)
# They end the session that the other operations are asked with, or take it to another organisation.
ENDS_THE_SESSION = {"/api/v1/session:sign-out", "/api/v1/session:sign-out-everywhere", "/api/v1/session:choose-organisation"}
SIGNED_IN = [(path, verb) for path, verb in OPERATIONS if path not in ENDS_THE_SESSION]
PAYROLL = access_pb2.SERVICE_AREA_PAYROLL
EXAMPLES = settings(max_examples=4, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))

Known = dict[str, str]


@pytest.fixture(scope="module")
def schema(stage: Stage) -> Any:
    """The API as it describes itself where it runs."""
    # U+0000 is in no schema, but in the description: a pattern on every text would hide the patterns that matter.
    project = ProjectConfig(generation=GenerationConfig(allow_x00=False))
    config = SchemathesisConfig(projects=ProjectsConfig(default=project))
    return schemathesis.openapi.from_url(f"{stage.product.url}/api/openapi.json", config=config)


@pytest.fixture(scope="module")
def administrators(stage: Stage) -> dict[str, tuple[str, Known]]:
    """Token of the firm's and of a client's administrator, each with things that really are there."""
    company = stage.company("anything", language="nb")
    with stage.world.acting(company.administrator):
        colleague = data.add_member(stage.world, company.colleague, identity_pb2.ROLE_WRITE)
    with stage.world.acting(FIRM) as held:
        data.assign(stage.world, company.id, held.current.membership_id, ("payroll",))
    boss, today = Rest(stage.product.url, stage.world.token(company.administrator)), clock.now()
    sent = boss.upload(company.folders[PAYROLL], "May.xlsx", files.payroll("mai"), period=today.month, year=today.year).ok()
    address = f"/api/v1/documents/{sent['document_id']}"
    eventually(lambda: boss.get(address).ok()["status"] == "STATUS_PUBLISHED", seconds=60)
    known = {"organisation_id": company.id, "folder_id": company.folders[PAYROLL], "document_id": sent["document_id"]}
    firm = Rest(stage.product.url, stage.world.token(FIRM))
    # Somebody else's membership: to remove oneself would end the session, too.
    others = [each["membership_id"] for each in firm.get(f"/api/v1/clients/{company.id}/consultants").ok()["consultants"]]
    others.remove(held.current.membership_id)
    return {
        "firm": (firm.token, known | {"membership_id": others[0]}),
        "client": (boss.token, known | {"membership_id": colleague}),
    }


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
@pytest.mark.parametrize("who", ["firm", "client"])
@pytest.mark.parametrize(("path", "verb"), SIGNED_IN, ids=lambda value: value)
def test_every_answer_to_an_administrator_is_as_documented(
    schema: Any, administrators: dict[str, tuple[str, Known]], path: str, verb: str, who: str, mode: GenerationMode
) -> None:
    """No 5xx, P16: what is right is taken or refused for a reason, what is wrong is refused; also about things that are there."""
    token, known = administrators[who]

    open_to_all = not DESCRIBED[path][verb]["security"]

    def ask(case: schemathesis.Case[Any]) -> None:
        asked = [_asked(case, mode, {"Authorization": f"Bearer {token}"})]
        if mode is GenerationMode.POSITIVE and set(case.path_parameters) & set(known):
            case.path_parameters |= {name: value for name, value in known.items() if name in case.path_parameters}
            asked.append(_asked(case, mode, {"Authorization": f"Bearer {token}"}))
        assert open_to_all or 401 not in asked, "the session ended on the way, and the rest would show nothing"

    _tried(schema[path][verb], mode, ask)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
@pytest.mark.parametrize(("path", "verb"), OPERATIONS, ids=lambda value: value)
def test_every_answer_to_nobody_is_as_documented(schema: Any, path: str, verb: str, mode: GenerationMode) -> None:
    """No 5xx, P16: who has not signed in is told so, and gets nothing."""
    signed_in = bool(DESCRIBED[path][verb]["security"])

    def ask(case: schemathesis.Case[Any]) -> None:
        status = _asked(case, mode, {})
        assert not signed_in or status >= 400

    _tried(schema[path][verb], mode, ask)


def _asked(case: schemathesis.Case[Any], mode: GenerationMode, headers: Known) -> int:
    """The status of an answer that is as documented.

    What the schema allows may still be refused, but for a reason with a name of its own: a page token that was not made here, a number
    whose check digit is wrong. `invalid_request` would mean that the schema says less than the rules that are checked first.
    """
    answer = case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])
    assert mode is GenerationMode.NEGATIVE or answer.status_code != 422 or answer.json()["reason"] != "invalid_request", answer.text
    return int(answer.status_code)


def _tried(operation: Any, mode: GenerationMode, ask: Callable[[schemathesis.Case[Any]], None]) -> None:
    EXAMPLES(given(case=operation.as_strategy(generation_mode=mode))(ask))()
