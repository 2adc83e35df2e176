"""The list of documents, its filters, the details, and downloads."""

import re

import pytest
from kontor.documents.v1 import documents_pb2
from kontor.identity.v1 import identity_pb2

from chassis.errors import NotFound
from tests.gateway.portal import DOCUMENT, FOLDER, OTHER, OWN, READER, Portal, document, listed, portal, words

FIRM = identity_pb2.ORGANISATION_KIND_FIRM
PART = {"HX-Request": "true", "HX-Target": "work"}


def _documents(*documents: documents_pb2.Document, folders: bool = True, **who: object) -> Portal:
    asked = portal(**who)  # type: ignore[arg-type]
    asked.book.answers.update(listed(*documents, folders=folders))
    if documents:
        asked.book.answers["GetDocument"] = documents[0]
    return asked


def test_a_row_shows_folder_name_service_status_who_and_when() -> None:
    """ACC-49, ACC-02, ACC-55."""
    said = words(_documents(document()).get("/documents"))
    for each in ("Lønnsslipper mai.pdf", "Lønnsslipper / Payroll", "May 2026", "Published", "Jonas Prøvestad", "28 May 2026 22:26"):
        assert each in said


def test_details_stand_beside_the_list_at_their_own_address() -> None:
    """ACC-50: who, type, folder, service, status, version, period, year."""
    said = words(_documents(document(status="UPDATED")).get(f"/documents?document={DOCUMENT}"))
    details = said.partition("Close details")[2] or said
    for each in ("Updated", "Version 2", "Jonas Prøvestad", "Lønnsslipper", "Payroll", "May", "2026", "application/pdf", "4.3 kB"):
        assert each in details
    assert "You cannot delete documents yourself" in details, "ACC-43"


def test_filters_combine_and_stand_in_the_address() -> None:
    """ACC-48."""
    asked = _documents(document())
    page = asked.get(f"/documents?name=mai&status=updated&year=2026&period=5&folder={FOLDER}").get_data(as_text=True)
    sent = asked.last("ListDocuments")
    assert (sent.organisation_id, sent.name, list(sent.years), list(sent.periods)) == (OWN, "mai", [2026], [5])
    assert (list(sent.statuses), list(sent.folder_ids)) == ([documents_pb2.STATUS_UPDATED], [FOLDER])
    chip = re.search(r'class="chip" href="([^"]+)" aria-current="true"', page)
    assert chip is not None
    assert "folder" not in chip.group(1), "a chip takes its own filter away"
    assert "name=mai" in chip.group(1), "and no other"


@pytest.mark.parametrize(
    "query",
    [
        "status=secret", "year=20266", "year=abcd", "period=13", "period=-1", "period=" + "1" * 5000, "folder=1--",
        "folder=" + FOLDER.replace("-", ""), "name=" + "x" * 500,
    ],
    ids=lambda query: query[:12],
)  # fmt: skip
def test_filters_that_mean_nothing_are_left_out(query: str) -> None:
    asked = _documents(document())
    assert asked.get(f"/documents?{query}").status_code == 200
    sent = asked.last("ListDocuments")
    assert [*sent.statuses, *sent.years, *sent.periods, *sent.folder_ids] == []
    assert len(sent.name) <= 200


def test_a_part_of_the_page_is_answered_with_that_part() -> None:
    part = _documents(document()).get("/documents?name=mai", headers=PART).get_data(as_text=True)
    assert part.strip().startswith('<div id="work"')
    assert "<html" not in part


def test_somebody_at_a_client_sees_that_client_whatever_the_address_says() -> None:
    """ACC-03, ACC-30."""
    asked = _documents(document())
    asked.get(f"/documents?client={OTHER}")
    assert asked.last("ListDocuments").organisation_id == OWN
    assert asked.last("ListFolders").organisation_id == OWN


def test_somebody_at_the_firm_first_chooses_a_client() -> None:
    """FNK-13."""
    asked = _documents(document(), kind=FIRM)
    assert asked.get("/documents").headers["Location"] == "/clients"
    clients = asked.get("/clients").get_data(as_text=True)
    assert f'href="/documents?client={OWN}"' in clients
    answer = asked.get(f"/documents?client={OWN}&name=mai")
    assert "Testdal Bakeri AS" in words(answer)
    assert asked.last("ListDocuments").organisation_id == OWN
    assert f"client={OWN}" in re.findall(r'href="(/documents\?[^"]+document=[^"]+)"', answer.get_data(as_text=True))[0]


