"""The OpenAPI 3.1 document of the REST API, made from the contract: nothing in it is written twice."""

import importlib.metadata
import re
from collections.abc import Sequence
from typing import Any

from kontor.access.v1 import access_pb2
from kontor.documents.v1 import documents_pb2

from services.gateway.config import Config
from services.gateway.rest import comments, files
from services.gateway.rest.comments import Comments, first_sentence
from services.gateway.rest.problems import MEDIA_TYPE
from services.gateway.rest.routes import Route
from services.gateway.rest.schemas import Schema, Schemas
from services.gateway.session import cookie_name

ABOUT = """The same as the portal, for programs. Every operation is an RPC of the gRPC contract.

* Sign in by `POST /api/v1/sign-ins` and `POST /api/v1/sign-ins:finish`, then send `Authorization: Bearer <session>`. A back-office system
  sends its API key the same way.
* Bodies are JSON in UTF-8, field names as here. Unknown fields and parameters are refused, so that a misspelt one does not get lost.
  Text may not hold the character U+0000.
* Answers hold every field; a message that is not set is left out. Lists come in pages: send `next_page_token` as `page_token`.
* Failures are RFC 9457 problem documents: `reason` is a stable word, `errors` names the fields that are wrong, `request_id` is what to
  tell us.
* New fields, operations and values of enumerations may be added within `/api/v1`.
"""
FAILURES = {
    "401": "Nobody known is asking: no token, or one that has ended.",
    "403": "Known, and not permitted.",
    "404": "There is no such thing, or none that this caller may know of.",
    "409": "The state of things forbids it now.",
    "422": "The request cannot be right; `errors` names the fields.",
    "429": "A limit was reached; `Retry-After` says the seconds to wait.",
    "default": "Any other failure.",
}
UPLOAD = """Upload one file. The body is the file itself. The document is *scanning* when this returns.

Fails with `document_exists` unless `replace` is set, `file_too_large`, `file_empty` or `file_name_` and what is wrong with it."""
DOWNLOAD = """Download a document, or an earlier version of it. Fails with `not_scanned_clean` for anything not scanned clean.

`Range` and `If-Range` are understood; the `ETag` is the SHA-256 of the file, so that a broken download can go on where it broke off."""
ZIP = "Download several documents as one zip. It is made while it is sent, so its size is not known before."
BYTES: Schema = {"type": "string", "format": "binary"}
DOCUMENT_IDS = documents_pb2.DownloadZipRequest.DESCRIPTOR.fields_by_name["document_ids"]


def document(routes: Sequence[Route], config: Config) -> dict[str, Any]:
    """The whole document. Raises ValueError where two messages would have one name."""
    said = comments.load()
    schemas = Schemas(said, answers=[route.method.output_type for route in routes])
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.verb] = _operation(route, schemas, said)
    for path, verb, operation in _files(schemas):
        paths.setdefault(path, {})[verb] = operation
    services = {route.method.containing_service.full_name: route.method.containing_service.name for route in routes}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Kontor", "version": importlib.metadata.version("kontor"), "description": ABOUT, "license": _LICENSE},
        "servers": [{"url": config.public_url}],
        "tags": [{"name": name, "description": said.get(full_name, "")} for full_name, name in services.items()],
        "paths": paths,
        "components": {
            "schemas": dict(sorted((schemas.components | {"Problem": _PROBLEM}).items())),
            "responses": {name: _failure(text) for name, text in FAILURES.items()},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A session token, or an API key."},
                "cookie": {"type": "apiKey", "in": "cookie", "name": cookie_name(config.public_url), "description": "Of the portal."},
            },
        },
    }


