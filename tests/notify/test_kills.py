"""Senders that are killed in the middle of it lose no digest."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from chassis import clock
from services.notify.jobs.send_deliveries import LEASE
from tests.notify.post import Office, at, deliveries, started, switch
from tests.servers.smtp import MailServer
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
KILLS, READERS = 3, 240


def test_killed_senders_lose_no_digest_and_repeat_at_most_the_one_they_had_in_hand(
    new_database: Callable[[str], str], smtp: MailServer
) -> None:
    """P24: kill -9 three times among 240 digests; missing 0, repeats at most one a kill and with the same Message-ID."""
    url = new_database("notify")
    service = started(url, smtp.url)
    office = Office(service)
    with at(2026, 5, 11, 12):
        readers = [office.member(f"reader{number}@example.no") for number in range(READERS)]
        for who in readers:
            switch(service, who, digest=True)
        office.published(*readers)
    with at(2026, 5, 12, 6):
        service.run_job("schedule_digests")
        for kill in range(KILLS):
            with _sender(url, smtp.url):
                eventually(lambda kill=kill: len(smtp.messages) > (kill + 1) * 50 + kill, seconds=30)  # type: ignore[misc]
        with clock.moved(LEASE + timedelta(seconds=1)):
            service.run_job("send_deliveries")
    assert {state for state, _ in deliveries(service)} == {"sent"}
    sent = Counter(mail.recipients[0] for mail in smtp.messages)
    assert len(sent) == READERS
    assert sum(sent.values()) - READERS <= KILLS
    assert len({mail.message["message-id"] for mail in smtp.messages}) == READERS
    service.close()


@contextmanager
def _sender(database_url: str, mail_url: str) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.notify.sender", database_url, mail_url, clock.now().isoformat()]
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            yield
        finally:
            process.kill()