@pytest.mark.parametrize("status", ["SCANNING", "QUARANTINE", "UNSCANNABLE"])
def test_what_was_not_scanned_clean_can_be_neither_ticked_nor_fetched(status: str) -> None:
    """ACC-58, ACC-59."""
    page = _documents(document(status=status)).get(f"/documents?document={DOCUMENT}").get_data(as_text=True)
    assert re.search(rf'value="{DOCUMENT}"[^>]+ disabled>', page)
    assert f"/documents/{DOCUMENT}/file" not in page


@pytest.mark.parametrize(
    ("status", "reason", "advice"),
    [
        ("SCANNING", "", "usually takes less than a minute"),
        ("QUARANTINE", "malware", "shared with nobody. Ask the sender"),
        ("QUARANTINE", "type_mismatch", "not what the file name says"),
        ("QUARANTINE", "type_not_accepted", "Save it as PDF"),
        ("UNSCANNABLE", "encrypted", "Upload it again without a password"),
        ("UNSCANNABLE", "too_deep", "Unpack it"),
        ("UNSCANNABLE", "archive_kind", "Pack the files in a zip"),
        ("UNSCANNABLE", "damaged", "Save it again"),
    ],
)
def test_a_stopped_file_says_what_to_do(status: str, reason: str, advice: str) -> None:
    """BEY-03, ACC-57."""
    assert advice in words(_documents(document(status=status, reason=reason)).get(f"/documents?document={DOCUMENT}"))


def test_a_document_that_is_gone_leaves_the_list_standing() -> None:
    asked = _documents(document())
    asked.book.answers["GetDocument"] = NotFound("document_not_found")
    answer = asked.get(f"/documents?document={DOCUMENT}")
    assert answer.status_code == 200
    assert 'id="panel"' not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("folders", "path", "said"),
    [
        (True, "/documents", "What either side uploads shows up here"),
        (True, "/documents?name=x", "Take a filter away"),
        (False, "/documents", "Contact your company's administrator"),
        (False, "/documents/upload", "Contact your company's administrator"),
    ],
)
def test_an_empty_page_says_what_comes_next(folders: bool, path: str, said: str) -> None:
    """ACC-09, ACC-14."""
    assert said in words(_documents(folders=folders).get(path))


def test_who_only_reads_is_offered_no_upload() -> None:
    """ACC-04."""
    asked = _documents(document(), permissions=READER)
    for path in ("/", "/documents"):
        assert "/documents/upload" not in asked.get(path).get_data(as_text=True)


def test_several_are_fetched_as_one_zip_each_once() -> None:
    """ACC-54."""
    asked = _documents(document())
    second = document(number=2).document_id
    with asked.get(f"/documents/download.zip?document={DOCUMENT}&document={second}&document={DOCUMENT}&document=nonsense") as answer:
        assert answer.headers["Content-Disposition"].startswith("attachment")
    assert list(asked.last("DownloadZip").document_ids) == [DOCUMENT, second]
    assert asked.get("/documents/download.zip").headers["Location"] == "/documents"


def test_one_is_fetched_as_an_attachment() -> None:
    """ACC-54."""
    asked = _documents(document())
    with asked.get(f"/documents/{DOCUMENT}/file") as answer:
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert asked.get("/documents/none/file").status_code == 404


@pytest.mark.parametrize(("asked_for", "sent"), [("1", 1), ("12", 12), ("x", 0), ("-1", 0), ("²", 0), ("9" * 12, 0)])
def test_an_earlier_version_is_fetched_as_that_version(asked_for: str, sent: int) -> None:
    """ACC-42, ACC-54: what is no version is the newest."""
    asked = _documents(document())
    with asked.get(f"/documents/{DOCUMENT}/file?version={asked_for}") as answer:
        assert answer.status_code == 200
    assert asked.last("Download") == documents_pb2.DownloadRequest(document_id=DOCUMENT, version=sent)


def test_rows_that_wait_learn_their_status() -> None:
    """ACC-56, ACC-57."""
    asked = _documents(document(status="QUARANTINE", reason="malware"))
    states = asked.get(f"/documents/states?document={DOCUMENT}&document=nonsense").json
    assert states is not None
    assert states[DOCUMENT]["status"] == "quarantine"
    assert states[DOCUMENT]["label"] == "Quarantine"
    assert "Ask the sender" in states[DOCUMENT]["advice"]
    assert asked.get("/documents/states").json == {}


def test_names_are_shown_as_text() -> None:
    name = '<img src=x onerror="alert(1)">.pdf'
    page = _documents(document(name)).get(f"/documents?document={DOCUMENT}").get_data(as_text=True)
    assert name not in page
    assert "&lt;img src=x onerror=" in page
