"""Run one service, or all of them in one process: start in order, stop in reverse, answer the operator's probes."""

import json
import signal
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
import prometheus_client
from joserfc.jwk import KeySet

from chassis import db, telemetry
from chassis.bus import Bus, LocalBus, RabbitBus
from chassis.caller import Verifier
from chassis.config import PREFIX, BadSettings, Process, peer_targets
from chassis.errors import Failure
from chassis.jobs import Jobs
from chassis.local import Handlers, LocalChannel, LocalServer
from chassis.outbox import Inbox, Relay, purge_events
from chassis.peers import PeerChannel, connect
from chassis.rpc import NetworkServer, guarded
from chassis.service import Job, Service

Build = Callable[["Switchboard"], Service]
PARTS = frozenset({"rpc", "relay", "consumer", "jobs"})


class Switchboard:
    """Gives each service its channels: to a neighbour in this process, or over the network to where `peers` says."""

    def __init__(self, process: Process, local: LocalServer, names: Iterable[str]) -> None:
        self._process, self._local, self._names, self._targets = process, local, frozenset(names), peer_targets(process)
        self._channels: dict[str, grpc.Channel | LocalChannel] = {}

    def channel(self, service: str) -> PeerChannel:
        """A channel to the service of this name. Raises BadSettings when it is neither here nor in `peers`."""
        if service not in self._channels:
            if service not in self._names and service not in self._targets:
                raise BadSettings(f"{PREFIX}PEERS does not say where {service} is")
            here = service in self._names
            self._channels[service] = self._local.channel() if here else connect(self._targets[service], self._process)
        return PeerChannel(service, self._channels[service])

    def close(self) -> None:
        """Close the connections."""
        for channel in self._channels.values():
            channel.close()


