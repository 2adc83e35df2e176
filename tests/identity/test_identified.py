"""Adding people by identifier and country, or by their identifier here: one person, one account, no leaks (NET-06 to NET-15, ACC-32)."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kontor.identity.v1 import identity_pb2 as pb
from kontor.notify.v1 import notify_pb2

from chassis.caller import Caller
from chassis.errors import Failure
from services.identity import identifiers, tokens
from services.identity.sealing import Keyring
from tests.identity.invited import EMAIL, Inviting, added, confirm, identification, inviting, with_account
from tests.identity.world import NUMBERS, SEALING_KEYS, Somebody, World, later

KEYRING = Keyring.from_setting(SEALING_KEYS)
OTHER_NUMBER, YES = "39001010002", pb.REGISTERED_YES


@pytest.fixture
def elsewhere(world: World, berit: Somebody, kari: Caller) -> Caller:
    """Administers another client of the firm, and knows nobody at Kari's."""
    world.client(world.caller(berit), "lise@frisor.example.no", NUMBERS["NO"][2])
    return world.caller(world.activated("lise@frisor.example.no"))


@pytest.fixture
def known(world: World, kari: Caller) -> Somebody:
    """Juri, whose identity was proven by an invitation at Kari's, and who has an account."""
    confirm(world, inviting(world, kari).entered(), world.sms.sent[-1].code)
    return with_account(world)


def reason(call: Callable[[], object]) -> str:
    with pytest.raises(Failure) as why:
        call()
    return why.value.reason


def members(world: World, who: Caller) -> list[pb.Member]:
    return list(world.organisations(who).ListMembers(pb.ListMembersRequest()).members)


def test_a_foreign_user_is_among_the_active_users_with_role_and_days(world: World, kari: Caller) -> None:
    """NET-04, NET-11, NET-12, NET-15: role and days as entered before; no welcome mail, the code comes with the invitation."""
    made = added(world, kari, role=pb.ROLE_READ, validity=pb.Validity(last_day="2099-12-31"))
    assert (made.role, made.validity.last_day, made.in_force, made.invitation) == (pb.ROLE_READ, "2099-12-31", True, 0)
    assert EMAIL in [each.email for each in members(world, kari)]
    world.service.run_job("send_letters")
    assert [letter for letter in world.notify.sent if letter.email == EMAIL] == []
    with later(minutes=1):
        assert added(world, kari, identification(OTHER_NUMBER), email="to@bakeri.example.no").validity == pb.Validity()


@pytest.mark.parametrize("missing", [{"country": ""}, {"identifier": ""}, {"registered": 0}, {"country": "Estonia"}])
def test_identifier_country_and_registered_are_demanded(world: World, kari: Caller, missing: dict[str, object]) -> None:
    """NET-06, NET-07."""
    who = identification(**{"identifier": "38001085718", **missing})  # type: ignore[arg-type]
    assert reason(lambda: added(world, kari, who)) == "invalid_request"


def test_a_proven_identifier_gives_the_same_person_rights_here_too(world: World, elsewhere: Caller, known: Somebody) -> None:
    """NET-09, ACC-32: however it is written; one account, two companies, a mail to the account's own address, no second password."""
    added(world, elsewhere, identification("380 010 85718"), email="juri.tamm@frisor.example.no")
    names = [each.organisation_name for each in world.resolved(known).profile.memberships]
    assert len(names) == 2
    assert world.sql("select count(*) from users where last_name = 'Tamm'") == [(1,)]
    assert world.mail(EMAIL).kind == notify_pb2.LETTER_KIND_ADDED_TO_ORGANISATION
    assert reason(lambda: added(world, elsewhere, identification())) == "already_member"


def test_an_identifier_here_finds_its_owner(world: World, elsewhere: Caller, known: Somebody) -> None:
    """NET-08, NET-10: the person reads it in the basic settings; an administrator types it as it comes."""
    own = world.resolved(known).profile.system_id
    typed = identification(OTHER_NUMBER, registered=YES, system_id=own.lower().replace("-", " "))
    added(world, elsewhere, typed, email="x@frisor.example.no")
    assert len(world.resolved(known).profile.memberships) == 2
    assert reason(lambda: added(world, elsewhere, identification(registered=YES, system_id="000-000-000"))) == "system_id_unknown"


def test_without_it_a_new_user_is_made_and_stays_apart(world: World, elsewhere: Caller, kari: Caller) -> None:
    """NET-08: an identifier that nobody has proven finds nobody, and is not merged afterwards either."""
    inviting(world, kari)
    other = added(world, elsewhere, email="juri.tamm@frisor.example.no")
    theirs = Inviting(world, elsewhere, other.membership_id, email="juri.tamm@frisor.example.no")
    confirm(world, theirs.entered(), world.sms.sent[-1].code)
    first = next(each for each in members(world, kari) if each.email == EMAIL)
    confirm(world, Inviting(world, kari, first.membership_id).entered(), world.sms.sent[-1].code)
    assert world.sql("select count(*) from users where last_name = 'Tamm'") == [(2,)]
    assert world.sql("select count(*) from identifiers where proven_at is not null") == [(1,)]


def test_whoever_claims_anothers_number_gets_nothing_for_it(world: World, elsewhere: Caller, kari: Caller, known: Somebody) -> None:
    """NET-09: somebody else's number beside one's own address makes no second owner of it, and leads into no account."""
    database = world.service.service.database
    assert database is not None
    added(world, elsewhere, identification(OTHER_NUMBER), email="false@frisor.example.no", first_name="Falsk")
    with database.transaction() as tx:
        found = identifiers.proven(tx, KEYRING, country="EE", identifier=OTHER_NUMBER, name="Tamm Juri")
        assert found is None
        juri = identifiers.proven(tx, KEYRING, country="EE", identifier="38001085718", name="anything")
    assert juri is not None
    assert juri.email == known.email


