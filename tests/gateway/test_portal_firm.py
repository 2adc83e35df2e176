"""The firm's own administration: its clients, their folders, who works for them, and who their people are."""

import re
from typing import Any

import pytest
from kontor.documents.v1 import documents_pb2
from kontor.identity.v1 import identity_pb2
from kontor.linking.v1 import linking_pb2

from chassis.errors import Conflict, Denied, Invalid, NotFound, Unavailable
from tests.gateway import firm
from tests.gateway.portal import EVERYTHING, FOLDER, MEMBERSHIP, OTHER, OWN, READER, SECOND, Portal, portal, words

FIRM = identity_pb2.ORGANISATION_KIND_FIRM
CLIENT = f"/administration/clients/{OTHER}"
NEW: dict[str, Any] = {
    "name": " Prøvelund AS ", "country": "NO", "organisation_number": "899 000 013", "email": "per@provelund.example", "first_name": "Per",
    "last_name": "Demodal", "area": ["1", "2"], "language": "sv",
}  # fmt: skip


def _firm(**who: Any) -> Portal:
    asked = portal(kind=FIRM, **who)
    asked.book.answers.update(firm.answers())
    return asked


def test_clients_are_listed_with_the_areas_in_which_nobody_works_for_them() -> None:
    """ACC-11."""
    asked = _firm()
    assert asked.get("/administration").headers["Location"] == "/administration/clients"
    said = words(asked.get("/administration/clients"))
    assert "Prøvelund AS Accounting, Payroll Payroll" in said
    assert "At 1 client there is an area in which nobody works for it" in said
    asked.get("/administration/clients?name=prøve&state=unserved&page=here")
    sent = asked.last("ListClients")
    assert (sent.name, sent.unserved, sent.page_token, sent.mine) == ("prøve", True, "here", False)


def test_a_firm_without_clients_is_told_how_to_begin() -> None:
    asked = _firm()
    asked.book.answers["ListClients"] = linking_pb2.ListClientsResponse()
    assert "Make the first one" in words(asked.get("/administration/clients"))
    assert "Nothing matches" in words(asked.get("/administration/clients?name=zzz"))
    assert "Somebody works for every client in every area" in words(asked.get("/administration/clients?state=unserved"))


def test_a_client_is_made_and_linked_and_leads_to_its_folders() -> None:
    """ACC-06, ACC-10."""
    asked = _firm()
    answer = asked.post("/administration/clients/new", NEW)
    assert answer.headers["Location"] == f"{CLIENT}/folders?made=1"
    made, linked = asked.last("CreateClient"), asked.last("CreateLink")
    assert (made.name, made.organisation_number, made.country) == ("Prøvelund AS", "899 000 013", "NO")
    assert (made.administrator.email, made.administrator.first_name, made.administrator.language) == ("per@provelund.example", "Per", "sv")
    assert (linked.organisation_id, list(linked.service_areas)) == (OTHER, [1, 2])
    assert "Next: make the folders" in words(asked.get(answer.headers["Location"]))


@pytest.mark.parametrize(
    ("refused", "field", "told"),
    [
        (Invalid("organisation_number_invalid", fields={"organisation_number": "organisation_number_invalid"}), "organisation_number",
         "There is no such organisation number in that country"),
        (Conflict("organisation_exists"), "organisation_number", "A company with this organisation number is here already"),
        (Invalid("email_invalid", fields={"administrator.email": "email_invalid"}), "email", "Write an e-mail address"),
    ],
)  # fmt: skip
def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(refused: Invalid | Conflict, field: str, told: str) -> None:
    asked = _firm()
    asked.book.answers["CreateClient"] = refused
    answer = asked.post("/administration/clients/new", NEW)
    page = answer.get_data(as_text=True)
    assert answer.status_code == refused.http_status
    assert told in re.search(rf'id="{field}-error".*?</p>', page, re.DOTALL)[0]  # type: ignore[index]
    assert 'value="per@provelund.example"' in page
    assert re.search(r'name="area" value="2" checked', page)
    assert not re.search(r'name="area" value="3" checked', page)
    assert asked.asked("CreateLink") == []


