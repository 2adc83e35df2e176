"""An address is replaced, and somebody at the firm is given one programme only: as all those concerned see it."""

import pytest
from kontor.identity.v1 import identity_pb2
from playwright.sync_api import expect

from chassis.errors import Conflict
from demo import data
from demo.people import Person
from tests.journeys.pages import Portal
from tests.journeys.reader import FIRM_ADMINISTRATOR, Reader

pytestmark = [pytest.mark.xdist_group("journeys guide"), pytest.mark.timeout(240)]
PAYROLL = 2


def _opens(portal: Portal, who: Person) -> None:
    portal.page.goto("/administration/users")
    portal.page.get_by_role("row").filter(has_text=who.email).get_by_role("link").first.click()
    expect(portal.page.get_by_role("heading", name=f"{who.first_name} {who.last_name}", exact=True)).to_be_visible()


def _listed(portal: Portal) -> str:
    portal.page.goto("/administration/users")
    return portal.page.get_by_role("table").inner_text()


def test_an_address_is_replaced(reader: Reader) -> None:
    """AMI-11, ACC-72, ACC-80: the old one works until the new one signs in, which gets the same folders; it can be given up."""
    world, old = reader.stage.world, reader.newcomer("Tone")
    new = Person(f"ny.{old.email}", old.first_name, old.last_name, old.language, "")
    with world.acting(reader.company.administrator):
        granted = data.grant(world, data.add_member(world, old, identity_pb2.ROLE_WRITE), ("payroll",))[PAYROLL]
    world.activate(old)
    theirs, portal = reader.at(old, "/documents"), reader.boss()
    _asks_for_another_address(portal, old, old)
    portal.told("This person is already a user here. You find the name in the list of users.")
    _asks_for_another_address(portal, old, new)
    gone = identity_pb2.VerifyAccountRequest(token=world.mailed_link(new))
    portal.button("Give up the new address").click()
    expect(portal.link("Replace the e-mail address")).to_be_visible()
    assert new.email not in _listed(portal)
    with pytest.raises(Conflict):
        world.sign_in.VerifyAccount(gone)
    _asks_for_another_address(portal, old, new)
    portal.told("%(new)s takes the place of this address when it signs in for the first time.", new=new.email)
    theirs.page.reload()
    expect(theirs.heading("Documents")).to_be_visible()
    world.activate(new)
    expect(theirs.page.get_by_role("navigation", name=theirs.say("Main menu"))).to_have_count(0)
    fresh = reader.at(new, "/documents/upload")
    expect(fresh.field("Folder").locator(f"option[value='{granted}']")).to_have_count(1)
    listed = _listed(portal).split()
    assert (new.email in listed, old.email in listed) == (True, False)


def _asks_for_another_address(portal: Portal, old: Person, new: Person) -> None:
    _opens(portal, old)
    portal.link("Replace the e-mail address").click()
    portal.field("New e-mail address").fill(new.email)
    portal.button("Invite the new address").click()


def test_a_programme_is_administered_by_whom_it_was_given_to(reader: Reader) -> None:
    """FNK-04, FNK-05, FNK-06: made under Users; assigns consultants at once, and administers nothing else."""
    last_name = reader.language.upper()
    who = Person(f"solveig.{reader.language}@eksempelvik.example", "Solveig", last_name, FIRM_ADMINISTRATOR.language, "")
    _adds_a_client_manager(reader.at(FIRM_ADMINISTRATOR, "/administration/members/new"), who)
    reader.stage.world.activate(who)
    portal = reader.at(who)
    portal.choose("Administration")
    portal.page.goto(f"/administration/clients/{reader.company.id}/consultants")
    portal.page.get_by_role("row", name=f"Solveig {last_name}").get_by_role("checkbox").first.check()
    portal.button("Save", portal.page.get_by_role("form", name=portal.say("Who receives what"))).click()
    portal.told("Saved. It applies at once.")
    expect(portal.button("Save areas")).to_have_count(0)
    portal.page.goto("/clients")
    expect(portal.page.get_by_role("row").filter(has_text=reader.company.name)).to_be_visible()
    for path in ("/administration/users", f"/administration/clients/{reader.company.id}/folders", "/news/new"):
        answer = portal.page.goto(path)
        assert answer, path
        assert answer.status == 403, path


def _adds_a_client_manager(portal: Portal, who: Person) -> None:
    """The programmes are asked for only where the role has some."""
    portal.field("E-mail address").fill(who.email)
    portal.button("Continue").click()
    portal.field("First name").fill(who.first_name)
    portal.field("Last name").fill(who.last_name)
    programmes = portal.page.get_by_role("group", name=portal.say("Programmes"))
    expect(programmes).to_be_hidden()
    portal.page.get_by_role("radio", name=portal.say("Programme administrator")).check()
    programmes.get_by_role("checkbox", name=portal.say("Client manager")).check()
    portal.button("Add user").click()
    expect(portal.page.get_by_role("row").filter(has_text=who.email)).to_contain_text(portal.say("Says who works for which client."))
