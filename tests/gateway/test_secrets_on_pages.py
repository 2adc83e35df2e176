"""Every page that takes a secret hands it to an RPC which counts tries, and does nothing else with it: all routes are tried."""

import re
from functools import partial
from pathlib import Path

from werkzeug.datastructures import MultiDict
from werkzeug.routing import Rule

from chassis.errors import Denied
from services.gateway import web
from tests.access.test_matrix import every_rpc
from tests.gateway.peers import Book
from tests.gateway.portal import FORM, MEMBERSHIP, Portal, portal
from tests.identity.test_secrets import CHECKED_ELSEWHERE, CHOSEN, GUESSABLE, TRIED

PORTAL = Path(web.__file__).parent
# Fields of forms: as pages may read them, and as templates write them.
READ = re.compile(r"""["'](\w+)["']|name="(\w+)\"""")
STALE = {"RegenerateRecoveryCodes": Denied("step_up_needed", facts={"proofs": "password"})}
CANARY = "canary-317264"


def _fields() -> set[str]:
    """The name of every field that any form of the portal has."""
    files = [*(PORTAL / "pages").rglob("*.py"), *PORTAL.glob("*.py"), *(PORTAL / "templates").rglob("*.html")]
    return {name for each in files for pair in READ.findall(each.read_text()) for name in pair if name}


def _address(rule: Rule) -> str:
    return re.sub(r"<[^>]+>", MEMBERSHIP, re.sub(r"<int:[^>]+>", "1", rule.rule))


def _handed_on(asked: Portal, rule: Rule, secrets: set[str]) -> set[str]:
    """The RPCs that got what stood in one of these fields of a form that was sent there, in a field of theirs that holds a secret."""
    form = MultiDict({"email": "ola@testdal.example", "attempt": "a" * 43, "methods": "1,2,3", "method": "1", "x": "1"})
    form.update(dict.fromkeys(secrets, CANARY))
    before = len(asked.book.asked)
    asked.client.post(_address(rule), data=form, headers=FORM)
    held = {call.rpc: {each.name for each, value in call.request.ListFields() if value == CANARY} for call in asked.book.asked[before:]}
    return {rpc for rpc, fields in held.items() if fields & GUESSABLE}


def test_every_page_that_takes_a_secret_hands_it_to_what_counts_tries() -> None:
    """P1, CVE-2024-32868: generated from the routes and the forms' fields, so that a new page is covered by being there."""
    rules = [each for each in portal().app.url_map.iter_rules() if "POST" in (each.methods or ()) and not each.rule.startswith("/api/")]
    suspicious = {name for name in _fields() if re.search(r"pass|code|pin|secret|otp|present|digit|word|key", name)}
    assert {"code", "password"} <= suspicious
    taken: set[tuple[str, str]] = set()
    for again in (portal, partial(portal, signed_in=False), partial(portal, book=Book(answers=dict(STALE)))):
        asked = again()
        cookies = asked.client.get_cookie("session") is not None
        for rule in rules:
            taken |= {(rule.endpoint, rpc) for rpc in _handed_on(asked, rule, suspicious)}
            if (asked.client.get_cookie("session") is not None) != cookies:  # signed in or out by it
                asked = again()
    throttled = {rpc.rpartition(".")[2] for rpc in {*TRIED, *CHOSEN, *CHECKED_ELSEWHERE}}
    assert {rpc for _, rpc in taken} <= throttled, taken
    assert {"StartSignIn", "FinishSignIn", "SetPassword", "ChangePassword", "ConfirmFactor", "StepUp"} <= {rpc for _, rpc in taken}, taken


def test_every_rpc_over_which_a_secret_can_be_tried_is_one_that_exists() -> None:
    """A line for an RPC that is gone would hide that its successor has none."""
    known = {rpc.removeprefix("kontor.").partition(".v1.")[2] for rpc in every_rpc()}
    assert {*TRIED, *CHOSEN, *CHECKED_ELSEWHERE} <= known
