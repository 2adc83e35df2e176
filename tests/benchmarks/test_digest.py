"""What a morning's digests cost: how fast they become due, and from there to the mail server, against the same mails by bare SMTP."""

import smtplib
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import text

from chassis import clock
from chassis.testing import ServiceUnderTest
from tests.benchmarks.measure import machine
from tests.benchmarks.sink import kept
from tests.notify.post import started
from tests.servers.program import free_ports
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
PEOPLE, NOTICES, ORGANISATIONS, THREADS = 20_000, 3, 4_000, 2
HOUR = datetime(2026, 5, 12, 6, tzinfo=UTC)
# Five people in each organisation, all of them told of the same three documents the day before.
FILL = """
create temporary table made as
  select n, gen_random_uuid() as person, gen_random_uuid() as member, md5('org' || n % :organisations)::uuid as organisation
  from generate_series(1, :people) n;
insert into people (user_id, email, first_name, language, time_zone, as_of)
  select person, 'reader' || n || '@example.no', 'Kari', (array['nb', 'sv', 'fi', 'da', 'en'])[1 + n % 5], 'Europe/Oslo', now() from made;
insert into memberships (membership_id, user_id, organisation_id) select member, person, organisation from made;
insert into organisations (organisation_id, name) select distinct organisation, 'Testdal ' || left(organisation::text, 6) from made;
insert into switches (membership_id, category, channel, "on") select member, 1, 2, true from made;
insert into notices (id, membership_id, kind, category, organisation_id, subject_id, folder_id, service_area, version, unscannable, at)
  select gen_random_uuid(), member, 1, 1, organisation, md5(organisation::text || number)::uuid, organisation, 1 + number % 3, 1, false,
    timestamptz '2026-05-11 12:00Z'
  from made, generate_series(1, :notices) number;
analyze;
"""


def test_twenty_thousand_digests(new_database: Callable[[str], str], tmp_path: Path) -> None:
    """T12: exactly one mail a person; as many threads and connections in both."""
    with _sink(tmp_path / "mails") as port:
        service = started(new_database("notify"), f"smtp://127.0.0.1:{port}")
        _fill(service)
        with clock.moved(HOUR - clock.now()):
            claiming = _seconds(lambda: service.run_job("schedule_digests"))
            sending = _seconds(lambda: _together([partial(service.run_job, "send_deliveries")] * THREADS))
        service.close()
        mails = kept(tmp_path / "mails")
        assert Counter(recipient for recipient, _ in mails) == {f"reader{number}@example.no": 1 for number in range(1, PEOPLE + 1)}
        raw = _seconds(lambda: _together([partial(_hand_over, port, mails[number::THREADS]) for number in range(THREADS)]))
    _report(claiming, sending, raw)


def _together(calls: Sequence[Callable[[], object]]) -> None:
    """Each in its thread, until all are done, however long they take."""
    with ThreadPoolExecutor(len(calls)) as pool:
        list(pool.map(lambda call: call(), calls))


def _fill(service: ServiceUnderTest) -> None:
    assert service.service.database is not None
    with service.service.database.begin() as connection:
        connection.execute(text("set local statement_timeout = 0"))
        for statement in FILL.split(";\n")[:-1]:
            named = {"organisations": ORGANISATIONS, "people": PEOPLE, "notices": NOTICES}
            connection.execute(text(statement), {name: value for name, value in named.items() if f":{name}" in statement})


def _hand_over(port: int, mails: Sequence[tuple[str, bytes]]) -> None:
    connection = smtplib.SMTP("127.0.0.1", port, local_hostname="bench")
    connection.ehlo()
    for recipient, content in mails:
        connection.mail("no-reply@portal.example.no")
        connection.rcpt(recipient)
        connection.data(content)
    connection.quit()


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


@contextmanager
def _sink(file: Path) -> Iterator[int]:
    (port,) = free_ports(1)
    with subprocess.Popen([sys.executable, "-m", "tests.benchmarks.sink", str(port), str(file)], cwd=ROOT) as process:
        try:
            eventually(lambda: _answers(port))
            yield port
        finally:
            process.kill()


def _answers(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def _report(claiming: float, sending: float, raw: float) -> None:
    rows = (
        ("bare SMTP, the same mails", raw, PEOPLE / raw), ("due, written and sent", sending, PEOPLE / sending),
        ("becoming due", claiming, PEOPLE / claiming),
    )  # fmt: skip
    lines = [
        f"\n#### {PEOPLE:,} digests of {NOTICES} notices, {THREADS} threads", f"{machine()}\n",
        "| what | seconds | people/s | speed against the first |", "|---|---|---|---|",
        *(f"| {name} | {seconds:.1f} | {rate:,.0f} | {rate * raw / PEOPLE:.2f}x |" for name, seconds, rate in rows),
    ]  # fmt: skip
    sys.stdout.write("\n".join(lines) + "\n")