def test_a_client_whose_link_failed_is_not_made_twice() -> None:
    """The form goes on where it stopped."""
    asked = _firm()
    asked.book.answers["CreateLink"] = Unavailable("database_unavailable")
    page = asked.post("/administration/clients/new", NEW).get_data(as_text=True)
    assert f'name="made" value="{OTHER}"' in page
    assert "is not connected to your firm yet" in page
    asked.book.answers["CreateLink"] = linking_pb2.Link()
    answer = asked.post("/administration/clients/new", NEW | {"made": OTHER})
    assert answer.headers["Location"] == f"{CLIENT}/folders?made=1"
    assert len(asked.asked("CreateClient")) == 1


def test_a_client_needs_an_area() -> None:
    asked = _firm()
    answer = asked.post("/administration/clients/new", NEW | {"area": ["4", "9"]})
    assert answer.status_code == 422
    assert "Choose at least one area" in words(answer)
    assert asked.asked("CreateClient") == []


def test_folders_are_made_renamed_and_removed_by_the_firm() -> None:
    """ACC-02, ACC-10: the service stays, it decided who received what is in it."""
    asked = _firm()
    assert "Lønnsslipper / Payroll 0 3" in words(asked.get(f"{CLIENT}/folders"))
    asked.post(f"{CLIENT}/folders", name=" Bank ", area="1")
    made = asked.last("CreateFolder")
    assert (made.organisation_id, made.name, made.service_area) == (OTHER, "Bank", 1)
    one = f"{CLIENT}/folders/{FOLDER}"
    assert asked.post(one, name="Lønn").headers["Location"] == f"{CLIENT}/folders?saved=renamed"
    assert (asked.last("RenameFolder").folder_id, asked.last("RenameFolder").name) == (FOLDER, "Lønn")
    assert "3 users at Prøvelund AS lose it at once" in words(asked.get(f"{one}/remove"))
    assert asked.asked("RemoveFolder") == []
    assert asked.post(f"{one}/remove").headers["Location"] == f"{CLIENT}/folders?saved=removed"
    assert asked.last("RemoveFolder").folder_id == FOLDER


@pytest.mark.parametrize(("act", "rpc"), [("", "CreateFolder"), (f"/{FOLDER}", "RenameFolder"), (f"/{FOLDER}/remove", "RemoveFolder")])
def test_what_a_folder_refuses_is_said_on_its_page(act: str, rpc: str) -> None:
    """ACC-10."""
    asked = _firm()
    asked.book.answers[rpc] = Conflict("folder_exists")
    answer = asked.post(f"{CLIENT}/folders{act}", name="Lønn", area="2")
    assert answer.status_code == 409
    assert "There is already a folder with this name" in words(answer)


def test_a_folder_with_documents_offers_no_removal() -> None:
    asked = _firm()
    held = asked.book.answers["ListClientFolders"]
    assert isinstance(held, documents_pb2.ListClientFoldersResponse)
    held.folders[0].documents = 2
    said = words(asked.get(f"{CLIENT}/folders/{FOLDER}"))
    assert "can be removed once it is empty" in said
    assert "Remove folder" not in said
    assert asked.get(f"{CLIENT}/folders/{SECOND}").status_code == 404


def test_a_client_made_a_moment_ago_says_that_it_is_being_prepared() -> None:
    asked = _firm()
    asked.book.answers["ListClientFolders"] = NotFound("client_not_found")
    assert "Load the page again in a few seconds" in words(asked.get(f"{CLIENT}/folders"))


