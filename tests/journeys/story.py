"""Who is in the story of a client and its firm: four people, a window each, and what was sent so far."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from kontor.access.v1 import access_pb2
from playwright.sync_api import Locator, expect

from demo import people
from demo.people import Person
from tests.journeys.pages import Documents, Portal, sign_in
from tests.journeys.rest import Rest
from tests.journeys.stage import Company, Stage

PAYROLL = access_pb2.SERVICE_AREA_PAYROLL
BANK, PAYSLIPS, CONTRACTS = people.FOLDERS["NO"]


@dataclass
class Story:
    """A company's administrator, the colleague whose story it is, and the firm's consultants for payroll and HR."""

    stage: Stage
    company: Company
    open_window: Callable[[], Portal]
    sent: dict[str, bytes] = field(default_factory=dict)  # what the colleague has shared: name to content

    @cached_property
    def boss(self) -> Portal:
        """The client's administrator."""
        return self._signed_in(self.company.administrator)

    @cached_property
    def me(self) -> Portal:
        """The colleague."""
        return self.open_window()

    @cached_property
    def payroll(self) -> Portal:
        """The firm's consultant for payroll."""
        return self._signed_in(self.company.payroll)

    @cached_property
    def hr(self) -> Portal:
        """The firm's consultant for HR."""
        return self._signed_in(self.company.hr)

    @property
    def my_name(self) -> str:
        """The colleague's name."""
        return f"{self.company.colleague.first_name} {self.company.colleague.last_name}"

    def listed(self) -> list[dict[str, Any]]:
        """The documents that the colleague may see, as the API lists them."""
        answer = Rest(self.stage.product.url, self.me.token).get(f"/api/v1/organisations/{self.company.id}/documents").ok()
        return list(answer.get("documents", []))

    def my_details(self, name: str) -> Locator:
        """The details of a document, in the colleague's window."""
        self.me.page.goto("/documents")
        return Documents(self.me).open(name)

    def at_the_firm(self, portal: Portal) -> Documents:
        """The list of the company's documents, in a consultant's window."""
        portal.page.goto("/clients")
        portal.page.get_by_role("link", name=self.company.name, exact=True).click()
        expect(portal.heading("Documents")).to_be_visible()
        return Documents(portal)

    def _signed_in(self, person: Person) -> Portal:
        portal = self.open_window()
        sign_in(portal, person, self.stage.phone(person))
        return portal
