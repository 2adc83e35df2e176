"""The guide's chapter for those who administer several companies: invite into one of them, change a role, take companies away."""

import pytest
from kontor.identity.v1 import identity_pb2
from playwright.sync_api import expect

from demo import data
from demo.people import Client, Person
from tests.journeys.pages import Portal
from tests.journeys.reader import FIRM_ADMINISTRATOR, Reader, here
from tests.journeys.stage import Company

pytestmark = [pytest.mark.xdist_group("journeys guide"), pytest.mark.timeout(240)]
OTHER = "Avdeling Prøve AS"


def _two_companies(reader: Reader) -> Company:
    """A company whose administrator has another one too."""
    own = reader.stage.company(f"flere{reader.language}", language=reader.language)
    number = reader.stage.organisation_number()
    with reader.stage.world.acting(FIRM_ADMINISTRATOR):
        data.make_client(reader.stage.world, Client(OTHER, number, "NO", own.administrator, own.colleague, ()))
    return own


def _invites(portal: Portal, who: Person, company: str, role: str) -> None:
    """AMI-04: the company first, then who it is and what they may."""
    portal.choose("Administration")
    portal.link("Add user").click()
    portal.field("Company").select_option(label=company)
    portal.field("E-mail address").fill(who.email)
    portal.button("Continue").click()
    portal.field("First name").fill(who.first_name)
    portal.field("Last name").fill(who.last_name)
    portal.page.get_by_role("radio", name=portal.say(role)).check()
    portal.button("Add user").click()


def _opens(portal: Portal, who: Person) -> None:
    portal.choose("Administration")
    portal.link("Users").click()
    portal.page.get_by_role("link", name=f"{who.first_name} {who.last_name}", exact=True).click()
    expect(portal.page.get_by_role("heading", name=f"{who.first_name} {who.last_name}", exact=True)).to_be_visible()


def test_companies_are_picked_and_unticked(reader: Reader) -> None:
    """AMI-04, AMI-05, AMI-06, AMI-07, ACC-82, ACC-85, NET-04: a page that is open in the company left loses it at once; the other stays."""
    company = _two_companies(reader)
    who = Person(f"sunniva@flere{reader.language}.example", "Sunniva", "Leser", reader.language, "")
    portal = reader.at(company.administrator)
    portal.page.goto("/organisations")
    portal.button(f"{portal.say('Choose')} {company.name}").click()
    _invites(portal, who, OTHER, "Read")
    done = portal.say("%(name)s is added to %(organisation)s", name="Sunniva Leser", organisation=OTHER)
    expect(portal.page.get_by_role("heading", name=done)).to_be_visible()
    portal.button("Go on to the folders there").click()
    expect(portal.heading("Folder access")).to_be_visible()
    expect(here(portal)).to_have_text(OTHER)
    reader.stage.world.activate(who)
    _invites(portal, who, company.name, "Read")
    portal.button("Go on to the folders there").click()
    expect(here(portal)).to_have_text(company.name)
    _changes_the_role(portal, who)
    theirs = reader.at(who, "/organisations")
    theirs.button(f"{theirs.say('Choose')} {OTHER}").click()
    expect(here(theirs)).to_have_text(OTHER)
    _unticks(portal, who, OTHER)
    expect(theirs.heading("Choose organisation")).to_be_visible(timeout=15_000)
    expect(theirs.button(f"{theirs.say('Choose')} {OTHER}")).to_have_count(0)
    theirs.button(f"{theirs.say('Choose')} {company.name}").click()
    expect(here(theirs)).to_have_text(company.name)


def _changes_the_role(portal: Portal, who: Person) -> None:
    """AMI-06: asked once more with what it means; NET-04: the list says it in words."""
    _opens(portal, who)
    portal.field("Role").select_option(str(identity_pb2.ROLE_WRITE))
    portal.button("Change role").click()
    portal.told("Uploads documents and writes messages. Sees the folders given.")
    portal.button("Change to %(role)s", role=portal.say("Write")).click()
    portal.told("Saved.")
    portal.page.goto("/administration/users")
    row = portal.page.get_by_role("row").filter(has_text=who.email)
    expect(row).to_contain_text(portal.say("Uploads documents and writes messages. Sees the folders given."))


def _unticks(portal: Portal, who: Person, company: str) -> None:
    """AMI-07."""
    _opens(portal, who)
    portal.link("Companies").click()
    portal.page.get_by_role("checkbox", name=company).uncheck()
    portal.button("Continue").click()
    expect(portal.page.get_by_role("listitem").filter(has_text=company)).to_be_visible()
    portal.button("End the access").click()
    portal.told(portal.count("Access to %(number)s company is ended.", "Access to %(number)s companies is ended.", 1))