def test_the_grid_shows_who_works_in_which_area_and_warns_of_one_without_anybody() -> None:
    """ACC-11, ACC-60: help with the portal is a column too."""
    page = _firm().get(f"{CLIENT}/consultants").get_data(as_text=True)
    assert "Nobody receives what Prøvelund AS sends about Payroll" in page
    assert f'name="areas-{SECOND}" value="1" checked' in page
    assert f'name="areas-{SECOND}" value="2">' in page
    assert f'name="areas-{MEMBERSHIP}" value="4">' in page
    assert f'type="hidden" name="areas-{SECOND}" value="3"' in page, "an area the firm no longer serves is kept until somebody changes it"


def test_only_what_was_changed_on_the_grid_is_saved() -> None:
    """ACC-11: what another administrator changed meanwhile stays."""
    asked = _firm()
    form = {
        "person": [SECOND, MEMBERSHIP], f"was-{SECOND}": "1,3", f"areas-{SECOND}": ["3", "1"],
        f"was-{MEMBERSHIP}": "", f"areas-{MEMBERSHIP}": ["4", "2"],
    }  # fmt: skip
    assert asked.post(f"{CLIENT}/consultants", form).headers["Location"] == f"{CLIENT}/consultants?saved=1"
    sent = [each.request for each in asked.asked("AssignConsultant")]
    assert [(each.organisation_id, each.membership_id, list(each.service_areas)) for each in sent] == [(OTHER, MEMBERSHIP, [2, 4])]  # type: ignore[attr-defined]
    form |= {f"was-{MEMBERSHIP}": "2,4", f"areas-{MEMBERSHIP}": []}
    asked.post(f"{CLIENT}/consultants", form)
    assert list(asked.last("AssignConsultant").service_areas) == []


def test_what_could_not_be_saved_is_said_above_the_grid() -> None:
    asked = _firm()
    asked.book.answers["AssignConsultant"] = NotFound("member_not_found")
    form = {"person": [SECOND], f"was-{SECOND}": "1,3", f"areas-{SECOND}": ["1"]}
    answer = asked.post(f"{CLIENT}/consultants", form)
    assert answer.status_code == 409
    assert "This person is no longer a user here" in words(answer)


def test_the_firm_says_what_it_does_for_a_client() -> None:
    """ACC-11, ACC-60."""
    asked = _firm()
    asked.post(f"{CLIENT}/areas", {"area": ["3", "1"]})
    assert (asked.last("UpdateLink").organisation_id, list(asked.last("UpdateLink").service_areas)) == (OTHER, [1, 3])
    assert asked.post(f"{CLIENT}/areas").status_code == 422


def test_the_firm_sees_the_people_of_a_client_and_invites_them_but_changes_none() -> None:
    """ACC-12, NET-03."""
    asked = _firm()
    page = asked.get(f"{CLIENT}/people?name=liv").get_data(as_text=True)
    assert "liv@firm.example" in page
    assert {each.rpartition("/")[2] for each in re.findall(r'"/administration/members/([^"]+)"', page)} == {"invitation"}
    assert (asked.last("ListMembers").organisation_id, asked.last("ListMembers").name) == (OTHER, "liv")


def test_the_firm_is_no_client_of_its_own() -> None:
    asked = _firm()
    asked.book.answers["GetOrganisation"] = identity_pb2.Organisation(organisation_id=OWN, name="Firm")
    for page in ("folders", "consultants", "people"):
        assert asked.get(f"/administration/clients/{OWN}/{page}").status_code == 404


@pytest.mark.parametrize("path", ["/administration/clients", "/administration/clients/new", f"{CLIENT}/folders", f"{CLIENT}/consultants"])
def test_nobody_but_administrators_comes_here(path: str) -> None:
    """ACC-13."""
    assert portal(kind=FIRM, permissions=READER).get(path).status_code == 403
    refused = portal(permissions=EVERYTHING)
    refused.book.answers.update(ListClients=Denied("not_permitted"), GetOrganisation=NotFound("organisation_not_found"))
    assert refused.get(path).status_code in ((200,) if path.endswith("/new") else (403, 404)), "the form alone tells nobody anything"
