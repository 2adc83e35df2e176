"""For tests, ours and integrators': callers, fake peers at the channel, and one service running on a real database."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import uuid_utils.compat as uuid
from google.protobuf.message import Message
from kontor.events.v1.envelope_pb2 import Envelope

from chassis import caller, clock, run
from chassis.bus import LocalBus
from chassis.caller import Caller, Signer, Verifier
from chassis.db import Database
from chassis.jobs import Jobs
from chassis.local import LocalChannel, LocalServer
from chassis.outbox import Relay, content, wrap
from chassis.peers import PeerChannel
from chassis.rpc import guarded, recorded
from chassis.service import Rpc, Service


class FakePeers:
    """Peers whose servicers are given by the test: `FakePeers(identity=[Rpc(fake, add)])`. Guards are left out."""

    def __init__(self, **services: list[Rpc]) -> None:
        self._servers: dict[str, LocalServer] = {}
        for name, rpcs in services.items():
            self._servers[name] = LocalServer()
            self._servers[name].add(recorded(rpcs))

    def channel(self, service: str) -> PeerChannel:
        """A channel to the fake of this service."""
        return PeerChannel(service, self._servers.setdefault(service, LocalServer()).channel())


class ServiceUnderTest:
    """One service on a migrated database, called through its guarded stub; events and jobs are driven by the test."""

    def __init__(self, service: Service) -> None:
        self._private, self.public_keys = caller.new_keys("identity")
        self.service, self.seen = service, list[Envelope]()
        self.started: list[tuple[str, tuple[str, ...]]] = []
        run.migrate([service])
        local = LocalServer()
        local.add(guarded(service.rpcs, Verifier(self.public_keys, audience=service.name)))
        self._inner, self._signer = local.channel(), Signer(self._private, issuer="identity")
        self.inbox = run.inbox_of(service) if service.database is not None else None
        if service.database is not None:
            service.database.start_job = lambda name, arguments: self.started.append((name, tuple(arguments)))

    def channel(self, who: Caller = caller.NOBODY) -> PeerChannel:
        """A channel on which every call is made as `who`."""
        return _As(self.service.name, self._inner, who, self._signer)

    def relay(self) -> list[Message]:
        """Carry the outbox once; answers the events it held, which the service's own handlers have then handled.

        One that a handler failed on stays in the outbox, is not answered, and is brought again by the next call.
        """
        before, relay = len(self.seen), Relay(self._database(), _Tap(self))
        while relay.relay():
            pass
        return [content(envelope) for envelope in self.seen[before:]]

    def happened(self, event: Message, *, about: str = "test", organisation: str = "", source: str = "test", version: int = 1) -> bool:
        """Bring an event of another service; answers whether the service is done with it."""
        return self.receive(wrap(event, source=source, about=about, version=version, organisation=organisation))

    def receive(self, envelope: Envelope) -> bool:
        """Bring this envelope; a service that does not handle its event is done with it."""
        return self.inbox is None or envelope.type not in self.inbox.types or self.inbox.receive(envelope)

    def run_job(self, name: str, *arguments: str) -> None:
        """Run a job of the service, here and now. `name` without the service's prefix."""
        job = next(job for job in self.service.jobs if job.name == f"{self.service.name}.{name}")
        job.run(*arguments)

    def close(self) -> None:
        """Give everything back."""
        for close in self.service.closes:
            close()
        if self.service.database is not None:
            self.service.database.close()

    def _database(self) -> Database:
        if self.service.database is None:
            raise ValueError(f"{self.service.name} has no database")
        return self.service.database


class _Tap(LocalBus):
    """Brings events to the service under test alone, and remembers what it accepted."""

    def __init__(self, service: ServiceUnderTest) -> None:
        super().__init__()
        self._service = service

    def publish(self, envelopes: Sequence[Envelope]) -> set[str]:
        accepted = [envelope for envelope in envelopes if self._service.receive(envelope)]
        self._service.seen += accepted
        return {envelope.id for envelope in accepted}


class _As(PeerChannel):
    """A channel that acts as somebody. What it streams is read to its end at once, so that a failure is raised by the call."""

    def __init__(self, service: str, inner: LocalChannel, who: Caller, signer: Signer) -> None:
        super().__init__(service, inner)
        self._who, self._sign, self._audience = who, signer.sign, [service, "identity"]

    def _acting(self) -> AbstractContextManager[None]:
        tokens = {} if self._who == caller.NOBODY else {"*": self._sign(self._who, audience=self._audience)}
        return caller.acting(self._who, tokens)

    def _calling(self, method: str, invoke: Callable[..., Any], limit: float) -> Callable[..., Any]:
        inner = super()._calling(method, invoke, limit)

        def call(request: Any, **options: Any) -> Any:
            with self._acting():
                return inner(request, **options)

        return call

    def _streaming(self, method: str, invoke: Callable[..., Any]) -> Callable[..., Any]:
        inner = super()._streaming(method, invoke)

        def call(request: Any, **options: Any) -> Iterator[Any]:
            with self._acting():
                return iter(list(inner(request, **options)))

        return call


def person(*permissions: int, **given: Any) -> Caller:
    """A signed-in person with fresh second factor and these permissions; other fields as given."""
    blank = Caller(
        user_id=str(uuid.uuid7()), membership_id=str(uuid.uuid7()), organisation_id=str(uuid.uuid7()), organisation_kind="client",
        organisation_name="Testdal Bakeri AS", name="Ingrid Eksempeldal", language="nb", permissions=tuple(permissions),
        authenticated_at=int(clock.now().timestamp()),
    )  # fmt: skip
    return replace(blank, **given)


@contextmanager
def running(running_: run.Running) -> Iterator[run.Running]:
    """Start what was assembled, and stop it at the end of the block."""
    running_.start()
    try:
        yield running_
    finally:
        running_.stop()


def at_once(callables: list[Callable[[], Any]]) -> list[Any]:
    """Call all of them at the same moment, each in its thread; answers results and exceptions in order."""
    gate, results = threading.Barrier(len(callables)), list[Any]([None] * len(callables))

    def one(number: int) -> None:
        gate.wait(timeout=30)
        try:
            results[number] = callables[number]()
        except Exception as why:  # noqa: BLE001 - the exception is the result
            results[number] = why

    threads = [threading.Thread(target=one, args=(number,)) for number in range(len(callables))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


__all__ = ["FakePeers", "Jobs", "ServiceUnderTest", "at_once", "person", "running", "timedelta"]
