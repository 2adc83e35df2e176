"""All services behind the gateway as fakes at the channel: they keep what they were asked and answer something plausible."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import protovalidate
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp
from kontor.documents.v1.documents_pb2 import Document, DownloadHead, DownloadResponse, UploadStart
from kontor.identity.v1 import identity_pb2

from chassis.errors import Failure, Invalid, Unauthenticated
from chassis.service import Rpc
from chassis.testing import FakePeers
from services.gateway.rest.routes import CONTRACT

SESSION, KEY = "s" * 43, "kontor_" + "k" * 43
ID = "0192f0c1-7d5e-7000-8000-000000000001"
PIECE = 64 * 1024


@dataclass
class Asked:
    """One call: of whom, what, on whose behalf, and for an upload how it came."""

    rpc: str
    request: Message
    assertion: str
    pieces: list[int] = field(default_factory=list)
    content: bytearray = field(default_factory=bytearray)


@dataclass
class Book:
    """What the fakes were asked, and what they are to answer in place of a sample."""

    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, Message | Failure] = field(default_factory=dict)
    head: DownloadHead = field(default_factory=lambda: DownloadHead(name="Lønn mai.pdf", content_type="application/pdf", size=3 * PIECE))
    zip_head: DownloadHead = field(default_factory=lambda: DownloadHead(name="Dokumenter.zip", content_type="application/zip"))
    chunks: int = 3
    strict: bool = False
    given: int = 0
    closed: bool = False

    @property
    def last(self) -> Asked:
        """The latest call that was not about the session."""
        return [each for each in self.asked if each.rpc not in ("ResolveSession", "ExchangeApiKey")][-1]


def peers(book: Book) -> FakePeers:
    """Fakes of all five services."""
    return FakePeers(**{name: [rpc for module, stubs in files for rpc in _rpcs(module, stubs, book)] for name, files in CONTRACT.items()})


def sample(kind: Any, *, depth: int = 0) -> Message:
    """A message with something in every field, that passes no particular rules."""
    message: Message = GetMessageClass(kind)()
    if isinstance(message, Timestamp):
        return Timestamp(seconds=1_780_000_000, nanos=7_000)
    for each in kind.fields:
        if each.message_type is not None and each.message_type.GetOptions().map_entry:
            getattr(message, each.name)["documents"] = "signed"
        elif each.is_repeated:
            getattr(message, each.name).extend([_value(each, depth), _value(each, depth)])
        elif each.type == FieldDescriptor.TYPE_MESSAGE:
            getattr(message, each.name).CopyFrom(_value(each, depth))
        else:
            setattr(message, each.name, _value(each, depth))
    return message


def _value(each: Any, depth: int) -> Any:
    if each.type == FieldDescriptor.TYPE_MESSAGE:
        return sample(each.message_type, depth=depth + 1)
    if each.type == FieldDescriptor.TYPE_ENUM:
        return each.enum_type.values[-1].number
    if each.name == "language":
        return "nb"
    if each.type == FieldDescriptor.TYPE_STRING:
        if each.name.endswith("_day"):
            return "2026-05-31"
        return ID if each.name.endswith(("_id", "_ids")) else f"Ærø & «{each.name}»"
    if each.type == FieldDescriptor.TYPE_BYTES:
        return b"\xff" * 7
    return True if each.type == FieldDescriptor.TYPE_BOOL else 7


def _rpcs(module: Any, stubs: Any, book: Book) -> Iterator[Rpc]:
    for service in module.DESCRIPTOR.services_by_name.values():
        methods = {method.name: staticmethod(_answerer(method, book)) for method in service.methods}
        yield Rpc(type(service.name, (), methods)(), getattr(stubs, f"add_{service.name}Servicer_to_server"))


def _answerer(method: Any, book: Book) -> Callable[[Any, Any], Any]:
    if method.client_streaming:
        return lambda requests, context: _received(requests, context, book)
    if method.server_streaming:
        return lambda request, context: _sent(method.name, request, context, book)
    return lambda request, context: _answered(method, request, context, book)


def _answered(method: Any, request: Message, context: Any, book: Book) -> Message:
    book.asked.append(Asked(method.name, request, _assertion(context)))
    _check(request, book)
    answer = book.answers.get(method.name)
    if isinstance(answer, Failure):
        raise answer
    if answer is None and method.name == "ResolveSession":
        return _resolved(request)
    if method.name == "ExchangeApiKey" and getattr(request, "api_key", "") != KEY:
        raise Unauthenticated("unknown_api_key", "There is no such key.")
    return answer or sample(method.output_type)


def _resolved(request: Any) -> Message:
    if request.session != SESSION:
        raise Unauthenticated("session_ended", "The session has ended.")
    return identity_pb2.ResolveSessionResponse(
        profile=identity_pb2.Profile(user_id="u-1", first_name="Ingrid", last_name="Eksempeldal", language="nb"),
        current=identity_pb2.Membership(membership_id="m-1", organisation_id="o-1", organisation_name="Testdal Bakeri AS"),
        assertions={name: f"{name}-signed" for name in CONTRACT},
    )


def _received(requests: Iterator[Any], context: Any, book: Book) -> Document:
    first = next(requests)
    asked = Asked("Upload", first.start, _assertion(context))
    book.asked.append(asked)
    _check(first.start, book)
    answer = book.answers.get("Upload")
    if isinstance(answer, Failure):
        raise answer
    for each in requests:
        asked.pieces.append(len(each.chunk))
        asked.content += each.chunk
    return Document(document_id=ID, name=asked.request.name if isinstance(asked.request, UploadStart) else "", size=len(asked.content))


def _sent(name: str, request: Message, context: Any, book: Book) -> Iterator[DownloadResponse]:
    book.asked.append(Asked(name, request, _assertion(context)))
    _check(request, book)
    answer = book.answers.get(name)
    if isinstance(answer, Failure):
        raise answer
    try:
        yield DownloadResponse(head=book.head if name == "Download" else book.zip_head)
        for number in range(book.chunks):
            book.given += 1
            yield DownloadResponse(chunk=bytes([number % 256]) * PIECE)
    finally:
        book.closed = True


def _assertion(context: Any) -> str:
    return next((str(item.value) for item in context.invocation_metadata() if item.key == "kontor-assertion"), "")


def _check(request: Message, book: Book) -> None:
    """The same refusal as the guard of a real service."""
    violations = protovalidate.Validator().collect_violations(request) if book.strict else []
    if violations:
        found = {each.proto.field.elements[0].field_name: each.proto.message for each in violations if each.proto.field}
        raise Invalid("invalid_request", "Some fields are not right.", fields=found)
