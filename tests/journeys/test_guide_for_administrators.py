"""The guide's chapters for a client's administrators: add and remove users, and give them folders that the firm has made."""

import pytest
from kontor.identity.v1 import identity_pb2
from playwright.sync_api import expect

from demo import data, files
from demo.people import Person
from tests.journeys.pages import Portal
from tests.journeys.reader import FIRM_ADMINISTRATOR, Reader, here
from tests.journeys.rest import Rest
from tests.journeys.stage import Company
from tests.journeys.story import PAYROLL, PAYSLIPS
from tests.waiting import eventually

pytestmark = [pytest.mark.xdist_group("journeys guide"), pytest.mark.timeout(240)]


def _name(person: Person) -> str:
    return f"{person.first_name} {person.last_name}"


def _adds(portal: Portal, who: Person) -> None:
    portal.choose("Administration")
    portal.link("Add user").click()
    portal.field("E-mail address").fill(who.email)
    portal.button("Continue").click()
    portal.field("First name").fill(who.first_name)
    portal.field("Last name").fill(who.last_name)
    portal.button("Add user").click()
    expect(portal.heading("Folder access")).to_be_visible()


def test_adding_and_removing_users(reader: Reader) -> None:
    """ACC-07, ACC-08, ACC-15, ACC-76, ACC-77, ACC-78, ACC-81, ACC-82, ACC-83, ACC-84: in two steps; out at once, and back as a new one."""
    portal, who = reader.boss(), reader.newcomer("Embla")
    _adds(portal, who)
    for tick in portal.page.get_by_role("checkbox").all():
        expect(tick).not_to_be_checked()
    portal.page.get_by_role("checkbox", name=portal.folder(PAYSLIPS, 2), exact=True).check()
    portal.button("Save folder access").click()
    reader.stage.world.activate(who)
    theirs, name = reader.at(who), f"Embla {reader.language}.csv"
    theirs.page.goto("/documents/upload")
    with reader.stage.world.acting(who):
        data.upload(reader.stage.world, reader.company.id, files.File(name, files.csv(), "payroll"))
    theirs.page.goto("/documents")
    for tab in ("Organisations", "Users"):
        portal.choose("Administration")
        portal.link(tab).click()
        expect(portal.page.get_by_role("link", name=_name(who), exact=True)).to_be_visible()
    _removes(portal, who)
    gone = "You are not a member of any organisation now. If that is a mistake, ask your company's administrator to add you again."
    expect(theirs.page.get_by_text(theirs.say(gone))).to_be_visible(timeout=15_000)
    expect(reader.documents(portal).row(name)).to_contain_text(_name(who))
    _adds(portal, who)
    expect(portal.page.get_by_role("checkbox", checked=True)).to_have_count(0)


def _removes(portal: Portal, who: Person) -> None:
    portal.page.get_by_role("link", name=_name(who), exact=True).click()
    portal.link("Remove user from the organisation").click()
    asked = portal.page.get_by_role("dialog")
    expect(asked.get_by_role("link", name=portal.say("Keep %(name)s", name=who.first_name))).to_be_focused()
    portal.button("Remove %(name)s", asked, name=who.first_name).click()
    portal.told("The user is removed. The documents stay, with the name on them.")


def test_an_organisation_keeps_an_administrator(reader: Reader) -> None:
    """ACC-05, ACC-06, ACC-12: the last one can neither leave nor step down, and has no say elsewhere."""
    portal, boss = reader.boss(), reader.company.administrator
    portal.choose("Administration")
    portal.page.get_by_role("link", name=_name(boss), exact=True).click()
    portal.link("Remove user from the organisation").click()
    portal.button("Remove %(name)s", portal.page.get_by_role("dialog"), name=boss.first_name).click()
    expect(portal.page.locator(".error:visible, .note.bad:visible")).not_to_have_count(0)
    portal.page.goto("/administration")
    expect(portal.page.get_by_role("link", name=_name(boss), exact=True)).to_be_visible()
    elsewhere = Rest(reader.stage.product.url, reader.stage.world.token(boss))
    assert elsewhere.get(f"/api/v1/organisations/{reader.stage.scenario.client}").status in (403, 404)


