"""Administration and one's own account, as the pages do them."""

import re

import pytest
from kontor.documents.v1 import documents_pb2
from kontor.identity.v1 import administration_pb2, identity_pb2
from werkzeug.datastructures import MultiDict

from chassis.errors import Conflict, Invalid, NotFound
from tests.gateway.portal import AT, FOLDER, MEMBERSHIP, OTHER, OWN, SECOND, Portal, portal, words

FIRM = identity_pb2.ORGANISATION_KIND_FIRM
MEMBER = f"/administration/members/{SECOND}"
OLA = identity_pb2.Member(
    membership_id=SECOND, email="ola@testdal.example", first_name="Ola", last_name="Prøvesen", role=identity_pb2.ROLE_WRITE, added_at=AT
)


def _administration(**who: object) -> Portal:
    asked = portal(**who)  # type: ignore[arg-type]
    folders = [
        documents_pb2.Folder(folder_id=each, name=name, service_area=area)  # type: ignore[arg-type]
        for each, name, area in ((FOLDER, "Lønnsslipper", 2), (OTHER, "Kontrakter", 3))
    ]
    ticks = [documents_pb2.FolderTick(folder=folder, granted=folder.folder_id == FOLDER) for folder in folders]
    access = documents_pb2.FolderAccess(membership_id=SECOND, ticks=ticks)
    ingrid = identity_pb2.Member(membership_id=MEMBERSHIP, first_name="Ingrid", role=1, activated=True, last_seen_at=AT)  # type: ignore[arg-type]
    members = identity_pb2.ListMembersResponse(members=[OLA, ingrid], total=2, total_invited=1)
    asked.book.answers.update(GetMember=OLA, AddMember=OLA, ListMembers=members, GetFolderAccess=access, SetFolderAccess=access)
    counted = [documents_pb2.GrantCount(membership_id=MEMBERSHIP, folders=2), documents_pb2.GrantCount(membership_id=SECOND)]
    asked.book.answers["CountGrants"] = documents_pb2.CountGrantsResponse(counts=counted)
    asked.book.answers["ListReplacements"] = administration_pb2.ListReplacementsResponse()
    return asked


def test_the_users_are_listed_with_role_folders_and_when_they_were_last_here() -> None:
    """ACC-76, NET-04: under Organisations, and the same list under Users; each role in words."""
    asked = _administration()
    for path in ("/administration", "/administration/users"):
        said = words(asked.get(path))
        assert "1 active, 1 invited" in said
        assert "ola@testdal.example Write Uploads documents and writes messages. Sees the folders given. No folders Invited" in said
        assert "Uploads and writes messages. 2 folders 28 May 2026 22:26" in said
    assert list(asked.last("CountGrants").membership_ids) == [SECOND, MEMBERSHIP]


def test_many_users_are_searched_and_paged() -> None:
    """ACC-76: what is searched for stands in the address."""
    asked = _administration()
    many = identity_pb2.ListMembersResponse(members=[OLA], total=90, total_invited=4, next_page_token="further")
    asked.book.answers["ListMembers"] = many
    page = asked.get("/administration/users?name=ola&state=invited&page=here").get_data(as_text=True)
    sent = asked.last("ListMembers")
    assert (sent.name, sent.invited, sent.page_token, sent.organisation_id) == ("ola", True, "here", "")
    assert "/administration/users?page=further&amp;name=ola&amp;state=invited" in page
    part = asked.get("/administration/users?name=ola", headers={"HX-Target": "work"}).get_data(as_text=True)
    assert part.lstrip().startswith('<div id="work"')
    asked.book.answers["ListMembers"] = identity_pb2.ListMembersResponse(total=90)
    assert "Nothing matches" in words(asked.get("/administration/users?name=zzz"))


