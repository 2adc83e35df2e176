"""A process starts in order, tells how it is while it works, and ends without dropping what it was doing."""

import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health, health_pb2_grpc  # type: ignore[import-untyped]
from kontor.access.v1.access_pb2 import PERMISSION_DOCUMENT_READ, PERMISSION_DOCUMENT_WRITE
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc
from kontor.messaging.v1 import events_pb2

from chassis import run
from chassis.config import BadSettings, Process, Secret
from chassis.peers import PeerChannel
from chassis.rpc import UndeclaredAccess
from chassis.service import Peers, Rpc, Server, Service, Watch
from chassis.testing import person, running
from tests.chassis import sample
from tests.chassis.files import Keys, new_files, service
from tests.servers.program import free_ports
from tests.waiting import eventually

INGRID = person(PERMISSION_DOCUMENT_READ, PERMISSION_DOCUMENT_WRITE, name="Ingrid")
ASKING = documents_pb2.CheckNamesRequest(folder_id="0190a0a0-0000-7000-8000-00000000000a", period=5, year=2026, names=["x"])


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys.make(tmp_path)


def process(keys: Keys, **given: object) -> Process:
    rpc, admin = free_ports(2)
    blank = Process(listen=f"127.0.0.1:{rpc}", admin_listen=f"127.0.0.1:{admin}", assertion_keys=keys.path)
    return replace(blank, **given)  # type: ignore[arg-type]


