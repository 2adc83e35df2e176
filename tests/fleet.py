"""The whole product for a test, in either composition: all services in one process, or each in its own on real servers."""

import http.client
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import grpc
from joserfc.jwk import OKPKey

from chassis.caller import Signer
from chassis.run import PARTS
from demo.laptop import Laptop, make_keys, settings
from demo.session import Letters, World, caught
from tests.servers.clamd import Address
from tests.servers.program import Program, free_ports
from tests.servers.s3 import S3
from tests.servers.smtp import MailServer

ROOT = Path(__file__).parents[1]
SERVICES = ("identity", "documents", "messaging", "linking", "notify", "gateway")
CALLS = {"identity": ("notify",), "documents": ("identity",), "messaging": ("identity",), "linking": ("identity",), "notify": ()}


Split = Mapping[str, Sequence[str]]


@dataclass
class Product:
    """A running product: its address, the processes behind it, and the world as a frontend sees it."""

    url: str
    programs: dict[str, Program]
    targets: dict[str, str]
    keys: Path
    letters: Letters
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def operator(self) -> Signer:
        """The platform's operator, who makes the first firm."""
        return Signer(OKPKey.import_key(json.loads((self.keys / "identity.json").read_text())), issuer="identity")

    @contextmanager
    def world(self) -> Iterator[World]:
        """Speak to it over gRPC."""
        channels = {name: grpc.insecure_channel(target) for name, target in self.targets.items()}
        try:
            yield World(lambda service: channels[service], self.letters)
        finally:
            for channel in channels.values():
                channel.close()

    def stop(self) -> None:
        """End every process, as an operator would."""
        for program in reversed(self.programs.values()):
            program.stop()


@dataclass(frozen=True)
class Servers:
    """The real servers that separate processes stand on."""

    databases: Mapping[str, str]
    broker: str
    storage: S3
    scanner: Address
    mail: MailServer


def together(folder: Path, *, environ: Mapping[str, str] | None = None, name: str = "127.0.0.1") -> Product:
    """All services in one process, empty, on an embedded PostgreSQL; mail is caught in a folder. `name` is what people call the machine."""
    web, rpc, admin = (f"127.0.0.1:{port}" for port in free_ports(3))
    url = f"http://{web.replace('127.0.0.1', name)}"
    called = {f"KONTOR_{each}_PUBLIC_URL": url for each in ("GATEWAY", "IDENTITY", "NOTIFY")}
    given = {"KONTOR_LISTEN": rpc, "KONTOR_ADMIN_LISTEN": admin, **called, **(environ or {})}
    program = Program(
        name="Kontor",
        url=f"http://{web}",
        command=[sys.executable, "-m", "services", "run", "--empty", "--folder", str(folder / "var"), "--web", web],
        directory=folder,
        environment={**given, "PYTHONPATH": str(ROOT)},
        answers=partial(ready, admin),
    )
    program.start()
    return Product(
        url,
        {"all": program},
        dict.fromkeys(SERVICES, rpc),
        folder / "var" / "keys",
        caught(folder / "var" / "mail"),
        given,
    )


def apart(folder: Path, servers: Servers, *, environ: Mapping[str, str] | None = None, split: Split | None = None) -> Product:
    """Each service in a process of its own, over gRPC and RabbitMQ, on S3, clamd and SMTP.

    `split` gives parts of a service a process of their own: ``{"documents": ["relay"]}`` makes ``documents`` and ``documents-relay``.
    """
    ports = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
    (web,) = free_ports(1)
    targets = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    url = f"http://127.0.0.1:{web}"
    everything = _settings(folder, url, servers) | dict(environ or {})
    programs: dict[str, Program] = {}
    migrate = Program(
        name="migrate",
        url="",
        command=[sys.executable, "-m", "services", "migrate"],
        directory=_made(folder / "migrate"),
        environment={**everything, "KONTOR_PEERS": _peers(SERVICES, targets), "PYTHONPATH": str(ROOT)},
        answers=lambda: (folder / "migrate" / "log").read_text().count("\n") >= len(SERVICES),
    )
    migrate.start()
    migrate.stop()
    for name in ("notify", "identity", "documents", "messaging", "linking", "gateway"):
        own = tuple((split or {}).get(name, ()))
        rest = tuple(sorted(PARTS - set(own))) if own else ()
        programs[name] = _service(folder, name, everything, targets, rest)
        programs |= {f"{name}-{part}": _service(folder, name, everything, targets, (part,)) for part in own}
    for program in programs.values():
        program.start()
    return Product(url, programs, targets, folder / "keys", partial(_letters, servers.mail), everything)


def ready(admin: str) -> bool:
    """Whether a process says that it can do its work."""
    address = urlsplit(f"//{admin}")
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    finally:
        connection.close()


def _service(folder: Path, name: str, everything: Mapping[str, str], targets: Mapping[str, str], parts: tuple[str, ...]) -> Program:
    (admin,) = free_ports(1)
    mine = {key: value for key, value in everything.items() if key.startswith(f"KONTOR_{name.upper()}_") or _shared(key)}
    mine |= {
        "KONTOR_LISTEN": targets[name],
        "KONTOR_ADMIN_LISTEN": f"127.0.0.1:{admin}",
        "KONTOR_PEERS": _peers(CALLS.get(name, SERVICES), targets),
        "PYTHONPATH": str(ROOT),
    }
    return Program(
        name="-".join((name, *parts)),
        url=targets[name],
        command=[sys.executable, "-m", "services", "run", name, *(f"--part={part}" for part in parts)],
        directory=_made(folder / "-".join((name, *parts))),
        environment=mine,
        answers=partial(ready, f"127.0.0.1:{admin}"),
    )


def _settings(folder: Path, url: str, servers: Servers) -> dict[str, str]:
    laptop = Laptop(folder, web=url.removeprefix("http://"))
    make_keys(folder / "keys")
    store = urlsplit(servers.storage.endpoint).netloc
    chosen = {name: value for name, value in settings(laptop, servers.databases).items() if name.startswith("KONTOR_")}
    chosen |= {
        "KONTOR_BUS_URL": servers.broker,
        "KONTOR_LOG_FORMAT": "json",
        "KONTOR_DOCUMENTS_STORAGE_URL": f"s3+http://{servers.storage.access_key}@{store}/{servers.storage.new_bucket()}",
        "KONTOR_DOCUMENTS_STORAGE_SECRET_KEY": servers.storage.secret_key,
        "KONTOR_DOCUMENTS_SCANNER": f"clamd://{servers.scanner.host}:{servers.scanner.port}",
        "KONTOR_NOTIFY_MAIL_URL": servers.mail.url,
    }
    return chosen


def _shared(key: str) -> bool:
    return key.startswith("KONTOR_") and not key.startswith(tuple(f"KONTOR_{name.upper()}_" for name in SERVICES))


def _peers(names: tuple[str, ...], targets: Mapping[str, str]) -> str:
    return ",".join(f"{name}={targets[name]}" for name in names)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _letters(mail: MailServer) -> Iterator[tuple[str, str]]:
    for letter in reversed(mail.messages):
        for recipient in letter.recipients:
            yield recipient, letter.text
