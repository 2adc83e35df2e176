"""Compile the contract in proto/ into the git-ignored gen/ whenever the project is installed, editable too, or by `make proto`."""

import importlib.resources
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

RULES = "buf/validate/validate.proto"


class ProtoBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # its configuration type is private to hatchling
    """What hatchling calls before it packs a wheel or makes an editable install."""

    def initialize(self, version: str, build_data: dict[str, object]) -> None:
        """Fill gen/ so that the wheel, or the interpreter, finds it."""
        del version, build_data
        compile_protos(Path(self.root))


def compile_protos(root: Path) -> None:
    """Compile every file below ``root``/proto; the new gen/ replaces the old one only when all of them compile."""
    gen = root / "gen"
    with tempfile.TemporaryDirectory(dir=root, prefix=".gen-") as scratch:
        fresh = Path(scratch) / "gen"
        fresh.mkdir()
        _protoc(root / "proto", fresh)
        # Inside the package it is installed with it: the gateway makes the REST API's documentation from the comments in it.
        shutil.copy(fresh / "kontor.binpb", fresh / "kontor" / "api.binpb")
        for package in ("kontor", "buf"):
            (fresh / package).mkdir(exist_ok=True)
            (fresh / package / "py.typed").touch()
            shutil.rmtree(gen / package, ignore_errors=True)
        shutil.copytree(fresh, gen, dirs_exist_ok=True)


def _protoc(source: Path, out: Path) -> None:
    from grpc_tools import protoc

    rules = out / "validate.binpb"
    rules.write_bytes(_rules_descriptors())
    files = [str(path.relative_to(source)) for path in sorted(source.rglob("*.proto"))]
    includes = [f"-I{source}", f"-I{_installed('grpc_tools') / '_proto'}", f"-I{_installed('google.api').parent.parent}"]
    outputs = [f"--{kind}_out={out}" for kind in ("python", "grpc_python")]
    outputs += [f"--{kind}_out=quiet:{out}" for kind in ("mypy", "mypy_grpc")]
    # Both are found beside the interpreter or, in pip's isolated build, on its PATH.
    plugins = [f"--plugin={name}={_program(name)}" for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")]
    image = ["--include_imports", "--include_source_info", f"--descriptor_set_out={out / 'kontor.binpb'}"]
    if protoc.main(["protoc", *includes, f"--descriptor_set_in={rules}", *plugins, *outputs, *image, *files, RULES]):
        raise RuntimeError(f"protoc could not compile {source}")


def _rules_descriptors() -> bytes:
    """The descriptor set of the request rules' own schema: no wheel has its text, protovalidate's has its descriptor."""
    from google.protobuf import descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2
    from protovalidate._gen.buf.validate import validate_pb

    found = descriptor_pb2.FileDescriptorSet()
    for module in (descriptor_pb2, duration_pb2, timestamp_pb2, field_mask_pb2):
        module.DESCRIPTOR.CopyToProto(found.file.add())
    found.file.add().ParseFromString(validate_pb._DESC.proto.to_binary())
    return found.SerializeToString()


def _installed(package: str) -> Path:
    return Path(str(next(iter(importlib.resources.files(package).iterdir())))).parent


def _program(name: str) -> str:
    found = shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)
    if found is None:
        raise RuntimeError(f"{name} is not installed: mypy-protobuf brings it")
    return found


if __name__ == "__main__":
    compile_protos(Path(__file__).resolve().parent)
    sys.exit(0)
