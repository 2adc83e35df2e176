"""Settings from the environment: one frozen dataclass a service, strict, and every mistake reported at once."""

import dataclasses
import inspect
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

PREFIX = "KONTOR_"
T = TypeVar("T")


class Secret(str):
    """A setting whose value must not be printed. May be given as a file: NAME_FILE."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(***)"


class BadSettings(Exception):
    """The settings cannot be used; the text lists every mistake."""


@dataclass(frozen=True)
class Process:
    """Settings of a process, whichever services it runs."""

    bus_url: Secret = field(default_factory=Secret)  # AMQP URL of RabbitMQ; empty only for all services in one process
    listen: str = "127.0.0.1:50051"  # host:port of the gRPC server
    admin_listen: str = "127.0.0.1:9090"  # host:port of /healthz, /readyz, /dependencies and /metrics
    peers: tuple[str, ...] = ()  # where the other services are: identity=dns:///identity:50051,notify=…
    assertion_keys: Path = Path("var/keys/assertion-public.json")  # public keys (JWKS) that caller assertions are verified with
    tls_certificate: Path | None = None  # PEM; with tls_key and tls_authority: mutual TLS between services
    tls_key: Path | None = None  # PEM
    tls_authority: Path | None = None  # PEM of the authority that signed all services' certificates
    log_format: str = "json"  # json, or text for a terminal
    log_level: str = "info"  # debug, info, warning or error
    threads: int = 8  # worker threads of the gRPC server
    consumers: int = 2  # threads that handle events
    job_threads: int = 2  # threads that run jobs
    drain_seconds: int = 20  # how long running calls may finish after SIGTERM

    def __post_init__(self) -> None:
        """Raises BadSettings for values that are each well formed and cannot work together."""
        mistakes = [f"{PREFIX}PEERS: write name=target, not {entry!r}" for entry in self.peers if not all(entry.partition("="))]
        if len({bool(path) for path in (self.tls_certificate, self.tls_key, self.tls_authority)}) > 1:
            mistakes.append(f"{PREFIX}TLS_CERTIFICATE, {PREFIX}TLS_KEY and {PREFIX}TLS_AUTHORITY go together")
        if self.log_level not in ("debug", "info", "warning", "error") or self.log_format not in ("json", "text"):
            mistakes.append(f"{PREFIX}LOG_LEVEL is debug, info, warning or error and {PREFIX}LOG_FORMAT json or text")
        if mistakes:
            raise BadSettings("\n".join(mistakes))


def describe(kind: type[Any], prefix: str) -> list[tuple[str, str, str]]:
    """Name, default and meaning (the comment beside the field) of each setting, for the generated documentation."""
    comments = _comments(kind)
    rows = []
    for item in dataclasses.fields(kind):
        default = "" if item.default is dataclasses.MISSING else _shown(item.default)
        required = item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
        rows.append((f"{prefix}{item.name.upper()}", "required" if required else default, comments.get(item.name, "")))
    return rows


def load(kind: type[T], prefix: str, environ: Mapping[str, str] | None = None, *, others: Iterable[str] = ()) -> T:
    """Read `kind` from variables that start with `prefix`.

    Raises BadSettings naming every missing, malformed and unknown variable. `others` are prefixes that belong to someone else.
    """
    source = os.environ if environ is None else environ
    values, mistakes = _values(kind, prefix, source)
    known = {name for item in dataclasses.fields(kind) for name in (f"{prefix}{item.name.upper()}", f"{prefix}{item.name.upper()}_FILE")}  # type: ignore[arg-type]
    strange = [name for name in source if name.startswith(prefix) and name not in known and not name.startswith(tuple(others))]
    mistakes += [f"{name} is not a setting; see docs/operations.md" for name in strange]
    if not mistakes:
        try:
            return kind(**values)
        except BadSettings as why:
            mistakes += str(why).splitlines()
    raise BadSettings("These settings need attention:\n" + "\n".join(f"  {line}" for line in sorted(mistakes)))


def _values(kind: type[Any], prefix: str, source: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    hints, values, mistakes = get_type_hints(kind), {}, []
    for item in dataclasses.fields(kind):
        name = f"{prefix}{item.name.upper()}"
        try:
            text = _text(name, source)
            if text is not None:
                values[item.name] = _parse(hints[item.name], text)
            elif item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
                mistakes.append(f"{name} is missing")
        except (ValueError, OSError) as why:
            mistakes.append(f"{name}: {type(why).__name__}: {why if isinstance(why, ValueError) else why.strerror}")
    return values, mistakes


def _text(name: str, source: Mapping[str, str]) -> str | None:
    file = source.get(f"{name}_FILE")
    if file is None:
        return source.get(name)
    if name in source:
        raise ValueError(f"give either {name} or {name}_FILE, not both")
    return Path(file).read_text().strip()


def _parse(hint: Any, text: str) -> Any:
    if hint is bool:
        if text.lower() not in ("true", "false"):
            raise ValueError("write true or false")
        return text.lower() == "true"
    if hint is int:
        try:
            return int(text)
        except ValueError as why:
            raise ValueError("write a whole number") from why
    if hint is Secret:
        return Secret(text)
    if hint is Path or hint == Path | None:
        return Path(text) if text else None
    if getattr(hint, "__origin__", None) is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text


def _shown(default: Any) -> str:
    if default is None or isinstance(default, Secret):
        return ""
    if isinstance(default, tuple):
        return ",".join(default)
    return str(default).lower() if isinstance(default, bool) else str(default)


def _comments(kind: type[Any]) -> dict[str, str]:
    comments = {}
    for line in inspect.getsource(kind).splitlines():
        name, colon, rest = line.strip().partition(":")
        if colon and name.isidentifier() and "#" in rest:
            comments[name] = rest.split("#", 1)[1].strip()
    return comments


def environment(defaults: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment, with `defaults` for what it does not say."""
    said = {name for name in os.environ if name.startswith(PREFIX)}
    left = {name: value for name, value in (defaults or {}).items() if name not in said and f"{name}_FILE" not in said}
    return {**left, **os.environ}


def tracing_endpoint() -> str:
    """Where traces go, from OpenTelemetry's own variable; empty for nowhere."""
    return os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")


def peer_targets(process: Process) -> dict[str, str]:
    """Service name to gRPC target, from `peers`."""
    return {name: target for name, _, target in (entry.partition("=") for entry in process.peers)}
