"""The guide's chapters for users: before the first sign-in, in and out, what is on every page, the user menu."""

import re

import pytest
from kontor.identity.v1 import identity_pb2
from playwright.sync_api import expect

from demo import data, files
from demo.people import PASSWORD, Person
from tests.journeys.pages import Documents, Portal, sign_out
from tests.journeys.reader import FIRM_ADMINISTRATOR, Reader, here, menu
from tests.journeys.rest import Rest
from tests.journeys.stage import Company
from tests.journeys.story import PAYROLL
from tests.waiting import eventually

pytestmark = [pytest.mark.xdist_group("journeys guide"), pytest.mark.timeout(240)]
NUMBERS = {"nb": ("412 34 567", "+4741234567"), "en": ("+46 70 174 06 05", "+46701740605")}


def test_before_the_first_sign_in(reader: Reader) -> None:
    """ACC-15, ACC-16, ACC-17, ACC-18, ACC-22, ACC-23, ACC-24, ACC-25, ACC-26, ACC-27: a mail, a password, and a code by SMS."""
    who, portal = reader.newcomer("Sigrid"), reader.stranger()
    _joins(reader, reader.company, who)
    portal.page.goto(reader.stage.link(who))
    portal.button("Verify my account").click()
    portal.button("Create password").click()
    expect(portal.heading("Look in your mail")).to_be_visible()
    portal.page.goto(reader.stage.link(who))
    for label in ("New password", "The same password once more"):
        portal.field(label).fill(PASSWORD)
    portal.button("Save password").click()
    portal.link("Sign in").click()
    _gives_the_password(portal, who)
    expect(portal.page.get_by_role("img", name=portal.say("QR code for the authenticator app"))).to_be_visible()
    portal.page.get_by_text(portal.say("Should I use an app or SMS?")).click()
    for way in ("Authenticator app", "Code by SMS"):
        expect(portal.heading(way)).to_be_visible()
    portal.button("Use another method").click()
    portal.page.get_by_role("button", name=re.compile(rf"^{portal.say('Choose')} .*SMS")).click()
    typed, number = NUMBERS[reader.language]
    portal.field("Mobile number").fill(typed)
    portal.button("Continue").click()
    portal.field("One-time code").fill(reader.sms(number))
    portal.button("Continue").click()
    portal.button("Accept the terms").click()
    expect(portal.page.get_by_role("navigation", name=portal.say("Main menu"))).to_be_visible()
    sign_out(portal, who)
    first = reader.sms(number)
    _gives_the_password(portal, who)
    _gives_the_code(portal, eventually(lambda: code if (code := reader.sms(number)) != first else None) or "")


def _gives_the_password(portal: Portal, who: Person) -> None:
    portal.field("E-mail address").fill(who.email)
    portal.field("Password").fill(PASSWORD)
    portal.button("Continue").click()


def _gives_the_code(portal: Portal, code: str) -> None:
    portal.field("One-time code").fill(code)
    portal.button("Continue").click()
    expect(portal.page.get_by_role("navigation", name=portal.say("Main menu"))).to_be_visible()


def test_signing_in_and_out(reader: Reader, furnished: Company) -> None:
    """ACC-19, ACC-20, ACC-21, ACC-28, ACC-29, ACC-30, ACC-31, ACC-32: the language, the code, the organisation, another one, and out."""
    stage, who = reader.stage, reader.newcomer("Torgeir")
    _joins(reader, reader.company, who)
    stage.world.activate(who)
    joined = _joins(reader, furnished, who)
    with stage.world.acting(furnished.administrator):
        data.grant(stage.world, joined, ("payroll",))
    page = reader.stranger("sv").page
    page.goto("/sign-in")
    page.get_by_role("button", name="Välj språk").click()
    portal = Portal(page, reader.language)
    page.get_by_role("button", name={"nb": "Norsk", "en": "English"}[reader.language]).click()
    expect(portal.heading("Sign in")).to_be_visible()
    _gives_the_password(portal, who)
    portal.field("One-time code").fill(stage.phone(who).code())
    portal.button("Continue").click()
    expect(portal.heading("Choose organisation")).to_be_visible()
    portal.button(f"{portal.say('Choose')} {reader.company.name}").click()
    expect(here(portal)).to_have_text(reader.company.name)
    portal.choose("Documents")
    portal.told("No folder yet")
    here(portal).click()
    page.locator("#orgs").get_by_role("button", name=furnished.name).click()
    expect(here(portal)).to_have_text(furnished.name)
    portal.choose("Documents")
    expect(Documents(portal).row("Payslips.pdf")).to_be_visible()
    held = portal.token
    sign_out(portal, who)
    assert Rest(stage.product.url, held).get("/api/v1/profile").status == 401


