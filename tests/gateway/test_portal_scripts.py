"""What the pages' scripts do, in a real browser: news, details, dialogs, ticks, and filters."""

import re

from kontor.documents.v1 import documents_pb2
from kontor.messaging.v1 import messaging_pb2
from playwright.sync_api import expect

from chassis.errors import Unauthenticated, Unavailable
from tests.gateway.portal import DOCUMENT, MEMBERSHIP, Portal, document, listed, noticed
from tests.gateway.test_portal_messages import talking, thread
from tests.gateway.window import OpenPage, fresh, window
from tests.servers.browser import PHONE
from tests.waiting import eventually

FIRST, SECOND = "Lønnsslipper mai.pdf", "Resultat april.pdf"


def _two(**who: object) -> Portal:
    asked = fresh(**who)
    asked.book.answers.update(listed(document(FIRST), document(SECOND, number=2)) | {"ListNotices": noticed(DOCUMENT)})
    asked.book.answers["GetDocument"] = document(FIRST)
    return asked


def test_a_red_dot_comes_by_itself(new_page: OpenPage) -> None:
    """ACC-67: at once, on the page that is open."""
    with window(new_page, _two()) as seen:
        seen.page.goto("/documents")
        seen.listens()
        expect(seen.page.locator("#bell .dot")).to_have_count(0)
        seen.portal.book.answers["ListNotices"] = noticed(DOCUMENT, unread=1)
        seen.tell_notices()
        expect(seen.page.locator("#bell .dot")).to_have_count(1)
        seen.page.get_by_role("button", name="Notices, 1 new").click()
        expect(seen.page.get_by_role("button", name=f"{FIRST} is published")).to_be_visible()
        assert seen.complaints == []


def test_the_open_list_of_notices_is_not_taken_from_under_the_reader(new_page: OpenPage) -> None:
    with window(new_page, _two()) as seen:
        seen.page.goto("/account")
        seen.page.get_by_role("button", name="Notices", exact=True).click()
        before = len(seen.portal.asked("ListNotices"))
        seen.tell_notices()
        eventually(lambda: len(seen.portal.asked("ListNotices")) > before)
        expect(seen.page.locator("#latest")).to_be_visible()


def test_a_list_changes_by_itself_and_keeps_ticks_and_focus(new_page: OpenPage) -> None:
    """ACC-56: scanning becomes Published without a reload."""
    with window(new_page, _two()) as seen:
        seen.portal.book.answers |= listed(document(FIRST), document(SECOND, status="SCANNING", number=2))
        seen.page.goto("/documents")
        seen.listens()
        tick = seen.page.get_by_role("checkbox", name=f"Choose {FIRST}")
        tick.check()
        seen.page.evaluate("window.stayed = true")
        seen.portal.book.answers |= listed(document(FIRST), document(SECOND, number=2))
        seen.tell_documents()
        expect(seen.page.get_by_role("row", name=SECOND).get_by_text("Published")).to_be_visible()
        expect(tick).to_be_checked()
        expect(tick).to_be_focused()
        expect(seen.page.get_by_role("button", name="Download 1 chosen")).to_be_enabled()
        assert seen.page.evaluate("window.stayed") is True
        assert seen.complaints == []


