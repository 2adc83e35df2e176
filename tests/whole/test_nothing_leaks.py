"""What is secret stays where it belongs: no log line, event, audit row, span or problem document has it, and no table in plain text."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import psycopg
import pytest
import urllib3
from kontor.access.v1 import access_pb2
from psycopg import sql
from stdnum.no import fodselsnummer

from chassis import clock
from demo import files
from demo.authenticator import Authenticator
from demo.people import PASSWORD, Person
from tests.journeys.rest import Answer, Rest
from tests.journeys.stage import Company, Stage
from tests.waiting import eventually
from tests.whole.collector import Collector

PAYROLL = access_pb2.SERVICE_AREA_PAYROLL
WRONG, NEW = "wrong horse, wrong battery", "nitten blå elger under Hardangerbrua"
EVENTS = ("outbox", "inbox", "audit")
# As people write it: alone, with a space, and between other letters of a file's name.
FORMS = ("{}", "lonn_{}_mai", "nr-{}")


def personal_number() -> str:
    """A number that nobody has: of somebody born on the first of January 1900, made here so that it stands in no file."""
    candidates = (f"010100{number:03d}{checks:02d}" for number in count(1) for checks in range(100))
    return next(each for each in candidates if fodselsnummer.is_valid(each))


@dataclass
class Story:
    """What happened, and what must be found nowhere."""

    stage: Stage
    company: Company
    secrets: dict[str, str] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)
    refusals: list[Answer] = field(default_factory=list)
    number: str = field(default_factory=personal_number)

    @property
    def numbers(self) -> tuple[str, str]:
        """The personal number with and without its space."""
        return self.number, f"{self.number[:6]} {self.number[6:]}"

    def refused(self, answer: Answer, status: int) -> None:
        """Keep what a refusal said."""
        assert answer.status == status, answer.content
        self.refusals.append(answer)


@pytest.fixture(scope="module")
def story(stage: Stage) -> Story:
    """A sign-in with everything that can go wrong, links, files and a message with a personal number in them."""
    company = stage.company("secret", language="nb")
    told = Story(stage, company, {"the password": PASSWORD, "a wrong password": WRONG, "a new password": NEW})
    api = Rest(stage.product.url)
    me = _signs_in(told, api, company.administrator)
    _follows_links(told, api, me)
    _sends_files(told, me)
    _writes(told, me)
    _asks_nonsense(told, me)
    return told


def test_no_log_line_has_a_secret(story: Story) -> None:
    """P28, ASVS 16.2.5: at the level that says most."""
    log = (story.stage.product.programs["all"].directory / "log").read_text()
    assert '"level": "debug"' in log, "or there would be nothing to find"
    assert _found(story, log) == {}


def test_no_span_has_a_secret(story: Story, collector: Collector) -> None:
    """P28: neither the addresses nor the statements of a trace."""
    said = "\n".join(f"{span.name} {json.dumps(span.attributes, ensure_ascii=False)}" for span in collector.spans)
    assert "HTTP PUT" in said, "or there would be nothing to find"
    assert _found(story, said) == {}


def test_no_event_and_no_audit_row_has_a_secret(story: Story, databases: dict[str, str]) -> None:
    """P28: what is kept for weeks and copied to others holds ids and facts."""
    for service, url in databases.items():
        rows = list(_rows(url, EVENTS))
        assert rows, f"or there would be nothing to find in {service}"
        assert _found(story, "\n".join(rows)) == {}, service


def test_no_table_has_a_credential_in_plain_text(story: Story, databases: dict[str, str]) -> None:
    """P28: who reads a database cannot sign in with what is there; authenticators' keys are sealed."""
    for service, url in databases.items():
        text = "\n".join(_rows(url))
        assert {name for name, value in story.secrets.items() if value in text} == set(), service


def test_no_refusal_repeats_a_secret(story: Story) -> None:
    """P28: a problem document is copied into tickets."""
    said = "\n".join(json.dumps(answer.json, ensure_ascii=False) for answer in story.refusals)
    assert {name for name, value in story.secrets.items() if value in said} == set()


def _signs_in(story: Story, api: Rest, person: Person) -> Rest:
    phone = story.stage.phone(person)
    story.secrets["the authenticator's secret"] = story.stage.world.secrets[person.email]
    story.secrets["the first session"] = story.stage.world.token(person)
    story.refused(api.post("/api/v1/sign-ins", email=person.email, password=WRONG), 401)
    begun = api.post("/api/v1/sign-ins", email=person.email, password=PASSWORD).ok()
    right = phone.code()
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    story.codes += [right, wrong]
    story.refused(api.post("/api/v1/sign-ins:finish", attempt=begun["attempt"], code=wrong), 401)
    done = api.post("/api/v1/sign-ins:finish", attempt=begun["attempt"], code=right).ok()
    story.refused(api.post("/api/v1/sign-ins:finish", attempt=begun["attempt"], code=right), 401)
    story.secrets |= {"the attempt": begun["attempt"], "the session": done["session"]}
    return api.as_(done["session"])


