"""How a colleague comes in: added, invited, signed in, and at home (steps 1 to 4)."""

from playwright.sync_api import expect

from demo.authenticator import Authenticator
from demo.people import PASSWORD
from tests.journeys.pages import Portal, sign_out
from tests.journeys.story import BANK, CONTRACTS, PAYSLIPS, Story

QR_CODE = "QR code for the authenticator app"


def is_added(story: Story) -> None:
    """Step 1. ACC-77: address, then names. ACC-78: on to the folders. ACC-08: none are ticked. ACC-79: in force once saved."""
    who, portal = story.company.colleague, story.boss
    portal.choose("Administration")
    portal.link("Add user").click()
    portal.field("E-mail address").fill(who.email)
    portal.button("Continue").click()
    portal.field("First name").fill(who.first_name)
    portal.field("Last name").fill(who.last_name)
    portal.button("Add user").click()
    expect(portal.heading("Folder access")).to_be_visible()
    ticks = portal.page.get_by_role("checkbox")
    expect(ticks).to_have_count(3)
    assert [each.is_checked() for each in ticks.all()] == [False, False, False]
    portal.page.get_by_role("checkbox", name=portal.folder(PAYSLIPS, 2), exact=True).check()
    portal.look("01-folder-access")
    portal.button("Save folder access").click()
    saved = portal.count("Saved. %(name)s may use %(number)s folder now.", "", 1, name=who.first_name)
    expect(portal.page.get_by_role("status").get_by_text(saved)).to_be_visible()


def is_welcomed(story: Story) -> None:
    """Step 2. ACC-15, ACC-16, BEY-01: looking at the link uses nothing up, the button does. ACC-17, ACC-18: a password, typed twice."""
    who, portal = story.company.colleague, story.me
    link = story.stage.link(who)
    for _ in range(2):
        portal.page.goto(link)
        portal.told("You have been added to %(name)s.", name=story.company.name)
    portal.look("02-welcome")
    portal.button("Verify my account").click()
    expect(portal.heading("Your account is verified")).to_be_visible()
    portal.page.goto("/sign-in")
    portal.link("Create or change password").click()
    portal.field("E-mail address").fill(who.email)
    portal.button("Create password").click()
    portal.told("If %(email)s is known here, a mail with a link is on its way. It says how long the link works.", email=who.email)
    portal.page.goto(story.stage.link(who))
    _types_twice(portal, PASSWORD, f"{PASSWORD}?")
    portal.told("The two passwords are not the same. Type the same one twice.")
    _types_twice(portal, PASSWORD, PASSWORD)
    portal.link("Sign in").click()


def _types_twice(portal: Portal, first: str, again: str) -> None:
    portal.field("New password").fill(first)
    portal.field("The same password once more").fill(again)
    portal.button("Save password").click()


def signs_in(story: Story) -> None:
    """Step 3. ACC-21, ACC-22, ACC-23, ACC-25: a QR code and its six digits; the next time the digits alone, and not the same ones again."""
    who, portal = story.company.colleague, story.me
    _gives_the_password(story)
    expect(portal.page.get_by_role("img", name=portal.say(QR_CODE))).to_be_visible()
    portal.look("03-authenticator")
    portal.page.get_by_text(portal.say("Can you not scan it?")).click()
    key = "".join(portal.page.get_by_role("code").inner_text().split())
    phone = story.stage.world.phones[who.email] = Authenticator(key, used=False)
    code = phone.code()
    _gives_the_code(portal, code)
    portal.button("Accept the terms").click()
    _is_at_home(story)
    sign_out(portal, who)
    _gives_the_password(story)
    expect(portal.page.get_by_role("img", name=portal.say(QR_CODE))).to_have_count(0)
    _gives_the_code(portal, code)
    portal.told("The code is wrong or has been used. Look once more, or wait for the next one.")
    _gives_the_code(portal, phone.code())


def _gives_the_password(story: Story) -> None:
    story.me.field("E-mail address").fill(story.company.colleague.email)
    story.me.field("Password").fill(PASSWORD)
    story.me.button("Continue").click()
    expect(story.me.field("One-time code")).to_be_visible()


def _gives_the_code(portal: Portal, code: str) -> None:
    portal.field("One-time code").fill(code)
    portal.button("Continue").click()


def _is_at_home(story: Story) -> None:
    """ACC-31: whose portal it is. ACC-47: a way to upload."""
    portal = story.me
    expect(portal.page.get_by_role("banner").get_by_text(story.company.name, exact=True)).to_be_visible()
    expect(portal.link("Upload documents")).to_be_visible()


def looks_around(story: Story) -> None:
    """Step 4. ACC-03, ACC-04: own folders only, to read and to write. ACC-13: no administration, not even by its address."""
    portal = story.me
    _is_at_home(story)
    portal.look("04-home")
    portal.choose("Documents")
    expect(portal.page.get_by_role("link", name=portal.folder(PAYSLIPS, 2))).to_be_visible()
    for name, area in ((BANK, 1), (CONTRACTS, 3)):
        expect(portal.page.get_by_text(portal.folder(name, area))).to_have_count(0)
    expect(portal.link("Administration")).to_have_count(0)
    assert portal.page.request.get("/administration").status == 403
    portal.link("Upload").first.click()
    assert portal.field("Folder").get_by_role("option").all_inner_texts() == [portal.folder(PAYSLIPS, 2)]
