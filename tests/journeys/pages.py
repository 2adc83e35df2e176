"""The portal as a person uses it: what they see is found by role and label, in their own language."""

import re
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from playwright.sync_api import FilePayload, Locator, Page, Route, expect

from chassis import clock
from chassis.language import Catalogues
from demo.authenticator import Authenticator
from demo.people import PASSWORD, Person
from services.gateway import texts
from tests.servers.browser import PHONE
from tests.waiting import eventually

# Opens a page, signed in where a person is named: see the fixture `window`.
Window = Callable[..., Page]
LOCALES = {"nb": "nb-NO", "sv": "sv-SE", "fi": "fi-FI", "da": "da-DK", "en": "en-GB"}
AREAS = {1: "Accounting", 2: "Payroll", 3: "HR"}
# On a phone these are behind "More".
BEHIND_MORE = ("Administration",)
UPLOADS = re.compile(r"/documents/upload\?")
REMEMBER = """
rows => {
  window.seen = [];
  new MutationObserver(() => window.seen.push(rows.innerText)).observe(rows, {childList: true, subtree: true});
}
"""


class Portal:
    """One window of one person."""

    def __init__(self, page: Page, language: str, pictures: Path | None = None) -> None:
        self.page, self._pictures = page, pictures
        self._words = Catalogues(texts.FOLDER, "portal").translator(language)

    def say(self, text: str, **values: object) -> str:
        """A text of the portal in this person's language."""
        said = self._words.gettext(text)
        return said % values if values else said

    def count(self, singular: str, plural: str, number: int, **values: object) -> str:
        """The form for so many."""
        return self._words.ngettext(singular, plural, number) % {"number": number, **values}

    def folder(self, name: str, area: int) -> str:
        """A folder as it is called on the pages (ACC-02)."""
        return f"{name} / {self.say(AREAS[area])}"

    def button(self, text: str, within: Locator | None = None, **values: object) -> Locator:
        """The button with this text."""
        return (within or self.page).get_by_role("button", name=self.say(text, **values), exact=True)

    def link(self, text: str, within: Locator | None = None) -> Locator:
        """The link with this text."""
        return (within or self.page).get_by_role("link", name=self.say(text), exact=True)

    def heading(self, text: str, **values: object) -> Locator:
        """The heading with this text."""
        return self.page.get_by_role("heading", name=self.say(text, **values), exact=True)

    def field(self, label: str) -> Locator:
        """The field with this label."""
        return self.page.get_by_label(self.say(label), exact=True)

    def told(self, text: str, **values: object) -> None:
        """The page says this."""
        expect(self.page.get_by_text(self.say(text, **values))).to_be_visible()

    def choose(self, entry: str) -> None:
        """Go to an entry of the main menu (ACC-75)."""
        if self.phone and self.link("Close details").count():  # there, details cover everything else
            self.link("Close details").click()
        menu = self.page.get_by_role("navigation", name=self.say("Main menu"))
        if self.phone and entry in BEHIND_MORE:
            self.button("More", menu).click()
        # Its number of unread ones is part of the name, once it has come.
        menu.get_by_role("link", name=re.compile(rf"^{re.escape(self.say(entry))}\b")).click()
        expect(self.heading(entry)).to_be_visible()

    @property
    def phone(self) -> bool:
        """Whether this is the window of a telephone."""
        return self.page.viewport_size == {"width": PHONE[0], "height": PHONE[1]}

    @property
    def token(self) -> str:
        """The session that the browser holds, "" without one."""
        return next((str(cookie["value"]) for cookie in self.page.context.cookies() if cookie.get("name") == "session"), "")

    def look(self, name: str) -> None:
        """Keep a picture, where pictures are wanted."""
        if self._pictures is None:
            return
        self._pictures.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=self._pictures / f"{name}.png", full_page=not self.phone)

    def bell(self) -> Locator:
        """The button that shows the newest notices."""
        return self.page.get_by_role("banner").get_by_role("button", name=self.say("Notices"))

    def unread(self, number: int) -> None:
        """The bell comes to show this many, above zero with a red dot (ACC-67)."""
        words = self.count("Notices, %(number)s new", "Notices, %(number)s new", number) if number else self.say("Notices")
        expect(self.bell()).to_have_accessible_name(words)
        expect(self.bell().locator(".dot")).to_have_count(1 if number else 0)

    def month(self, number: int) -> str:
        """A month as this person's language has it."""
        name = str(Locale.parse(LOCALES[self._words.language], sep="-").months["stand-alone"]["wide"][number])
        return name[:1].upper() + name[1:]

    def stays(self) -> None:
        """Remember this page, to see later that it was not loaded again."""
        self.page.evaluate("window.stayed = true")

    def stayed(self) -> None:
        """The page is still the one that it was."""
        assert self.page.evaluate("window.stayed") is True, "the page was loaded again"


def sign_in(portal: Portal, person: Person, phone: Authenticator) -> None:
    """Password, then the code of the moment; every time (ACC-21)."""
    portal.page.goto("/sign-in")
    portal.field("E-mail address").fill(person.email)
    portal.field("Password").fill(PASSWORD)
    portal.button("Continue").click()
    expect(portal.heading("One-time code")).to_be_visible()
    portal.field("One-time code").fill(phone.code())
    portal.button("Continue").click()
    expect(portal.page.get_by_role("navigation", name=portal.say("Main menu"))).to_be_visible()


def sign_out(portal: Portal, person: Person) -> None:
    """Through the user menu (ACC-28)."""
    portal.button("User menu for %(name)s", name=f"{person.first_name} {person.last_name}").click()
    portal.button("Sign out").click()
    expect(portal.heading("Sign in")).to_be_visible()