def test_adding_takes_two_steps_and_leads_to_the_folders() -> None:
    """ACC-77, ACC-78, ACC-08."""
    asked = _administration()
    second = asked.post("/administration/members/new", step="email", email="ola@testdal.example")
    assert "First name" in words(second)
    assert asked.asked("AddMember") == []
    name = {"step": "name", "email": "ola@testdal.example", "first_name": " Ola ", "last_name": "Prøvesen", "role": "2"}
    answer = asked.post("/administration/members/new", name)
    assert answer.headers["Location"] == f"{MEMBER}/folders?added=1"
    sent = asked.last("AddMember")
    assert (sent.email, sent.first_name, sent.last_name, sent.role) == ("ola@testdal.example", "Ola", "Prøvesen", identity_pb2.ROLE_WRITE)
    assert "A new user has no folders" in words(asked.get(f"{MEMBER}/folders?added=1"))


@pytest.mark.parametrize("email", ["ola", "@testdal.example", "ola@", "o@" + "x" * 300])
def test_an_address_that_is_none_is_asked_for_again(email: str) -> None:
    asked = _administration()
    answer = asked.post("/administration/members/new", step="email", email=email)
    assert answer.status_code == 422
    assert "Write an e-mail address" in words(answer)


def test_a_role_that_the_form_does_not_offer_is_not_sent() -> None:
    asked = _administration()
    for role in (identity_pb2.ROLE_CONSULTANT, 99, "administrator", ""):
        name = {"step": "name", "email": "ola@testdal.example", "first_name": "Ola", "last_name": "P", "role": str(role)}
        asked.post("/administration/members/new", name)
        assert asked.last("AddMember").role == identity_pb2.ROLE_UNSPECIFIED


def test_somebody_who_is_a_member_already_is_said_at_the_address() -> None:
    asked = _administration()
    asked.book.answers["AddMember"] = Conflict("already_member", fields={"email": "already_member"})
    answer = asked.post("/administration/members/new", step="name", email="ola@testdal.example", first_name="Ola", last_name="P")
    assert answer.status_code == 409
    assert re.search(r'id="email"[^>]+value="ola@testdal.example"[^>]+aria-invalid="true"', answer.get_data(as_text=True))


def test_another_address_for_a_programme_administrator_leaves_name_role_and_programmes() -> None:
    """ACC-77, FNK-06: after the last page has led back to the first."""
    asked = _administration(kind=FIRM)
    asked.book.answers["AddMember"] = Conflict("already_member", fields={"email": "already_member"})
    role, programmes = str(identity_pb2.ROLE_PROGRAMME_ADMINISTRATOR), ["1", "3"]
    last = {"first_name": "Liv", "last_name": "Testnes", "role": role, "programme": programmes}
    back = asked.post("/administration/members/new", {"step": "name", "email": "ola@firm.example", **last}).get_data(as_text=True)
    carried = MultiDict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', back))
    assert carried.getlist("programme") == programmes
    carried.update({"email": "liv@firm.example", "method": "link"})
    page = asked.post("/administration/members/new", carried).get_data(as_text=True)
    for filled in ('value="Liv"', 'value="Testnes"', f'name="role" value="{role}" data-scoped checked'):
        assert filled in page
    assert re.findall(r'name="programme" value="(\d)" checked', page) == programmes


def test_the_firm_adds_consultants_and_gives_no_folders() -> None:
    """FNK-04."""
    asked = _administration(kind=FIRM)
    name = {"step": "name", "email": "liv@firm.example", "first_name": "Liv", "last_name": "T", "role": str(identity_pb2.ROLE_CONSULTANT)}
    assert asked.post("/administration/members/new", name).headers["Location"] == "/administration/users?added=1"
    assert asked.last("AddMember").role == identity_pb2.ROLE_CONSULTANT
    assert 'name="folder"' not in asked.get(MEMBER).get_data(as_text=True)


