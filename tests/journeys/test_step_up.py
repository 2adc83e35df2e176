"""Proofs asked for again: a fresh code in the middle of a form, and of two second factors the one that its owner wants first."""

import re

import psycopg
import pytest
from kontor.identity.v1 import identity_pb2
from playwright.sync_api import expect

from demo import data
from demo.people import PASSWORD, Person
from services.identity import tokens
from tests.journeys.pages import Portal, sign_out
from tests.journeys.reader import Reader
from tests.waiting import eventually

pytestmark = [pytest.mark.xdist_group("journeys guide"), pytest.mark.timeout(240)]
# Mobile numbers that nobody has.
NUMBERS = {"nb": ("+46 70 174 06 07", "+46701740607"), "en": ("+46 70 174 06 08", "+46701740608")}
AGED = "update sessions set authenticated_at = authenticated_at - interval '16 minutes', password_at = password_at - interval '16 minutes'"


def _ages(reader: Reader, person: Person) -> None:
    """The person gave the last code a quarter of an hour ago, and has worked since."""
    with psycopg.connect(reader.stage.databases["identity"].replace("+psycopg", "")) as connection:
        aged = connection.execute(f"{AGED} where token = %s", (tokens.digest(reader.stage.world.token(person)),))
        assert aged.rowcount == 1


def test_a_fresh_code_is_asked_for_in_place_and_what_was_typed_is_kept(reader: Reader) -> None:
    """NET-05: adding a user needs one that is 15 minutes old at most; after it the form goes on as it was filled in, mistakes and all."""
    who, boss = reader.newcomer("Ragna"), reader.boss()
    boss.choose("Administration")
    boss.link("Add user").click()
    boss.field("E-mail address").fill(who.email)
    boss.button("Continue").click()
    typed = {"First name": who.first_name, "Last name": who.last_name, "First day": "2034-05-02", "Last day": "2034-05-01"}
    for label, value in typed.items():
        boss.field(label).fill(value)
    boss.page.get_by_role("radio", name=re.compile(rf"^{re.escape(boss.say('Read'))}\b")).check()
    _ages(reader, reader.company.administrator)
    boss.button("Add user").click()
    expect(boss.heading("Confirm that it is you")).to_be_visible()
    boss.told("What comes next needs a fresh confirmation. What you wrote is kept, and you go on where you were.")
    for code, heading in (("12345", "Confirm that it is you"), (reader.stage.phone(reader.company.administrator).code(), "Add user")):
        boss.field("One-time code").fill(code)
        boss.button("Continue").click()
        expect(boss.heading(heading)).to_be_visible()
    for label, value in typed.items():
        expect(boss.field(label)).to_have_value(value)
    expect(boss.page.get_by_role("radio", name=re.compile(rf"^{re.escape(boss.say('Read'))}\b"))).to_be_checked()
    boss.told("Choose a day that exists, and a last day that is not before the first.")
    boss.field("First day").fill("")
    boss.button("Add user").click()
    expect(boss.heading("Folder access")).to_be_visible()
    boss.page.goto("/administration/users")
    expect(boss.page.get_by_role("row").filter(has_text=who.email)).to_contain_text(f"{who.first_name} {who.last_name}")


def test_the_one_that_is_wanted_first_is_asked_for_first(reader: Reader) -> None:
    """AMI-18: with an app and a number for SMS, the next sign-in asks for the one that was chosen on the page."""
    who, (written, number) = reader.newcomer("Vigdis"), NUMBERS[reader.language]
    with reader.stage.world.acting(reader.company.administrator):
        data.add_member(reader.stage.world, who, identity_pb2.ROLE_WRITE)
    reader.stage.world.activate(who)
    portal = reader.at(who, "/security")
    portal.link("Add a number for SMS").click()
    portal.field("Mobile number").fill(written)
    portal.button("Send a code").click()
    first = reader.sms(number)
    portal.field("One-time code").fill(first)
    portal.button("Save").click()
    sms = portal.page.get_by_role("listitem").filter(has_text=portal.say("Code by SMS"))
    expect(sms.get_by_text(portal.say("Asked for first"))).to_have_count(0)
    sms.get_by_role("button", name=re.compile(rf"^{re.escape(portal.say('Ask for this first'))}")).click()
    portal.told("Saved. It is asked for first from now on.")
    expect(sms.get_by_text(portal.say("Asked for first"))).to_be_visible()
    sign_out(portal, who)
    _gives_the_password(portal, who)
    portal.field("One-time code").fill(eventually(lambda: code if (code := reader.sms(number)) != first else None) or "")
    portal.button("Continue").click()
    expect(portal.page.get_by_role("navigation", name=portal.say("Main menu"))).to_be_visible()


def _gives_the_password(portal: Portal, who: Person) -> None:
    portal.field("E-mail address").fill(who.email)
    portal.field("Password").fill(PASSWORD)
    portal.button("Continue").click()