def test_giving_folders_to_users(reader: Reader) -> None:
    """ACC-02, ACC-03, ACC-04, ACC-09, ACC-10, ACC-14, ACC-79, ACC-80: the firm makes a folder, a tick gives it, at once, and takes it."""
    who, folder = reader.newcomer("Frøydis"), f"Reise {reader.language}"
    who = Person(f"froydis@{who.email.partition('@')[2]}", who.first_name, who.last_name, who.language, "")
    with reader.stage.world.acting(reader.company.administrator):
        data.add_member(reader.stage.world, who, identity_pb2.ROLE_WRITE)
    reader.stage.world.activate(who)
    theirs = reader.at(who, "/documents/upload")
    theirs.told("You can upload once you have been given a folder. Contact your company's administrator.")
    _makes(reader, folder)
    portal = reader.boss()
    _gives(portal, who, portal.folder(folder, 2))
    theirs.page.goto("/documents/upload")
    assert theirs.field("Folder").get_by_role("option").all_inner_texts() == [theirs.folder(folder, 2)]
    _takes_away(portal, who, portal.folder(folder, 2))
    theirs.page.goto("/documents")
    theirs.told("You see documents once you have been given a folder. Contact your company's administrator.")


def _makes(reader: Reader, folder: str) -> None:
    portal = reader.at(FIRM_ADMINISTRATOR, f"/administration/clients/{reader.company.id}/folders")
    portal.field("Name").fill(folder)
    portal.field("Area").select_option(str(PAYROLL))
    portal.button("Make folder").click()
    portal.told("The folder is made. The client's administrator says who may use it.")


def _gives(portal: Portal, who: Person, folder: str) -> None:
    """From the user."""

    def reached() -> bool:
        portal.page.goto("/administration")
        portal.page.get_by_role("link", name=_name(who), exact=True).click()
        portal.link("Manage folders").click()
        expect(portal.heading("Folder access")).to_be_visible()
        return portal.page.get_by_role("checkbox", name=folder, exact=True).count() == 1

    eventually(reached, seconds=60)
    portal.page.get_by_role("checkbox", name=folder, exact=True).check()
    portal.button("Save folder access").click()
    expect(portal.page.get_by_role("status").get_by_text(who.first_name)).to_be_visible()


def _takes_away(portal: Portal, who: Person, folder: str) -> None:
    """From the folder."""
    portal.choose("Administration")
    portal.link("Folders").click()
    portal.page.get_by_role("link", name=folder, exact=True).click()
    expect(portal.heading(folder)).to_be_visible()
    tick = portal.page.get_by_role("checkbox", name=_name(who))
    expect(tick).to_be_checked()
    tick.uncheck()
    portal.button("Save folder access").click()
    expect(tick).not_to_be_checked()


def test_only_the_firm_makes_and_removes_folders(reader: Reader) -> None:
    """ACC-10: a client's administrator has no page for it, and is refused at the address of the firm's."""
    portal, there = reader.boss("/administration"), f"/administration/clients/{reader.company.id}"
    expect(portal.button("Make folder")).to_have_count(0)
    own = {"Sec-Fetch-Site": "same-origin"}
    for path in ("folders", f"folders/{reader.company.folders[PAYROLL]}", "consultants", "people"):
        assert portal.page.request.get(f"{there}/{path}").status in (403, 404)
    made = portal.page.request.post(f"{there}/folders", form={"name": "Egen", "area": str(PAYROLL)}, headers=own)
    removed = portal.page.request.post(f"{there}/folders/{reader.company.folders[PAYROLL]}/remove", headers=own)
    assert {made.status, removed.status} <= {403, 404}
    offered = reader.boss("/documents/upload").field("Folder").get_by_role("option").all_inner_texts()
    assert "Egen / Lønn" not in offered
    assert portal.folder(PAYSLIPS, 2) in offered


def test_removal_is_from_one_organisation(reader: Reader, furnished: Company) -> None:
    """ACC-32, ACC-85: the account and its other organisation stay, where the person is signed in too."""
    who, world = reader.newcomer("Yngvild"), reader.stage.world
    for company in (reader.company, furnished):
        with world.acting(company.administrator):
            data.add_member(world, who, identity_pb2.ROLE_WRITE)
        if company is reader.company:
            world.activate(who)
    theirs = reader.at(who, "/organisations")
    for company in (furnished, reader.company):
        expect(theirs.button(f"{theirs.say('Choose')} {company.name}")).to_be_visible()
    portal = reader.boss("/administration")
    _removes(portal, who)
    theirs.page.goto("/organisations")
    expect(theirs.button(f"{theirs.say('Choose')} {reader.company.name}")).to_have_count(0)
    theirs.button(f"{theirs.say('Choose')} {furnished.name}").click()
    expect(here(theirs)).to_have_text(furnished.name)