def test_ticks_show_what_is_given_and_change_only_when_saved() -> None:
    """ACC-79: exactly the ticked ones, on the page behind "Manage folders"."""
    asked = _administration()
    panel = asked.get(MEMBER).get_data(as_text=True)
    assert 'Lønnsslipper <span class="soft">/ Payroll</span>' in panel, "ACC-02"
    assert "Kontrakter" not in panel, "the panel shows those that are given"
    assert f'href="{MEMBER}/folders"' in panel
    page = asked.get(f"{MEMBER}/folders").get_data(as_text=True)
    assert f'name="folder" value="{FOLDER}" checked' in page
    assert f'name="folder" value="{OTHER}">' in page
    assert asked.asked("SetFolderAccess") == []
    answer = asked.post(f"{MEMBER}/folders", {"folder": [FOLDER, OTHER, FOLDER]})
    assert list(asked.last("SetFolderAccess").folder_ids) == [FOLDER, OTHER]
    assert "Ola may use 1 folder now" in words(asked.get(answer.headers["Location"]))
    asked.post(f"{MEMBER}/folders")
    assert list(asked.last("SetFolderAccess").folder_ids) == []


def test_a_folder_shows_who_may_use_it_and_saves_only_those_on_the_page() -> None:
    """ACC-79, ACC-80: Administration, Folders, the folder."""
    asked = _administration()
    folder = documents_pb2.Folder(folder_id=FOLDER, name="Bank", service_area=1)  # type: ignore[arg-type]
    held = documents_pb2.FolderMembers(folder=folder, membership_ids=[MEMBERSHIP, OTHER])
    grants = documents_pb2.ListFolderGrantsResponse(folders=[documents_pb2.FolderGrants(folder=folder, members=2)])
    asked.book.answers.update(ListFolderGrants=grants, GetFolderMembers=held, SetFolderMembers=held)
    listed = asked.get("/administration/folders")
    assert f'href="/administration/folders/{FOLDER}"' in listed.get_data(as_text=True)
    assert "Bank / Accounting 2" in words(listed)
    page = asked.get(f"/administration/folders/{FOLDER}").get_data(as_text=True)
    assert f'name="member" value="{MEMBERSHIP}" checked' in page
    assert f'name="member" value="{SECOND}">' in page
    answer = asked.post(f"/administration/folders/{FOLDER}?name=o", {"shown": [MEMBERSHIP, SECOND], "member": [SECOND]})
    saved = [(each.membership_id, each.granted) for each in asked.last("SetFolderMembers").ticks]
    assert saved == [(MEMBERSHIP, False), (SECOND, True)]
    assert answer.headers["Location"] == f"/administration/folders/{FOLDER}?saved=2&name=o"
    assert "2 users have access" in words(asked.get(answer.headers["Location"]))
    asked.book.answers["SetFolderMembers"] = NotFound("member_not_found", "There is no such member.")
    refused = asked.post(f"/administration/folders/{FOLDER}", {"shown": [SECOND], "member": [SECOND]})
    assert refused.status_code == 404
    assert 'class="error"' in refused.get_data(as_text=True)


def test_who_has_no_folders_is_said_to_be_able_to_do_nothing() -> None:
    """ACC-09."""
    asked = _administration()
    folder = documents_pb2.Folder(folder_id=FOLDER, name="Bank", service_area=1)  # type: ignore[arg-type]
    asked.book.answers["GetFolderAccess"] = documents_pb2.FolderAccess(ticks=[documents_pb2.FolderTick(folder=folder)])
    assert "Ola has no folders, and can neither see nor upload documents" in words(asked.get(MEMBER))


def test_removing_asks_first_and_says_what_it_means() -> None:
    """ACC-81, ACC-83, ACC-84."""
    asked = _administration()
    assert "Remove user from the organisation" in words(asked.get(MEMBER))
    said = words(asked.get(f"{MEMBER}/remove"))
    assert "Remove Ola Prøvesen?" in said
    assert "Documents stay, with the name on them" in said
    assert "cannot be undone. You can add the person again later, without folders" in said
    assert asked.asked("RemoveMember") == []
    assert asked.post(f"{MEMBER}/remove").headers["Location"] == "/administration?removed=1"
    assert asked.last("RemoveMember").membership_id == SECOND


