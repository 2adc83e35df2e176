"""What is acknowledged takes effect, once, whatever is killed meanwhile."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kontor.notify.v1 import notify_pb2, notify_pb2_grpc

from chassis.errors import Failure
from demo import data, files
from demo.session import World
from tests import scenario
from tests.fleet import Product, Servers, apart
from tests.scenario import CLIENT, PAYROLL
from tests.servers.clamd import Address
from tests.servers.program import Program
from tests.servers.rabbitmq import wait_until_on_disk
from tests.servers.s3 import S3
from tests.servers.smtp import MailServer
from tests.waiting import eventually

UPLOADS = 200
KILL_EVERY = 20
SPLIT = {"documents": ["relay"], "notify": ["consumer"]}


@pytest.fixture
def broken_into(
    tmp_path: Path, new_database: Callable[[str], str], rabbit_node: Program, s3: S3, clamd_address: Address, smtp: MailServer
) -> Iterator[Product]:
    """Separate processes, with the relay of documents and the consumer of notify apart from the rest, on a broker of their own."""
    databases = {name: new_database(name) for name in ("identity", "documents", "messaging", "linking", "notify")}
    product = apart(tmp_path, Servers(databases, rabbit_node.url, s3, clamd_address, smtp), split=SPLIT)
    yield product
    product.stop()


@pytest.mark.timeout(600)
@pytest.mark.xdist_group("faults")
def test_kills_lose_no_event_and_repeat_none(broken_into: Product, rabbit_node: Program, capsys: pytest.CaptureFixture[str]) -> None:
    """P20, P12, ACC-67: kill -9 of relay, consumer and broker in turn, ten times during 200 uploads; every upload is noticed once."""
    wait_until_on_disk(rabbit_node, "kontor.notify")
    victims = itertools.cycle([broken_into.programs["documents-relay"], broken_into.programs["notify-consumer"], rabbit_node])
    with broken_into.world() as world:
        story = scenario.begin(broken_into, world)
        attempted, acknowledged = 0, set[str]()
        for number in range(UPLOADS):
            if number % KILL_EVERY == KILL_EVERY - 1:
                _kill_and_restart(next(victims))
            attempted += 1
            acknowledged |= _upload(world, story.client, number)
        noticed = eventually(lambda: _noticed(world, at_least=len(acknowledged)), seconds=120)
    assert noticed is not None
    lost = acknowledged - set(noticed)
    duplicated = {document for document, times in noticed.items() if times > 1}
    with capsys.disabled():
        print(
            f"\nattempted {attempted}, acknowledged {len(acknowledged)}, handled {sum(noticed.values())},"
            f" lost {len(lost)}, duplicated {len(duplicated)}, parked {_parked(broken_into)}"
        )
    assert (lost, duplicated, len(acknowledged)) == (set(), set(), attempted)


def _kill_and_restart(victim: Program) -> None:
    victim.kill()
    victim.start()


def _upload(world: World, client: str, number: int) -> set[str]:
    with world.acting(CLIENT.administrator):
        try:
            file = files.File(f"Timeliste {number:03}.csv", files.csv(rows=3, seed=number), "payroll")
            return {data.upload(world, client, file).document_id}
        except Failure:
            return set()


def _noticed(world: World, *, at_least: int) -> Counter[str] | None:
    """How often the payroll consultant was told of each document, once all have been told of."""
    stub, found, token = notify_pb2_grpc.NoticesStub(world.channel("notify")), Counter[str](), ""
    with world.acting(PAYROLL):
        while True:
            page = stub.ListNotices(notify_pb2.ListNoticesRequest(page_size=200, page_token=token))
            found.update(notice.subject_id for notice in page.notices)
            token = page.next_page_token
            if not token:
                return found if len(found) >= at_least else None


def _parked(product: Product) -> int:
    log = "".join((program.directory / "log").read_text() for program in product.programs.values())
    return log.count('"event parked"')
