"""The list of members in a browser: the panel beside it, searching while typing, and asking before a removal."""

import re

from kontor.identity.v1 import identity_pb2
from playwright.sync_api import expect

from tests.gateway import firm
from tests.gateway.portal import SECOND, Portal
from tests.gateway.window import OpenPage, fresh, window


def _full() -> Portal:
    asked = fresh()
    people = firm.answers()["ListMembers"]
    asked.book.answers.update(ListMembers=people, GetMember=people.members[0])
    return asked


def test_the_panel_opens_beside_the_list_and_gives_the_focus_back(new_page: OpenPage) -> None:
    """ACC-81: removing asks in a dialog, whose first choice is to keep."""
    with window(new_page, _full()) as seen:
        seen.page.goto("/administration")
        seen.page.get_by_role("link", name="Liv Testnes", exact=True).click()
        expect(seen.page.locator("#p-title")).to_be_focused()
        expect(seen.page).to_have_url(re.compile(rf"/administration/members/{SECOND}$"))
        seen.page.get_by_role("link", name="Remove user from the organisation").click()
        expect(seen.page.get_by_role("link", name="Keep Liv")).to_be_focused()
        seen.page.keyboard.press("Escape")
        assert seen.portal.asked("RemoveMember") == []
        seen.page.get_by_role("link", name="Close details").click()
        expect(seen.page.locator("#panel")).to_have_count(0)
        expect(seen.page.locator(f"#open-{SECOND}")).to_be_focused()
        assert seen.complaints == []


def test_typing_narrows_the_list_and_the_address_says_so(new_page: OpenPage) -> None:
    """ACC-76."""
    asked = _full()
    many = asked.book.answers["ListMembers"]
    assert isinstance(many, identity_pb2.ListMembersResponse)
    many.total = 40
    with window(new_page, asked) as seen:
        seen.page.goto("/administration/users")
        seen.page.get_by_label("Name or e-mail address").fill("liv")
        expect(seen.page).to_have_url(re.compile(r"/administration/users\?name=liv$"))
        expect(seen.page.locator("#said")).to_have_text("2 users")
        assert seen.portal.last("ListMembers").name == "liv"
        assert seen.complaints == []
