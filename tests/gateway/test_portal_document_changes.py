"""Changing what is known of documents, their versions, how they end, and legal holds, in the portal."""

import re
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from kontor.documents.v1 import documents_pb2, retention_pb2
from kontor.identity.v1 import identity_pb2
from playwright.sync_api import expect

from chassis.errors import Conflict, Denied, Invalid
from tests.gateway.portal import AT, DOCUMENT, FOLDER, MEMBERSHIP, OWN, READER, Portal, document, listed, portal, words
from tests.gateway.window import OpenPage, window
from tests.waiting import eventually

FIRM = identity_pb2.ORGANISATION_KIND_FIRM
HOLD = MEMBERSHIP
SECOND = DOCUMENT[:-1] + "2"


def shelf(*documents: documents_pb2.Document, **who: Any) -> Portal:
    """A portal with these documents."""
    asked, documents = portal(**who), documents or (document(),)
    asked.book.answers |= listed(*documents) | {"GetDocument": documents[0], "UpdateDocument": documents[0]}
    return asked


def tombstone(**given: Any) -> retention_pb2.Tombstone:
    """What is left of a deleted document."""
    facts: dict[str, Any] = {
        "tombstone_id": DOCUMENT, "organisation_id": OWN, "folder_name": "Lønnsslipper", "service_area": 2, "name": "Lønn.pdf",
        "period": 5, "year": 2026, "version": 1, "size": 4321, "sha256": "ab" * 32, "uploaded_by": "Jonas Prøvestad", "uploaded_at": AT,
        "expires_at": AT, "cause": retention_pb2.DELETION_CAUSE_REQUEST, "withdrawn_at": AT, "deleted_by": "Maja Testnes",
    }  # fmt: skip
    return retention_pb2.Tombstone(**facts | given)


def test_the_form_starts_with_what_is_known() -> None:
    """ACC-52."""
    page = shelf().get(f"/documents/edit?document={DOCUMENT}").get_data(as_text=True)
    assert 'value="Lønnsslipper mai.pdf"' in page
    for chosen in (f'value="{FOLDER}" selected', 'value="5" selected', 'value="2026" selected'):
        assert chosen in page


def test_name_folder_period_and_year_are_changed() -> None:
    """ACC-52."""
    asked = shelf()
    answer = asked.post("/documents/edit", document=DOCUMENT, name=" Mai.pdf ", folder=FOLDER, period="6", year="2025", revision="3")
    sent = asked.last("UpdateDocument")
    assert (sent.document_id, sent.name, sent.folder_id, sent.period, sent.year) == (DOCUMENT, "Mai.pdf", FOLDER, 6, 2025)
    assert (sent.revision, sent.replace) == (3, False)
    assert answer.headers["Location"] == f"/documents?document={DOCUMENT}&changed=1"


def test_a_taken_place_asks_whether_to_overwrite() -> None:
    """ACC-40, ACC-53: overwrite or keep; what was written stays."""
    asked = shelf()
    asked.book.answers["UpdateDocument"] = Conflict("document_exists")
    answer = asked.post("/documents/edit", document=DOCUMENT, name="Mai.pdf", folder=FOLDER, period="6", year="2025", revision="3")
    assert answer.status_code == 409
    page = answer.get_data(as_text=True)
    assert "Shall this one replace it" in page
    assert 'name="replace" value="1"' in page
    assert 'value="Mai.pdf"' in page
    asked.post("/documents/edit", document=DOCUMENT, name="Mai.pdf", folder=FOLDER, period="6", year="2025", replace="1")
    assert asked.last("UpdateDocument").replace


def test_enter_does_not_answer_the_question_whether_to_overwrite(new_page: OpenPage) -> None:
    """ACC-40, ACC-53: it sends the form as the button below it does, which asks again."""
    asked = shelf(signed_in=False)
    asked.book.answers["UpdateDocument"] = Conflict("document_exists")
    with window(new_page, asked) as seen:
        seen.page.goto(f"/documents/edit?document={DOCUMENT}")
        for name in ("Mai.pdf", "Juni.pdf"):
            seen.page.get_by_label("File name").fill(name)
            seen.page.get_by_label("File name").press("Enter")
            expect(seen.page.get_by_role("button", name="Replace it")).to_be_visible()
            expect(seen.page.get_by_label("File name")).to_have_value(name)
            eventually(lambda name=name: asked.last("UpdateDocument").name == name)  # type: ignore[misc]
        assert not asked.last("UpdateDocument").replace
        seen.page.get_by_role("button", name="Replace it").click()
        eventually(lambda: asked.last("UpdateDocument").replace)


