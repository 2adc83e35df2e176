"""The routes of the REST API, as the contract declares them: each RPC with a `google.api.http` annotation is one, and no other."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from google.api import annotations_pb2  # type: ignore[import-untyped]
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from kontor.access.v1 import access_pb2
from kontor.documents.v1 import audit_pb2 as documents_audit
from kontor.documents.v1 import audit_pb2_grpc as documents_audit_grpc
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc, previews_pb2, previews_pb2_grpc, retention_pb2, retention_pb2_grpc
from kontor.identity.v1 import (
    administration_pb2,
    administration_pb2_grpc,
    devices_pb2,
    devices_pb2_grpc,
    identity_pb2,
    identity_pb2_grpc,
    invitations_pb2,
    invitations_pb2_grpc,
    passkeys_pb2,
    passkeys_pb2_grpc,
    providers_pb2,
    providers_pb2_grpc,
)
from kontor.identity.v1 import audit_pb2 as identity_audit
from kontor.identity.v1 import audit_pb2_grpc as identity_audit_grpc
from kontor.linking.v1 import audit_pb2 as linking_audit
from kontor.linking.v1 import audit_pb2_grpc as linking_audit_grpc
from kontor.linking.v1 import linking_pb2, linking_pb2_grpc
from kontor.messaging.v1 import audit_pb2 as messaging_audit
from kontor.messaging.v1 import audit_pb2_grpc as messaging_audit_grpc
from kontor.messaging.v1 import messaging_pb2, messaging_pb2_grpc, news_pb2, news_pb2_grpc
from kontor.notify.v1 import audit_pb2 as notify_audit
from kontor.notify.v1 import audit_pb2_grpc as notify_audit_grpc
from kontor.notify.v1 import notify_pb2, notify_pb2_grpc

# The files of each service's contract: messages and stubs.
CONTRACT: dict[str, tuple[tuple[ModuleType, ModuleType], ...]] = {
    "identity": (
        (identity_pb2, identity_pb2_grpc), (passkeys_pb2, passkeys_pb2_grpc), (providers_pb2, providers_pb2_grpc),
        (devices_pb2, devices_pb2_grpc), (administration_pb2, administration_pb2_grpc), (invitations_pb2, invitations_pb2_grpc),
        (identity_audit, identity_audit_grpc),
    ),
    "documents": (
        (documents_pb2, documents_pb2_grpc), (previews_pb2, previews_pb2_grpc), (retention_pb2, retention_pb2_grpc),
        (documents_audit, documents_audit_grpc),
    ),
    "messaging": ((messaging_pb2, messaging_pb2_grpc), (news_pb2, news_pb2_grpc), (messaging_audit, messaging_audit_grpc)),
    "linking": ((linking_pb2, linking_pb2_grpc), (linking_audit, linking_audit_grpc)),
    "notify": ((notify_pb2, notify_pb2_grpc), (notify_audit, notify_audit_grpc)),
}  # fmt: skip
VERBS = ("get", "post", "put", "patch", "delete")


class BadRouteError(Exception):
    """An annotation in the contract that cannot be served, so the gateway does not start."""


@dataclass(frozen=True)
class Route:
    """One RPC, as it is reached by HTTP."""

    verb: str
    path: str
    peer: str
    method: MethodDescriptor
    stub: type[Any]

    @property
    def request(self) -> type[Message]:
        """The class of its request."""
        kind: type[Message] = GetMessageClass(self.method.input_type)
        return kind

    @property
    def in_path(self) -> tuple[str, ...]:
        """The fields of the request that stand in the path."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def filled(self) -> tuple[str, ...]:
        """The fields of the request that are no caller's to say: where it comes from, by which calls are counted."""
        return ("address",) if "address" in self.method.input_type.fields_by_name else ()

    @property
    def has_body(self) -> bool:
        """Whether the other fields stand in a JSON body; else they are query parameters."""
        return bool(self.method.GetOptions().Extensions[annotations_pb2.http].body)

    @property
    def access(self) -> access_pb2.Access:
        """Who may call it."""
        declared: access_pb2.Access = self.method.GetOptions().Extensions[access_pb2.access]
        return declared


def routes() -> Iterator[Route]:
    """All routes, in the order of the contract. Raises BadRouteError."""
    for peer, files in CONTRACT.items():
        for module, stubs in files:
            for service in module.DESCRIPTOR.services_by_name.values():
                yield from _of(service, peer, stubs)


def _of(service: ServiceDescriptor, peer: str, stubs: ModuleType) -> Iterator[Route]:
    for method in service.methods:
        rule = method.GetOptions().Extensions[annotations_pb2.http]
        verb = rule.WhichOneof("pattern")
        if verb is None:
            continue
        route = Route(verb, getattr(rule, verb), peer, method, getattr(stubs, f"{service.name}Stub"))
        missing = [name for name in route.in_path if name not in method.input_type.fields_by_name]
        streams = method.client_streaming or method.server_streaming
        if verb not in VERBS or rule.body not in ("", "*") or rule.additional_bindings or missing or streams:
            raise BadRouteError(f"{method.full_name}: {verb} {route.path} body={rule.body!r} cannot be served")
        yield route
