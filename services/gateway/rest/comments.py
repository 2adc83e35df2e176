"""What the comments in proto/ say of each service, RPC, message, field and value: the words of the documentation."""

import importlib.resources
import re
from collections.abc import Iterator, Mapping

from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet

Comments = Mapping[str, str]
Path = tuple[int, ...]
# Numbers of fields in descriptor.proto, which source locations are made of.
MESSAGES, ENUMS, SERVICES, FIELDS, VALUES, METHODS = 4, 5, 6, 2, 2, 2
# Ids of requirements are for us; readers of the API have no list of them.
_IDS = re.compile(r"[:,;]?\s*\b(?:ACC|AMI|BEY|FNK|NET)-\d+(?:\.\.\d+)?")


def load() -> dict[str, str]:
    """Full name to comment, from the descriptor set that the contract was compiled into on installation."""
    image = FileDescriptorSet.FromString(importlib.resources.files("kontor").joinpath("api.binpb").read_bytes())
    found: dict[str, str] = {}
    for file in image.file:
        if file.package.startswith("kontor."):
            texts = {tuple(each.path): each.leading_comments for each in file.source_code_info.location if each.leading_comments}
            found |= {name: tidy(texts[path]) for name, path in _names(file) if path in texts}
    return found


def tidy(text: str) -> str:
    """One paragraph, without requirement ids."""
    joined = _IDS.sub("", " ".join(text.split()))
    return re.sub(r"\s+([.,;])", r"\1", re.sub(r"\s*\(\s*\)", "", joined)).strip()


def first_sentence(text: str) -> str:
    """What a comment says in short."""
    return re.split(r"\.(?:\s|$)", text, maxsplit=1)[0]


def _names(file: FileDescriptorProto) -> Iterator[tuple[str, Path]]:
    for number, message in enumerate(file.message_type):
        yield from _message(message, f"{file.package}.{message.name}", (MESSAGES, number))
    for number, enum in enumerate(file.enum_type):
        yield from _enum(enum, file.package, (ENUMS, number))
    for number, service in enumerate(file.service):
        name, path = f"{file.package}.{service.name}", (SERVICES, number)
        yield name, path
        yield from ((f"{name}.{method.name}", (*path, METHODS, each)) for each, method in enumerate(service.method))


def _message(message: DescriptorProto, name: str, path: Path) -> Iterator[tuple[str, Path]]:
    yield name, path
    yield from ((f"{name}.{field.name}", (*path, FIELDS, number)) for number, field in enumerate(message.field))


def _enum(enum: EnumDescriptorProto, package: str, path: Path) -> Iterator[tuple[str, Path]]:
    yield f"{package}.{enum.name}", path
    # Values are named in the scope of their enum's parent.
    yield from ((f"{package}.{value.name}", (*path, VALUES, number)) for number, value in enumerate(enum.value))
