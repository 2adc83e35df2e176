"""Uploading with script: a bar for each file, the question at the top, and what became of each."""

import re
from typing import Any

import pytest
from kontor.documents.v1 import documents_pb2
from kontor.messaging.v1 import messaging_pb2
from playwright.sync_api import Locator, Page, Route, expect

from chassis.errors import Conflict, Invalid, Unavailable
from services.gateway.config import Config
from tests.gateway.portal import FOLDER, Portal, document, listed
from tests.gateway.window import OpenPage, Window, fresh, window
from tests.waiting import eventually

PUT = re.compile(r"/documents/upload\?")
SMALL = Config(listen="127.0.0.1:0", threads=4, upload_limit_mb=1)


def _upload() -> Portal:
    asked = fresh(config=SMALL)
    asked.book.answers.update(listed() | {"CheckNames": documents_pb2.CheckNamesResponse()})
    return asked


def _choose(page: Page, **files: bytes) -> None:
    page.goto("/documents/upload")
    chosen: Any = [{"name": f"{name}.pdf", "mimeType": "application/pdf", "buffer": content} for name, content in files.items()]
    page.locator("#files").set_input_files(chosen)


def _row(page: Page, name: str) -> Locator:
    return page.locator("#rows .file", has=page.get_by_text(f"{name}.pdf", exact=True))


def _confirm(page: Page) -> None:
    page.get_by_role("button", name="Confirm upload").click()


def _sent(seen: Window) -> list[tuple[str, bool]]:
    requests: list[Any] = [each.request for each in seen.portal.asked("Upload")]
    return sorted((each.name, each.replace) for each in requests)


def _exists(*names: str) -> documents_pb2.CheckNamesResponse:
    return documents_pb2.CheckNamesResponse(existing=[document(name) for name in names])


def test_nothing_is_sent_before_confirming_and_then_each_file_goes_with_its_bar(new_page: OpenPage) -> None:
    """ACC-38, ACC-39."""
    with window(new_page, _upload(), config=SMALL) as seen:
        held: list[Route] = []
        seen.page.route(PUT, lambda route: held.append(route))  # noqa: PLW0108  # playwright wants a function of ours
        _choose(seen.page, Timer=b"one", Bilag=b"two")
        expect(seen.page.locator("#f-status")).to_have_text("2 chosen")
        assert seen.portal.asked("CheckNames") == []
        _confirm(seen.page)
        for name in ("Timer", "Bilag"):
            expect(seen.page.get_by_role("progressbar", name=f"Sending {name}.pdf")).to_be_visible()
        assert seen.portal.asked("Upload") == []
        for route in held:
            route.continue_()
        for name in ("Timer", "Bilag"):
            expect(_row(seen.page, name).get_by_text("Being checked")).to_be_visible()
        expect(seen.page.locator("#f-status")).to_have_text("2 of 2 received")
        assert _sent(seen) == [("Bilag.pdf", False), ("Timer.pdf", False)]
        batches: set[str] = {getattr(each.request, "batch_id", "") for each in seen.portal.asked("Upload")}
        assert len(batches) == 1
        assert seen.complaints == []


def test_a_file_can_be_taken_away_again_before_it_is_sent(new_page: OpenPage) -> None:
    with window(new_page, _upload(), config=SMALL) as seen:
        _choose(seen.page, Timer=b"one", Bilag=b"two")
        seen.page.get_by_role("button", name="Remove Timer.pdf").click()
        _confirm(seen.page)
        expect(_row(seen.page, "Bilag").get_by_text("Being checked")).to_be_visible()
        assert _sent(seen) == [("Bilag.pdf", False)]


def test_confirming_with_nothing_chosen_says_so(new_page: OpenPage) -> None:
    with window(new_page, _upload(), config=SMALL) as seen:
        seen.page.goto("/documents/upload")
        _confirm(seen.page)
        expect(seen.page.locator("#f-status")).to_have_text("Choose at least one file first.")


