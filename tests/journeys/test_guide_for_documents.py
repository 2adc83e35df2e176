"""The guide's chapters about what is shared: upload, see and download, messages."""

import io
import random
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from demo import files
from tests.journeys.pages import Documents, Portal, Upload
from tests.journeys.reader import Reader
from tests.journeys.rest import Rest
from tests.journeys.story import BANK, CONTRACTS, PAYROLL, PAYSLIPS
from tests.messaging.numbers import norwegian
from tests.waiting import eventually

pytestmark = [pytest.mark.xdist_group("journeys guide"), pytest.mark.timeout(240)]
MESSAGE = "Message about the files (optional)"
NO_SECRETS = "The answer comes by e-mail. Do not write sensitive information."


def _listed(reader: Reader) -> dict[str, dict[str, Any]]:
    token = reader.stage.world.token(reader.company.administrator)
    found = Rest(reader.stage.product.url, token).get(f"/api/v1/organisations/{reader.company.id}/documents").ok()
    return {each["name"]: each for each in found.get("documents", [])}


def test_uploading_documents(reader: Reader) -> None:
    """ACC-01, ACC-33, ACC-34, ACC-35, ACC-36, ACC-37, ACC-38, ACC-39: a folder, a message, a month, files, and one button."""
    portal = reader.boss("/documents")
    portal.link("Upload").first.click()
    upload = Upload(portal)
    offered = portal.field("Folder").get_by_role("option").all_inner_texts()
    assert sorted(offered) == sorted(portal.folder(name, area) for name, area in ((BANK, 1), (PAYSLIPS, 2), (CONTRACTS, 3)))
    portal.field("Folder").select_option(reader.company.folders[PAYROLL])
    upload.is_for_this_month()
    portal.field("Period").select_option("3")
    expect(portal.field(MESSAGE)).to_have_accessible_description(portal.say(NO_SECRETS))
    portal.field(MESSAGE).fill("Kan dere ringe om disse to?")
    one, other = f"Timer {reader.language}.csv", f"Ferie {reader.language}.csv"
    upload.choose({one: files.csv(), other: files.csv(seed=2)})
    assert not {one, other} & _listed(reader).keys()
    upload.confirm()
    for name in (one, other):
        upload.becomes(name, "Published")
    assert {_listed(reader)[name]["period"] for name in (one, other)} == {3}
    answer = f"Vi ringer i dag, {reader.language}."
    _answers(reader, "Kan dere ringe om disse to?", answer)
    reader.mailed(reader.company.administrator, answer)


def _answers(reader: Reader, question: str, answer: str) -> None:
    """The firm's consultant finds it under messages, reads it, and answers."""
    portal = reader.payroll(f"/messages?client={reader.company.id}")
    portal.page.get_by_role("region", name=portal.say("Conversations")).get_by_role("listitem").first.get_by_role("link").click()
    expect(portal.page.get_by_text(question)).to_be_visible()
    portal.field("Your answer, also sent by e-mail").fill(answer)
    portal.button("Send the answer").click()
    expect(portal.page.get_by_text(answer)).to_be_visible()


def test_a_name_that_is_there_already(reader: Reader) -> None:
    """ACC-40, ACC-41, ACC-42: cancel or overwrite; in another month nothing is asked."""
    portal, name = reader.boss(), f"Samme {reader.language}.csv"
    reader.uploads(portal, PAYROLL, name, files.csv())
    upload = _chooses(reader, portal, name, seed=2)
    upload.confirm()
    portal.button("Keep the old one", upload.question(name)).click()
    upload.becomes(name, "Kept as it was")
    assert _listed(reader)[name]["version"] == 1
    upload = _chooses(reader, portal, name, seed=2)
    upload.confirm()
    portal.button("Replace it, as version %(version)s", upload.question(name), version=2).click()
    upload.becomes(name, "Updated")
    assert _listed(reader)[name]["version"] == 2
    upload = _chooses(reader, portal, name, seed=3)
    month = portal.field("Period")
    month.select_option(str(int(month.input_value()) % 12 + 1))
    upload.confirm()
    upload.becomes(name, "Published")


def _chooses(reader: Reader, portal: Portal, name: str, *, seed: int) -> Upload:
    portal.page.goto("/documents/upload")
    upload = Upload(portal)
    portal.field("Folder").select_option(reader.company.folders[PAYROLL])
    upload.choose({name: files.csv(seed=seed)})
    return upload


def test_seeing_and_downloading_documents(reader: Reader) -> None:
    """ACC-48, ACC-49, ACC-50, ACC-51, ACC-54, ACC-55, ACC-56: filters, facts, a preview, and the file."""
    mine, theirs = f"Våre {reader.language}.pdf", f"Deres {reader.language}.pdf"
    content = files.pdf("Våre", ["Lønn for mai"])
    reader.uploads(reader.boss(), PAYROLL, mine, content)
    reader.uploads(reader.payroll(), PAYROLL, theirs, files.pdf("Deres", ["Lønnsslipp"]))
    portal = reader.boss()
    documents = reader.documents(portal)
    documents.filter(name=f"{reader.language}.pdf")
    documents.shows(mine, theirs)
    documents.filter(status=portal.say("Published"))
    documents.shows(mine, theirs)
    expect(documents.row(theirs)).to_contain_text("Eksempelvik Regnskap AS")
    panel = documents.open(mine)
    for fact in ("application/pdf", PAYSLIPS, portal.say("Payroll"), portal.say("Published"), "1"):
        expect(panel.get_by_role("definition").get_by_text(fact, exact=True).first).to_be_visible()
    assert documents.fetch(panel) == content
    portal.link("Preview", panel).click()
    picture = portal.page.get_by_role("img")
    expect(picture).to_be_visible(timeout=30_000)
    assert picture.evaluate("async picture => { await picture.decode(); return picture.naturalWidth }") > 100
    portal.link("Close preview").click()
    documents = reader.documents(portal)
    with zipfile.ZipFile(io.BytesIO(documents.fetch_together(mine, theirs))) as archive:
        assert {Path(name).name for name in archive.namelist()} == {mine, theirs}


