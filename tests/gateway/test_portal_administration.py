"""What an administrator of several companies, or of a programme only, finds in the portal; and an address being replaced."""

from kontor.access.v1 import access_pb2
from kontor.identity.v1 import administration_pb2, identity_pb2

from chassis.errors import Conflict, Denied, Invalid
from services.gateway.config import Config
from tests.gateway.firm import answers
from tests.gateway.portal import AT, EVERYTHING, MEMBERSHIP, OTHER, OWN, SECOND, Portal, portal, words

FIRM, CLIENT = identity_pb2.ORGANISATION_KIND_FIRM, identity_pb2.ORGANISATION_KIND_CLIENT
MEMBER, ADD = f"/administration/members/{SECOND}", "/administration/members/new"
OLA = identity_pb2.Member(membership_id=SECOND, email="ola@testdal.example", first_name="Ola", last_name="Prøvesen", role=2, added_at=AT)  # type: ignore[arg-type]
HERE = identity_pb2.Membership(membership_id=SECOND, organisation_id=OWN, organisation_name="Testdal Bakeri AS", kind=CLIENT, role=2)  # type: ignore[arg-type]
THERE = identity_pb2.Membership(membership_id=MEMBERSHIP, organisation_id=OTHER, organisation_name="Prøvelund AS", kind=CLIENT, role=3)  # type: ignore[arg-type]
MANAGER = tuple(
    set(EVERYTHING) - {
        access_pb2.PERMISSION_MEMBER_MANAGE, access_pb2.PERMISSION_LINK_MANAGE, access_pb2.PERMISSION_FOLDER_MANAGE,
        access_pb2.PERMISSION_CLIENT_CREATE, access_pb2.PERMISSION_API_KEY_MANAGE, access_pb2.PERMISSION_DOCUMENT_HOLD,
    }
)  # fmt: skip


def _administration(**who: object) -> Portal:
    asked = portal(**{"organisations": 2, **who})  # type: ignore[arg-type]
    own = [identity_pb2.Membership(membership_id=MEMBERSHIP, organisation_id=each, organisation_name=name, kind=CLIENT, role=1)  # type: ignore[arg-type]
           for each, name in ((OWN, "Testdal Bakeri AS"), (OTHER, "Prøvelund AS"))]  # fmt: skip
    asked.book.answers.update(
        GetMember=OLA, AddMember=OLA, ListMembers=identity_pb2.ListMembersResponse(members=[OLA], total=1),
        ListReplacements=administration_pb2.ListReplacementsResponse(),
        ListAdministered=administration_pb2.ListAdministeredResponse(memberships=own),
        ListMemberships=administration_pb2.ListMembershipsResponse(memberships=[HERE, THERE]),
    )  # fmt: skip
    return asked


def _untick(asked: Portal, *kept: str, confirmed: bool = True) -> object:
    form = {"shown": [SECOND, MEMBERSHIP], "keep": list(kept), **({"confirmed": "1"} if confirmed else {})}
    return asked.post(f"{MEMBER}/companies", form)


def test_one_picks_the_company_first_and_is_led_to_the_folders_there() -> None:
    """AMI-04, ACC-78: nobody is slipped into another company unasked; the button says that one works there then."""
    asked = _administration()
    page = asked.get(ADD).get_data(as_text=True)
    assert f'<option value="{OTHER}">Prøvelund AS</option>' in page
    second = asked.post(ADD, step="email", email="ola@testdal.example", organisation=OTHER)
    assert "ola@testdal.example · Prøvelund AS" in words(second)
    name = {"step": "name", "email": "ola@testdal.example", "first_name": "Ola", "last_name": "P", "role": "3", "organisation": OTHER}
    done = asked.post(ADD, name)
    sent = asked.last("AddMember")
    assert (sent.organisation_id, sent.role) == (OTHER, identity_pb2.ROLE_READ)
    assert "Ola Prøvesen is added to Prøvelund AS" in words(done)
    assert f'name="membership" value="{MEMBERSHIP}"' in done.get_data(as_text=True)
    chosen = asked.post("/organisations", membership=MEMBERSHIP, back=f"{MEMBER}/folders?added=1")
    assert chosen.headers["Location"] == f"{MEMBER}/folders?added=1"
    assert asked.post("/organisations", membership=MEMBERSHIP, back="https://elsewhere.example").headers["Location"] == "/"