def test_what_is_there_already_is_asked_about_while_the_others_go(new_page: OpenPage) -> None:
    """ACC-40: replaced or kept, never both, never in silence."""
    with window(new_page, _upload(), config=SMALL) as seen:
        seen.portal.book.answers["CheckNames"] = _exists("Timer.pdf", "Bilag.pdf")
        _choose(seen.page, Timer=b"one", Bilag=b"two", Ny=b"three")
        _confirm(seen.page)
        question = seen.page.get_by_role("group", name="Timer.pdf")
        expect(question).to_be_focused()
        expect(seen.page.locator("#f-status")).to_have_text("A question for you first")
        expect(_row(seen.page, "Ny").get_by_text("Being checked")).to_be_visible()
        assert _sent(seen) == [("Ny.pdf", False)]
        question.get_by_role("button", name="Replace it, as version 3").click()
        seen.page.get_by_role("group", name="Bilag.pdf").get_by_role("button", name="Keep the old one").click()
        expect(_row(seen.page, "Bilag").get_by_text("Kept as it was")).to_be_visible()
        expect(_row(seen.page, "Timer").get_by_text("Being checked")).to_be_visible()
        assert _sent(seen) == [("Ny.pdf", False), ("Timer.pdf", True)]


@pytest.mark.parametrize(("answer", "sent"), [("Replace it, as version 3", 3), ("Keep the old one", 0)])
def test_one_answer_may_count_for_all(new_page: OpenPage, answer: str, sent: int) -> None:
    """ACC-40."""
    with window(new_page, _upload(), config=SMALL) as seen:
        seen.portal.book.answers["CheckNames"] = _exists("A.pdf", "B.pdf", "C.pdf")
        _choose(seen.page, A=b"1", B=b"2", C=b"3")
        _confirm(seen.page)
        seen.page.get_by_label("The same for all").check()
        seen.page.get_by_role("button", name=answer).click()
        expect(seen.page.locator("#questions .file")).to_have_count(0)
        eventually(lambda: len(seen.portal.asked("Upload")) == sent)


def test_somebody_faster_is_asked_about_too(new_page: OpenPage) -> None:
    """ACC-40: the file came between the check and the upload."""
    with window(new_page, _upload(), config=SMALL) as seen:
        seen.portal.book.answers["Upload"] = Conflict("document_exists")
        _choose(seen.page, Timer=b"one")
        _confirm(seen.page)
        question = seen.page.get_by_role("group", name="Timer.pdf")
        expect(question.get_by_text("is already in the folder")).to_be_visible()
        del seen.portal.book.answers["Upload"]
        question.get_by_role("button", name="Replace it").click()
        expect(_row(seen.page, "Timer").get_by_text("Being checked")).to_be_visible()
        assert _sent(seen) == [("Timer.pdf", False), ("Timer.pdf", True)]


def test_too_large_and_empty_files_never_start(new_page: OpenPage) -> None:
    with window(new_page, _upload(), config=SMALL) as seen:
        _choose(seen.page, Stor=b"x" * (1024 * 1024 + 1), Tom=b"", Timer=b"one")
        expect(_row(seen.page, "Stor")).to_contain_text("larger than 1 MB. Split it")
        expect(_row(seen.page, "Tom")).to_contain_text("The file is empty")
        _confirm(seen.page)
        expect(_row(seen.page, "Timer").get_by_text("Being checked")).to_be_visible()
        assert _sent(seen) == [("Timer.pdf", False)]


def test_a_refused_file_says_why_and_the_others_go(new_page: OpenPage) -> None:
    with window(new_page, _upload(), config=SMALL) as seen:
        seen.portal.book.answers["Upload"] = Invalid("file_name_type", fields={"name": "file_name_type"})
        _choose(seen.page, Timer=b"one")
        _confirm(seen.page)
        expect(_row(seen.page, "Timer")).to_contain_text("Files of this type are not accepted")
        expect(_row(seen.page, "Timer").get_by_role("button")).to_have_count(0)