def test_changing_what_is_known_of_a_document(reader: Reader) -> None:
    """ACC-02, ACC-52, ACC-53: name, folder, period and year; a place that is taken asks first."""
    portal, name, other = reader.boss(), f"Feil {reader.language}.csv", f"Opptatt {reader.language}.csv"
    for each in (name, other):
        reader.uploads(portal, PAYROLL, each, files.csv(seed=len(each)))
    portal.link("Change information", reader.documents(portal).open(name)).click()
    portal.field("File name").fill(other)
    portal.button("Save the changes").click()
    portal.told("The folder already has a document with this name, period and year. Shall this one replace it, as its next version?")
    portal.field("File name").fill(f"Riktig {reader.language}.csv")
    portal.field("Folder").select_option(reader.company.folders[3])
    portal.field("Period").select_option("1")
    portal.button("Save the changes").click()
    panel = Documents(portal).details(f"Riktig {reader.language}.csv")
    for fact in (CONTRACTS, portal.say("HR"), portal.month(1)):
        expect(panel.get_by_role("definition").get_by_text(fact, exact=True)).to_be_visible()
    assert other in _listed(reader)


def test_a_wrong_document_is_deleted_by_the_firm(reader: Reader) -> None:
    """ACC-43, ACC-44, BEY-02: the client has no way; the firm has, with a reason, and there is a certificate."""
    portal, name = reader.boss(), f"Uhell {reader.language}.csv"
    reader.uploads(portal, PAYROLL, name, files.csv())
    panel = reader.documents(portal).open(name)
    expect(portal.link("Delete on request", panel)).to_have_count(0)
    identifier = _listed(reader)[name]["document_id"]
    there = f"/documents/{identifier}/delete"
    assert portal.page.request.post(there, form={"reason": "Feil"}, headers={"Sec-Fetch-Site": "same-origin"}).status == 403
    _deletes(reader, name)
    portal.page.goto("/documents")
    expect(portal.page.get_by_role("link", name=name, exact=True)).to_have_count(0)
    portal.link("Deleted documents").click()
    portal.page.get_by_role("link", name=name, exact=True).click()
    expect(portal.heading("Certificate of deletion")).to_be_visible()


def _deletes(reader: Reader, name: str) -> None:
    portal = reader.payroll()
    portal.link("Delete on request", reader.documents(portal).open(name)).click()
    portal.field("Who asked for it, and why").fill("Lastet opp ved et uhell")
    portal.button("Delete the document").click()
    portal.told("Deleted. Nobody can open it any more.")


def test_messages(reader: Reader) -> None:
    """ACC-11, ACC-60, ACC-61, ACC-62, ACC-63, ACC-64, ACC-65: a kind, a subject, a text, no files; at once to the right one, and back."""
    portal, subject, before = reader.boss("/messages"), f"Feriepenger {reader.language}", len(reader.stage.letters(reader.company.payroll))
    portal.link("New message").click()
    kinds = [each.partition(" – ")[0] for each in portal.field("Type of enquiry").get_by_role("option").all_inner_texts()]
    assert kinds == [portal.say(each) for each in ("Accounting", "Payroll", "HR", "Support for the portal")]
    portal.field("Type of enquiry").select_option("2")
    portal.field("Subject").fill(subject)
    portal.field("Description").fill("Når utbetales feriepengene i år?")
    secrets = portal.say("Do not write sensitive information. If we need it, we contact you another way.")
    expect(portal.field("Description")).to_have_accessible_description(secrets)
    expect(portal.page.locator("main input[type=file]")).to_have_count(0)
    expect(portal.link("Upload documents", portal.page.get_by_role("main"))).to_be_visible()
    portal.button("Send the message").click()
    portal.told("Sent. The answer comes here and by e-mail.")
    eventually(lambda: len(reader.stage.letters(reader.company.payroll)) > before, seconds=60)
    assert reader.company.name in reader.stage.letters(reader.company.payroll)[0]
    hr = reader.at(reader.company.hr, "/messages")
    expect(hr.page.get_by_role("link", name=subject)).to_have_count(0)
    answer = f"I juni, som vanlig ({reader.language})."
    firm = reader.payroll("/messages")
    firm.page.get_by_role("link", name=subject).click()
    firm.field("Your answer, also sent by e-mail").fill(answer)
    firm.button("Send the answer").click()
    expect(portal.page.get_by_text(answer)).to_be_visible(timeout=15_000)
    reader.mailed(reader.company.administrator, answer)


def test_numbers_of_persons_are_noticed(reader: Reader) -> None:
    """ACC-36, ACC-65, BEY-04: before it is sent, and it can be hidden."""
    portal = reader.boss("/messages/new")
    portal.field("Subject").fill("Ny ansatt")
    number = norwegian(random.Random(reader.language))
    portal.field("Description").fill(f"Fødselsnummeret er {number}.")
    guard = portal.page.locator("#guard")
    expect(portal.button("Hide the numbers and send", guard)).to_be_visible()
    portal.button("Hide the numbers and send", guard).click()
    portal.told("Sent. The answer comes here and by e-mail.")
    expect(portal.page.get_by_text(re.compile(number))).to_have_count(0)