def test_a_company_that_one_does_not_administer_cannot_be_picked() -> None:
    """AMI-04, ACC-12: what the form does not offer is taken for one's own; identity refuses by itself."""
    asked = _administration()
    name = {"step": "name", "email": "o@testdal.example", "first_name": "O", "last_name": "P", "role": "2", "organisation": MEMBERSHIP}
    assert asked.post(ADD, name).headers["Location"] == f"{MEMBER}/folders?added=1"
    assert asked.last("AddMember").organisation_id == ""
    alone = _administration(organisations=1)
    assert 'name="organisation"' not in alone.get(ADD).get_data(as_text=True)
    assert alone.asked("ListAdministered") == []


def test_companies_are_unticked_confirmed_and_left() -> None:
    """AMI-07: one form, asked once more; only what it showed is ended."""
    asked = _administration()
    assert f'href="{MEMBER}/companies"' in asked.get(MEMBER).get_data(as_text=True)
    shown = words(asked.get(f"{MEMBER}/companies"))
    assert "Testdal Bakeri AS Write" in shown
    assert "Prøvelund AS Read" in shown
    question = _untick(asked, SECOND, confirmed=False)
    assert "End access to 1 company?" in words(question)  # type: ignore[arg-type]
    assert asked.asked("RemoveMemberships") == []
    result = administration_pb2.RemovedMembership(membership_id=MEMBERSHIP, organisation_name="Prøvelund AS")
    asked.book.answers["RemoveMemberships"] = administration_pb2.RemoveMembershipsResponse(results=[result])
    asked.book.answers["ResolveSession"].current.membership_id = OWN  # type: ignore[union-attr]
    assert _untick(asked, SECOND).headers["Location"] == f"{MEMBER}?companies=1"  # type: ignore[attr-defined]
    sent = asked.last("RemoveMemberships")
    assert (sent.membership_id, list(sent.removed_ids)) == (SECOND, [MEMBERSHIP])
    assert _untick(asked, SECOND, MEMBERSHIP).headers["Location"] == MEMBER  # type: ignore[attr-defined]


def test_a_company_that_cannot_be_left_says_why_beside_it() -> None:
    """AMI-07, ACC-05: the others are left all the same."""
    asked = _administration()
    results = [
        administration_pb2.RemovedMembership(membership_id=SECOND, reason="last_administrator"),
        administration_pb2.RemovedMembership(membership_id=MEMBERSHIP),
    ]
    asked.book.answers["RemoveMemberships"] = administration_pb2.RemoveMembershipsResponse(results=results)
    answer = _untick(asked)
    assert answer.status_code == 409  # type: ignore[attr-defined]
    said = words(answer)  # type: ignore[arg-type]
    assert "Access to 1 company is ended." in said
    assert "Testdal Bakeri AS Write An organisation needs at least one administrator." in said
    assert "Prøvelund AS" not in said.partition("Companies that you administer")[2]


def test_an_address_is_replaced_and_the_replacing_given_up() -> None:
    """AMI-11: said what will happen, shown while it waits, on both sides of it."""
    asked = _administration()
    assert "Both addresses are told." in words(asked.get(f"{MEMBER}/address"))
    assert asked.post(f"{MEMBER}/address", email=" new@testdal.example ").headers["Location"] == f"{MEMBER}?replacing=1"
    sent = asked.last("StartReplacement")
    assert (sent.membership_id, sent.email) == (SECOND, "new@testdal.example")
    going = administration_pb2.Replacement(
        replacement_id=OTHER, membership_id=SECOND, new_membership_id=MEMBERSHIP, email="ola@testdal.example",
        new_email="new@testdal.example",
    )  # fmt: skip
    asked.book.answers["ListReplacements"] = administration_pb2.ListReplacementsResponse(replacements=[going])
    said = words(asked.get(MEMBER))
    assert "new@testdal.example takes the place of this address when it signs in for the first time." in said
    assert "Replace the e-mail address" not in said
    assert asked.post(f"{MEMBER}/address/keep").headers["Location"] == f"{MEMBER}?kept=1"
    assert asked.last("CancelReplacement").replacement_id == OTHER
    asked.book.answers["GetMember"] = identity_pb2.Member(membership_id=MEMBERSHIP, first_name="Ola", added_at=AT)
    assert "Takes the place of ola@testdal.example when" in words(asked.get(f"/administration/members/{MEMBERSHIP}"))
    asked.book.answers["StartReplacement"] = Conflict("already_member", fields={"email": "already_member"})
    refused = asked.post(f"{MEMBER}/address", email="kari@testdal.example")
    assert refused.status_code == 409
    assert 'value="kari@testdal.example"' in refused.get_data(as_text=True)


