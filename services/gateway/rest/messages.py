"""JSON to protobuf message and back, by the contract's own field names.

Why not protobuf's json_format: it cannot say which field is wrong, takes numbers for text and camelCase for names, writes 64-bit numbers
as text, and costs four times as much for a page of documents.
"""

import re
import time
from base64 import b64encode
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.errors import Invalid

F = FieldDescriptor
# protobuf has them in two implementations, whose types do not know each other.
Field: TypeAlias = Any
Kind: TypeAlias = Any
M = TypeVar("M", bound=Message)
# Neither is text to a database, and no person can write them.
NO_TEXT = re.compile("[\0\ud800-\udfff]")
BITS = {F.TYPE_INT32: 32, F.TYPE_INT64: 64}


class Wrong(Exception):
    """What is wrong with a value."""


def read(kind: type[M], given: Any, *, path: Mapping[str, str]) -> M:
    """The request from a JSON body and the fields in its path. Raises Invalid naming every field that is wrong or unknown."""
    message, wrong = kind(), dict[str, str]()
    _fill_path(message, path, wrong)
    if isinstance(given, dict):
        _fill(message, given, wrong, hidden=path)
    else:
        wrong["request"] = "must be a JSON object"
    return _right(message, wrong)


def read_query(kind: type[M], given: Mapping[str, Sequence[str]], *, path: Mapping[str, str]) -> M:
    """The request from query parameters, each with all its values, and the fields in its path. Raises Invalid, too."""
    message, wrong = kind(), dict[str, str]()
    _fill_path(message, path, wrong)
    for name, values in given.items():
        field = message.DESCRIPTOR.fields_by_name.get(name)
        if field is None or field.type == F.TYPE_MESSAGE or name in path:
            wrong[name] = "is not a parameter"
        elif not field.is_repeated and len(values) > 1:
            wrong[name] = "may be given once"
        else:
            parsed = [_parsed(field, value) for value in values]
            _set(message, field, parsed if field.is_repeated else parsed[0], wrong, name)
    return _right(message, wrong)


def _right(message: M, wrong: Mapping[str, str]) -> M:
    if wrong:
        raise Invalid("invalid_request", "Some fields are not right.", fields=wrong)
    return message


def _fill_path(message: Message, path: Mapping[str, str], wrong: dict[str, str]) -> None:
    for name, value in path.items():
        _set(message, message.DESCRIPTOR.fields_by_name[name], value, wrong, name)


def _fill(message: Message, given: Mapping[str, Any], wrong: dict[str, str], *, at: str = "", hidden: Collection[str] = ()) -> None:
    for name, value in given.items():
        field = message.DESCRIPTOR.fields_by_name.get(name)
        if field is None or name in hidden:
            wrong[f"{at}{name}"] = "is not a field"
        else:
            _set(message, field, value, wrong, f"{at}{name}")


def _set(message: Message, field: Field, value: Any, wrong: dict[str, str], at: str) -> None:
    try:
        if field.is_repeated:
            if not isinstance(value, list):
                raise Wrong("must be a list")
            getattr(message, field.name).extend([_value(field, each, wrong, f"{at}.{number}") for number, each in enumerate(value)])
        elif field.type == F.TYPE_MESSAGE:
            getattr(message, field.name).CopyFrom(_value(field, value, wrong, at))
        else:
            setattr(message, field.name, _value(field, value, wrong, at))
    except Wrong as why:
        wrong[at] = str(why)


def _value(field: Field, value: Any, wrong: dict[str, str], at: str) -> Any:
    if field.type == F.TYPE_MESSAGE:
        return _message(field, value, wrong, at)
    if field.type == F.TYPE_ENUM:
        number = field.enum_type.values_by_name.get(value) if isinstance(value, str) else None
        if number is None:
            raise Wrong("must be one of the names in the documentation")
        return number.number
    if field.type == F.TYPE_STRING:
        return _text(value)
    if field.type == F.TYPE_BOOL and isinstance(value, bool):
        return value
    if field.type in BITS:
        return _number(value, BITS[field.type])
    raise Wrong("must be true or false")


def _message(field: Field, value: Any, wrong: dict[str, str], at: str) -> Message:
    if field.message_type.full_name == Timestamp.DESCRIPTOR.full_name:
        return _time(value)
    if not isinstance(value, dict):
        raise Wrong("must be an object")
    inner: Message = GetMessageClass(field.message_type)()
    _fill(inner, value, wrong, at=f"{at}.")
    return inner


def _time(value: Any) -> Timestamp:
    when = Timestamp()
    try:
        when.FromJsonString(value)
    except ValueError as why:
        raise Wrong("must be a time such as 2026-05-31T22:00:00Z") from why
    return when


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Wrong("must be text")
    if NO_TEXT.search(value):
        raise Wrong("contains a character that is not text")
    return value


def _number(value: Any, bits: int) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 1.0 is an integer to JSON
    if not isinstance(value, int) or isinstance(value, bool) or not -(1 << bits - 1) <= value < 1 << bits - 1:
        raise Wrong(f"must be a whole number of at most {bits} bits")
    return value


def _parsed(field: Field, text: str) -> Any:
    """The JSON value that a query parameter stands for; what cannot be parsed stays text and is refused as that."""
    if field.type == F.TYPE_BOOL:
        return {"true": True, "false": False}.get(text, text)
    if field.type in BITS:
        return int(text) if text.isascii() and text.removeprefix("-").isdigit() and len(text) < 25 else text
    return text


class Writer:
    """Writes messages as JSON values, straight from their fields; how, is found out once for each kind of message."""

    def __init__(self) -> None:
        self._plans: dict[Kind, list[tuple[str, Callable[[Message], Any]]]] = {}

    def write(self, message: Message) -> dict[str, Any]:
        """The message as a JSON object: every field but those that say whether they are set, and are not."""
        plan = self._plans.get(message.DESCRIPTOR) or self._plan(message.DESCRIPTOR)
        return {name: value for name, get in plan if (value := get(message)) is not None}

    def _plan(self, kind: Kind) -> list[tuple[str, Callable[[Message], Any]]]:
        plan = [(field.name, self._getter(field)) for field in kind.fields]
        self._plans[kind] = plan
        return plan

    def _getter(self, field: Field) -> Callable[[Message], Any]:
        name, write = field.name, self._one(field)
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            return lambda message: dict(getattr(message, name))
        if field.is_repeated:
            return lambda message: [write(each) for each in getattr(message, name)]
        if field.has_presence:
            return lambda message: write(getattr(message, name)) if message.HasField(name) else None
        return lambda message: write(getattr(message, name))

    def _one(self, field: Field) -> Callable[[Any], Any]:
        if field.type == F.TYPE_ENUM:
            names = {value.number: value.name for value in field.enum_type.values}
            return lambda number: names.get(number, str(number))
        if field.type == F.TYPE_BYTES:
            return lambda value: b64encode(value).decode()
        if field.type != F.TYPE_MESSAGE:
            return lambda value: value
        return moment if field.message_type.full_name == Timestamp.DESCRIPTOR.full_name else self.write


def moment(when: Timestamp) -> str:
    """The time as RFC 3339 writes it, in UTC."""
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(when.seconds))}.{when.nanos // 1000:06d}Z"
