"""Coming in when the telephone is new, lost, or a passkey; and going when one is removed: at a desk and on a phone."""

import re

import pytest
from kontor.identity.v1 import identity_pb2
from playwright.sync_api import expect

from demo import data
from demo.authenticator import Authenticator
from demo.people import PASSWORD, Person
from tests.journeys.afterwards import GONE
from tests.journeys.pages import Portal, sign_out
from tests.journeys.reader import Reader

pytestmark = [pytest.mark.xdist_group("journeys guide"), pytest.mark.timeout(240)]
CODE = re.compile(r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3,}\b")


def _joins(reader: Reader, who: Person) -> None:
    with reader.stage.world.acting(reader.company.administrator):
        data.add_member(reader.stage.world, who, identity_pb2.ROLE_WRITE)


def _gives_the_password(portal: Portal, who: Person) -> None:
    portal.page.goto("/sign-in")
    portal.field("E-mail address").fill(who.email)
    portal.field("Password").fill(PASSWORD)
    portal.button("Continue").click()


def _gives_the_code(portal: Portal, code: str, label: str = "One-time code") -> None:
    portal.field(label).fill(code)
    portal.button("Continue").click()


def _is_in(portal: Portal) -> None:
    expect(portal.page.get_by_role("navigation", name=portal.say("Main menu"))).to_be_visible()


def _enrols_the_app(reader: Reader, portal: Portal, who: Person) -> None:
    """The key that is shown goes into the app of a new telephone."""
    expect(portal.page.get_by_role("img", name=portal.say("QR code for the authenticator app"))).to_be_visible()
    portal.page.get_by_text(portal.say("Can you not scan it?")).click()
    key = "".join(portal.page.get_by_role("code").inner_text().split())
    reader.stage.world.secrets[who.email] = key
    phone = reader.stage.world.phones[who.email] = Authenticator(key, used=False)
    _gives_the_code(portal, phone.code())


def _chooses(portal: Portal, method: str) -> None:
    portal.button("Use another method").click()
    portal.page.get_by_role("button", name=re.compile(rf"^{portal.say('Choose')} .*{re.escape(portal.say(method))}")).click()


def test_the_first_sign_in_with_an_app_and_the_next_one(reader: Reader) -> None:
    """ACC-22, ACC-23, ACC-25: the app is enrolled by its key, and shows the code of every later sign-in."""
    who, portal = reader.newcomer("Astrid"), reader.stranger()
    _joins(reader, who)
    world, token = reader.stage.world, identity_pb2.VerifyAccountRequest
    world.sign_in.VerifyAccount(token(token=world.mailed_link(who)))
    world.sign_in.RequestPasswordLink(identity_pb2.RequestPasswordLinkRequest(email=who.email, language=who.language))
    made = identity_pb2.SetPasswordRequest(token=world.mailed_link(who), password=PASSWORD, password_again=PASSWORD)
    world.sign_in.SetPassword(made)
    _gives_the_password(portal, who)
    _enrols_the_app(reader, portal, who)
    portal.button("Accept the terms").click()
    _is_in(portal)
    sign_out(portal, who)
    _gives_the_password(portal, who)
    _gives_the_code(portal, reader.stage.phone(who).code())
    _is_in(portal)


def test_a_lost_telephone_by_recovery_code(reader: Reader) -> None:
    """BEY-05: ten codes are made while all is well; later one opens, once, and the person is told."""
    who = reader.newcomer("Gerd")
    _joins(reader, who)
    reader.stage.world.activate(who)
    portal = reader.at(who, "/security")
    portal.button("Make recovery codes").click()
    codes = CODE.findall(portal.page.get_by_role("main").inner_text())
    assert len(set(codes)) == 10
    lost = reader.stranger()
    _gives_the_password(lost, who)
    _chooses(lost, "Recovery code")
    _gives_the_code(lost, codes[0], "Recovery code")
    _is_in(lost)
    again = reader.stranger()
    _gives_the_password(again, who)
    _chooses(again, "Recovery code")
    _gives_the_code(again, codes[0], "Recovery code")
    again.told("The code is wrong or has been used. Look once more, or wait for the next one.")


def test_a_lost_telephone_by_an_administrators_code(reader: Reader) -> None:
    """BEY-05: the administrator has made sure who asks; the code stands for the old app, and a new one takes its place."""
    who = reader.newcomer("Hilde")
    _joins(reader, who)
    reader.stage.world.activate(who)
    boss = reader.boss("/administration")
    boss.page.get_by_role("link", name=f"{who.first_name} {who.last_name}", exact=True).click()
    boss.link("Lost app and phone").click()
    boss.page.get_by_role("checkbox").check()
    boss.button("Make the code").click()
    (code,) = set(CODE.findall(boss.page.get_by_role("main").inner_text()))
    lost = reader.stranger()
    _gives_the_password(lost, who)
    _chooses(lost, "Code from your administrator")
    _gives_the_code(lost, code, "Code from your administrator")
    _enrols_the_app(reader, lost, who)
    _is_in(lost)


def test_who_is_removed_while_a_page_is_open_sees_that_at_once(reader: Reader) -> None:
    """ACC-82, BEY-07: the open page says so within three seconds, without being touched."""
    who = reader.newcomer("Liv")
    _joins(reader, who)
    reader.stage.world.activate(who)
    portal = reader.at(who, "/documents")
    _is_in(portal)
    boss = reader.boss("/administration")
    boss.page.get_by_role("link", name=f"{who.first_name} {who.last_name}", exact=True).click()
    boss.link("Remove user from the organisation").click()
    boss.button("Remove %(name)s", boss.page.get_by_role("dialog"), name=who.first_name).click()
    expect(portal.page.get_by_text(portal.say(GONE))).to_be_visible(timeout=10_000)
