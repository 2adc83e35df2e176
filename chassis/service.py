"""What a service is: the RPCs it answers, the events it handles, the jobs it does, and what it stands on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import grpc
from google.protobuf.message import Message
from sqlalchemy import MetaData

from chassis.bus import Watcher
from chassis.db import Database
from chassis.outbox import Handle


class Peers(Protocol):
    """Gives channels to other services; nobody can tell whether they are in this process."""

    def channel(self, service: str) -> grpc.Channel:
        """A channel to the service of this name. Calls carry the current caller, the request id and a deadline."""


@dataclass(frozen=True)
class Rpc:
    """A servicer and the generated function that adds it to a server."""

    servicer: Any
    add: Callable[[Any, Any], None]


@dataclass(frozen=True)
class Handler:
    """What is done when an event has happened."""

    event: type[Message]
    handle: Handle

    @property
    def type(self) -> str:
        """Full name of the event."""
        return self.event.DESCRIPTOR.full_name


@dataclass(frozen=True)
class Job:
    """What is due: by the clock where `every` is set, else when it is asked for. Runs anywhere, any number of times."""

    name: str
    run: Callable[..., None]
    every: timedelta | None = None


@dataclass(frozen=True)
class Watch:
    """Events that are looked at while they pass, without being kept."""

    events: tuple[type[Message], ...]
    watcher: Watcher


@dataclass(frozen=True)
class Server:
    """Something that serves beside gRPC: the gateway's web server. `start` returns at once; `stop` waits for running requests."""

    start: Callable[[], None]
    stop: Callable[[], None]


@dataclass(frozen=True)
class Service:
    """A built service, not yet running."""

    name: str
    database: Database | None = None
    tables: MetaData | None = None
    migrations: Path | None = None
    rpcs: tuple[Rpc, ...] = ()
    handlers: tuple[Handler, ...] = ()
    jobs: tuple[Job, ...] = ()
    watches: tuple[Watch, ...] = ()
    servers: tuple[Server, ...] = ()
    checks: tuple[Callable[[], None], ...] = ()  # what it needs for a part of its work: told under /dependencies, still ready
    closes: tuple[Callable[[], None], ...] = field(default=())


def on(module: ModuleType, **given: Any) -> Handler:
    """The handler in `module`: its EVENT, and its `handle(tx, event, envelope)` with `given` keyword arguments filled in."""
    return Handler(module.EVENT, partial(module.handle, **given) if given else module.handle)


def due(module: ModuleType, *arguments: Any, service: str) -> Job:
    """The job in `module`: `run(*arguments, *asked)`, every EVERY if the module has one. Named after service and module."""
    name = f"{service}.{module.__name__.rpartition('.')[2]}"
    return Job(name, partial(module.run, *arguments), getattr(module, "EVERY", None))