def test_what_does_not_answer_may_be_tried_again(new_page: OpenPage) -> None:
    with window(new_page, _upload(), config=SMALL) as seen:
        seen.portal.book.answers["Upload"] = Unavailable("storage_unavailable")
        _choose(seen.page, Timer=b"one")
        _confirm(seen.page)
        expect(_row(seen.page, "Timer")).to_contain_text("Nothing was changed")
        del seen.portal.book.answers["Upload"]
        _row(seen.page, "Timer").get_by_role("button", name="Try again").click()
        expect(_row(seen.page, "Timer").get_by_text("Being checked")).to_be_visible()


def test_a_lost_connection_and_a_change_of_mind_lose_one_file_only(new_page: OpenPage) -> None:
    with window(new_page, _upload(), config=SMALL) as seen:
        held: dict[str, Route] = {}
        seen.page.route(PUT, lambda route: held.__setitem__(re.findall(r"name=(\w+)", route.request.url)[0], route))
        _choose(seen.page, Brutt=b"one", Angret=b"two", Timer=b"three")
        _confirm(seen.page)
        seen.page.get_by_role("button", name="Cancel Angret.pdf").click()
        expect(_row(seen.page, "Angret")).to_contain_text("Nothing of it was kept")
        eventually(lambda: seen.page.evaluate("1") and len(held) == 3)
        held["Brutt"].abort()
        held["Timer"].continue_()
        expect(_row(seen.page, "Brutt")).to_contain_text("The connection was lost")
        expect(_row(seen.page, "Timer").get_by_text("Being checked")).to_be_visible()
        assert _sent(seen) == [("Timer.pdf", False)]


def test_the_message_goes_once_and_after_the_files(new_page: OpenPage) -> None:
    """ACC-34."""
    with window(new_page, _upload(), config=SMALL) as seen:
        _choose(seen.page, Timer=b"one", Bilag=b"two")
        message = seen.page.get_by_label("Message about the files (optional)")
        message.fill("Timelisten kommer fredag.")
        _confirm(seen.page)
        expect(message).to_have_value("")
        assert [each.rpc for each in seen.portal.book.asked if each.rpc in ("Upload", "SendMessage")] == ["Upload", "Upload", "SendMessage"]
        assert seen.portal.last("SendMessage").body == "Timelisten kommer fredag."
        assert len(seen.portal.last("SendMessage").document_ids) == 2


def test_a_message_that_could_not_be_sent_is_not_lost(new_page: OpenPage) -> None:
    with window(new_page, _upload(), config=SMALL) as seen:
        seen.portal.book.answers["SendMessage"] = Unavailable("messaging_unavailable")
        _choose(seen.page, Timer=b"one")
        message = seen.page.get_by_label("Message about the files (optional)")
        message.fill("Timelisten kommer fredag.")
        _confirm(seen.page)
        expect(seen.page.locator("#f-status")).to_contain_text("the message could not be sent")
        expect(message).to_have_value("Timelisten kommer fredag.")


@pytest.mark.parametrize("meanwhile", [False, True], ids=["one after the other", "both at once"])
def test_the_message_goes_once_with_the_files_that_are_tried_again(new_page: OpenPage, meanwhile: bool) -> None:
    """ACC-34: when none had arrived at first."""
    with window(new_page, _upload(), config=SMALL) as seen:
        seen.portal.book.answers["Upload"] = Unavailable("storage_unavailable")
        _choose(seen.page, Timer=b"one", Bilag=b"two")
        message = seen.page.get_by_label("Message about the files (optional)")
        message.fill("Timelisten kommer fredag.")
        _confirm(seen.page)
        again = seen.page.get_by_role("button", name="Try again")
        expect(again).to_have_count(2)
        assert seen.portal.asked("SendMessage") == []
        expect(message).to_have_value("Timelisten kommer fredag.")
        del seen.portal.book.answers["Upload"]
        held: list[Route] = []
        seen.page.route(PUT, lambda route: held.append(route) if meanwhile else route.continue_())
        again.first.dblclick()
        if not meanwhile:
            expect(message).to_have_value("")
        again.last.click()
        if meanwhile:
            eventually(lambda: seen.page.evaluate("1") and len(held) == 2)
            for route in held:
                route.continue_()
        expect(seen.page.locator("#f-status")).to_have_text("2 of 2 received")
        expect(message).to_have_value("")
        assert len(seen.portal.asked("Upload")) == 4
        sent: list[Any] = [each.request for each in seen.portal.asked("SendMessage")]
        assert [(each.body, len(each.document_ids)) for each in sent] == [("Timelisten kommer fredag.", 2 if meanwhile else 1)]


