"""What an open page does about its session, in a real browser: it uses none by itself, and takes nothing away that is being written."""

import pytest
from playwright.sync_api import expect

from chassis.errors import Unauthenticated
from tests.gateway.portal import MEMBERSHIP, Portal, document, listed
from tests.gateway.window import OpenPage, fresh, window
from tests.waiting import eventually


def _one() -> Portal:
    asked = fresh()
    asked.book.answers.update(listed(document()))
    return asked


@pytest.mark.parametrize("how", ["told", "asked"])
def test_a_session_that_ends_takes_nothing_away_that_was_written(new_page: OpenPage, how: str) -> None:
    """ACC-28: the page says so and stays, whether it was told or asked by itself; what is sent all the same is given back."""
    with window(new_page, _one()) as seen:
        seen.page.goto("/messages/new")
        seen.listens()
        seen.page.get_by_label("Subject").fill("Lønn i mai")
        seen.page.get_by_label("Description").fill("Timene mangler.")
        said = seen.page.get_by_text("Copy what you wrote before you go on.")
        expect(said).to_be_hidden()
        seen.portal.book.answers["ResolveSession"] = Unauthenticated("session_ended")
        seen.hub.publish("user:u-1" if how == "told" else f"member:{MEMBERSHIP}")
        expect(said).to_be_visible()
        seen.page.get_by_role("button", name="Close the message").click()
        expect(seen.page.get_by_label("Subject")).to_have_value("Lønn i mai")
        seen.page.get_by_role("button", name="Send the message").click()
        expect(seen.page.get_by_role("textbox", name="Text")).to_have_value("Timene mangler.")
        expect(seen.page.get_by_role("link", name="Sign in")).to_be_visible()


def test_a_page_says_what_it_asks_by_itself_and_that_somebody_writes(new_page: OpenPage) -> None:
    """30 minutes without the person end a session: what comes by itself does not count, half a page written without a pause does."""
    with window(new_page, _one()) as seen:
        seen.page.goto("/documents")
        seen.listens()

        def used() -> int:
            return sum(not each.request.quiet for each in seen.portal.asked("ResolveSession"))  # type: ignore[attr-defined]

        opened, asked = used(), len(seen.portal.asked("ListDocuments"))
        seen.tell_documents()
        seen.tell_notices()
        eventually(lambda: len(seen.portal.asked("ListDocuments")) > asked)
        assert (opened, used()) == (1, 1), "the page itself"
        seen.page.get_by_role("combobox", name="Status").select_option("Updated")
        eventually(lambda: used() == 2)
        seen.page.goto("/account")
        seen.page.evaluate("const now = Date.now; Date.now = () => now() + 301000")
        seen.page.get_by_label("First name").press_sequentially("Ingrid")
        eventually(lambda: used() == 4)


def test_a_form_says_from_where_it_is_sent(new_page: OpenPage) -> None:
    """Browsers that send no Sec-Fetch-Site are believed for their Origin, which is the page's own and not null."""
    with window(new_page, _one()) as seen:
        seen.page.goto("/account")
        with seen.page.expect_request(lambda request: request.method == "POST") as sent:
            seen.page.get_by_role("button", name="Save name and language").click()
        assert seen.page.url.startswith(sent.value.all_headers()["origin"])
        expect(seen.page.get_by_role("status").get_by_text("Saved.")).to_be_visible()


def test_the_answer_to_a_form_comes_before_what_it_brought_about(new_page: OpenPage) -> None:
    """NET-41: who logs out from all devices is told that she is out, though the page hears of her session's end at the same time."""
    with window(new_page, _one()) as seen:
        seen.page.goto("/sign-out-everywhere")
        heard = "document.body.dispatchEvent(new CustomEvent('kontor:session'))"
        seen.page.evaluate(f"addEventListener('submit', () => setTimeout(() => {heard}))")
        seen.page.get_by_role("button", name="Log out from all devices").click()
        expect(seen.page.get_by_text("You have been signed out.")).to_be_visible()