def test_an_address_with_an_account_is_linked_by_that(world: World, elsewhere: Caller, known: Somebody) -> None:
    """ACC-32: with another identifier too."""
    added(world, elsewhere, identification(OTHER_NUMBER), email=EMAIL)
    assert len(world.resolved(known).profile.memberships) == 2


def test_a_date_of_birth_counts_with_the_name_only(world: World, elsewhere: Caller, kari: Caller) -> None:
    """NET-06, NET-09: many people share one: the same day under another name is another person."""
    birthday = identification("1990-05-17")
    juri = Inviting(world, kari, added(world, kari, birthday).membership_id)
    confirm(world, juri.entered(), world.sms.sent[-1].code)
    added(world, elsewhere, birthday, email="mart@frisor.example.no", first_name="Mart", last_name="Kask")
    assert world.sql("select count(*) from users where email = 'mart@frisor.example.no'") == [(1,)]
    added(world, elsewhere, birthday, email="juri@frisor.example.no")
    assert world.sql("select count(*) from users where email = 'juri@frisor.example.no'") == [(0,)]


def test_an_administrator_learns_nothing_but_what_was_entered(world: World, elsewhere: Caller, known: Somebody) -> None:
    """NET-09, P5: found or not, the same answer; who the person is shows when the person comes in."""
    found = added(world, elsewhere, identification(), email="a@frisor.example.no", first_name="Yuri", last_name="Tam")
    new = added(world, elsewhere, identification(OTHER_NUMBER), email="b@frisor.example.no", first_name="Yuri", last_name="Tam")
    hidden = ("membership_id", "email", "added_at")
    for each in (found, new):
        assert (each.first_name, each.last_name, each.activated) == ("Yuri", "Tam", False)
        for field in hidden:
            each.ClearField(field)  # type: ignore[arg-type]
    assert found == new
    listed = {each.email: each for each in members(world, elsewhere)}
    assert EMAIL not in listed
    assert not listed["a@frisor.example.no"].activated
    assert world.organisations(elsewhere).ListMembers(pb.ListMembersRequest(name="juri@")).members == []
    with later(minutes=1):
        world.signed_in(known)
        theirs = next(each for each in world.resolved(known).profile.memberships if each.organisation_id == elsewhere.organisation_id)
        choose = pb.ChooseOrganisationRequest(membership_id=theirs.membership_id)
        world.sessions_of(world.caller(known)).ChooseOrganisation(choose)
        assert EMAIL in [each.email for each in members(world, elsewhere)]


def test_inviting_somebody_who_was_found_leads_to_their_own_mailbox_only(world: World, elsewhere: Caller, known: Somebody) -> None:
    """NET-09, NET-20: whatever address was entered, so that nobody comes into another's account by inviting it."""
    found = added(world, elsewhere, identification(), email="thief@frisor.example.no")
    Inviting(world, elsewhere, found.membership_id).invite()
    world.service.run_job("send_letters")
    assert [letter.email for letter in world.notify.sent if letter.activation_code][-1] == EMAIL
    assert [letter for letter in world.notify.sent if letter.email.startswith("thief@")] == []


def test_everybody_finds_the_own_identifier_and_administrators_see_it(world: World, kari: Caller, berit: Somebody) -> None:
    """NET-10."""
    own = world.resolved(berit).profile.system_id
    assert own == next(each.system_id for each in members(world, world.caller(berit)) if each.email == berit.email)
    assert identifiers.read(own) is not None
    assert world.account(kari).GetProfile(pb.GetProfileRequest()).system_id != own


@given(st.text(tokens.ALPHABET, min_size=8, max_size=8), st.integers(0, 8), st.sampled_from(tokens.ALPHABET))
def test_a_mistyped_identifier_is_nobodys(drawn: str, place: int, other: str) -> None:
    """NET-10: any one wrong character is told by the check character; dashes, blanks and small letters do not matter."""
    written = identifiers.written(drawn).replace("-", "")
    assert identifiers.read(f" {written[:4].lower()} {written[4:]}") == drawn
    mistyped = written[:place] + other + written[place + 1 :]
    assert identifiers.read(mistyped) == (drawn if mistyped == written else None)


@pytest.mark.parametrize(
    ("country", "one", "another"),
    [("SE", "880320-0016", "19880320-0016"), ("SE", "8803200016", "198803200016"), ("EE", "38001085718", " 380-010 85718"),
     ("FI", "131052-308T", "131052-308t"), ("DE", "L01X00T47", "l01x 00t47")],
)  # fmt: skip
def test_a_number_has_one_spelling(country: str, one: str, another: str) -> None:
    """NET-09."""
    assert identifiers.spelling(country, one, name="A B") == identifiers.spelling(country, another, name="A B")


def test_numbers_stand_alone_and_codes_with_the_name() -> None:
    """NET-09: what a check digit tells to be one person's number needs no name."""
    assert identifiers.spelling("EE", "38001085718", name="A") == identifiers.spelling("EE", "38001085718", name="B")
    assert identifiers.spelling("EE", "1980-01-08", name="A") != identifiers.spelling("EE", "1980-01-08", name="B")
    assert identifiers.spelling("EE", "1980-01-08", name="Tamm Jüri") == identifiers.spelling("EE", "1980 01 08", name="TAMM JÜRI")
