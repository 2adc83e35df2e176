"""Mistakes, and worse: each gets a clear sentence in the user's language, and nothing is lost by it."""

from collections.abc import Callable, Iterator
from functools import partial
from urllib.parse import urlencode

import pytest
from kontor.access.v1 import access_pb2
from kontor.identity.v1 import identity_pb2
from playwright.sync_api import Page, expect

from chassis import clock
from chassis.testing import at_once
from demo import data, files
from demo.people import PASSWORD, Person
from tests.journeys.pages import Documents, Portal, Upload, Window, payloads
from tests.journeys.post import old_password_link
from tests.journeys.rest import Rest
from tests.journeys.stage import Company, Stage
from tests.waiting import eventually

pytestmark = pytest.mark.xdist_group("journeys together")
PAYROLL = access_pb2.SERVICE_AREA_PAYROLL
MIB = 2**20
NAMES = {
    "../../etc/passwd.pdf": "The file name must not contain / or \\. Rename the file, then choose it again.",
    "a\r\nSet-Cookie: x=y.pdf": "The file name contains characters that cannot be used. Rename the file, then choose it again.",
    "a\0.pdf": "The file name contains characters that cannot be used. Rename the file, then choose it again.",
    "lønn\u202efdp.exe.pdf": "The file name contains characters nobody can see. Rename the file, then choose it again.",
    f"{'x' * 300}.pdf": "The file name is too long. Use at most 200 characters.",
    "": "The file has no name. Give it one, then choose it again.",
    "CON.pdf": "Windows keeps this file name for itself. Rename the file, then choose it again.",
    "lønn.exe": "Files of this type are not accepted. Save it as PDF, or pack it in a zip, and upload that.",
}
EMPTY = "The file is empty. Check that it was saved, then choose it again."
LARGE = "The file is larger than %(limit)s MB. Split it or make it smaller."
WRONG_CODE = "The code is wrong or has been used. Look once more, or wait for the next one."
OVER = "The sign-in took too long or had too many wrong codes. Start again with your password."
Enter = Callable[..., Portal]


@pytest.fixture(scope="module")
def office(all_in_one: Stage) -> Company:
    """A Norwegian company."""
    return all_in_one.company("kontoret", language="nb")


@pytest.fixture
def enter(window: Window) -> Iterator[Enter]:
    """Opens windows in Norwegian, and sees to it that none of them was ever answered with a failure of the server."""
    broken: list[str] = []

    def note(page: Page) -> None:
        page.on("response", lambda answer: broken.append(f"{answer.status} {answer.url}") if answer.status >= 500 else None)

    def open_(person: Person | None = None, *, javascript: bool = True) -> Portal:
        page = window(person, language="nb", javascript=javascript)
        page.context.on("page", note)
        note(page)
        return Portal(page, "nb")

    yield open_
    assert broken == []


def _place(office: Company) -> dict[str, str]:
    return {"folder": office.folders[PAYROLL], "period": str(clock.now().month), "year": str(clock.now().year)}


def test_a_name_that_cannot_be_used_is_refused_in_words(enter: Enter, office: Company) -> None:
    """SEC: paths, line ends, NUL, writing direction, 300 characters, nothing at all; no header is split, nothing is stored."""
    portal = enter(office.administrator)
    for name, sentence in NAMES.items():
        query = urlencode({**_place(office), "name": name})
        answer = portal.page.request.put(f"/documents/upload?{query}", data=b"%PDF-1.4", headers={"Accept": "application/json"})
        assert (answer.status, answer.json()["detail"]) == (422, portal.say(sentence)), name
        assert "set-cookie" not in answer.headers
    portal.page.goto("/documents")
    portal.told("No documents yet")


