"""Where a journey takes place: the running product with its firm, and companies that come to it, one for each journey."""

import itertools
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
import stdnum.no.orgnr
from kontor.identity.v1 import identity_pb2

from demo import data, people
from demo.authenticator import Authenticator
from demo.people import Client, Person
from demo.session import World
from tests.fleet import Product
from tests.scenario import FIRM, Scenario
from tests.servers.program import Program

# One worker does all that happens in one composition, so that each is started once.
TOGETHER = pytest.param("together", marks=pytest.mark.xdist_group("journeys together"), id="together")
APART = pytest.param("apart", marks=pytest.mark.xdist_group("journeys apart"), id="apart")
BOTH = pytest.mark.parametrize("stage", [TOGETHER, APART], indirect=True)
DATABASES = ("identity", "documents", "messaging", "linking", "notify")


def _organisation_numbers() -> Iterator[str]:
    """Valid Norwegian numbers that no company has."""
    return (str(number) for number in itertools.count(899_001_000) if stdnum.no.orgnr.is_valid(str(number)))


@dataclass(frozen=True)
class Company:
    """A client company with its administrator, somebody whom that one will add, and the firm's consultants who work for it."""

    id: str
    name: str
    administrator: Person
    colleague: Person
    payroll: Person
    hr: Person
    folders: dict[int, str]  # service area to folder id


@dataclass
class Stage:
    """The running product, and what a test may know of it."""

    product: Product
    scenario: Scenario
    databases: Mapping[str, str]  # of the services whose jobs a test runs itself, on another day
    mail_url: str
    _numbers: Iterator[str] = field(default_factory=_organisation_numbers)

    @property
    def world(self) -> World:
        """The product as other frontends see it."""
        return self.scenario.world

    def organisation_number(self) -> str:
        """A number for a company to be made."""
        return next(self._numbers)

    def phone(self, person: Person) -> Authenticator:
        """The telephone of somebody who has enrolled it."""
        return self.world.phone(person)

    def letters(self, person: Person) -> list[str]:
        """The mails this person has got, newest first."""
        return [text for recipient, text in self.product.letters() if recipient == person.email]

    def link(self, person: Person) -> str:
        """The address in the newest mail to this person that was not opened yet."""
        address = f"{self.product.url}/links/{self.world.mailed_link(person)}"
        assert any(address in text for text in self.letters(person)), "the mail leads to the portal"
        return address

    def company(self, name: str, *, language: str) -> Company:
        """A new client of the firm, with two consultants; everybody but the colleague has signed in once."""
        payroll, hr = (_person(word, f"{name}.eksempelvik", language) for word in ("Pernille", "Halvor"))
        administrator, colleague = (_person(word, name, language) for word in ("Inga", "Olav"))
        made = Client(f"{name.title()} Prøve AS", self.organisation_number(), "NO", administrator, colleague, ("payroll",))
        with self.world.acting(FIRM):
            members = [data.add_member(self.world, each, identity_pb2.ROLE_CONSULTANT) for each in (payroll, hr)]
            identifier = data.make_client(self.world, made)
            for member, area in zip(members, ("payroll", "hr"), strict=True):
                data.assign(self.world, identifier, member, (area,))
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(self.world.activate, (payroll, hr, administrator)))
        with self.world.acting(administrator) as held:
            folders = data.grant(self.world, held.current.membership_id, people.AREAS)
        return Company(identifier, made.name, administrator, colleague, payroll, hr, folders)


def _person(first_name: str, company: str, language: str) -> Person:
    return Person(f"{first_name.lower()}@{company}.example", first_name, "Prøvesen", language, "")


def stop_all(product: Product) -> None:
    """End every process of a product at once, each as an operator would."""
    with ThreadPoolExecutor(len(product.programs)) as pool:
        list(pool.map(Program.stop, product.programs.values()))
