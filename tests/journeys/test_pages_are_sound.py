"""Every page can be read by everybody: axe-core, keyboard alone, no script, light and dark, desk and phone, in the chosen language."""

import pytest
from kontor.identity.v1 import identity_pb2
from playwright.sync_api import Page, expect

from demo import data
from demo.people import PASSWORD, Person
from tests.journeys.pages import Portal, Upload, Window
from tests.journeys.soundness import Inspector
from tests.journeys.stage import Company, Stage
from tests.scenario import FIRM
from tests.servers.browser import DESKTOP, PHONE

pytestmark = [pytest.mark.xdist_group("journeys pages"), pytest.mark.timeout(240)]
SIZES = pytest.mark.parametrize("size", [pytest.param(DESKTOP, id="desktop"), pytest.param(PHONE, id="phone")])
OPEN_PAGES = (
    "/sign-in", "/sign-in?ended=1", "/password", "/activate", "/privacy", "/instructions", "/nowhere", f"/links/{'x' * 43}",
    "/dev/mailbox", "/dev/codes",
)  # fmt: skip
CLIENT_PAGES = (
    "/", "/documents", "/documents?name=nothing+like+it", "/documents/deleted", "/notices", "/messages", "/messages/new", "/news", "/help",
    "/account", "/account/notices", "/account/notices/digest", "/security", "/security/factors/phone", "/organisations",
    "/administration", "/administration/users", "/administration/folders", "/administration/members/new",
)  # fmt: skip
FIRM_PAGES = (
    "/", "/clients", "/clients?name=nobody", "/documents?client={client}", "/documents/deleted?client={client}",
    "/documents/upload?client={client}", "/notices", "/messages", "/messages?client={client}", "/messages/new?client={client}", "/news",
    "/account", "/administration",
)  # fmt: skip
OFFICE_PAGES = (
    "/administration/clients", "/administration/clients/new", "/administration/users", "/administration/clients/{client}/folders",
    "/administration/clients/{client}/consultants", "/administration/clients/{client}/people", "/documents/holds?client={client}",
    "/news/own", "/news/new",
)  # fmt: skip


def test_the_inspector_sees_what_is_wrong(window: Window) -> None:
    """Otherwise nothing below would say anything: a picture without words, a broken script, a script from elsewhere."""
    page = window()
    inspector = Inspector(page)
    page.goto("/sign-in")
    page.evaluate("document.querySelector('main').append(new Image())")
    page.evaluate("setTimeout(() => { throw new Error('broken') })")
    page.evaluate("document.head.append(Object.assign(document.createElement('script'), {src: 'https://elsewhere.example/x.js'}))")
    inspector.look("a bad page")
    found = "\n".join(inspector.faults)
    assert all(fault in found for fault in ("image-alt", "broken", "Content Security Policy")), found


@SIZES
def test_what_everybody_sees(window: Window, all_in_one: Stage, furnished: Company, size: tuple[int, int]) -> None:
    """ACC-20, ACC-27, ACC-74: signing in, passwords, links, information, and what is not there."""
    page = window(size=size)
    inspector = Inspector(page)
    for path in OPEN_PAGES:
        inspector.visit(path)
    page.goto("/sign-in")
    page.get_by_role("button", name="Choose language").click()
    inspector.look("languages")
    page.keyboard.press("Escape")
    page.get_by_label("E-mail address").fill("nobody@nowhere.example")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
    inspector.look("wrong password")
    _asked_for_a_code(page, furnished.payroll)
    inspector.look("code")
    page.goto("/password")
    page.get_by_label("E-mail address").fill(furnished.hr.email)
    page.get_by_role("button", name="Create password").click()
    inspector.look("mail is on its way")
    inspector.visit(all_in_one.link(furnished.hr), "make a password")
    assert inspector.faults == []


def _asked_for_a_code(page: Page, person: Person) -> None:
    page.get_by_label("E-mail address").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("One-time code")).to_be_visible()


def test_the_documentation_of_the_api(window: Window) -> None:
    """Issue 2: readable by everybody, too, and with nothing from elsewhere. It is long, so it is looked over at one width only."""
    inspector = Inspector(window())
    inspector.visit("/api/docs")
    assert inspector.faults == []


@SIZES
def test_what_somebody_new_sees(window: Window, all_in_one: Stage, furnished: Company, size: tuple[int, int]) -> None:
    """ACC-14, ACC-16, ACC-23, ACC-27: the welcome link before and after, the QR code, and pages without a folder."""
    newcomer = Person(f"ny{size[0]}@sound.example", "Ny", "Prøvesen", "en", "")
    with all_in_one.world.acting(furnished.administrator):
        data.add_member(all_in_one.world, newcomer, identity_pb2.ROLE_WRITE)
    page = window(size=size)
    inspector, link = Inspector(page), all_in_one.link(newcomer)
    inspector.visit(link, "welcome")
    page.get_by_role("button", name="Verify my account").click()
    inspector.look("verified")
    page.get_by_role("button", name="Create password").click()
    inspector.visit(link, "a used link")
    page.goto(all_in_one.link(newcomer))
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same password once more").fill(PASSWORD)
    page.get_by_role("button", name="Save password").click()
    inspector.look("password made")
    page.goto("/sign-in")
    _asked_for_a_code(page, newcomer)
    page.get_by_text("Can you not scan it?").click()
    inspector.look("QR code")
    page = window(furnished.colleague, size=size)
    inspector = Inspector(page, inspector.faults)
    for path in ("/", "/documents", "/documents/upload", "/notices", "/administration"):
        inspector.visit(path, f"{path} without folders")
    assert inspector.faults == []