def payloads(files: dict[str, bytes]) -> list[FilePayload]:
    """Files as a browser's file chooser gets them."""
    return [FilePayload(name=name, mimeType="application/octet-stream", buffer=content) for name, content in files.items()]


class Upload:
    """The page on which files are chosen, confirmed and followed."""

    def __init__(self, portal: Portal) -> None:
        self.portal, self.page = portal, portal.page
        expect(portal.heading("Upload documents")).to_be_visible()
        self._files = portal.page.get_by_role("region", name=portal.say("Files"), exact=True)

    def is_for_this_month(self) -> None:
        """Month and year are filled in with the present ones (ACC-37)."""
        today = clock.now().astimezone(ZoneInfo("Europe/Oslo"))
        expect(self.portal.field("Period")).to_have_value(str(today.month))
        expect(self.portal.field("Year")).to_have_value(str(today.year))

    def choose_again(self, files: dict[str, bytes]) -> None:
        """Choose them on a fresh page."""
        self.page.goto("/documents/upload")
        self.choose(files)

    def choose(self, files: dict[str, bytes]) -> None:
        """Choose files; nothing is sent by that."""
        self.portal.field("Choose files to upload").set_input_files(payloads(files))
        for name in files:
            expect(self.row(name)).to_be_visible()

    def confirm(self) -> None:
        """Press the button that sends."""
        self.portal.button("Confirm upload").click()

    def confirm_and_watch(self, names: list[str]) -> None:
        """Confirm, and see a progress bar for each file while it is on its way (ACC-38)."""
        self._files.evaluate(REMEMBER)
        on_their_way: list[Route] = []
        self.page.route(UPLOADS, lambda route: on_their_way.append(route))  # noqa: PLW0108 - playwright takes functions only
        self.confirm()
        for name in names:
            expect(self._files.get_by_role("progressbar", name=self.portal.say("Sending %(name)s", name=name))).to_be_visible()
            eventually(lambda: self.page.evaluate("1") and on_their_way)  # asking the page lets its news come in
            on_their_way.pop(0).continue_()
        self.page.unroute(UPLOADS)

    def row(self, name: str) -> Locator:
        """A chosen file."""
        return self._files.locator("div").filter(has=self.page.get_by_text(name, exact=True)).last

    def becomes(self, name: str, status: str) -> Locator:
        """Wait until a file has this status; answers its row."""
        row = self.row(name)
        expect(row.get_by_text(self.portal.say(status), exact=True)).to_be_visible(timeout=40_000)
        return row

    def was_being_checked(self, names: list[str]) -> None:
        """Each of them was shown as being checked before (ACC-59), on this very page."""
        seen = "\n".join(self.page.evaluate("window.seen"))
        for name in names:
            assert re.search(rf"{re.escape(name)}\s+{re.escape(self.portal.say('Being checked'))}", seen), (
                f"{name} was not shown as checked"
            )

    def question(self, name: str) -> Locator:
        """What one is asked about a file that is there already (ACC-40)."""
        return self._files.get_by_role("group", name=name, exact=True)


class Documents:
    """The list of documents with its filters and details."""

    def __init__(self, portal: Portal) -> None:
        self.portal, self.page = portal, portal.page

    def row(self, name: str) -> Locator:
        """The row of a document."""
        return self.page.get_by_role("row").filter(has=self.page.get_by_role("link", name=name, exact=True))

    def shows(self, *names: str) -> None:
        """Exactly these, in any order."""
        rows = self.page.get_by_role("region", name=self.portal.say("List of documents")).get_by_role("rowheader")
        expect(rows).to_have_count(len(names))
        for name in names:
            expect(self.row(name)).to_be_visible()

    def filter(self, **by: str) -> None:
        """Narrow the list: name, status, year, period (ACC-48)."""
        for what, wanted in by.items():
            if what == "name":
                self.page.get_by_role("searchbox", name=self.portal.say("File name")).fill(wanted)
            else:
                choices = self.page.get_by_role("combobox", name=self.portal.say(what.title()), exact=True)
                choice = choices.locator("option").filter(has_text=re.compile(rf"^{wanted}( |$)"))  # a number may follow
                choices.select_option(choice.get_attribute("value"))
            expect(self.page).to_have_url(re.compile(rf"[?&]{what}=[^&]"))

    def open(self, name: str) -> Locator:
        """Open a document's details (ACC-50)."""
        self.page.get_by_role("link", name=name, exact=True).click()
        return self.details(name)

    def details(self, name: str) -> Locator:
        """The details that are open."""
        panel = self.page.get_by_role("complementary", name=name, exact=True)
        expect(panel).to_be_visible()
        return panel

    def close(self) -> None:
        """Close the details."""
        self.portal.link("Close details").click()
        expect(self.page.get_by_role("complementary")).to_have_count(0)

    def fetch(self, panel: Locator) -> bytes:
        """Download what the details show."""
        with self.page.expect_download() as coming:
            self.portal.link("Download", panel).click()
        return Path(coming.value.path()).read_bytes()

    def fetch_together(self, *names: str) -> bytes:
        """Tick several and download them as one zip (ACC-54)."""
        for name in names:
            self.page.get_by_role("checkbox", name=self.portal.say("Choose %(name)s", name=name), exact=True).check()
        with self.page.expect_download() as coming:
            self.portal.button("Download %(number)s chosen", number=len(names)).click()
        return Path(coming.value.path()).read_bytes()