def _follows_links(story: Story, api: Rest, me: Rest) -> None:
    """The colleague's welcome, and a password made by a link; each is opened in the portal too, where it stands in the address."""
    colleague = story.company.colleague
    me.post("/api/v1/members", email=colleague.email, first_name=colleague.first_name, last_name=colleague.last_name).ok()
    welcome = _link(story, colleague, "the welcome link")
    api.post("/api/v1/links:verify", token=welcome).ok()
    api.post("/api/v1/password-links", email=colleague.email).ok()
    link = _link(story, colleague, "the password link")
    story.refused(api.post("/api/v1/links:set-password", token=link, password=NEW, password_again=WRONG), 422)
    api.post("/api/v1/links:set-password", token=link, password=NEW, password_again=NEW).ok()
    story.refused(api.post("/api/v1/links:set-password", token=link, password=NEW, password_again=NEW), 409)
    begun = api.post("/api/v1/sign-ins", email=colleague.email, password=NEW).ok()
    key = begun["enrolment"]["key"].replace(" ", "")
    story.secrets |= {"the second attempt": begun["attempt"], "the colleague's authenticator": key}
    phone = story.stage.world.phones[colleague.email] = Authenticator(key, used=False)
    story.codes.append(phone.code())
    done = api.post("/api/v1/sign-ins:finish", attempt=begun["attempt"], code=story.codes[-1]).ok()
    story.secrets["the colleague's session"] = done["session"]


def _link(story: Story, person: Person, name: str) -> str:
    address = story.stage.link(person)
    story.secrets[name] = address.rpartition("/")[2]
    with urllib3.PoolManager() as http:
        assert http.request("GET", address).status == 200
        assert http.request("GET", f"{address}?token={story.secrets[name]}", headers={"Referer": address}).status == 200
    return story.secrets[name]


def _sends_files(story: Story, me: Rest) -> None:
    folder, today = story.company.folders[PAYROLL], clock.now()
    period = {"period": today.month, "year": today.year}
    for form in (form.format(number) for form in FORMS for number in story.numbers):
        content = files.payroll(form)
        sent = me.upload(folder, f"{form}.xlsx", content, **period).ok()["document_id"]
        eventually(lambda sent=sent: me.get(f"/api/v1/documents/{sent}").ok()["status"] == "STATUS_PUBLISHED", seconds=60)  # type: ignore[misc]
        assert me.get(f"/api/v1/documents/{sent}/file").content == content
        assert me.upload(folder, f"{form}.xlsx", content, **period).status == 409
        assert me.upload(folder, f"{form}.exe", content, **period).status == 422
        assert me.upload(folder, f"{form}.pdf", b"", **period).status == 422
        assert me.get(f"/api/v1/organisations/{story.company.id}/documents", name=form).ok()["documents"]
    virus = me.upload(folder, f"{story.number}.txt", files.test_virus(), **period).ok()["document_id"]
    eventually(lambda: me.get(f"/api/v1/documents/{virus}").ok()["status"] == "STATUS_QUARANTINE", seconds=60)


def _writes(story: Story, me: Rest) -> None:
    address = f"/api/v1/organisations/{story.company.id}/messages"
    for number in story.numbers:
        about: dict[str, str] = {"subject": f"About {number}", "body": f"Her number is {number}."}
        story.refused(me.post(address, service_area="SERVICE_AREA_PAYROLL", **about), 422)
        me.post(address, service_area="SERVICE_AREA_PAYROLL", mask=True, **about).ok()
    consultant = me.as_(story.stage.world.token(story.company.payroll))
    eventually(lambda: len(consultant.get("/api/v1/notices").ok()["notices"]) >= 2, seconds=60)
    assert "Her number is •••••" in me.get(address).content.decode()


def _asks_nonsense(story: Story, me: Rest) -> None:
    """Requests that go wrong with secrets where they do not belong: in addresses, in broken JSON, in unknown fields."""
    session, number = story.secrets["the session"], story.number
    made = me.post("/api/v1/api-keys", label="Payroll system", valid_days=30)
    if made.status == 200:
        story.secrets["the API key"] = made.json["secret"]
    with urllib3.PoolManager() as http:
        for address in (f"/api/v1/profile?session={session}", f"/{session}", f"/links/{session}x", f"/documents?name={number}"):
            answer = http.request("GET", f"{me.url}{address}", headers={"Cookie": f"session={session}"}, redirect=False)
            assert answer.status < 500
        broken = f'{{"email": "a@b.example", "password": "{PASSWORD}"'
        headers = {"Content-Type": "application/json"}
        for body in (broken, f"{broken}, {json.dumps(PASSWORD)}: 1}}", json.dumps({"password": [PASSWORD], "email": {"x": number}})):
            answer = http.request("POST", f"{me.url}/api/v1/sign-ins", body=body.encode(), headers=headers)
            assert answer.status in (400, 422)


def _found(story: Story, text: str) -> dict[str, str]:
    """Which secrets are in the text, each with what is around it."""
    wanted = {name: re.escape(value) for name, value in story.secrets.items()}
    wanted |= {f"a code, {code}": rf"(?<![\w.-]){code}(?![\w-])" for code in story.codes}
    wanted |= {f"a personal number, {number}": number.replace(" ", "(?: |%20|[+])") for number in story.numbers}
    hits = {name: re.search(f".{{0,150}}{pattern}.{{0,60}}", text) for name, pattern in wanted.items()}
    return {name: hit.group() for name, hit in hits.items() if hit}


def _rows(url: str, tables: tuple[str, ...] = ()) -> Iterator[str]:
    """Every row as text, with what stands readable in its bytes."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        there = connection.execute("select table_name from information_schema.tables where table_schema = 'public'").fetchall()
        for (table,) in there:
            if not tables or table in tables:
                for row in connection.execute(sql.SQL("select * from {}").format(sql.Identifier(table))):
                    yield " ".join(each.decode("utf-8", "replace") if isinstance(each, bytes) else str(each) for each in row)
