"""A person's own account."""

import pytest
from kontor.identity.v1 import devices_pb2, passkeys_pb2
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1.events_pb2 import ProfileChanged, SessionsEnded
from kontor.notify.v1 import notify_pb2

from chassis.caller import Caller
from chassis.errors import Invalid, Unauthenticated
from services.identity import rules
from tests.identity.world import PASSWORD, Somebody, World, later

BERIT = "berit@kontoret.example.no"
NEW = "helt nye ord hver dag"


@pytest.fixture
def berit(world: World) -> Somebody:
    world.firm()
    return world.activated(BERIT)


def change(world: World, who: Caller, new: str = NEW, present: str = PASSWORD) -> None:
    world.account(who).ChangePassword(pb.ChangePasswordRequest(present_password=present, password=new, password_again=new))


def test_a_changed_password_ends_the_links_that_would_set_another(world: World, berit: Somebody) -> None:
    """P3: whoever finds the older mail gets no further with it."""
    world.sign_in.RequestPasswordLink(pb.RequestPasswordLinkRequest(email=BERIT))
    token = world.token(BERIT)
    change(world, world.caller(berit))
    assert world.sign_in.ShowLink(pb.ShowLinkRequest(token=token)).state == pb.LINK_STATE_CANCELLED


def test_name_and_language_are_changed_and_announced(world: World, berit: Somebody) -> None:
    """ACC-71, ACC-72."""
    who = world.caller(berit)
    world.service.relay()
    profile = world.account(who).UpdateProfile(pb.UpdateProfileRequest(first_name="Bibbi", language="sv"))
    assert (profile.first_name, profile.last_name, profile.language) == ("Bibbi", "Revisordal", "sv")
    told = ProfileChanged(
        user_id=who.user_id, first_name="Bibbi", last_name="Revisordal", language="sv", membership_ids=[who.membership_id]
    )
    assert world.service.relay() == [told]
    assert (world.caller(berit).name, world.caller(berit).language) == ("Bibbi Revisordal", "sv")


def test_nothing_given_changes_nothing(world: World, berit: Somebody) -> None:
    """Empty fields stay, blank ones too."""
    who = world.caller(berit)
    world.service.relay()
    assert world.account(who).UpdateProfile(pb.UpdateProfileRequest(first_name="  ")).first_name == "Berit"
    assert world.service.relay() == []


def test_the_address_cannot_be_changed() -> None:
    """ACC-72: there is not even a field for it."""
    assert {field.name for field in pb.UpdateProfileRequest.DESCRIPTOR.fields} == {"first_name", "last_name", "language", "beta"}


def test_the_password_is_changed_with_the_present_one(world: World, berit: Somebody) -> None:
    """ACC-73, AMI-17: other sessions end, this one stays, and a letter tells."""
    other = Somebody(BERIT, secret=berit.secret)
    with later(minutes=1):
        world.signed_in(other)
    who = world.caller(berit)
    other_id = world.caller(other).session_id
    world.service.relay()
    change(world, who)
    assert world.resolved(berit).profile.email == BERIT
    with pytest.raises(Unauthenticated):
        world.resolved(other)
    assert world.service.relay() == [SessionsEnded(user_id=who.user_id, session_ids=[other_id])]
    letter = world.mail(BERIT)
    assert (letter.kind, letter.first_name) == (notify_pb2.LETTER_KIND_PASSWORD_CHANGED, "Berit")
    with pytest.raises(Unauthenticated):
        world.started(berit)
    assert world.started(Somebody(BERIT, password=NEW)).attempt


@pytest.mark.parametrize(
    ("new", "fault"),
    [("short", "password_too_short"), ("x" * 129, "password_too_long"), ("passordpassordpassord", "password_too_common")],
)
def test_a_bad_password_is_refused_with_its_reason(world: World, berit: Somebody, new: str, fault: str) -> None:
    """15 to 128 characters, not the first to be guessed."""
    with pytest.raises(Invalid) as refused:
        change(world, world.caller(berit), new)
    assert refused.value.fields == {"password": fault}