def _operation(route: Route, schemas: Schemas, said: Comments) -> dict[str, Any]:
    kind, signed_in = route.method.input_type, route.access.WhichOneof("who") != "anyone"
    parameters = schemas.parameters(kind, path=route.in_path, query=not route.has_body)
    operation = _described(said.get(route.method.full_name, ""), route.method.name) | {
        "operationId": route.method.name[0].lower() + route.method.name[1:],
        "tags": [route.method.containing_service.name],
        "security": [{"token": []}, {"cookie": []}] if signed_in else [],
        "parameters": [each for each in parameters if each["name"] not in route.filled],
        "responses": _responses({"application/json": {"schema": schemas.answer(route.method.output_type)}}, signed_in=signed_in),
    }
    if route.has_body:
        body = schemas.body(kind, without=(*route.in_path, *route.filled))
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    if signed_in:
        operation["x-permission"] = _permission(route.access.permission)
    if route.access.step_up:
        operation["x-step-up"] = True
    return operation


def _files(schemas: Schemas) -> list[tuple[str, str, dict[str, Any]]]:
    """The operations that carry bytes: written here, with the rules of the contract."""
    start = documents_pb2.UploadStart.DESCRIPTOR
    upload = [each for each in schemas.parameters(start, path=("folder_id", "name"), query=True) if each["name"] != "size"]
    download = schemas.parameters(documents_pb2.DownloadRequest.DESCRIPTOR, path=("document_id",), query=True)
    one = [each for each in download if each["name"] in ("document_id", "version")]
    wanted = schemas.field(DOCUMENT_IDS, described=False)
    several = [{"name": "document_id", "in": "query", "required": True, "schema": wanted, "description": "Once for each document."}]
    document = {"application/json": {"schema": schemas.answer(documents_pb2.Document.DESCRIPTOR)}}
    body = {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": BYTES}}}}
    return [
        (files.UPLOAD, "put", _bytes("Upload", UPLOAD, upload, document, permission="document:write") | body),
        (files.DOWNLOAD, "get", _in_parts(_bytes("Download", DOWNLOAD, one, {"*/*": {"schema": BYTES}}))),
        (files.ZIP, "get", _bytes("DownloadZip", ZIP, several, {"application/zip": {"schema": BYTES}})),
    ]


def _bytes(rpc: str, text: str, parameters: list[Schema], content: Schema, *, permission: str = "document:read") -> dict[str, Any]:
    return _described(text, rpc) | {
        "operationId": rpc[0].lower() + rpc[1:],
        "tags": ["Documents"],
        "security": [{"token": []}, {"cookie": []}],
        "parameters": parameters,
        "responses": _responses(content, signed_in=True),
        "x-permission": permission,
    }


def _in_parts(operation: dict[str, Any]) -> dict[str, Any]:
    """An operation that also answers with a part of the file."""
    part = {"description": "The part that `Range` asks for.", "content": {"*/*": {"schema": BYTES}}}
    return operation | {"responses": operation["responses"] | {"206": part, "416": _failure("The file has no such bytes.")}}


def _described(comment: str, rpc: str) -> dict[str, Any]:
    in_words = re.sub(r"(?<!^)(?=[A-Z])", " ", rpc).capitalize()
    return {"summary": first_sentence(comment) or in_words, "description": comment}


def _responses(content: Schema, *, signed_in: bool) -> dict[str, Any]:
    possible = [code for code in FAILURES if signed_in or code not in ("401", "403")]
    return {"200": {"description": "Done.", "content": content}} | {code: {"$ref": f"#/components/responses/{code}"} for code in possible}


def _failure(text: str) -> dict[str, Any]:
    return {"description": text, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


def _permission(permission: "access_pb2.Permission.ValueType") -> str:
    resource, _, action = access_pb2.Permission.Name(permission).removeprefix("PERMISSION_").lower().rpartition("_")
    return f"{resource}:{action}"


_LICENSE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
_PROBLEM: Schema = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "reason"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string", "description": "For developers, in English."},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "reason": {"type": "string", "description": "A stable word to decide by, such as `document_exists`."},
        "request_id": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object", "required": ["field", "reason"], "properties": {
            "field": {"type": "string"}, "reason": {"type": "string"},
        }}},
        "facts": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}  # fmt: skip
