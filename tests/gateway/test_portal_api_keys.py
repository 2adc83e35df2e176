"""API keys as the firm's administrators make and revoke them in the portal."""

import pytest
from kontor.access.v1 import access_pb2
from kontor.identity.v1 import identity_pb2
from kontor.linking.v1 import linking_pb2

from chassis.errors import Conflict, Denied, Invalid
from tests.gateway.portal import AT, OTHER, OWN, Portal, portal, words

PAGE, NEW = "/administration/api-keys", "/administration/api-keys/new"
KEY = "01920000-0000-7000-8000-00000000a9e1"
READ, FOLLOW = access_pb2.PERMISSION_DOCUMENT_READ, access_pb2.PERMISSION_CHANGE_READ


def key(**given: object) -> identity_pb2.ApiKey:
    held: dict[str, object] = {
        "api_key_id": KEY, "label": "Lønnssystem", "prefix": "kontor_abcde", "created_by": "Ingrid Eksempeldal", "expires_at": AT,
        "permissions": [access_pb2.PERMISSION_SESSION_USE, READ, FOLLOW],
        "clients": [identity_pb2.ApiKeyClient(organisation_id=OTHER, name="Prøvelund AS")],
    }  # fmt: skip
    return identity_pb2.ApiKey(**held | given)  # type: ignore[arg-type]  # as each test says


def firm(*keys: identity_pb2.ApiKey) -> Portal:
    asked = portal(kind=identity_pb2.ORGANISATION_KIND_FIRM)
    client = linking_pb2.Client(organisation_id=OTHER, name="Prøvelund AS")
    asked.book.answers["ListApiKeys"] = identity_pb2.ListApiKeysResponse(api_keys=keys)
    asked.book.answers["ListClients"] = linking_pb2.ListClientsResponse(clients=[client], next_page_token="more")
    return asked


def test_the_list_says_what_each_key_may_for_whom_and_when_it_was_used() -> None:
    said = words(firm(key(last_used_at=AT, last_used_from="192.0.2.7"), key(label="ERP", all_clients=True, clients=[])).get(PAGE))
    assert "Lønnssystem kontor_abcde… Made by Ingrid Eksempeldal Read documents, Follow what is published Prøvelund AS" in said
    assert "28 May 2026 28 May 2026 22:26 from 192.0.2.7" in said
    assert "All clients 28 May 2026 Never" in said
    assert "No keys yet" in words(firm().get(PAGE))


def test_a_key_is_made_as_ticked_and_shown_once() -> None:
    """Also where the search has not found again what was ticked before."""
    asked = firm()
    asked.book.answers["CreateApiKey"] = identity_pb2.CreateApiKeyResponse(api_key=key(), secret="kontor_" + "s" * 43)
    form = {
        "label": " Lønnssystem ", "permission": [str(READ), str(FOLLOW), "11", "x"], "reach": "some", "client": [OTHER, "x", OTHER],
        "days": "365", "certificate": "AB:" * 31 + "AB",
    }  # fmt: skip
    found = asked.post(NEW, form | {"find": "1", "name": "prøve"})
    assert asked.asked("CreateApiKey") == []
    assert [each.request.name for each in asked.asked("ListClients")] == ["prøve", ""]  # type: ignore[attr-defined]
    assert found.get_data(as_text=True).count("checked") == 4
    answer = asked.post(NEW, form)
    assert asked.last("CreateApiKey") == identity_pb2.CreateApiKeyRequest(
        label="Lønnssystem", valid_days=365, permissions=[READ, FOLLOW], organisation_ids=[OTHER], certificate_sha256="AB:" * 31 + "AB"
    )
    assert "kontor_" + "s" * 43 in words(answer)
    assert answer.headers["Cache-Control"] == "no-store"
    asked.post(NEW, form | {"reach": "all"})
    assert (asked.last("CreateApiKey").all_clients, list(asked.last("CreateApiKey").organisation_ids)) == (True, [])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"label": " "}, "Write what the key is for."),
        ({"permission": []}, "Choose at least one."),
        ({"client": []}, "Choose all clients, or at least one"),
        ({"client": [f"01920000-0000-7000-8000-{number:012x}" for number in range(51)]}, "at most 50"),
        ({"certificate": "AB:CD"}, "A fingerprint is 64 digits"),
    ],
)
def test_what_is_missing_is_said_and_the_rest_is_kept(given: dict[str, object], told: str) -> None:
    asked = firm()
    answer = asked.post(NEW, {"label": "ERP", "permission": [str(READ)], "client": [OTHER], "days": "30"} | given)
    assert answer.status_code == 422
    assert told in words(answer)
    assert asked.asked("CreateApiKey") == []


def test_what_identity_refuses_stands_at_its_field() -> None:
    asked, form = firm(), {"label": "ERP", "permission": [str(READ)], "client": [OTHER]}
    asked.book.answers["CreateApiKey"] = Invalid("key_permissions_invalid", fields={"permissions": "key_permissions_invalid"})
    assert "A key cannot be given this." in words(asked.post(NEW, form))
    asked.book.answers["CreateApiKey"] = Conflict("too_many_api_keys")
    assert "Your firm has 100 keys" in words(asked.post(NEW, form))


def test_a_fresh_code_is_asked_for_in_place_and_the_form_is_kept() -> None:
    """NET-05: every tick of it."""
    asked = firm()
    asked.book.answers["CreateApiKey"] = Denied("step_up_needed")
    body = asked.post(NEW, {"label": "ERP", "permission": [str(READ), str(FOLLOW)], "client": [OTHER]}).get_data(as_text=True)
    assert "Confirm that it is you" in body
    assert [f'name="permission" value="{each}"' in body for each in (READ, FOLLOW)] == [True, True]


def test_a_key_is_revoked_after_asking_once_more() -> None:
    """P7."""
    asked = firm(key())
    assert "Revoke Lønnssystem?" in words(asked.get(f"{PAGE}/{KEY}/revoke"))
    assert asked.asked("RevokeApiKey") == []
    answer = asked.post(f"{PAGE}/{KEY}/revoke")
    assert asked.last("RevokeApiKey").api_key_id == KEY
    assert answer.headers["Location"] == f"{PAGE}?revoked=1"
    assert asked.get(f"{PAGE}/{OWN}/revoke").status_code == 404


def test_only_a_firms_administrators_have_the_page() -> None:
    """ACC-13."""
    assert "API keys" not in words(portal().get("/administration/users"))
    assert portal(permissions=(access_pb2.PERMISSION_SESSION_USE,)).get(PAGE).status_code == 403