def test_what_was_written_is_kept_while_a_code_is_asked_for() -> None:
    """NET-05, AMI-06, AMI-11: role and address, in the place where they were refused."""
    asked = _administration()
    for path, rpc, form in (
        (f"{MEMBER}/role", "ChangeRole", {"role": "1", "confirmed": "1"}),
        (f"{MEMBER}/address", "StartReplacement", {"email": "new@testdal.example"}),
        (f"{MEMBER}/access", "SetMemberValidity", {"last_day": "2026-12-31"}),
    ):
        asked.book.answers[rpc] = Denied("step_up_needed")
        page = asked.post(path, form).get_data(as_text=True)
        assert f'name="step_up_back" value="{path}"' in page, path
        for name, value in form.items():
            assert f'name="{name}" value="{value}"' in page, path


def test_consultants_are_assigned_after_a_fresh_code_with_the_ticks_kept() -> None:
    """NET-05, FNK-06: linking demands it."""
    asked = portal(kind=FIRM)
    asked.book.answers.update(answers() | {"AssignConsultant": Denied("step_up_needed")})
    page = asked.post(f"/administration/clients/{OTHER}/consultants", {"person": SECOND, f"was-{SECOND}": "", f"areas-{SECOND}": "2"})
    assert f'name="areas-{SECOND}" value="2"' in page.get_data(as_text=True)
    assert "step_up_code" in page.get_data(as_text=True)


def test_who_administers_the_client_manager_has_its_pages_and_no_others() -> None:
    """FNK-06, ACC-13: clients and consultants; neither users nor folders, areas or keys."""
    asked = portal(kind=FIRM, permissions=MANAGER)
    asked.book.answers.update(answers())
    assert ">Administration</a>" in asked.get("/").get_data(as_text=True).replace("</svg>", "")
    assert asked.get("/administration").headers["Location"] == "/administration/clients"
    listed = asked.get("/administration/clients").get_data(as_text=True)
    assert f'href="/administration/clients/{OTHER}/consultants"' in listed
    assert "New client" not in listed
    assert "/administration/users" not in listed
    page = asked.get(f"/administration/clients/{OTHER}/consultants").get_data(as_text=True)
    assert 'name="person"' in page
    assert "Save areas" not in page
    assert f"/administration/clients/{OTHER}/folders" not in page
    for path in ("/administration/users", MEMBER, "/administration/members/new", "/administration/api-keys"):
        assert asked.get(path).status_code == 403, path