def test_a_session_that_ends_elsewhere_leaves_the_page_at_once(new_page: OpenPage) -> None:
    """ACC-28, ACC-82."""
    with window(new_page, _two()) as seen:
        seen.page.goto("/documents")
        seen.listens()
        seen.portal.book.answers["ResolveSession"] = Unauthenticated("session_ended")
        seen.hub.publish("user:u-1")
        expect(seen.page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()


def test_ticks_are_counted_all_at_once_or_one_by_one(new_page: OpenPage) -> None:
    """ACC-54, AMI-19: the button says how many."""
    with window(new_page, _two()) as seen:
        seen.portal.book.answers |= listed(document(FIRST), document(SECOND, number=2), document("X.zip", status="QUARANTINE", number=3))
        seen.page.goto("/documents")
        expect(seen.page.get_by_role("button", name="Choose documents to download")).to_be_disabled()
        every = seen.page.get_by_role("checkbox", name="Choose all")
        every.check()
        expect(seen.page.get_by_role("button", name="Download 2 chosen")).to_be_enabled()
        seen.page.get_by_role("checkbox", name=f"Choose {FIRST}").uncheck()
        assert every.evaluate("box => box.indeterminate") is True
        with seen.page.expect_download() as coming:
            seen.page.get_by_role("button", name="Download 1 chosen").click()
        assert coming.value.suggested_filename == "Dokumenter.zip"
        assert list(seen.portal.last("DownloadZip").document_ids) == [document(number=2).document_id]


def test_filters_narrow_while_one_writes_and_stand_in_the_address(new_page: OpenPage) -> None:
    """ACC-48: what is not set is left out of the address."""
    with window(new_page, _two()) as seen:
        seen.page.goto("/documents")
        seen.page.get_by_role("combobox", name="Status").select_option("Updated")
        expect(seen.page).to_have_url(re.compile(r"/documents\?status=updated$"))
        search = seen.page.get_by_role("searchbox", name="File name")
        search.press_sequentially("april")
        expect(seen.page).to_have_url(re.compile(r"/documents\?name=april&status=updated$"))
        expect(search).to_be_focused()
        expect(seen.page.locator("#said")).to_have_text("2 documents")
        assert seen.portal.last("ListDocuments").name == "april"
        assert list(seen.portal.last("ListDocuments").statuses) == [documents_pb2.STATUS_UPDATED]
        seen.page.reload()
        assert seen.page.get_by_role("combobox", name="Status").input_value() == "updated"


def test_details_take_the_focus_and_give_it_back(new_page: OpenPage) -> None:
    with window(new_page, _two()) as seen:
        seen.page.goto("/documents?status=published")
        link = seen.page.get_by_role("link", name=FIRST)
        link.click()
        expect(seen.page.get_by_role("heading", name=FIRST)).to_be_focused()
        expect(seen.page).to_have_url(re.compile(f"status=published&document={DOCUMENT}$"))
        seen.page.keyboard.press("Escape")
        expect(link).to_be_focused()
        expect(seen.page.get_by_role("complementary")).to_have_count(0)
        expect(seen.page).to_have_url(re.compile(r"/documents\?status=published$"))
        seen.page.go_back()
        expect(seen.page.get_by_role("complementary")).to_have_count(1)


def test_on_a_phone_details_cover_the_page(new_page: OpenPage) -> None:
    with window(new_page, _two(), size=PHONE) as seen:
        seen.page.goto("/documents")
        seen.page.get_by_role("link", name=FIRST).click()
        expect(seen.page.get_by_role("heading", name=FIRST)).to_be_focused()
        box = seen.page.get_by_role("complementary").bounding_box()
        assert box is not None
        assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, *PHONE)
        covered = "[...document.querySelectorAll('nav.menu, header.top, #list')].every(each => each.closest('[inert]') !== null)"
        assert seen.page.evaluate(covered) is True
        seen.page.get_by_role("link", name="Close details").click()
        expect(seen.page.get_by_role("complementary")).to_have_count(0)
        assert seen.page.evaluate("document.querySelectorAll('[inert]').length") == 0


def test_what_cannot_be_fetched_is_told_as_a_page(new_page: OpenPage) -> None:
    with window(new_page, _two()) as seen:
        seen.page.goto("/documents")
        seen.portal.book.answers["ListDocuments"] = Unavailable("documents_unavailable")
        seen.page.get_by_role("combobox", name="Status").select_option("Updated")
        expect(seen.page.get_by_role("heading", name="Part of Kontor is not available just now")).to_be_visible()
        seen.portal.book.answers |= listed(document(FIRST))
        seen.page.get_by_role("link", name="Try again").click()
        expect(seen.page.get_by_role("link", name=FIRST)).to_be_visible()


def test_what_the_page_sends_by_itself_in_vain_leaves_what_was_written(new_page: OpenPage) -> None:
    """BEY-04: the guard comes back when it can."""
    asked = talking(signed_in=False)
    asked.book.answers["CheckText"] = Unavailable("messaging_unavailable")
    with window(new_page, asked) as seen:
        seen.page.goto("/messages/new")
        subject, body = seen.page.get_by_label("Subject"), seen.page.get_by_label("Description")
        subject.fill("Ferie")
        with seen.page.expect_response("**/messages/check"):
            body.fill("Det er 000000 00000")
        found = messaging_pb2.Finding(kind=messaging_pb2.SENSITIVE_KIND_NORWEGIAN_IDENTITY_NUMBER)
        asked.book.answers["CheckText"] = messaging_pb2.CheckTextResponse(findings=[found])
        body.press_sequentially(".")
        expect(seen.page.get_by_text("This looks like a Norwegian personal number")).to_be_visible()
        expect(subject).to_have_value("Ferie")
        expect(body).to_have_value("Det er 000000 00000.")


def test_enter_does_not_press_the_guards_button(new_page: OpenPage) -> None:
    """BEY-04: a browser sends a form by its first button; whoever wants numbers hidden says so."""
    asked = talking(signed_in=False)
    found = messaging_pb2.Finding(kind=messaging_pb2.SENSITIVE_KIND_NORWEGIAN_IDENTITY_NUMBER)
    asked.book.answers["CheckText"] = messaging_pb2.CheckTextResponse(findings=[found])
    with window(new_page, asked) as seen:
        seen.page.goto("/messages/new")
        seen.page.get_by_label("Description").fill("Det er 000000 00000")
        expect(seen.page.get_by_role("button", name="Hide the numbers and send")).to_be_visible()
        subject = seen.page.get_by_label("Subject")
        subject.fill("Ferie")
        subject.press("Enter")
        eventually(lambda: seen.page.evaluate("1") and asked.asked("SendMessage"))
        assert not asked.last("SendMessage").mask