def test_a_reset_ends_all_sessions_and_opens_none(world: World, berit: Somebody) -> None:
    """P9, ACC-21: whoever reads the mail still needs the authenticator."""
    half_done = world.started(berit).attempt
    world.sign_in.RequestPasswordLink(pb.RequestPasswordLinkRequest(email=BERIT))
    world.sign_in.SetPassword(pb.SetPasswordRequest(token=world.token(BERIT), password=NEW, password_again=NEW))
    with pytest.raises(Unauthenticated) as refused:
        world.resolved(berit)
    assert refused.value.reason == "session_ended"
    with pytest.raises(Unauthenticated) as refused:
        world.sign_in.FinishSignIn(pb.FinishSignInRequest(attempt=half_done, code="000000"))
    assert refused.value.reason == "attempt_over"
    assert not world.started(Somebody(BERIT, password=NEW)).HasField("enrolment")
    assert world.mail(BERIT).kind == notify_pb2.LETTER_KIND_PASSWORD_CHANGED


def test_no_answer_but_that_to_a_code_holds_a_session() -> None:
    """P9: of all RPCs, only those that take a code, a passkey, or what a device proves can make somebody signed in."""
    contracts = (pb, passkeys_pb2, devices_pb2)
    methods = [method for each in contracts for service in each.DESCRIPTOR.services_by_name.values() for method in service.methods]
    giving = [method.name for method in methods if {"session", "assertions"} & {field.name for field in method.output_type.fields}]
    taking = {field.name for method in methods if method.name in giving for field in method.input_type.fields}
    assert giving == [
        "FinishSignIn", "ResolveSession", "ExchangeApiKey", "SignInWithPasskey", "SignInWithDevice", "RefreshSession", "ClaimWebSignIn",
    ]  # fmt: skip
    by_device = {"device_id", "challenge", "signature", "pin", "refresh", "refresh_token", "browser"}
    assert taking == {"attempt", "method", "code", "user_agent", "session", "address", "api_key", "credential", "quiet"} | by_device


def test_a_reset_lets_the_owner_in_at_once_after_somebody_else_guessed(world: World, berit: Somebody) -> None:
    """P4: strangers' failures do not keep the owner of the mailbox waiting."""
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            world.started(Somebody(BERIT, password="not the password"))
    world.sign_in.RequestPasswordLink(pb.RequestPasswordLinkRequest(email=BERIT))
    world.sign_in.SetPassword(pb.SetPasswordRequest(token=world.token(BERIT), password=NEW, password_again=NEW))
    assert world.started(Somebody(BERIT, password=NEW)).attempt


def test_a_password_is_rated_while_it_is_typed_by_the_rules_it_is_set_by(world: World) -> None:
    """ACC-18: what it says is what setting it says; nothing is written down of it."""
    before = world.sql("select count(*) from audit")

    def rated(password: str, *words: str) -> pb.RatePasswordResponse:
        return world.sign_in.RatePassword(pb.RatePasswordRequest(password=password, known_words=words))

    for password, words, reason, missing in (
        ("", (), "password_too_short", 15), ("gran furu", (), "password_too_short", 6), ("a" * 129, (), "password_too_long", 0),
        ("passordpassord2026", (), "password_too_common", 0), ("solveig tunheim 99", ("solveig.tunheim@x.no",), "password_too_common", 0),
    ):  # fmt: skip
        answer = rated(password, *words)
        assert (answer.strength, answer.reason, answer.missing) == (pb.PASSWORD_STRENGTH_REFUSED, reason, missing), password
        assert rules.password_fault(password, known_words=list(words)) == reason
    assert rated("gran furu bjerk").strength == pb.PASSWORD_STRENGTH_GOOD
    assert rated("gran furu bjerk hassel").strength == pb.PASSWORD_STRENGTH_STRONG
    assert world.sql("select count(*) from audit") == before
