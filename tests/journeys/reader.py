"""Who reads the guide: people of one client and of its firm, at one width and in one language, each in a window of their own."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import Locator, Page, expect

from demo.people import Person
from tests.journeys.pages import Documents, Portal, Upload
from tests.journeys.stage import Company, Stage
from tests.scenario import FIRM
from tests.waiting import eventually

FIRM_ADMINISTRATOR = FIRM
CODE = re.compile(r"\b\d{6}\b")


@dataclass
class Reader:
    """A client's people at work with the guide beside them."""

    stage: Stage
    company: Company
    language: str
    open_page: Callable[[str], Page]
    _windows: dict[str, Portal] = field(default_factory=dict)

    def stranger(self, language: str = "") -> Portal:
        """A window in which nobody is signed in."""
        return Portal(self.open_page(language or self.language), language or self.language)

    def at(self, person: Person, path: str = "/") -> Portal:
        """The window of somebody who is signed in, at this page."""
        portal = self._windows.get(person.email)
        if portal is None:
            portal = self._windows[person.email] = Portal(self.open_page(person.language), person.language)
            cookie = {"name": "session", "value": self.stage.world.token(person), "url": self.stage.product.url}
            portal.page.context.add_cookies([cookie])  # type: ignore[list-item]  # a SetCookieParam
        portal.page.goto(path)
        return portal

    def boss(self, path: str = "/") -> Portal:
        """The client's administrator."""
        return self.at(self.company.administrator, path)

    def payroll(self, path: str = "/clients") -> Portal:
        """The firm's consultant for payroll."""
        return self.at(self.company.payroll, path)

    def newcomer(self, first_name: str) -> Person:
        """Somebody who is not there yet."""
        return Person(f"{first_name.lower()}@{self.company.administrator.email.partition('@')[2]}", first_name, "Leser", self.language, "")

    def sms(self, number: str) -> str:
        """The code in the newest SMS to a number."""
        folder = self.stage.product.keys.parent / "sms"

        def newest() -> str | None:
            caught = [json.loads(each.read_text()) for each in sorted(folder.glob("*.json"), reverse=True)]
            return next((CODE.findall(each["text"])[0] for each in caught if each["to"] == number), None)

        return eventually(newest) or ""

    def uploads(self, portal: Portal, folder: int, name: str, content: bytes) -> None:
        """Upload a file, for the firm where its person does it."""
        client = "" if portal is self._windows.get(self.company.administrator.email) else f"?client={self.company.id}"
        portal.page.goto(f"/documents/upload{client}")
        upload = Upload(portal)
        portal.field("Folder").select_option(self.company.folders[folder])
        upload.choose({name: content})
        upload.confirm()
        upload.becomes(name, "Published")

    def documents(self, portal: Portal) -> Documents:
        """The list of documents."""
        client = f"?client={self.company.id}" if portal is self._windows.get(self.company.payroll.email) else ""
        portal.page.goto(f"/documents{client}")
        return Documents(portal)

    def mailed(self, person: Person, text: str) -> str:
        """The mail that says this, once it has come."""
        found = eventually(lambda: [mail for mail in self.stage.letters(person) if text in mail], seconds=60)
        return found[0] if found else ""


def menu(portal: Portal) -> Locator:
    """The user menu, opened."""
    portal.page.get_by_role("button", name=portal.say("User menu for %(name)s", name="")).click()
    opened = portal.page.locator("#user")
    expect(opened).to_be_visible()
    return opened


def here(portal: Portal) -> Locator:
    """The name of the organisation one works in (ACC-31)."""
    return portal.page.get_by_role("banner").locator("button.org")