@pytest.mark.parametrize(("failure", "told"), [
    (Conflict("changed_meanwhile"), "error"),
    (Invalid("file_name_type", fields={"name": "file_name_type"}), "Files of this type are not accepted"),
])  # fmt: skip
def test_what_cannot_be_changed_is_said_at_its_field(failure: Any, told: str) -> None:
    """ACC-53."""
    asked = shelf()
    asked.book.answers["UpdateDocument"] = failure
    page = asked.post("/documents/edit", document=DOCUMENT, name="Mai.exe", folder=FOLDER, period="6", year="2025").get_data(as_text=True)
    assert 'id="name-error"' in page
    assert told in page
    assert 'value="Mai.exe"' in page


def test_several_are_changed_at_once_and_what_is_left_as_it_is_has_no_value() -> None:
    """ACC-52, ACC-53."""
    asked = shelf(document(), document(number=2))
    page = asked.get(f"/documents/edit?document={DOCUMENT}&document={SECOND}").get_data(as_text=True)
    assert 'id="name"' not in page
    assert page.count(">As it is</option>") == 3
    asked.book.answers["UpdateDocuments"] = documents_pb2.UpdateDocumentsResponse(documents=[document(), document(number=2)])
    answer = asked.post("/documents/edit", document=[DOCUMENT, SECOND], folder="", period="7", year="")
    sent = asked.last("UpdateDocuments")
    assert [each.document_id for each in sent.documents] == [DOCUMENT, SECOND]
    assert (sent.period, sent.HasField("folder_id"), sent.HasField("year")) == (7, False, False)
    assert answer.headers["Location"] == "/documents?changed=2"


def test_those_that_stay_as_they_were_are_told_with_their_reasons() -> None:
    """ACC-53."""
    asked = shelf(document(), document("Juni.pdf", number=2))
    refusal = documents_pb2.Refusal(document_id=SECOND, reason="document_exists")
    asked.book.answers["UpdateDocuments"] = documents_pb2.UpdateDocumentsResponse(documents=[document()], refusals=[refusal])
    said = words(asked.post("/documents/edit", document=[DOCUMENT, SECOND], folder=FOLDER, period="", year=""))
    assert "Juni.pdf A file with this name, period and year is already in the folder" in said
    assert "1 document changed" in said
    assert "Shall they replace it" in said


def test_nothing_chosen_is_nothing_to_change() -> None:
    assert shelf().get("/documents/edit?document=x").headers["Location"] == "/documents"


def test_the_list_is_sorted_counted_and_narrowed_by_who_uploaded() -> None:
    """ACC-48, ACC-55."""
    asked = shelf()
    counts = documents_pb2.FilterCounts(statuses=[documents_pb2.StatusCount(status=documents_pb2.STATUS_PUBLISHED, documents=12)])
    asked.book.answers["ListDocuments"] = documents_pb2.ListDocumentsResponse(documents=[document()], total=12, counts=counts)
    page = asked.get("/documents?sort=name&by=firm").get_data(as_text=True)
    sent = asked.last("ListDocuments")
    assert (sent.sort, sent.uploaded_by, sent.with_counts) == (documents_pb2.SORT_NAME, documents_pb2.SIDE_FIRM, True)
    assert "Published (12)" in page
    assert "Quarantine (0)" in page
    assert 'aria-sort="ascending"' in page
    assert re.search(r'href="/documents\?by=firm&amp;sort=-name"', page)
    asked.get("/documents?page=token")
    assert not asked.last("ListDocuments").with_counts


def test_a_replaced_document_shows_its_versions() -> None:
    """ACC-42."""
    asked = shelf(document(status="UPDATED"))
    versions = [
        documents_pb2.Version(number=2, uploaded_by="Jonas Prøvestad", uploaded_at=AT, size=1, downloadable=True),
        documents_pb2.Version(number=1, uploaded_by="Ingrid Eksempeldal", uploaded_at=AT, size=1),
    ]
    asked.book.answers["ListVersions"] = documents_pb2.ListVersionsResponse(versions=versions)
    page = asked.get(f"/documents?document={DOCUMENT}").get_data(as_text=True)
    assert f"/documents/{DOCUMENT}/file?version=2" in page
    assert f"/documents/{DOCUMENT}/file?version=1" not in page, "its bytes are gone"


def test_a_client_is_not_offered_to_delete() -> None:
    """ACC-43."""
    permissions = (*READER, 41)
    page = shelf(permissions=permissions).get(f"/documents?document={DOCUMENT}").get_data(as_text=True)
    assert "Delete on request" not in page
    assert "You cannot delete documents yourself" in page


