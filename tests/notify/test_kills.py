"""Replicas that are killed in the middle of it lose no digest."""

import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chassis import clock
from chassis.caller import Caller
from services.notify.jobs.send_deliveries import LEASE
from tests.notify.post import Office, at, deliveries, started, switch
from tests.servers.smtp import MailServer
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
READERS, REPLICAS, KILLS, ORGANISATIONS = 1000, 3, 12, 4
HOUR = datetime(2026, 5, 12, 6, tzinfo=UTC)


@pytest.mark.timeout(300)
def test_killed_replicas_lose_no_digest_and_repeat_at_most_the_one_each_had_in_hand(
    service_database: Callable[[str], str], smtp: MailServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """P24: 1,000 people, 3 replicas that schedule and send, 12 kills; missing 0, repeats at most one a kill, with the same Message-ID."""
    url = service_database("notify")
    service = started(url, smtp.url)
    people = _people_with_news([Office(service, f"Testdal {number} AS") for number in range(ORGANISATIONS)])
    chance = random.Random(24)  # the same kills each time
    with ExitStack() as running, clock.moved(HOUR - clock.now()):
        replicas = [running.enter_context(_Replica(url, smtp.url)) for _ in range(REPLICAS)]
        for kill in range(1, KILLS + 1):
            eventually(lambda kill=kill: len(smtp.messages) > kill * READERS // (KILLS + 3), seconds=60)  # type: ignore[misc]
            replicas[chance.randrange(REPLICAS)].killed_and_started_again()
        eventually(lambda: all(state != "due" for state, _ in deliveries(service)) and len(deliveries(service)) == READERS, seconds=60)
    with clock.moved(HOUR - clock.now() + LEASE + timedelta(minutes=2)):
        for _ in range(3):
            service.run_job("schedule_digests")
            service.run_job("send_deliveries")
    sent = Counter(mail.recipients[0] for mail in smtp.messages)
    missing, repeated = len(people - sent.keys()), sum(sent.values()) - len(sent)
    with capsys.disabled():
        sys.stdout.write(f"\nP24: {READERS} people, {REPLICAS} replicas, {KILLS} kills: missing {missing}, repeated {repeated}\n")
    assert (missing, len(sent)) == (0, READERS)
    assert repeated <= KILLS
    assert len({mail.message["message-id"] for mail in smtp.messages}) == READERS
    assert {state for state, _ in deliveries(service)} == {"sent"}
    service.close()


class _Replica:
    """A process that is killed and started again as often as wanted."""

    def __init__(self, database_url: str, mail_url: str) -> None:
        self._command = [sys.executable, "-m", "tests.notify.replica", database_url, mail_url]

    def __enter__(self) -> "_Replica":
        self._process = self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def killed_and_started_again(self) -> None:
        """kill -9, whatever it was doing."""
        self.__exit__()
        self._process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([*self._command, clock.now().isoformat()], cwd=ROOT)


def _people_with_news(offices: list[Office]) -> set[str]:
    """Everybody is told of a document; every tenth of them in two organisations."""
    with at(2026, 5, 11, 12):
        readers: dict[str, list[Caller]] = {office.id: [] for office in offices}
        for number in range(READERS):
            address, office = f"reader{number}@example.no", offices[number % len(offices)]
            readers[office.id].append(office.member(address))
            if number % 10 == 0:
                other = offices[(number + 1) % len(offices)]
                readers[other.id].append(other.member(address, user_id=readers[office.id][-1].user_id))
        for office in offices:
            for who in readers[office.id]:
                switch(office.service, who, digest=True)
            office.published(*readers[office.id])
    return {f"reader{number}@example.no" for number in range(READERS)}