def _joins(reader: Reader, company: Company, who: Person) -> str:
    with reader.stage.world.acting(company.administrator):
        return data.add_member(reader.stage.world, who, identity_pb2.ROLE_WRITE)


def test_what_is_on_every_page(reader: Reader) -> None:
    """ACC-13, ACC-31, ACC-47, ACC-55, ACC-66, ACC-67, ACC-70, ACC-75: the red dot, the name, the menus, the shortcut, the news."""
    portal = reader.boss()
    expect(here(portal)).to_have_text(reader.company.name)
    _nothing_is_new(portal)
    portal.stays()
    title, name = f"Nytt for {reader.language}", f"Fra oss {reader.language}.csv"
    _the_firm_publishes_news(reader, title)
    reader.uploads(reader.payroll(), PAYROLL, name, files.csv())
    portal.unread(1)
    portal.stayed()
    portal.page.get_by_role("link", name=title, exact=True).click()
    expect(portal.page.get_by_role("heading", name=title)).to_be_visible()
    portal.bell().click()
    portal.page.locator("#latest").get_by_role("button", name=portal.say("%(name)s is published", name=name)).click()
    expect(portal.page.get_by_role("complementary", name=name)).to_be_visible()
    portal.unread(0)
    for entry in ("Documents", "Messages", "News", "Administration"):
        portal.choose(entry)
    opened = menu(portal)
    for entry in ("My account: name and password", "Notices and e-mail", "How to use the portal", "Privacy and cookies"):
        expect(portal.link(entry, opened)).to_be_visible()
    expect(portal.button("Sign out", opened)).to_be_visible()
    portal.page.goto("/")
    portal.link("Upload documents").click()
    expect(portal.heading("Upload documents")).to_be_visible()


def _nothing_is_new(portal: Portal) -> None:
    """What earlier chapters left is read."""
    portal.page.goto("/notices")
    everything = portal.button("Mark all as read")
    if everything.count():
        everything.click()
    portal.page.goto("/")
    portal.unread(0)


def _the_firm_publishes_news(reader: Reader, title: str) -> None:
    portal = reader.at(FIRM_ADMINISTRATOR, "/news/new")
    portal.page.locator("input[name^=title-]").first.fill(title)
    portal.page.locator("textarea[name^=body-]").first.fill("Vi har **ferie** i juli.")
    portal.button("Save as draft").click()
    portal.link("Publish").click()
    portal.button("Publish the article").click()
    portal.told("Published. Your clients see it now.")


def test_the_user_menu(reader: Reader) -> None:
    """ACC-68, ACC-70, ACC-71, ACC-72, ACC-73, ACC-74: language, name but not address, password, notices, privacy."""
    who = reader.newcomer("Ragnhild")
    _joins(reader, reader.company, who)
    reader.stage.world.activate(who)
    portal = reader.at(who)
    portal.link("My account: name and password", menu(portal)).click()
    expect(portal.heading("My account")).to_be_visible()
    expect(portal.page.locator(f"main input[value='{who.email}']:visible")).to_have_count(0)
    portal.field("First name").fill("Ragna")
    portal.button("Save name and language").click()
    portal.told("Saved.")
    expect(portal.page.get_by_role("button", name="Ragna Leser")).to_be_visible()
    _changes_the_password(portal)
    portal.link("Notices and e-mail", menu(portal)).click()
    switch = portal.page.get_by_role("checkbox", name=f"{portal.say('Documents')}: {portal.say('By e-mail')}")
    assert not switch.is_checked(), "mail is for those who ask for it"
    portal.link("Privacy and cookies", menu(portal)).click()
    expect(portal.page.get_by_role("heading", level=1, name=portal.say("Privacy and cookies"))).to_be_visible()
    portal.page.goto("/account")
    portal.field("Language").select_option("da")
    portal.button("Save name and language").click()
    expect(Portal(portal.page, "da").heading("My account")).to_be_visible()


def _changes_the_password(portal: Portal) -> None:
    portal.told("Change it regularly, and at once if somebody may know it.")
    portal.field("Present password").fill(PASSWORD)
    for label in ("New password", "The same password once more"):
        portal.field(label).fill("osp or rogn selje lind")
    portal.button("Change password").click()
    portal.told("Your password is changed. Other places you were signed in have been signed out.")