def test_one_bad_file_does_not_stop_the_others(enter: Enter, office: Company) -> None:
    """ACC-38: an empty file, one that is too large, one with an impossible name; the fourth is published."""
    portal = enter(office.administrator)
    portal.page.goto("/documents/upload")
    portal.field("Folder").select_option(office.folders[PAYROLL])
    upload, long = Upload(portal), f"{'x' * 240}.csv"
    upload.choose({"Tom.pdf": b"", "Stor.csv": b"a;b\n" * MIB, long: files.csv(), "God.csv": files.csv(seed=7)})
    upload.confirm()
    upload.becomes("God.csv", "Published")
    for name, sentence in (("Tom.pdf", EMPTY), ("Stor.csv", LARGE), (long, NAMES[f"{'x' * 300}.pdf"])):
        expect(upload.row(name)).to_contain_text(portal.say(sentence, limit=2))


def test_a_form_without_script_is_told_the_same(enter: Enter, office: Company) -> None:
    """Design § 7: what a script would have caught before, the server says after; a body beyond everything has a page of its own."""
    portal = enter(office.administrator, javascript=False)
    for sent, sentence in (({"Tom.pdf": b""}, EMPTY), ({"Stor.csv": b"a;b\n" * (MIB // 2 + 1000)}, LARGE)):
        portal.page.goto("/documents/upload")
        portal.field("Choose files to upload").set_input_files(payloads(sent))
        portal.button("Confirm upload").click()
        portal.told(sentence, limit=2)
    portal.page.goto("/documents/upload")
    portal.field("Choose files to upload").set_input_files(payloads({"Svær.csv": b"a;b\n" * MIB}))
    portal.button("Confirm upload").click()
    expect(portal.heading("That was too large")).to_be_visible()


def test_each_kind_of_closed_link_says_what_to_do_next(enter: Enter, all_in_one: Stage, office: Company) -> None:
    """BEY-01: used, replaced, expired and cut short are four pages; none of them asks for a password."""
    portal, person = enter(), office.hr
    first = _asks_for_a_password(portal, all_in_one, person)
    second = _asks_for_a_password(portal, all_in_one, person)
    portal.page.goto(second)
    for label in ("New password", "The same password once more"):
        portal.field(label).fill(PASSWORD)
    portal.button("Save password").click()
    closed = {
        second: "This link has been used", first: "There is a newer link", second[:-4]: "This link does not work",
        old_password_link(all_in_one, person): "This link has expired",
    }  # fmt: skip
    for address, heading in closed.items():
        portal.page.goto(address)
        expect(portal.heading(heading)).to_be_visible()
        expect(portal.field("New password")).to_have_count(0)
        expect(portal.page.get_by_role("main").get_by_role("link")).not_to_have_count(0)


def _asks_for_a_password(portal: Portal, stage: Stage, person: Person) -> str:
    portal.page.goto("/password")
    portal.field("E-mail address").fill(person.email)
    portal.button("Create password").click()
    return stage.link(person)


def test_wrong_codes_end_the_attempt_and_the_right_one_still_works(enter: Enter, all_in_one: Stage, office: Company) -> None:
    """ACC-25, P1: five tries, then from the password again; a pause that grows is said in seconds."""
    portal, phone = enter(), all_in_one.phone(office.payroll)
    _gives_the_password(portal, office.payroll)
    for _ in range(5):
        _gives_the_code(portal, "000000")
        portal.told(WRONG_CODE)
    _gives_the_code(portal, "000000")
    portal.told(OVER)
    _gives_the_password(portal, office.payroll)
    code = phone.code()

    def signed_in() -> bool:
        _gives_the_code(portal, code)
        return portal.page.get_by_role("navigation", name=portal.say("Main menu")).count() == 1

    eventually(signed_in)


def _gives_the_password(portal: Portal, person: Person) -> None:
    portal.page.goto("/sign-in")
    portal.field("E-mail address").fill(person.email)
    portal.field("Password").fill(PASSWORD)
    portal.button("Continue").click()


def _gives_the_code(portal: Portal, code: str) -> None:
    portal.field("One-time code").fill(code)
    with portal.page.expect_navigation():
        portal.button("Continue").click()


def test_a_code_opens_one_session_also_when_two_ask_at_once(all_in_one: Stage, office: Company) -> None:
    """P1, P2: two attempts, the same digits, the same moment."""
    api, person = Rest(all_in_one.product.url), office.administrator
    attempts = [api.post("/api/v1/sign-ins", email=person.email, password=PASSWORD).ok()["attempt"] for _ in range(2)]
    code = all_in_one.phone(person).code()
    answers: list[int] = []

    def finish(attempt: str) -> None:
        answers.append(api.post("/api/v1/sign-ins:finish", attempt=attempt, code=code).status)

    assert at_once([partial(finish, attempt) for attempt in attempts]) == [None, None]
    assert sorted(answers) == [200, 401]


def test_a_second_tab_learns_that_one_signed_out_in_the_first(enter: Enter, all_in_one: Stage) -> None:
    """ACC-28: nothing more is shown or done, and the page says why."""
    first = enter(all_in_one.company("ute", language="nb").administrator)
    first.page.goto("/")
    second = Portal(first.page.context.new_page(), "nb")
    second.page.goto("/account")
    second.page.route("**/live", lambda route: route.abort())  # a tab that sleeps, as telephones let them
    second.page.reload()
    first.page.request.post("/sign-out", headers={"Sec-Fetch-Site": "same-origin"})
    second.button("Save name and language").click()
    expect(second.heading("You have been signed out")).to_be_visible()
    second.page.goto("/documents")
    expect(second.heading("Sign in")).to_be_visible()


def test_two_tabs_that_do_the_same_thing_are_told_apart(enter: Enter, all_in_one: Stage) -> None:
    """ACC-40, ACC-81: who comes second to remove a member or to send a file is told so; no second document appears."""
    company = all_in_one.company("faner", language="nb")
    with all_in_one.world.acting(company.administrator):
        member = data.add_member(all_in_one.world, company.colleague, identity_pb2.ROLE_WRITE)
    first = enter(company.administrator)
    second = Portal(first.page.context.new_page(), "nb")
    for tab in (first, second):
        tab.page.goto(f"/administration/members/{member}/remove")
    for tab in (first, second):
        tab.button("Remove %(name)s", name=company.colleague.first_name).click()
    second.told("This person is no longer a user here.")
    for tab in (first, second):
        tab.page.goto("/documents/upload")
        tab.field("Folder").select_option(company.folders[PAYROLL])
        Upload(tab).choose({"Samme.csv": files.csv()})
    second.page.route("**/documents/upload/names", lambda route: route.fulfill(json={}))  # it asked before the first one sent
    Upload(first).confirm()
    Upload(first).becomes("Samme.csv", "Published")
    Upload(second).confirm()
    second.button("Keep the old one", Upload(second).question("Samme.csv")).click()
    Upload(second).becomes("Samme.csv", "Kept as it was")
    second.page.goto("/documents")
    Documents(second).shows("Samme.csv")


def test_a_user_cannot_be_added_twice_or_without_an_address(enter: Enter, office: Company) -> None:
    """ACC-77: the form comes back with what was typed, and says what to do."""
    portal = enter(office.administrator)
    for address, sentence in (
        ("@nowhere", "Write an e-mail address like name@company.com."),
        (office.administrator.email, "This person is already a user here. You find the name in the list of users."),
    ):
        portal.page.goto("/administration/members/new")
        portal.page.locator("form[action$=new]").evaluate("form => { form.noValidate = true; }")
        portal.field("E-mail address").fill(address)
        portal.button("Continue").click()
        if portal.field("First name").count():
            portal.field("First name").fill("Inga")
            portal.field("Last name").fill("Prøvesen")
            portal.button("Add user").click()
        portal.told(sentence)
        expect(portal.field("E-mail address")).to_have_value(address)
