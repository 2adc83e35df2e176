"""The documentation of the REST API: complete, correct, and made from the contract."""

import json
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from google.api import annotations_pb2  # type: ignore[import-untyped]
from openapi_spec_validator import OpenAPIV31SpecValidator

from services.gateway.config import Config
from services.gateway.rest import comments
from services.gateway.rest.api import Api
from services.gateway.rest.docs import prose
from services.gateway.rest.routes import CONTRACT, routes
from services.gateway.rest.schemas import Schemas
from tests.gateway import peers
from tests.gateway.peers import Book


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    app = Flask("pages")
    Api(Config(public_url="https://portal.example"), peers.peers(Book())).mount(app)
    return app.test_client()


@pytest.fixture(scope="module")
def document(client: FlaskClient) -> Any:
    return client.get("/api/openapi.json").json


def operations(document: Any) -> dict[str, Any]:
    return {each["operationId"]: each for path in document["paths"].values() for each in path.values()}


def schema(document: Any, name: str) -> Any:
    return document["components"]["schemas"][name]


def test_the_document_is_openapi_3_1(document: Any) -> None:
    """Any tool can read it."""
    assert document["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(document).validate()


def test_every_rpc_with_a_route_is_in_it_and_nothing_else(document: Any) -> None:
    """Default deny: an RPC without annotation has no route."""
    annotated = {
        method.name[0].lower() + method.name[1:]
        for files in CONTRACT.values()
        for module, _ in files
        for service in module.DESCRIPTOR.services_by_name.values()
        for method in service.methods
        if method.GetOptions().Extensions[annotations_pb2.http].WhichOneof("pattern")
    }
    assert operations(document).keys() == annotated | {"upload", "download", "downloadZip"}
    assert len(operations(document)) == len(list(routes())) + 3
    assert "sendNow" not in operations(document)


def test_every_operation_says_what_it_does_and_who_may(document: Any) -> None:
    """The comments in proto/ are the reference; requirement ids are for us."""
    for name, operation in operations(document).items():
        assert operation["summary"], name
        assert not re.search(r"\b(ACC|BEY|FNK|AMI)-\d", json.dumps(operation)), name
        assert operation["security"] == [] or operation["x-permission"], name
    add = operations(document)["addMember"]
    assert add["description"].startswith("Add a member by address and name; a welcome mail goes out. An address that has an account")
    assert add["x-permission"] == "member:manage"
    assert operations(document)["createApiKey"]["x-permission"] == "api_key:manage"
    assert operations(document)["createApiKey"]["x-step-up"] is True
    assert operations(document)["startSignIn"]["security"] == []


def test_the_rules_of_the_contract_are_in_it(document: Any) -> None:
    """What is refused can be known before."""
    member = schema(document, "AddMemberRequest")
    assert member["properties"]["email"] == {"type": "string", "format": "email", "maxLength": 254}
    assert member["properties"]["first_name"] == {"type": "string", "minLength": 1, "maxLength": 100}
    assert member["properties"]["language"]["enum"] == ["", "nb", "sv", "fi", "da", "en"]
    assert (member["required"], member["additionalProperties"]) == (["email", "first_name", "last_name"], False)
    assert schema(document, "CreateClientRequest")["required"] == ["name", "organisation_number", "country", "administrator"]
    folders = operations(document)["setFolderAccess"]["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert folders["folder_ids"].items() >= {"type": "array", "maxItems": 1000, "uniqueItems": True}.items()
    assert folders["folder_ids"]["items"] == {"type": "string", "format": "uuid"}
    role = operations(document)["changeRole"]["requestBody"]["content"]["application/json"]["schema"]["properties"]["role"]
    assert "ROLE_UNSPECIFIED" not in role["enum"]


def test_filters_are_parameters(document: Any) -> None:
    """ACC-48."""
    parameters = {each["name"]: each for each in operations(document)["listDocuments"]["parameters"]}
    assert parameters["organisation_id"]["in"] == "path"
    assert parameters["years"]["schema"]["items"]["type"] == "integer"
    assert parameters["statuses"]["schema"]["items"] == {"$ref": "#/components/schemas/Status"}
    assert parameters["page_size"]["schema"] | {"minimum": 0, "maximum": 200} == parameters["page_size"]["schema"]


def test_answers_are_described_whole(document: Any) -> None:
    """Every field that is always there is required; times and messages may be missing."""
    told = schema(document, "Document")
    assert "uploaded_at" not in told["required"]
    assert {"name", "size", "uploaded_by_firm"} <= set(told["required"])
    assert told["properties"]["uploaded_at"]["format"] == "date-time"
    assert "`STATUS_UNSCANNABLE`: Could not be looked into" in schema(document, "Status")["description"]


def test_a_message_that_goes_both_ways_is_strict_only_towards_us(document: Any) -> None:
    """New fields may be added to answers."""
    assert "additionalProperties" not in schema(document, "NoticeSettings")
    assert schema(document, "NoticeSettingsInput")["additionalProperties"] is False


def test_over_https_the_cookie_has_its_prefix(document: Any) -> None:
    """ASVS 3.3.3."""
    assert document["components"]["securitySchemes"]["cookie"]["name"] == "__Host-session"
    assert document["servers"] == [{"url": "https://portal.example"}]


def test_two_messages_of_one_name_do_not_pass() -> None:
    """They would overwrite each other in silence."""
    schemas = Schemas({}, answers=[])
    schemas._named("Document", "kontor.documents.v1.Document")
    with pytest.raises(ValueError, match="same name"):
        schemas._named("Document", "kontor.messaging.v1.Document")


@pytest.mark.parametrize(
    ("comment", "tidied"),
    [
        ("Add a member (ACC-77).\n An address is linked (ACC-32).\n", "Add a member. An address is linked."),
        ("For administrators (the firm only: ACC-10).", "For administrators (the firm only)."),
        ("Sets it (ACC-16..18, BEY-01) at once.", "Sets it at once."),
    ],
)
def test_requirement_ids_are_left_out_of_the_documentation(comment: str, tidied: str) -> None:
    """Readers of the API have no list of them."""
    assert comments.tidy(comment) == tidied


def test_the_page_shows_every_operation_without_script_or_other_sites(client: FlaskClient, document: Any) -> None:
    """/api/docs works offline, and under a policy that allows nothing else."""
    response = client.get("/api/docs")
    page = response.get_data(as_text=True)
    for name, operation in operations(document).items():
        assert f'id="{name}"' in page
        assert operation["summary"].replace("'", "&#39;") in page
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!/|#)', page)
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    assert "style=" not in page


def test_what_the_page_needs_is_there(client: FlaskClient) -> None:
    """Its own few rules; the rest is the portal's sheet."""
    response = client.get("/api/docs.css")
    assert (response.status_code, response.mimetype) == (200, "text/css")


def test_comments_cannot_become_markup() -> None:
    """They are shown as text."""
    shown = "<p>a &lt;b&gt; <code>c&lt;d&gt;</code></p><ul><li>one</li><li>two &amp; <code>x</code></li></ul>"
    assert prose("a <b> `c<d>`\n\n* one\n* two & `x`") == shown
