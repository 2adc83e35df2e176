"""What was taken away is gone within a second, in every service, while the session that had it lives on.

The suite, which shares its machine with other tests, says how long it took and waits for ten seconds, a sixth of what an assertion
lives; ``KONTOR_TEST_ENDED_SECONDS=1`` holds it to the promise, as `make promises` does.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from kontor.access.v1 import access_pb2
from kontor.identity.v1 import identity_pb2

from chassis import clock
from demo import data, files
from demo.people import Person
from tests.journeys.rest import Rest
from tests.journeys.stage import Company, Stage
from tests.scenario import FIRM
from tests.waiting import eventually

PAYROLL = access_pb2.SERVICE_AREA_PAYROLL
HERTZ, LIMIT_SECONDS = 20, float(os.environ.get("KONTOR_TEST_ENDED_SECONDS", "10"))
TODAY = clock.now()


@dataclass
class Reader:
    """Reads the same addresses again and again; knows when each was first refused, and whether one was given after that."""

    api: Rest
    addresses: tuple[str, ...]
    refused: dict[str, float] = field(default_factory=dict)
    given_again: list[str] = field(default_factory=list)
    rounds: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """20 times a second, while the block runs."""
        thread = threading.Thread(target=self._read, name="reader")
        thread.start()
        try:
            eventually(lambda: self.rounds >= 3)
            assert self.refused == {}, "everything is given at first"
            yield
        finally:
            self._stop.set()
            thread.join(timeout=60)

    def all_refused(self) -> bool:
        """Whether none of them is given any more."""
        return set(self.refused) == set(self.addresses)

    def _read(self) -> None:
        while not self._stop.wait(1 / HERTZ):
            for address in self.addresses:
                if not self._given(address):
                    self.refused.setdefault(address, time.monotonic())
                elif address in self.refused:
                    self.given_again.append(address)
            self.rounds += 1

    def _given(self, address: str) -> bool:
        return self.api.get(address).status == 200


@pytest.fixture(scope="module")
def company(stage: Stage) -> Company:
    """A client whose colleague may see the payroll folder."""
    made = stage.company("revocation", language="nb")
    with stage.world.acting(made.administrator):
        member = data.add_member(stage.world, made.colleague, identity_pb2.ROLE_WRITE)
    stage.world.activate(made.colleague)
    with stage.world.acting(made.administrator):
        data.grant(stage.world, member, ("payroll",))
    return made


@pytest.fixture(scope="module")
def document(stage: Stage, company: Company) -> str:
    """A published one in that folder."""
    boss = Rest(stage.product.url, stage.world.token(company.administrator))
    sent = boss.upload(company.folders[PAYROLL], "May.xlsx", files.payroll("mai"), period=TODAY.month, year=TODAY.year).ok()
    address = f"/api/v1/documents/{sent['document_id']}"
    eventually(lambda: boss.get(address).ok()["status"] == "STATUS_PUBLISHED", seconds=60)
    return address


def test_an_unticked_folder_is_closed_within_a_second(stage: Stage, company: Company, document: str) -> None:
    """BEY-07, P7, ACC-79: what is in it, its bytes and its entry in the list."""
    boss, colleague = _as(stage, company.administrator), _as(stage, company.colleague)
    member = colleague.get("/api/v1/profile").ok()["memberships"][0]["membership_id"]
    ticks = f"/api/v1/members/{member}/folder-access"
    reader = Reader(colleague, (document, f"{document}/file"))
    until_refused(reader, lambda: boss.put(ticks, folder_ids=[]).ok())
    assert colleague.get(f"/api/v1/organisations/{company.id}/documents").ok()["documents"] == []
    boss.put(ticks, folder_ids=[company.folders[PAYROLL]]).ok()
    assert colleague.get(document).status == 200, "the same session sees it again: only the tick was gone"


def test_a_consultant_whose_assignment_ended_is_out_within_a_second(stage: Stage, company: Company, document: str) -> None:
    """BEY-07, P11, ACC-11: linking decides, documents and messaging follow."""
    firm, consultant = _as(stage, FIRM), _as(stage, company.payroll)
    membership = consultant.get("/api/v1/profile").ok()["memberships"][0]["membership_id"]
    reader = Reader(consultant, (document, f"{document}/file"))
    assigned = f"/api/v1/clients/{company.id}/consultants/{membership}"
    until_refused(reader, lambda: firm.put(assigned, service_areas=[]).ok())
    assert consultant.get("/api/v1/profile").status == 200, "the session itself lives"


def test_a_removed_member_is_out_of_every_service_within_a_second(stage: Stage, company: Company, document: str) -> None:
    """BEY-07, P7, ACC-82: documents, messages, notices and the organisation, by the session that was open all the time."""
    boss, colleague = _as(stage, company.administrator), _as(stage, company.colleague)
    member = colleague.get("/api/v1/profile").ok()["memberships"][0]["membership_id"]
    own = f"/api/v1/organisations/{company.id}"
    reader = Reader(colleague, (document, f"{document}/file", own, f"{own}/documents", f"{own}/messages", "/api/v1/notices"))
    until_refused(reader, lambda: boss.delete(f"/api/v1/members/{member}").ok())
    assert colleague.get("/api/v1/profile").ok()["memberships"] == []


def _as(stage: Stage, person: Person) -> Rest:
    return Rest(stage.product.url, stage.world.token(person))


def until_refused(reader: Reader, take_away: Callable[[], object]) -> None:
    """Take it away: all that the reader reads is refused in time after the answer, and stays so. Says how long it took."""
    with reader.reading():
        take_away()
        answered = time.monotonic()
        eventually(reader.all_refused, seconds=LIMIT_SECONDS)
        rounds = reader.rounds
        eventually(lambda: reader.rounds >= rounds + 5)
    assert reader.given_again == []
    slowest = max(reader.refused.values()) - answered
    sys.stdout.write(f"refused {slowest * 1e3:.0f} ms after the answer\n")
