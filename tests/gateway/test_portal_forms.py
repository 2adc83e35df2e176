"""A form is sent for the organisation in which its page was shown, and what one wrote in vain is given back."""

import re

import pytest
from jinja2 import Environment

from chassis.errors import Denied, Unauthenticated
from services.gateway import forms, texts
from tests.gateway.peers import Book
from tests.gateway.portal import FOLDER, FORM, MEMBERSHIP, OWN, SECOND, Portal, document, listed, portal, words

TEMPLATES = texts.FOLDER.parent
PART = {**FORM, "HX-Request": "true"}
PROVEN = {"password": "gran furu bjerk lind", "code": "123456", "pin": "2486", "attempt": "a" * 43, "identifier": "11111111-2222"}


def in_two(**answers: object) -> Portal:
    """Who works in the first of two companies now."""
    return portal(organisations=2, book=Book(answers={**listed(), **answers}))  # type: ignore[dict-item]


def test_no_form_that_changes_something_is_without_its_organisation() -> None:
    """ACC-30: generated from the templates, so that a new form is covered by being there."""
    marking, counted = forms.Marking(Environment(autoescape=True)), 0
    for path in TEMPLATES.glob("*templates/**/*.html"):
        source = path.read_text()
        found = len(re.findall(r"method\s*=\s*.?post", source, re.IGNORECASE))
        assert marking.preprocess(source, path.name).count(f">{{{{ {forms.FIELD}() }}}}") == found, path.name
        counted += found
    assert counted > 80


def test_a_form_says_in_which_organisation_it_was_shown() -> None:
    """ACC-30: on every page of an organisation, and nothing where there is none."""
    field = f'<input type="hidden" name="written_as" value="{MEMBERSHIP}">'
    page = in_two().get("/messages/new").get_data(as_text=True)
    assert re.search(rf'action="/messages/new"[^>]*>{field}', page)
    assert "written_as" not in portal(signed_in=False).get("/sign-in").get_data(as_text=True)


@pytest.mark.parametrize(
    ("path", "form", "rpc"),
    [
        ("/messages/new", {"subject": "Lønn i mai", "body": "Timer mangler.", "area": "2"}, "SendMessage"),
        ("/account/notices", {"cell": "1-1", "on": "1-1"}, "UpdateNoticeSettings"),
        ("/documents/upload", {"folder": FOLDER, "message": "Her er de"}, "Upload"),
        ("/administration/members/several", {"people": "Kari Ny; kari@testdal.example"}, "AddMembers"),
    ],
)
def test_a_form_of_an_old_tab_does_nothing_in_another_company(path: str, form: dict[str, str], rpc: str) -> None:
    """ACC-30: who changed the company in a second tab is told so, and in which one they are."""
    asked = in_two()
    answer = asked.post(path, {**form, "written_as": SECOND})
    assert answer.status_code == 409
    assert "You work in Testdal Bakeri AS now." in words(answer)
    assert {each.rpc for each in asked.book.asked} == {"ResolveSession"}
    asked.post(path, {**form, "written_as": MEMBERSHIP})
    assert rpc == "Upload" or asked.asked(rpc)


def test_what_was_written_for_another_company_is_given_back_with_the_way_there() -> None:
    """ACC-30: to copy; changing the company leads back to the page."""
    answer = in_two().post("/messages/new", {"subject": "Lønn <i> mai", "body": "\nTimer\nmangler.", "written_as": SECOND})
    page = answer.get_data(as_text=True)
    assert re.search(r"<textarea[^>]* readonly>\nLønn &lt;i&gt; mai</textarea>", page)
    assert re.search(r"<textarea[^>]* readonly>\n\r?\nTimer\r?\nmangler\.</textarea>", page)
    assert 'name="back" value="/messages/new' in page
    assert re.search(rf'name="membership" value="{SECOND}">Change to Prøvelund Hagesenter AS<', page)
    gone = in_two().post("/notices/read", written_as="01920000-0000-7000-8000-0000000000a9")
    assert (gone.status_code, "Change to" in words(gone)) == (409, False)


def test_what_concerns_the_person_is_done_from_any_page() -> None:
    """ACC-28, ACC-30, NET-41: signing out, locking, changing the company, the password."""
    for path, form, rpc in (
        ("/sign-out", {}, "SignOut"), ("/lock", {}, "LockDevice"), ("/organisations", {"membership": SECOND}, "ChooseOrganisation"),
        ("/sign-out-everywhere", {}, "SignOutEverywhere"), ("/account/password", {"password": "x"}, "ChangePassword"),
    ):  # fmt: skip
        asked = in_two()
        asked.post(path, {**form, "written_as": SECOND})
        assert len(asked.asked(rpc)) == 1, path


def test_a_fresh_code_goes_on_with_the_form_that_it_was_asked_for() -> None:
    """NET-05: the organisation is said once, however often the code is wrong."""
    asked = in_two(AddMembers=Denied("step_up_needed"), StepUp=Unauthenticated("wrong_code"))
    page = asked.post("/administration/members/several", people="Kari Ny; kari@t.example", written_as=MEMBERSHIP).get_data(as_text=True)
    form = page.partition('action="/step-up"')[2].partition("</form>")[0]
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    assert [value for name, value in fields if name == "written_as"] == [MEMBERSHIP]
    assert ("people", "Kari Ny; kari@t.example") in fields
    again = asked.post("/step-up", {**dict(fields), "step_up_code": "1"}).get_data(as_text=True)
    assert again.partition("</form>")[0].count('name="written_as"') == 1


def test_a_part_of_an_old_page_is_refused_without_taking_the_page_away() -> None:
    """ACC-30: the page looks by itself whether something is being written on it."""
    asked = in_two()
    answer = asked.client.post(f"/messages/{document().document_id}/read", data={"written_as": SECOND}, headers=PART)
    assert (answer.status_code, answer.headers["HX-Trigger"], answer.get_data()) == (409, "kontor:session", b"")


def test_files_and_their_message_stay_with_the_company_of_the_folder() -> None:
    """ACC-02, ACC-34: a script names the folder, and only those of the present company are known."""
    other = FOLDER[:-1] + "9"
    asked = in_two()
    assert asked.client.post("/documents/upload/message", json={"folder": other, "message": "x"}, headers=FORM).status_code == 404
    assert asked.asked("SendMessage") == []
    assert asked.client.post("/documents/upload/message", json={"folder": FOLDER, "message": "x"}, headers=FORM).status_code == 204
    assert asked.last("SendMessage").organisation_id == OWN


def test_what_was_written_when_the_session_had_ended_is_shown_to_be_copied() -> None:
    """ACC-28: texts alone; no proof, no code, nothing that identifies anybody is written into a page."""
    asked = portal(book=Book(answers={"ResolveSession": Unauthenticated("session_ended")}))
    answer = asked.post("/news/new", {"title-nb": "Ny lønnsdato", "body-nb": "Fra juni.", "reason": "Bedt om", **PROVEN})
    page = answer.get_data(as_text=True)
    assert (answer.status_code, "What you wrote was not sent." in page) == (401, True)
    for text, called in (("Ny lønnsdato", "Title (Norsk)"), ("Fra juni.", "Text (Norsk)"), ("Bedt om", "Reason")):
        assert re.search(rf">{re.escape(called)}</label><textarea[^>]* readonly>\n{text}</textarea>", page), called
    assert [each for each in PROVEN.values() if each in page] == []
    assert "What you wrote" not in words(asked.post("/account/profile", first_name="Kari"))
