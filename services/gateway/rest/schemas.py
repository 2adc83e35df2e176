"""JSON Schema of the contract's messages, with the rules that requests are checked by."""

from collections.abc import Iterable
from typing import Any

import protovalidate
from buf.validate import validate_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from services.gateway.rest.comments import Comments
from services.gateway.rest.messages import Field, Kind

Schema = dict[str, Any]
F = FieldDescriptor
SCALARS: dict[int, Schema] = {
    F.TYPE_STRING: {"type": "string"},
    F.TYPE_BYTES: {"type": "string", "format": "byte"},
    F.TYPE_BOOL: {"type": "boolean"},
    F.TYPE_INT32: {"type": "integer", "format": "int32", "minimum": -(1 << 31), "maximum": (1 << 31) - 1},
    F.TYPE_INT64: {"type": "integer", "format": "int64", "minimum": -(1 << 63), "maximum": (1 << 63) - 1},
}
TIMESTAMP = "google.protobuf.Timestamp"


class Schemas:
    """Collects the components that the operations need. A message is strict where it is sent to us, complete where it comes from us."""

    def __init__(self, comments: Comments, *, answers: Iterable[Kind]) -> None:
        self.components: dict[str, Schema] = {}
        self._comments, self._names, self._answered = comments, dict[str, str](), set[str]()
        for kind in answers:
            self._reach(kind)
        self._validator = protovalidate.Validator()

    def answer(self, kind: Kind) -> Schema:
        """Reference to the schema of a response."""
        return self._reference(kind, strict=False)

    def body(self, kind: Kind, *, without: tuple[str, ...]) -> Schema:
        """Schema of a request's body: the message without what stands in the path."""
        if not without:
            return self._reference(kind, strict=True)
        return self._object(kind, strict=True, without=without)

    def parameters(self, kind: Kind, *, path: tuple[str, ...], query: bool) -> list[Schema]:
        """Parameters in the path and, where there is no body, in the query."""
        required = self._required(kind)
        return [
            {
                "name": field.name, "in": "path" if field.name in path else "query", "required": field.name in (*path, *required),
                "schema": self.field(field, described=False), "description": self._comments.get(field.full_name, ""),
            }
            for field in kind.fields if query or field.name in path
        ]  # fmt: skip

    def field(self, field: Field, *, strict: bool = True, described: bool = True) -> Schema:
        """Schema of one field."""
        rules: validate_pb2.FieldRules = field.GetOptions().Extensions[validate_pb2.field]
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            value = field.message_type.fields_by_name["value"]
            schema: Schema = {"type": "object", "additionalProperties": self._single(value, rules, strict=strict)}
        elif field.is_repeated:
            schema = {"type": "array", "items": self._single(field, rules.repeated.items, strict=strict), **_list(rules.repeated)}
        else:
            schema = self._single(field, rules, strict=strict)
        comment = self._comments.get(field.full_name, "") if described else ""
        return schema | {"description": comment} if comment else schema

    def _single(self, field: Field, rules: validate_pb2.FieldRules, *, strict: bool) -> Schema:
        if field.type == F.TYPE_MESSAGE:
            known = {"type": "string", "format": "date-time"}
            return known if field.message_type.full_name == TIMESTAMP else self._reference(field.message_type, strict=strict)
        if field.type == F.TYPE_ENUM:
            return self._enum(field.enum_type, rules.enum)
        return SCALARS[field.type] | _rules(rules)

    def _enum(self, kind: Kind, rules: validate_pb2.EnumRules) -> Schema:
        among = getattr(rules, "in")
        if rules.not_in or among:
            allowed = [value for value in kind.values if value.number not in rules.not_in and (not among or value.number in among)]
            return {"type": "string", "enum": [value.name for value in allowed]}
        name = self._named(kind.name, kind.full_name)
        self.components[name] = {"type": "string", "enum": [value.name for value in kind.values], **self._values(kind)}
        return {"$ref": f"#/components/schemas/{name}"}

    def _values(self, kind: Kind) -> Schema:
        package = kind.file.package
        lines = [f"`{value.name}`: {said}" for value in kind.values if (said := self._comments.get(f"{package}.{value.name}"))]
        text = "\n\n".join([*filter(None, [self._comments.get(kind.full_name)]), *lines])
        return {"description": text} if text else {}

    def _reference(self, kind: Kind, *, strict: bool) -> Schema:
        both = strict and kind.full_name in self._answered
        name = self._named(f"{kind.name}Input" if both else kind.name, kind.full_name)
        if name not in self.components:
            self.components[name] = {}
            self.components[name] = self._object(kind, strict=strict)
        return {"$ref": f"#/components/schemas/{name}"}

    def _reach(self, kind: Kind) -> None:
        self._answered.add(kind.full_name)
        for field in kind.fields:
            if field.message_type is not None and field.message_type.full_name not in self._answered:
                self._reach(field.message_type)

    def _object(self, kind: Kind, *, strict: bool, without: tuple[str, ...] = ()) -> Schema:
        fields = [field for field in kind.fields if field.name not in without]
        always = [field.name for field in fields if not field.has_presence]
        schema: Schema = {"type": "object", "properties": {field.name: self.field(field, strict=strict) for field in fields}}
        required = [name for name in self._required(kind) if name not in without] if strict else always
        if required:
            schema["required"] = required
        if strict:
            schema["additionalProperties"] = False
        comment = self._comments.get(kind.full_name)
        return schema | {"description": comment} if comment else schema

    def _required(self, kind: Kind) -> list[str]:
        """The fields whose rules nothing does not pass."""
        nothing: Message = GetMessageClass(kind)()
        paths = (each.proto.field for each in self._validator.collect_violations(nothing))
        return list(dict.fromkeys(path.elements[0].field_name for path in paths if path))

    def _named(self, name: str, full_name: str) -> str:
        if self._names.setdefault(name, full_name) != full_name:
            raise ValueError(f"{full_name} and {self._names[name]} would have the same name in the REST API")
        return name


def _rules(rules: validate_pb2.FieldRules) -> Schema:
    kind = rules.WhichOneof("type")
    if kind == "string":
        return _text(rules.string)
    if kind in ("int32", "int64"):
        return _number(rules.int32 if kind == "int32" else rules.int64)
    return {}


def _text(rules: validate_pb2.StringRules) -> Schema:
    found: Schema = {}
    if rules.HasField("min_len"):
        found["minLength"] = rules.min_len
    if rules.HasField("max_len"):
        found["maxLength"] = rules.max_len
    if rules.HasField("pattern"):
        found["pattern"] = rules.pattern
    if rules.WhichOneof("well_known") in ("uuid", "email", "uri"):
        found["format"] = rules.WhichOneof("well_known")
    allowed = list(getattr(rules, "in"))
    return found | {"enum": allowed} if allowed else found


def _number(rules: validate_pb2.Int32Rules | validate_pb2.Int64Rules) -> Schema:
    found: Schema = {}
    if rules.HasField("gte"):
        found["minimum"] = rules.gte
    if rules.HasField("lte"):
        found["maximum"] = rules.lte
    return found


def _list(rules: validate_pb2.RepeatedRules) -> Schema:
    found: Schema = {}
    if rules.HasField("min_items"):
        found["minItems"] = rules.min_items
    if rules.HasField("max_items"):
        found["maxItems"] = rules.max_items
    if rules.unique:
        found["uniqueItems"] = True
    return found