def test_a_firm_makes_programme_administrators_and_says_of_what() -> None:
    """FNK-04, FNK-06, AMI-06: asked with the programmes; none ticked is said at them, not lost."""
    asked = _administration(kind=FIRM, organisations=1)
    asked.book.answers["GetMember"] = identity_pb2.Member(membership_id=SECOND, first_name="Ola", role=4, added_at=AT)  # type: ignore[arg-type]
    question = asked.post(f"{MEMBER}/role", role="5").get_data(as_text=True)
    assert 'name="programme" value="1"' in question
    assert asked.asked("ChangeRole") == []
    asked.book.answers["ChangeRole"] = Invalid("programmes_missing", fields={"programmes": "programmes_missing"})
    again = asked.post(f"{MEMBER}/role", role="5", confirmed="1")
    assert again.status_code == 422
    assert "Choose at least one programme." in words(again)
    del asked.book.answers["ChangeRole"]
    asked.post(f"{MEMBER}/role", {"role": "5", "confirmed": "1", "programme": ["1", "3"]})
    assert list(asked.last("ChangeRole").programmes) == [1, 3]
    asked.post(ADD, {"step": "name", "email": "n@f.example", "first_name": "N", "last_name": "N", "role": "5", "programme": ["2"]})
    assert (asked.last("AddMember").role, list(asked.last("AddMember").programmes)) == (5, [2])
    member = identity_pb2.Member(membership_id=SECOND, first_name="Ola", role=5, programmes=[1], added_at=AT)  # type: ignore[arg-type,list-item]
    asked.book.answers["ListMembers"] = identity_pb2.ListMembersResponse(members=[member], total=1)
    assert "Programme administrator Works for the clients assigned, in the areas assigned. Says who works for which client." in words(
        asked.get("/administration/users")
    )


def test_the_beta_programme_is_switched_on_my_account() -> None:
    """AMI-24: off until switched on, by oneself."""
    asked = portal()
    assert 'name="beta" value="1">' in asked.get("/account").get_data(as_text=True)
    assert asked.post("/account/beta", beta="1").headers["Location"] == "/account?saved=beta"
    assert asked.last("UpdateProfile").beta
    asked.post("/account/beta")
    sent = asked.last("UpdateProfile")
    assert sent.HasField("beta")
    assert not sent.beta
    asked.book.answers["ResolveSession"].profile.beta = True  # type: ignore[union-attr]
    assert 'name="beta" value="1" checked>' in asked.get("/account").get_data(as_text=True)


def test_a_password_is_rated_while_it_is_typed_and_stands_in_no_address() -> None:
    """ACC-18: sent as a form, known words with it; also by somebody with a mailed link, who is signed in nowhere."""
    asked = portal()
    asked.book.answers["RatePassword"] = identity_pb2.RatePasswordResponse(strength=1, reason="password_too_common")  # type: ignore[arg-type]
    answer = asked.post("/password/strength", password="passordpassord1", username="ingrid@testdal.example")
    assert answer.json == {"strength": 1, "said": "This password is easy to guess. Choose words that do not belong together."}
    sent = asked.last("RatePassword")
    assert (sent.password, list(sent.known_words)) == ("passordpassord1", ["ingrid@testdal.example", "Ingrid", "Eksempeldal"])
    assert asked.get("/password/strength?password=x").status_code == 405
    nobody = portal(signed_in=False)
    nobody.book.answers["RatePassword"] = identity_pb2.RatePasswordResponse(strength=3)  # type: ignore[arg-type]
    assert nobody.post("/password/strength", password="p").json == {"strength": 3, "said": "Strong"}
    for path in ("/account", "/links/" + "x" * 43):
        nobody.book.answers["ShowLink"] = identity_pb2.ShowLinkResponse(kind=2, state=1, email="i@testdal.example")  # type: ignore[arg-type]
        page = (asked if path == "/account" else nobody).get(path).get_data(as_text=True)
        assert 'role="status" data-strength-of="password" data-rate="/password/strength"' in page


def test_the_guides_ways_lead_to_their_places() -> None:
    """AMI-17, AMI-21, AMI-28: Settings, Security, the language, and help by mail and telephone on every page."""
    asked = portal(config=Config(help_email="help@eksempelvik.example", help_phone="22 00 00 00"))
    menu = asked.get("/account").get_data(as_text=True)
    said = words(asked.get("/account"))
    assert "Settings My account: name and password Sign-in and security Language: English" in said
    assert 'href="/account#language"' in menu
    assert menu.count('href="tel:22000000"') == 2
    assert menu.count('href="mailto:help@eksempelvik.example"') == 2
    security = asked.get("/security").get_data(as_text=True)
    assert 'href="/account#password-form"' in security
    alone = portal(signed_in=False, config=Config(help_email="help@eksempelvik.example", help_phone="22 00 00 00"))
    outside = alone.get("/sign-in").get_data(as_text=True)
    assert "help@eksempelvik.example" in outside
    assert "22 00 00 00" in outside
