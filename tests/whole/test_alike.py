"""Nobody learns from an answer whether an address has an account: signing in, asking for a password, being invited."""

import re
from collections.abc import Callable

import pytest
import urllib3

from tests.journeys.stage import Company, Stage
from tests.scenario import CLIENT

UNKNOWN = "nobody.at.all@alike.example"
OF_THE_MOMENT = {"date", "x-request-id", "request-id"}
IDS = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z")

Ask = Callable[[str], urllib3.BaseHTTPResponse]


def _asks(url: str) -> dict[str, Ask]:
    """The ways in which somebody who is not signed in can bring an address."""
    http, own = urllib3.PoolManager(timeout=30, retries=False), {"Sec-Fetch-Site": "same-origin"}

    def api(path: str, **body: str) -> Ask:
        return lambda email: http.request("POST", f"{url}{path}", json={"email": email, **body})

    def page(path: str, **fields: str) -> Ask:
        form = {"email": "", **fields}
        return lambda email: http.request(
            "POST", f"{url}{path}", fields=form | {"email": email}, headers=own, encode_multipart=False, redirect=False
        )

    return {
        "sign-in over the API": api("/api/v1/sign-ins", password="not the password"),
        "sign-in on the page": page("/sign-in", password="not the password"),
        "a password over the API": api("/api/v1/password-links", language="nb"),
        "a password on the page": page("/password"),
    }


def _as_seen(answer: urllib3.BaseHTTPResponse, email: str) -> tuple[int, dict[str, str], str]:
    """Status, headers and bytes, but for the address itself, the moment and the request's id."""
    headers = {name.lower(): value for name, value in answer.headers.items() if name.lower() not in OF_THE_MOMENT | {"content-length"}}
    return answer.status, headers, IDS.sub("…", answer.data.decode().replace(email, "ADDRESS"))


@pytest.mark.parametrize("way", list(_asks("")))
def test_an_answer_is_the_same_for_an_address_with_an_account_and_for_one_without(stage: Stage, way: str) -> None:
    """P5, ACC-17: status, headers and every byte; six times over, so that slowing down is the same too."""
    ask, known = _asks(stage.product.url)[way], CLIENT.administrator.email
    for _ in range(6):
        with_account, without = _as_seen(ask(known), known), _as_seen(ask(UNKNOWN), UNKNOWN)
        assert with_account == without
        assert with_account[0] < 500


@pytest.fixture(scope="module")
def company(stage: Stage) -> Company:
    """One whose administrator invites."""
    return stage.company("alike", language="nb")


def test_an_invitation_is_answered_alike_for_an_address_with_an_account_elsewhere(stage: Stage, company: Company) -> None:
    """P5, ACC-32: status, headers and shape. Whom the administrator has just made a colleague is named, as the person names themselves."""
    http, token = urllib3.PoolManager(timeout=30, retries=False), stage.world.token(company.administrator)
    seen = []
    for email in (CLIENT.administrator.email, UNKNOWN):
        body = {"email": email, "first_name": "Nora", "last_name": "Ny"}
        answer = http.request("POST", f"{stage.product.url}/api/v1/members", json=body, headers={"Authorization": f"Bearer {token}"})
        assert answer.status == 200, answer.data
        status, headers, _ = _as_seen(answer, email)
        seen.append((status, headers, list(answer.json())))
    assert seen[0] == seen[1]