@SIZES
def test_what_a_clients_administrator_sees(window: Window, furnished: Company, size: tuple[int, int]) -> None:
    """ACC-75, ACC-76, ACC-77, ACC-78, ACC-79, ACC-80, ACC-81: lists, details, menus, forms with mistakes, dialogs."""
    page = window(furnished.administrator, size=size)
    inspector = Inspector(page)
    for path in CLIENT_PAGES:
        inspector.visit(path)
    _details_of_documents(page, inspector)
    _menus(page, inspector, furnished.administrator)
    _adding_and_removing(page, inspector, furnished)
    _uploading(page, inspector)
    _mistakes(page, inspector)
    assert inspector.faults == []


def _details_of_documents(page: Page, inspector: Inspector) -> None:
    for name in ("Payslips.pdf", "Virus.txt", "Locked.zip"):
        page.goto("/documents")
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.get_by_role("complementary", name=name)).to_be_visible()
        inspector.look(f"details of {name}")


def _menus(page: Page, inspector: Inspector, person: Person) -> None:
    page.goto("/")
    banner = page.get_by_role("banner")
    for name in ("Notices", "User menu for", "Change organisation"):
        banner.get_by_role("button", name=name).click()
        inspector.look(f"menu {name}")
        page.keyboard.press("Escape")
    if page.viewport_size == {"width": PHONE[0], "height": PHONE[1]}:
        page.get_by_role("button", name="More").click()
        inspector.look("menu More")


def _adding_and_removing(page: Page, inspector: Inspector, furnished: Company) -> None:
    page.goto("/administration/members/new")
    page.get_by_label("E-mail address").fill("ny@sound.example")
    page.get_by_role("button", name="Continue").click()
    inspector.look("names of a new user")
    page.goto("/administration")
    page.get_by_role("link", name=f"{furnished.colleague.first_name} {furnished.colleague.last_name}").first.click()
    inspector.look("a member")
    inspector.visit(f"{page.url.partition('?')[0]}/folders", "folders of a member")
    page.go_back()
    page.get_by_role("link", name="Remove user from the organisation").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    inspector.look("asked before a removal")
    inspector.visit(f"{page.url.partition('?')[0]}/remove", "asked before a removal, without script")


def _uploading(page: Page, inspector: Inspector) -> None:
    portal = Portal(page, "en")
    inspector.visit("/documents/upload")
    upload = Upload(portal)
    portal.field("Folder").select_option(label="Lønnsslipper / Payroll")
    upload.choose({"Payroll.xlsx": b"new", "Empty.pdf": b""})
    upload.confirm()
    expect(upload.question("Payroll.xlsx")).to_be_visible()
    inspector.look("asked before a file is replaced")
    portal.button("Keep the old one").click()
    upload.becomes("Payroll.xlsx", "Kept as it was")
    inspector.look("files that were not sent")


def _mistakes(page: Page, inspector: Inspector) -> None:
    page.goto("/account")
    page.get_by_label("Present password").fill("wrong")
    page.get_by_label("New password").fill("short")
    page.get_by_label("The same password once more").fill("other")
    page.get_by_role("button", name="Change password").click()
    inspector.look("a password with mistakes")
    inspector.visit("/documents/00000000-0000-0000-0000-000000000000/file", "a document that is not there")


@SIZES
def test_what_a_consultant_sees(window: Window, furnished: Company, size: tuple[int, int]) -> None:
    """FNK-13, ACC-67: clients, their documents, notices, messages, and no administration."""
    page = window(furnished.payroll, size=size)
    inspector = Inspector(page)
    for path in FIRM_PAGES:
        inspector.visit(path.format(client=furnished.id))
    page.goto(f"/documents?client={furnished.id}")
    page.get_by_role("link", name="Payroll.xlsx", exact=True).click()
    inspector.look("details at the firm")
    for words, what in (("Preview", "a preview"), ("Change information", "a change"), ("Delete on request", "a deletion")):
        page.goto(f"/documents?client={furnished.id}")
        page.get_by_role("link", name="Payroll.xlsx", exact=True).click()
        page.get_by_role("link", name=words, exact=True).click()
        page.wait_for_load_state()
        inspector.look(what)
    page.goto("/messages")
    page.get_by_role("link", name="Feriepenger 2026").click()
    inspector.look("a conversation")
    assert inspector.faults == []


@SIZES
def test_what_the_firms_administrator_sees(window: Window, furnished: Company, size: tuple[int, int]) -> None:
    """ACC-10, ACC-66: clients, their folders and people, legal holds, and news."""
    page = window(FIRM, size=size)
    inspector = Inspector(page)
    for path in OFFICE_PAGES:
        inspector.visit(path.format(client=furnished.id))
    assert inspector.faults == []