def test_the_last_administrator_stays_and_the_page_says_why() -> None:
    """ACC-05."""
    asked = _administration()
    for act, rpc in (("remove", "RemoveMember"), ("role", "ChangeRole")):
        asked.book.answers[rpc] = Conflict("last_administrator")
        answer = asked.post(f"{MEMBER}/{act}", role=str(identity_pb2.ROLE_READ), confirmed="1")
        assert answer.status_code == 409
        assert "needs at least one administrator" in words(answer)


def test_who_removes_oneself_is_led_out() -> None:
    asked = _administration()
    asked.book.answers["GetMember"] = identity_pb2.Member(membership_id=MEMBERSHIP, first_name="Ingrid")
    assert asked.post(f"/administration/members/{MEMBERSHIP}/remove").headers["Location"] == "/organisations"


def test_another_role_is_asked_about_once_more_and_then_changed() -> None:
    """AMI-05, AMI-06."""
    asked = _administration()
    said = words(asked.post(f"{MEMBER}/role", role=str(identity_pb2.ROLE_ADMINISTRATOR)))
    assert "From Write to Administrator?" in said
    assert "says which folders each may use" in said
    assert asked.asked("ChangeRole") == []
    answer = asked.post(f"{MEMBER}/role", role=str(identity_pb2.ROLE_READ), confirmed="1")
    assert answer.headers["Location"] == f"{MEMBER}?saved=1"
    assert (asked.last("ChangeRole").membership_id, asked.last("ChangeRole").role) == (SECOND, identity_pb2.ROLE_READ)


def test_a_name_is_changed_but_no_address() -> None:
    """ACC-72, AMI-11."""
    asked = portal()
    page = asked.get("/account").get_data(as_text=True)
    assert "cannot be changed" in page
    assert re.findall(r'<input[^>]+name="email"', page) == []
    asked.post("/account/profile", first_name="Inga", last_name="Eksempeldal", language="sv", email="new@testdal.example")
    sent = asked.last("UpdateProfile")
    assert (sent.first_name, sent.last_name, sent.language) == ("Inga", "Eksempeldal", "sv")


def test_a_name_that_is_refused_stays_as_it_was_typed() -> None:
    """ACC-71, ACC-72."""
    asked = _administration()
    asked.book.answers["UpdateProfile"] = Invalid("name_missing", fields={"last_name": "name_missing"})
    page = asked.post("/account/profile", first_name="Inga", last_name="", language="sv").get_data(as_text=True)
    assert re.search(r'id="first_name"[^>]+value="Inga"', page)
    assert re.search(r'id="last_name"[^>]+value=""', page)
    assert '<option value="sv" lang="sv" selected>' in page


def test_the_password_is_changed_with_the_present_one() -> None:
    """ACC-73, AMI-17."""
    asked = portal()
    assert "Change it regularly" in words(asked.get("/account"))
    given = {"present_password": "the old one", "password": "gran furu bjerk hassel", "password_again": "gran furu bjerk hassel"}
    assert asked.post("/account/password", given).headers["Location"] == "/account?saved=password"
    asked.book.answers["ChangePassword"] = Invalid("wrong_password", fields={"present_password": "wrong_password"})
    answer = asked.post("/account/password", given)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'id="present_password-error"' in page
    assert "the old one" not in page
    assert "gran furu" not in page


def test_the_organisation_of_a_page_is_the_chosen_one() -> None:
    asked = _administration(organisations=2)
    assert f"Who is in {'Testdal Bakeri AS'}" in words(asked.get("/administration"))
    assert OWN not in asked.get("/administration").get_data(as_text=True), "identity knows which; the address does not say"
