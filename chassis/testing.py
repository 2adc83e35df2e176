"""For tests, ours and integrators': callers, fake peers at the channel, and one service running on a real database."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import grpc
from google.protobuf.message import Message
from joserfc.jwk import KeySet, OKPKey
from kontor.events.v1.envelope_pb2 import Envelope

from chassis import caller, clock, run
from chassis.bus import LocalBus
from chassis.caller import Caller, Signer, Verifier
from chassis.jobs import Jobs
from chassis.local import LocalServer
from chassis.outbox import Relay, content, write
from chassis.peers import PeerChannel
from chassis.rpc import guarded
from chassis.service import Rpc, Service


class FakePeers:
    """Peers whose servicers are given by the test: `FakePeers(identity=[Rpc(fake, add)])`. Guards are left out."""

    def __init__(self, **services: list[Rpc]) -> None:
        self._servers: dict[str, LocalServer] = {}
        for name, rpcs in services.items():
            server = LocalServer()
            recorder = _Recorder()
            for rpc in rpcs:
                rpc.add(rpc.servicer, recorder)
            server.add(recorder.handlers)
            self._servers[name] = server

    def channel(self, service: str) -> PeerChannel:
        """A channel to the fake of this service."""
        return PeerChannel(service, self._servers.setdefault(service, LocalServer()).channel())


class _Recorder:
    def __init__(self) -> None:
        self.handlers: dict[str, grpc.RpcMethodHandler] = {}

    def add_generic_rpc_handlers(self, _: Any) -> None:
        """Everything is registered the other way too."""

    def add_registered_method_handlers(self, service: str, handlers: dict[str, grpc.RpcMethodHandler]) -> None:
        """Remember by full path."""
        self.handlers |= {f"/{service}/{name}": handler for name, handler in handlers.items()}


class ServiceUnderTest:
    """One service on a migrated database, called through its guarded stub; events and jobs are driven by the test."""

    def __init__(self, service: Service) -> None:
        self._private, public = caller.new_keys("identity")
        self.service, self.bus, self.seen = service, LocalBus(), list[Envelope]()
        self.started: list[tuple[str, tuple[str, ...]]] = []
        run.migrate([service])
        local = LocalServer()
        local.add(guarded(service.rpcs, Verifier(KeySet([OKPKey.import_key(self._private.as_dict(private=False))]), audience=service.name)))
        self._inner, self._signer, self.public_keys = local.channel(), Signer(self._private, issuer="identity"), public
        if service.database is not None:
            service.database.start_job = lambda name, arguments: self.started.append((name, tuple(arguments)))
            self.bus.subscribe(service.name, run.inbox_of(service))

    def channel(self, who: Caller = caller.NOBODY) -> grpc.Channel:
        """A channel on which every call is made as `who`."""
        return _As(PeerChannel(self.service.name, self._inner), who, self._signer, self.service.name)

    def relay(self) -> list[Message]:
        """Carry the outbox once; answers the events it held, which the service's own handlers have then handled."""
        assert self.service.database is not None
        tap = _Tap(self.bus, self.seen)
        before = len(self.seen)
        while Relay(self.service.database, tap).relay():
            pass
        return [content(envelope) for envelope in self.seen[before:]]

    def happened(self, event: Message, *, about: str = "test", organisation: str = "", source: str = "test", version: int = 1) -> bool:
        """Bring an event of another service; answers whether the service is done with it."""
        holder = _Holder(source)
        write(holder, event, about=about, version=version, organisation=organisation)  # type: ignore[arg-type]
        return self.bus.publish([holder.envelope]) == {holder.envelope.id}

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


class _Holder:
    """Stands for a transaction of the emitting service: keeps the row instead of writing it."""

    def __init__(self, source: str) -> None:
        self.database = type("Named", (), {"service": source})()
        self.envelope = Envelope()

    def execute(self, _: Any, values: dict[str, Any]) -> None:
        self.envelope = Envelope.FromString(values["envelope"])


class _Tap(LocalBus):
    """Remembers what passes and hands it on."""

    def __init__(self, bus: LocalBus, seen: list[Envelope]) -> None:
        super().__init__()
        self._bus, self._seen = bus, seen

    def publish(self, envelopes: Any) -> set[str]:
        accepted = self._bus.publish(envelopes)
        self._seen += [envelope for envelope in envelopes if envelope.id in accepted]
        return accepted


class _As(grpc.Channel):
    """A channel that acts as somebody."""

    def __init__(self, inner: PeerChannel, who: Caller, signer: Signer, service: str) -> None:
        self._inner, self._who, self._signer, self._service = inner, who, signer, service

    def _wrap(self, kind: str, method: str, *given: Any, **named: Any) -> Callable[..., Any]:
        invoke = getattr(self._inner, kind)(method, *given, **named)

        def call(request: Any, **options: Any) -> Any:
            tokens = {} if self._who == caller.NOBODY else {"*": self._signer.sign(self._who, audience=[self._service, "identity"])}
            with caller.acting(self._who, tokens):
                answer = invoke(request, **options)
                return iter(list(answer)) if kind == "unary_stream" else answer

        return call

    def unary_unary(self, method: str, *given: Any, **named: Any) -> Any:
        return self._wrap("unary_unary", method, *given, **named)

    def unary_stream(self, method: str, *given: Any, **named: Any) -> Any:
        return self._wrap("unary_stream", method, *given, **named)

    def stream_unary(self, method: str, *given: Any, **named: Any) -> Any:
        return self._wrap("stream_unary", method, *given, **named)


_As.__abstractmethods__ = frozenset()


def person(*permissions: int, **given: Any) -> Caller:
    """A signed-in person with fresh second factor and these permissions; other fields as given."""
    import uuid_utils.compat as uuid

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