def probe(of: Process, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{of.admin_listen}{path}", timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def asking(channel: grpc.Channel, name: str) -> documents_pb2.CheckNamesResponse:
    request = documents_pb2.CheckNamesRequest(folder_id=ASKING.folder_id, period=5, year=2026, names=[name])
    return documents_pb2_grpc.DocumentsStub(PeerChannel("documents", channel)).CheckNames(request)


def test_services_in_one_process_call_and_hear_each_other(keys: Keys, new_database: Callable[[str], str]) -> None:
    heard = threading.Event()
    channels: list[PeerChannel] = []
    built = sample.build(new_database("run"), name="messaging")

    def build(peers: Peers) -> Service:
        channel = peers.channel("documents")
        assert isinstance(channel, PeerChannel)
        channels.append(channel)
        return replace(built, watches=(Watch((events_pb2.MessageSent,), lambda envelope: heard.set()),))

    assembled = run.assemble(process(keys), {"messaging": build, "documents": lambda _: service(new_files())})
    run.migrate(assembled.services)
    assert built.database is not None
    with running(assembled):
        with keys.acting(INGRID):
            assert documents_pb2_grpc.DocumentsStub(channels[0]).CheckNames(ASKING).existing[0].name == "x"
        with built.database.transaction() as tx:
            tx.emit(events_pb2.MessageSent(message_id="m1"), about="m1")
        assert heard.wait(timeout=60)
        assert sample.notes(built.database) == ["heard m1"]
    assert "messaging.purge_events" in {job.name for each in assembled.services for job in each.jobs}


def test_the_operator_can_ask_how_the_process_is(keys: Keys) -> None:
    settings = process(keys)
    assembled = run.assemble(settings, {"documents": lambda _: service(new_files())})
    with running(assembled):
        assert probe(settings, "/healthz") == (200, "ok")
        assert probe(settings, "/readyz") == (200, "ok")
        assert "kontor_rpc_total" in probe(settings, "/metrics")[1]
        assembled.ready = False
        assert probe(settings, "/readyz") == (503, "starting or stopping")
        assert probe(settings, "/healthz") == (200, "ok")


def test_a_process_that_answers_calls_is_ready_without_the_broker(keys: Keys, new_database: Callable[[str], str]) -> None:
    """P22."""
    (port,) = free_ports(1)
    settings = process(keys, bus_url=Secret(f"amqp://guest:guest@127.0.0.1:{port}//"))
    url = new_database("run")
    for parts, reasons in ((run.PARTS, []), (frozenset({"consumer", "jobs"}), ["bus_unavailable"])):
        assembled = run.assemble(settings, {"sample": lambda _: sample.build(url)}, parts=parts)
        run.migrate(assembled.services)
        with running(assembled):
            assert assembled.check() == reasons


def test_liveness_answers_while_every_thread_is_busy(keys: Keys) -> None:
    """P27."""
    go, entered = threading.Event(), threading.Semaphore(0)

    def hold() -> None:
        entered.release()
        go.wait(60)

    settings = process(keys, threads=2)
    files = new_files(hold=hold)
    with running(run.assemble(settings, {"documents": lambda _: service(files)})), grpc.insecure_channel(settings.listen) as channel:
        threads = [threading.Thread(target=_ask, args=(keys, channel)) for _ in range(12)]
        for thread in threads:
            thread.start()
        for _ in range(2):
            assert entered.acquire(timeout=60)
        assert probe(settings, "/healthz")[0] == 200
        assert not go.is_set()
        go.set()
        for thread in threads:
            thread.join()


def _ask(keys: Keys, channel: grpc.Channel) -> None:
    with keys.acting(INGRID):
        asking(channel, "hold")


def test_a_process_told_to_end_finishes_the_calls_at_hand(keys: Keys) -> None:
    """P26."""
    settings = process(keys)
    command = [sys.executable, "-m", "tests.chassis.serving", settings.listen, settings.admin_listen, str(keys.path)]
    program = subprocess.Popen(command)
    answers: list[object] = []

    def ask() -> None:
        with keys.acting(INGRID):
            answers.append(asking(channel, "slow"))

    try:
        eventually(lambda: probe(settings, "/readyz")[0] == 200, seconds=60, retry_on=(OSError,))
        with grpc.insecure_channel(settings.listen) as channel:
            calling = threading.Thread(target=ask)
            calling.start()
            eventually(keys.path.with_name("entered").exists)
            program.send_signal(signal.SIGTERM)
            calling.join()
        assert program.wait(timeout=60) == 0
    finally:
        program.kill()
        program.wait()
    assert len(answers) == 1


def test_what_cannot_start_stops_what_did_in_reverse(keys: Keys) -> None:
    order: list[str] = []

    def server(name: str, *, fails: bool = False) -> Server:
        def start() -> None:
            if fails:
                raise OSError("port taken")
            order.append(f"start {name}")

        return Server(start, lambda: order.append(f"stop {name}"))

    servers = (server("a"), server("b"), server("c", fails=True))
    built = replace(service(new_files()), servers=servers, closes=(lambda: order.append("close"),))
    assembled = run.assemble(process(keys), {"documents": lambda _: built})
    with pytest.raises(OSError, match="port taken"):
        assembled.start()
    assert order == ["start a", "start b", "stop b", "stop a", "close"]
    assert assembled.check() == ["starting or stopping"]


def test_what_fails_to_stop_keeps_nothing_else_from_stopping(keys: Keys) -> None:
    stopped = threading.Event()
    servers = (Server(lambda: None, stopped.set), Server(lambda: None, lambda: 1 / 0))  # type: ignore[arg-type]
    with running(run.assemble(process(keys), {"documents": lambda _: replace(service(new_files()), servers=servers)})):
        assert not stopped.is_set()
    assert stopped.is_set()


def test_a_taken_port_is_said_at_once(keys: Keys) -> None:
    settings = process(keys)
    with running(run.assemble(settings, {"documents": lambda _: service(new_files())})):
        second = run.assemble(replace(settings, admin_listen=""), {"documents": lambda _: service(new_files())})
        with pytest.raises(OSError, match="cannot listen"):
            second.start()


def test_missing_peers_and_keys_are_settings_to_mend(keys: Keys, tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="KONTOR_PEERS does not say where identity is"):
        run.assemble(process(keys), {"documents": lambda peers: (peers.channel("identity"), service(new_files()))[1]})
    with pytest.raises(BadSettings, match="KONTOR_ASSERTION_KEYS"):
        run.assemble(process(keys, assertion_keys=tmp_path / "none.json"), {"documents": lambda _: service(new_files())})


def test_an_rpc_without_declared_access_does_not_start(keys: Keys) -> None:
    """P10: default-deny."""
    undeclared = Service(name="documents", rpcs=(Rpc(health.HealthServicer(), health_pb2_grpc.add_HealthServicer_to_server),))
    with pytest.raises(UndeclaredAccess, match=r"grpc\.health\.v1\.Health"):
        run.assemble(process(keys), {"documents": lambda _: undeclared})


def test_queues_are_made_before_anybody_publishes(keys: Keys, new_database: Callable[[str], str], new_vhost: Callable[[], str]) -> None:
    settings, url = process(keys, bus_url=Secret(new_vhost())), new_database("run")
    assembled = run.assemble(settings, {"sample": lambda _: sample.build(url)})
    assert assembled.declare() == ["kontor.sample"]
    assembled.stop()