def test_confirming_twice_sends_everything_once(new_page: OpenPage) -> None:
    """ACC-38: also while the message is still being looked at."""
    with window(new_page, _upload(), config=SMALL) as seen:
        _choose(seen.page, Timer=b"one")
        message = seen.page.get_by_label("Message about the files (optional)")
        message.fill("Timelisten kommer fredag.")
        seen.page.get_by_role("button", name="Confirm upload").dblclick()
        expect(message).to_have_value("")
        expect(seen.page.locator("#f-status")).to_have_text("1 of 1 received")
        assert _sent(seen) == [("Timer.pdf", False)]
        assert len(seen.portal.asked("SendMessage")) == 1


def test_a_personal_number_in_the_message_is_asked_about_before_any_file_leaves(new_page: OpenPage) -> None:
    """BEY-04: the files stay chosen; with the number hidden they go, and the message after them."""
    with window(new_page, _upload(), config=SMALL) as seen:
        seen.portal.book.answers["CheckText"] = messaging_pb2.CheckTextResponse(
            findings=[messaging_pb2.Finding(kind=messaging_pb2.SENSITIVE_KIND_NORWEGIAN_IDENTITY_NUMBER)]
        )
        _choose(seen.page, Timer=b"one")
        message = seen.page.get_by_label("Message about the files (optional)")
        message.fill("Det er 000000 00000")
        expect(seen.page.get_by_text("This looks like a Norwegian personal number")).to_be_visible()
        _confirm(seen.page)
        expect(message).to_be_focused()
        expect(seen.page.locator("#f-status")).to_have_text("1 chosen")
        assert [*seen.portal.asked("CheckNames"), *seen.portal.asked("Upload")] == []
        hide = seen.page.get_by_label("Hide the numbers")
        hide.check()
        with seen.page.expect_response("**/messages/check"):
            message.press_sequentially(" igjen")
        expect(seen.page.locator("#guard.htmx-settling, #guard.htmx-swapping")).to_have_count(0)
        expect(hide).to_be_checked()
        _confirm(seen.page)
        expect(_row(seen.page, "Timer").get_by_text("Being checked")).to_be_visible()
        expect(message).to_have_value("")
        expect(hide).to_have_count(0)
        assert seen.portal.last("SendMessage").mask


def test_a_row_follows_its_scan_without_a_reload(new_page: OpenPage) -> None:
    """ACC-56, ACC-57: the news makes it at once, and a look every few seconds where no news comes."""
    with window(new_page, _upload(), config=SMALL) as seen:
        _choose(seen.page, Timer=b"one")
        _confirm(seen.page)
        row = _row(seen.page, "Timer")
        expect(row.get_by_text("Being checked")).to_be_visible()
        stopped = document("Timer.pdf", status="UNSCANNABLE", reason="encrypted")
        stopped.document_id = "0192f0c1-7d5e-7000-8000-000000000001"
        seen.portal.book.answers["BatchGetDocuments"] = documents_pb2.BatchGetDocumentsResponse(documents=[stopped])
        seen.tell_documents()
        expect(row).to_contain_text("Cannot be checked")
        expect(row).to_contain_text("Upload it again without a password")


def test_files_can_be_dropped_on_the_page(new_page: OpenPage) -> None:
    with window(new_page, _upload(), config=SMALL) as seen:
        seen.page.goto(f"/documents/upload?folder={FOLDER}")
        dropped = seen.page.evaluate_handle(
            "() => { const data = new DataTransfer(); data.items.add(new File(['one'], 'Timer.pdf')); return data; }"
        )
        seen.page.dispatch_event("#dropzone", "drop", {"dataTransfer": dropped})
        expect(_row(seen.page, "Timer")).to_be_visible()
        _confirm(seen.page)
        expect(_row(seen.page, "Timer").get_by_text("Being checked")).to_be_visible()