def test_a_code_for_the_phone_that_does_not_come_leaves_the_sign_in_page(new_page: OpenPage) -> None:
    """It is fetched unasked, while one types."""
    with window(new_page, fresh(), signed_in=False) as seen:
        fetched: list[str] = []
        seen.page.on("request", lambda request: fetched.append(request.method) if request.url.endswith("/sign-in/qr") else None)
        seen.page.route("**/sign-in/qr", lambda route: route.fulfill(status=503))
        with seen.page.expect_response("**/sign-in/qr"):
            seen.page.goto("/sign-in")
        seen.page.get_by_label("E-mail address").fill("ingrid@testdal.example")
        seen.page.get_by_label("Password", exact=True).fill("gran furu bjerk")
        seen.page.get_by_role("button", name="Continue").click()
        eventually(lambda: seen.page.evaluate("1") and seen.portal.asked("StartSignIn"))
        assert seen.portal.last("StartSignIn").email == "ingrid@testdal.example"
        assert fetched == ["POST"]


def test_a_new_conversation_shows_up_in_the_open_list_which_says_so(new_page: OpenPage) -> None:
    """ACC-67."""
    asked = talking(signed_in=False)
    asked.book.answers["ListNotices"] = noticed()
    with window(new_page, asked) as seen:
        seen.page.goto("/messages")
        seen.listens()
        second = thread(thread_id=DOCUMENT, subject="Skattekort")
        asked.book.answers["ListThreads"] = messaging_pb2.ListThreadsResponse(threads=[second, thread()])
        seen.hub.publish(f"talker:{MEMBERSHIP}")
        expect(seen.page.get_by_role("link", name="Skattekort")).to_be_visible()
        expect(seen.page.locator("#said")).to_have_text("2 conversations")
        assert seen.complaints == []


def test_removing_asks_in_a_dialog_that_keeps_things_as_they_are(new_page: OpenPage) -> None:
    """ACC-81."""
    with window(new_page, _two()) as seen:
        seen.page.goto(f"/administration/members/{MEMBERSHIP}")
        remove = seen.page.get_by_role("link", name="Remove user from the organisation")
        remove.click()
        dialog = seen.page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        expect(dialog.get_by_role("link", name=re.compile("^Keep "))).to_be_focused()
        seen.page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        remove.click()
        dialog.get_by_role("link", name=re.compile("^Keep ")).click()
        expect(dialog).to_be_hidden()
        assert seen.portal.asked("RemoveMember") == []
        remove.click()
        dialog.get_by_role("button", name=re.compile("^Remove ")).click()
        expect(seen.page.get_by_text("The user is removed")).to_be_visible()
        assert len(seen.portal.asked("RemoveMember")) == 1


def test_a_message_that_all_went_well_goes_away_when_told_to(new_page: OpenPage) -> None:
    with window(new_page, _two()) as seen:
        seen.page.goto("/account?saved=profile")
        toast = seen.page.get_by_text("Saved.", exact=True)
        expect(toast).to_be_visible()
        seen.page.get_by_role("button", name="Close the message").click()
        expect(toast).to_have_count(0)


def test_a_new_password_says_how_long_it_is(new_page: OpenPage) -> None:
    with window(new_page, _two()) as seen:
        seen.page.goto("/account")
        password = seen.page.get_by_label("New password")
        password.fill("gran furu")
        expect(seen.page.get_by_text("9 characters so far")).to_be_visible()
        password.fill("gran furu bjerk")
        expect(seen.page.get_by_text("Long enough")).to_be_visible()


def test_the_main_job_needs_no_script(new_page: OpenPage) -> None:
    with window(new_page, _two(), javascript=False) as seen:
        seen.page.goto("/documents")
        seen.page.get_by_role("searchbox", name="File name").fill("april")
        seen.page.get_by_role("button", name="Filter", exact=True).click()
        assert seen.portal.last("ListDocuments").name == "april"
        seen.page.get_by_role("link", name=FIRST).click()
        expect(seen.page.get_by_role("complementary")).to_be_visible()
        seen.page.get_by_role("link", name="Close details").click()
        seen.page.get_by_role("link", name="Upload", exact=True).click()
        seen.page.locator("#files").set_input_files({"name": "Timer.pdf", "mimeType": "application/pdf", "buffer": b"one"})
        seen.page.get_by_role("button", name="Confirm upload").click()
        expect(seen.page.locator(".file").get_by_text("Being checked")).to_be_visible()
        assert seen.portal.last("Upload").name == "Timer.pdf"