def test_the_firm_deletes_with_a_reason() -> None:
    """ACC-44."""
    asked = shelf(kind=FIRM)
    assert f"/documents/{DOCUMENT}/delete" in asked.get(f"/documents?client={OWN}&document={DOCUMENT}").get_data(as_text=True)
    assert "nobody can get them back" in words(asked.get(f"/documents/{DOCUMENT}/delete?client={OWN}"))
    answer = asked.post(f"/documents/{DOCUMENT}/delete?client={OWN}", reason=" Feil kunde ")
    assert asked.last("DeleteDocument") == retention_pb2.DeleteDocumentRequest(document_id=DOCUMENT, reason="Feil kunde")
    assert answer.headers["Location"] == f"/documents?client={OWN}&deleted=1"


def test_what_is_on_hold_is_not_deleted_and_the_reason_stays_written() -> None:
    """ACC-44, BEY-02, P18."""
    asked = shelf(kind=FIRM)
    asked.book.answers["DeleteDocument"] = Conflict("on_legal_hold")
    page = asked.post(f"/documents/{DOCUMENT}/delete?client={OWN}", reason="Feil kunde").get_data(as_text=True)
    assert ">Feil kunde</textarea>" in page
    assert 'id="reason-error"' in page


def test_deleted_documents_are_on_record() -> None:
    """ACC-44, ACC-45, BEY-02."""
    asked = shelf()
    asked.book.answers["ListTombstones"] = retention_pb2.ListTombstonesResponse(tombstones=[tombstone()])
    said = words(asked.get("/documents/deleted?name=Lønn"))
    assert "Lønn.pdf" in said
    assert "On request" in said
    assert asked.last("ListTombstones").name == "Lønn"


def test_a_certificate_says_what_was_deleted_when_and_why_and_can_be_kept() -> None:
    """BEY-02."""
    notice = retention_pb2.ExpiryNotice(days=30, delivered_at=AT)
    asked = shelf()
    at = Timestamp(seconds=AT.seconds)
    asked.book.answers["GetTombstone"] = tombstone(cause=retention_pb2.DELETION_CAUSE_RETENTION, notice=notice, deleted_at=at)
    said = words(asked.get(f"/documents/deleted/{DOCUMENT}"))
    for each in ("Lønn.pdf", "ab" * 32, "4,321 bytes", "Its time was over on 28 May 2026", "Notice delivered 28 May 2026 22:26"):
        assert each in said
    kept = asked.get(f"/documents/deleted/{DOCUMENT}?file=1")
    assert "attachment" in kept.headers["Content-Disposition"]
    assert "sandbox" in kept.headers["Content-Security-Policy"]
    assert "ab" * 32 in kept.get_data(as_text=True)


def test_the_firms_administrator_holds_documents_or_everything() -> None:
    """BEY-02."""
    asked = shelf(kind=FIRM)
    held = retention_pb2.Hold(hold_id=HOLD, organisation_id=OWN, reason="Bokettersyn", set_by="Maja Testnes", set_at=AT)
    asked.book.answers["ListHolds"] = retention_pb2.ListHoldsResponse(holds=[held])
    assert "Bokettersyn" in words(asked.get(f"/documents/holds?client={OWN}"))
    assert "Lønnsslipper mai.pdf" in words(asked.get(f"/documents/holds?client={OWN}&document={DOCUMENT}"))
    asked.post(f"/documents/holds?client={OWN}", document=DOCUMENT, reason="Bokettersyn")
    assert asked.last("SetHold") == retention_pb2.SetHoldRequest(organisation_id=OWN, document_ids=[DOCUMENT], reason="Bokettersyn")
    asked.post(f"/documents/holds?client={OWN}", reason="Bokettersyn")
    assert list(asked.last("SetHold").document_ids) == []
    asked.post(f"/documents/holds?client={OWN}", release=HOLD, reason="Avsluttet")
    assert asked.last("ReleaseHold") == retention_pb2.ReleaseHoldRequest(organisation_id=OWN, hold_ids=[HOLD], reason="Avsluttet")


def test_what_needs_a_fresh_second_factor_is_not_answered_as_a_mistake_in_the_form() -> None:
    """NET-05: it is asked for in place, by what stands around all pages."""
    asked = shelf(kind=FIRM)
    asked.book.answers["DeleteDocument"] = Denied("step_up_needed")
    page = asked.post(f"/documents/{DOCUMENT}/delete?client={OWN}", reason="Feil kunde").get_data(as_text=True)
    assert 'id="reason-error"' not in page
