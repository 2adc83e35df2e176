"""Uploading through the pages: with script one file a request, without script one form."""

import io
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc
from kontor.identity.v1 import identity_pb2

from chassis import clock
from chassis.errors import Conflict, Denied, Invalid, Unavailable
from chassis.service import Rpc
from chassis.testing import FakePeers
from services.gateway.config import Config
from services.gateway.web import create_app
from tests.gateway import peers
from tests.gateway.portal import DOCUMENT, FOLDER, FORM, OTHER, OWN, READER, Portal, document, listed, portal, words

WHERE = f"folder={FOLDER}&period=5&year=2026"
EXISTS = Conflict("document_exists", "There.", facts={"name": "Timer.pdf"})


def _upload(**who: Any) -> Portal:
    asked = portal(**who)
    asked.book.answers.update(listed())
    return asked


@pytest.mark.parametrize(
    ("zone", "month", "year"), [("Europe/Oslo", "December", "2026"), ("Europe/Helsinki", "January", "2027"), ("UTC", "December", "2026")]
)
def test_month_and_year_are_filled_in_as_they_are_where_the_organisation_is(zone: str, month: str, year: str) -> None:
    """ACC-37: 00:30 in Helsinki is still last year in Oslo."""
    with clock.moved(datetime(2026, 12, 31, 22, 30, tzinfo=UTC) - clock.now()):
        page = _upload(time_zone=zone).get("/documents/upload").get_data(as_text=True)
    assert f" selected>{month}</option>" in page
    assert f"<option selected>{year}</option>" in page


def test_the_form_warns_offers_ones_folders_and_says_the_limit() -> None:
    """ACC-33, ACC-36, ACC-38, ACC-39."""
    answer = _upload().get("/documents/upload")
    said, page = words(answer), answer.get_data(as_text=True)
    for each in ("Do not write sensitive information", "Nothing is sent before you", "Up to 100 MB per file", "answer comes by e-mail"):
        assert each in said
    assert f'<option value="{FOLDER}">Lønnsslipper / Payroll</option>' in page
    assert re.search(r'<input [^>]*type="file" multiple>', page)


def test_somebody_at_the_firm_uploads_to_a_client_and_writes_no_message_to_itself() -> None:
    """ACC-55."""
    asked = _upload(kind=identity_pb2.ORGANISATION_KIND_FIRM)
    assert asked.get("/documents/upload").headers["Location"] == "/clients"
    page = asked.get(f"/documents/upload?client={OWN}").get_data(as_text=True)
    assert f'action="/documents/upload?client={OWN}"' in page
    assert 'name="message"' not in page
    assert asked.post("/documents/upload").headers["Location"] == "/clients"


def test_a_file_is_passed_on_as_it_came_and_its_row_says_it_is_being_checked() -> None:
    """ACC-38, ACC-59."""
    asked = _upload()
    sent = bytes(range(256)) * 3000
    answer = asked.client.put(f"/documents/upload?{WHERE}&name=Timer+%C3%A6.pdf&replace=0&batch=b-1", data=sent, headers=FORM)
    assert answer.status_code == 201
    assert answer.json is not None
    assert (answer.json["status"], answer.json["label"]) == ("scanning", "Being checked")
    call = asked.asked("Upload")[-1]
    start: Any = call.request
    assert bytes(call.content) == sent
    assert (start.folder_id, start.name, start.period, start.year) == (FOLDER, "Timer æ.pdf", 5, 2026)
    assert (start.replace, start.batch_id, start.size) == (False, "b-1", len(sent))


def test_replacing_is_said_by_the_person_only() -> None:
    """ACC-40."""
    asked = _upload()
    asked.client.put(f"/documents/upload?{WHERE}&name=Timer.pdf&replace=1", data=b"x", headers=FORM)
    assert asked.last("Upload").replace is True


@pytest.mark.parametrize(
    ("failure", "status", "detail"),
    [
        (EXISTS, 409, "Det finnes allerede en fil"),
        (Invalid("file_too_large", facts={"limit_mb": "50"}), 422, "Filen er større enn 50 MB"),
        (Invalid("file_name_type", fields={"name": "file_name_type"}), 422, "Slike filer tas ikke imot"),
        (Unavailable("storage_unavailable"), 503, "Ingenting er endret"),
    ],
)
def test_a_file_that_is_refused_says_why_in_the_readers_language(failure: Exception, status: int, detail: str) -> None:
    asked = _upload(language="nb")
    asked.book.answers["Upload"] = failure  # type: ignore[assignment]
    answer = asked.client.put(f"/documents/upload?{WHERE}&name=Timer.pdf", data=b"x", headers=FORM)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.json is not None
    assert detail in answer.json["detail"]


def test_what_is_there_already_is_asked_about_before_anything_is_sent() -> None:
    """ACC-40, ACC-41, ACC-42."""
    asked = _upload()
    asked.book.answers["CheckNames"] = documents_pb2.CheckNamesResponse(existing=[document("Timer.pdf")])
    names = {"folder": FOLDER, "period": "5", "year": "2026", "names": ["Timer.pdf", "Ny.pdf"]}
    answer = asked.client.post("/documents/upload/names", json=names, headers=FORM)
    assert answer.json is not None
    assert list(answer.json) == ["Timer.pdf"]
    assert "Already in Lønnsslipper for May 2026, uploaded by Jonas Prøvestad 28 May 2026 22:26" in answer.json["Timer.pdf"]["question"]
    assert answer.json["Timer.pdf"]["replace"] == "Replace it, as version 3"
    sent = asked.last("CheckNames")
    assert (sent.folder_id, sent.period, sent.year, list(sent.names)) == (FOLDER, 5, 2026, ["Timer.pdf", "Ny.pdf"])