@dataclass
class Running:
    """What runs in this process. `stop` ends it in reverse order of its start."""

    process: Process
    services: Sequence[Service]
    bus: Bus
    jobs: Jobs
    parts: frozenset[str] = PARTS
    server: NetworkServer | None = None
    ready: bool = False
    _stops: list[tuple[str, Callable[[], None]]] = field(default_factory=list)

    def start(self) -> None:
        """Bring everything up; whatever fails stops what was already up."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        if self.process.admin_listen:
            self._begin("probes", *_probes(self))
        if "consumer" in self.parts:
            self._begin("bus", self.bus.start, self.bus.stop)
        if "relay" in self.parts:
            self._relay()
        self._begin("jobs", partial(self.jobs.start, work="jobs" in self.parts), self.jobs.stop)
        if "rpc" in self.parts:
            if self.server is not None:
                self._begin("rpc", self.server.start, self.server.drain)
            for server in (each for service in self.services for each in service.servers):
                self._begin("web", server.start, server.stop)
        self.ready = True

    def stop(self) -> None:
        """Not ready first, then servers, jobs, relays, bus, and last what the services hold."""
        self.ready = False
        while self._stops:
            name, stop = self._stops.pop()
            try:
                stop()
            except Exception:  # noqa: BLE001 - the rest must still be stopped
                telemetry.log("chassis.run").exception("did not stop well", part=name)

    def declare(self) -> list[str]:
        """Make the queues of these services on the broker, before the first of them publishes; answers their names."""
        return self.bus.declare()

    def check(self) -> list[str]:
        """What keeps this process from being ready; nothing when it is.

        The broker does not, where calls are answered: what is asked is written down, and its events leave later. Nor does
        what a service needs for a part of its work only.
        """
        checks = [service.database.check for service in self.services if service.database is not None]
        checks += [self.bus.check] if "rpc" not in self.parts else []
        return ([] if self.ready else ["starting or stopping"]) + _reasons(checks)

    def missing(self) -> list[str]:
        """What does not answer of all that this process works with, also of that without which it stays ready."""
        checks = [check for service in self.services for check in service.checks]
        return list(dict.fromkeys([*self.check(), *_reasons([self.bus.check, *checks])]))

    def _begin(self, name: str, start: Callable[[], None], stop: Callable[[], None]) -> None:
        start()
        self._stops.append((name, stop))

    def _relay(self) -> None:
        relays = [Relay(service.database, self.bus) for service in self.services if service.database is not None]
        threads = [threading.Thread(target=relay.run, name=f"relay-{number}", daemon=True) for number, relay in enumerate(relays)]

        def start() -> None:
            for thread in threads:
                thread.start()

        def stop() -> None:
            for relay in relays:
                relay.stop()
            for thread in threads:
                thread.join(timeout=10)

        self._begin("relays", start, stop)


def _reasons(checks: Iterable[Callable[[], None]]) -> list[str]:
    reasons = []
    for check in checks:
        try:
            check()
        except Failure as why:
            reasons.append(why.reason)
    return reasons


def inbox_of(service: Service) -> Inbox:
    """The inbox of a built service that has a database."""
    if service.database is None:
        raise ValueError(f"{service.name} has no database, so no inbox")
    return Inbox(service.database, {handler.type: handler.handle for handler in service.handlers})


def assemble(process: Process, builds: dict[str, Build], *, parts: frozenset[str] = PARTS) -> Running:
    """Build these services and wire them. Nothing is started and nothing is remote until Running.start."""
    local = LocalServer()
    switchboard = Switchboard(process, local, builds)
    services = [_with_chores(build(switchboard)) for build in builds.values()]
    keys = _assertion_keys(process)
    handlers: Handlers = {}
    for service in services:
        handlers |= guarded(service.rpcs, Verifier(keys, audience=service.name))
    local.add(handlers)
    bus: Bus = RabbitBus(process.bus_url, consumers=process.consumers) if process.bus_url else LocalBus()
    for service in services:
        if service.handlers:
            bus.subscribe(service.name, inbox_of(service))
        for watch in service.watches:
            bus.watch([event.DESCRIPTOR.full_name for event in watch.events], watch.watcher)
    jobs = Jobs(process.bus_url, services, threads=process.job_threads)
    server = NetworkServer(process, handlers) if process.listen and handlers else None
    held = [(service.name, close) for service in services for close in _closes(service)]
    return Running(process, services, bus, jobs, parts, server, _stops=[*held, ("channels", switchboard.close)])


def _closes(service: Service) -> list[Callable[[], None]]:
    return [service.database.close, *service.closes] if service.database is not None else list(service.closes)


def _with_chores(service: Service) -> Service:
    """The service with the jobs that every database needs."""
    if service.database is None:
        return service
    purge = Job(f"{service.name}.purge_events", partial(purge_events, service.database), timedelta(hours=1))
    return replace(service, jobs=(*service.jobs, purge))


def _assertion_keys(process: Process) -> KeySet:
    try:
        return KeySet.import_key_set(json.loads(process.assertion_keys.read_text()))
    except (OSError, ValueError) as why:
        raise BadSettings(f"{PREFIX}ASSERTION_KEYS: {process.assertion_keys} holds no public keys: {why}") from why


def migrate(services: Iterable[Service]) -> None:
    """Bring each service's schema to its newest version."""
    for service in services:
        if service.database is not None and service.migrations is not None and service.tables is not None:
            db.migrate(service.database, service.migrations, service.tables)


def serve(running: Running, *, started: Callable[[], None] = lambda: None) -> None:
    """Start, call `started`, wait for SIGTERM or Ctrl-C; drain and stop, also when `started` raises."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    running.start()
    try:
        started()
        stop.wait()
    finally:
        running.stop()


def _probes(running: Running) -> tuple[Callable[[], None], Callable[[], None]]:
    host, _, port = running.process.admin_listen.rpartition(":")

    class Probe(BaseHTTPRequestHandler):
        """/healthz: the process lives. /readyz: it can do most of its work. /dependencies: all of it. /metrics: Prometheus."""

        def do_GET(self) -> None:
            asked = {"/healthz": list[str], "/readyz": running.check, "/dependencies": running.missing, "/metrics": list[str]}
            known = self.path in asked
            reasons = asked.get(self.path, list[str])()
            body = prometheus_client.generate_latest() if self.path == "/metrics" else ("\n".join(reasons) or "ok").encode()
            self.send_response(404 if not known else 503 if reasons else 200)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *given: Any) -> None:  # noqa: A002 - the name http.server uses
            """Probes come every few seconds; they are not news."""
            telemetry.log("chassis.probes").debug(format % given)

    server = ThreadingHTTPServer((host, int(port)), Probe)
    thread = threading.Thread(target=server.serve_forever, name="probes", daemon=True)

    def stop() -> None:
        server.shutdown()
        server.server_close()

    return thread.start, stop