class _Strict(documents_pb2_grpc.DocumentsServicer):
    """Refuses a set of names for one that cannot be used."""

    def CheckNames(self, request: Any, _: Any) -> documents_pb2.CheckNamesResponse:
        if any("/" in name for name in request.names):
            raise Invalid("file_name_path", fields={"name": "file_name_path"})
        return documents_pb2.CheckNamesResponse(existing=[document(name) for name in request.names if name == "Timer.pdf"])


def test_a_name_that_cannot_be_used_does_not_silence_the_question_about_the_others() -> None:
    """ACC-40."""
    book = peers.Book(answers={"ResolveSession": _upload().book.answers["ResolveSession"]})
    fakes = peers.peers(book)
    servicer = _Strict()  # type: ignore[abstract]  # nothing else is asked of it
    strict = FakePeers(documents=[Rpc(servicer, documents_pb2_grpc.add_DocumentsServicer_to_server)])
    fakes.channel = lambda service, plain=fakes.channel: strict.channel(service) if service == "documents" else plain(service)  # type: ignore[method-assign,misc]
    client = create_app(Config(), fakes, rest=lambda _: None).test_client()
    client.set_cookie("session", peers.SESSION)
    names = {"folder": FOLDER, "period": 5, "year": 2026, "names": ["a/b.pdf", "Timer.pdf", "Ny.pdf"]}
    assert list(client.post("/documents/upload/names", json=names, headers=FORM).json or {}) == ["Timer.pdf"]


def test_a_message_goes_to_the_area_of_the_folder_and_names_the_files() -> None:
    """ACC-34, ACC-11."""
    asked = _upload()
    given = {"folder": FOLDER, "documents": [DOCUMENT, "nonsense"], "message": "Timelisten kommer fredag."}
    assert asked.client.post("/documents/upload/message", json=given, headers=FORM).status_code == 204
    sent = asked.last("SendMessage")
    assert (sent.organisation_id, sent.service_area, sent.body) == (OWN, 2, "Timelisten kommer fredag.")
    assert list(sent.document_ids) == [DOCUMENT]


def test_a_message_about_a_folder_that_is_not_ones_own_goes_nowhere() -> None:
    """ACC-03."""
    asked = _upload()
    given = {"folder": OTHER, "documents": [DOCUMENT], "message": "Hei"}
    assert asked.client.post("/documents/upload/message", json=given, headers=FORM).status_code == 404
    assert asked.asked("SendMessage") == []


# Half a character, as file names of Windows may have it.
HALF = b'{"folder": "\\ud800", "names": ["\\ud800.pdf"], "documents": ["\\ud800"], "message": "\\ud800"}'


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"names": 5, "documents": {}}', HALF])
def test_what_is_no_json_is_no_defect_of_ours(body: bytes) -> None:
    asked = _upload()
    for path in ("names", "message"):
        answer = asked.client.post(f"/documents/upload/{path}", data=body, content_type="application/json", headers=FORM)
        assert answer.status_code < 500


def test_without_script_one_form_sends_all_files_and_the_message() -> None:
    """ACC-34, ACC-38: nothing of the main job needs a script."""
    asked = _upload()
    files = [(io.BytesIO(b"one"), "Timer.pdf"), (io.BytesIO(b"two"), "Bilag.png")]
    answer = asked.post("/documents/upload", {"folder": FOLDER, "period": "4", "year": "2026", "message": "Hei", "file": files})
    calls: list[Any] = [each.request for each in asked.asked("Upload")]
    assert [(each.name, each.period, each.replace) for each in calls] == [("Timer.pdf", 4, False), ("Bilag.png", 4, False)]
    assert len({each.batch_id for each in calls}) == 1
    assert [bytes(each.content) for each in asked.asked("Upload")] == [b"one", b"two"]
    assert asked.last("SendMessage").body == "Hei"
    assert " selected>April</option>" in answer.get_data(as_text=True), "what was chosen stays chosen"
    assert "Bilag.png Being checked" in words(answer)


def test_without_script_an_existing_file_is_not_replaced_unless_ticked() -> None:
    """ACC-40."""
    asked = _upload()
    asked.book.answers["Upload"] = EXISTS
    where = {"folder": FOLDER, "period": "4", "year": "2026"}
    said = words(asked.post("/documents/upload", {**where, "file": [(io.BytesIO(b"one"), "Timer.pdf")]}))
    assert "already in the folder" in said
    assert "tick the box above the button" in said
    asked.post("/documents/upload", {**where, "replace": "on", "file": [(io.BytesIO(b"one"), "Timer.pdf")]})
    assert asked.last("Upload").replace is True
    assert asked.asked("SendMessage") == []


def test_who_may_only_read_is_told_so() -> None:
    """ACC-04: documents decides; the page says it in words."""
    asked = _upload(permissions=READER)
    asked.book.answers["Upload"] = Denied("not_permitted")
    answer = asked.client.put(f"/documents/upload?{WHERE}&name=Timer.pdf", data=b"x", headers=FORM)
    assert answer.json is not None
    assert "Your role does not include this" in answer.json["detail"]
