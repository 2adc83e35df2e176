"""From the welcome letter to the first sign-in."""

import pyotp
import pytest
from kontor.identity.v1 import identity_pb2 as pb
from kontor.notify.v1 import notify_pb2

from chassis import db
from chassis.caller import Caller
from chassis.errors import Conflict, Failure, Invalid, NotFound, Unauthenticated, Unavailable
from chassis.testing import at_once
from services.identity.models import Model
from tests.identity.world import PASSWORD, PUBLIC_URL, Somebody, World, code, later

BERIT = "berit@kontoret.example.no"


def test_migrations_make_exactly_the_declared_tables(world: World) -> None:
    service = world.service.service
    assert service.database is not None
    assert service.migrations is not None
    db.drift(service.database, service.migrations, Model.metadata)


def test_the_first_administrator_gets_a_welcome_letter_with_a_link(world: World) -> None:
    """ACC-06, ACC-15."""
    firm = world.firm()
    letter = world.mail(BERIT)
    assert letter.kind == notify_pb2.LETTER_KIND_WELCOME
    assert letter.link.startswith(f"{PUBLIC_URL}/links/")
    assert (letter.first_name, letter.organisation_name, letter.language) == ("Berit", firm.name, "nb")


def test_looking_at_a_link_does_not_use_it_up(world: World) -> None:
    """BEY-01, ACC-16: a mail scanner may open it as often as it likes."""
    world.firm()
    token = world.token(BERIT)
    for _ in range(3):
        shown = world.sign_in.ShowLink(pb.ShowLinkRequest(token=token))
        assert (shown.kind, shown.state, shown.email) == (pb.LINK_KIND_WELCOME, pb.LINK_STATE_OPEN, BERIT)
    assert world.sign_in.VerifyAccount(pb.VerifyAccountRequest(token=token)).email == BERIT


def test_a_used_link_is_a_receipt(world: World) -> None:
    """BEY-01: who, what and when; the address is known again by whoever has it, and told to nobody else."""
    world.firm()
    token = world.token(BERIT)
    world.sign_in.VerifyAccount(pb.VerifyAccountRequest(token=token))
    shown = world.sign_in.ShowLink(pb.ShowLinkRequest(token=token))
    assert (shown.state, shown.email) == (pb.LINK_STATE_USED, f"{BERIT[0]}…@{BERIT.partition('@')[2]}")
    assert shown.HasField("used_at")
    with pytest.raises(Conflict, match="cannot be used") as refused:
        world.sign_in.VerifyAccount(pb.VerifyAccountRequest(token=token))
    assert refused.value.reason == "link_used"


def test_a_link_expires_and_says_so_until_it_is_forgotten(world: World) -> None:
    """BEY-01: a receipt until 30 days after expiry."""
    world.firm()
    token = world.token(BERIT)
    with later(days=7, seconds=1):
        world.service.run_job("purge")
        assert world.sign_in.ShowLink(pb.ShowLinkRequest(token=token)).state == pb.LINK_STATE_EXPIRED
        with pytest.raises(Conflict) as refused:
            world.sign_in.VerifyAccount(pb.VerifyAccountRequest(token=token))
    assert refused.value.reason == "link_expired"
    with later(days=38):
        world.service.run_job("purge")
        with pytest.raises(NotFound):
            world.sign_in.ShowLink(pb.ShowLinkRequest(token=token))


def test_a_newer_password_link_cancels_the_older(world: World) -> None:
    """P3, BEY-01."""
    world.firm()
    world.mail(BERIT)
    tokens = []
    for _ in range(2):
        world.sign_in.RequestPasswordLink(pb.RequestPasswordLinkRequest(email=BERIT))
        tokens.append(world.token(BERIT))
    states = [world.sign_in.ShowLink(pb.ShowLinkRequest(token=token)).state for token in tokens]
    assert states == [pb.LINK_STATE_CANCELLED, pb.LINK_STATE_OPEN]


def test_a_password_that_is_set_ends_the_other_links_of_the_same_letter(world: World) -> None:
    """P3: a letter that was sent twice, because the first answer was lost, holds two open links."""
    world.firm()
    world.mail(BERIT)
    world.notify.says_nothing = Unavailable("mail_unavailable")
    world.sign_in.RequestPasswordLink(pb.RequestPasswordLinkRequest(email=BERIT))
    first = world.token(BERIT)
    world.notify.says_nothing = None
    with later(minutes=5):
        second = world.token(BERIT)
        states = [world.sign_in.ShowLink(pb.ShowLinkRequest(token=token)).state for token in (first, second)]
        assert (first != second, states) == (True, [pb.LINK_STATE_OPEN] * 2)
        world.sign_in.SetPassword(pb.SetPasswordRequest(token=second, password=PASSWORD, password_again=PASSWORD))
        assert world.sign_in.ShowLink(pb.ShowLinkRequest(token=first)).state == pb.LINK_STATE_CANCELLED


def test_a_link_serves_only_what_it_was_made_for(world: World) -> None:
    """A welcome link cannot set a password."""
    world.firm()
    token = world.token(BERIT)
    with pytest.raises(NotFound):
        world.sign_in.SetPassword(pb.SetPasswordRequest(token=token, password=PASSWORD, password_again=PASSWORD))


def test_a_link_works_once_also_when_many_press_at_once(world: World) -> None:
    """P3: fifty at once."""
    world.firm()
    request = pb.VerifyAccountRequest(token=world.token(BERIT))
    results = at_once([lambda: world.sign_in.VerifyAccount(request)] * 50)
    assert len([result for result in results if isinstance(result, pb.VerifyAccountResponse)]) == 1
    assert {result.reason for result in results if isinstance(result, Conflict)} == {"link_used"}


def test_a_password_link_sets_one_password_and_lives_an_hour(world: World) -> None:
    """P3, ACC-17: of fifty that use it at once, one wins."""
    world.firm()
    world.mail(BERIT)
    world.sign_in.RequestPasswordLink(pb.RequestPasswordLinkRequest(email=BERIT))
    token = world.token(BERIT)
    request = pb.SetPasswordRequest(token=token, password=PASSWORD, password_again=PASSWORD)
    with later(hours=1, seconds=1), pytest.raises(Conflict) as refused:
        world.sign_in.SetPassword(request)
    assert refused.value.reason == "link_expired"
    results = at_once([lambda: world.sign_in.SetPassword(request)] * 50)
    assert len([result for result in results if isinstance(result, pb.SetPasswordResponse)]) == 1
    # A machine that has too much to hash says so.
    assert {result.reason for result in results if isinstance(result, Failure)} <= {"link_used", "too_busy"}


def test_no_password_exists_before_its_owner_makes_one(world: World) -> None:
    """ACC-17, ACC-19."""
    world.firm()
    world.sign_in.VerifyAccount(pb.VerifyAccountRequest(token=world.token(BERIT)))
    with pytest.raises(Unauthenticated) as refused:
        world.started(Somebody(BERIT))
    assert refused.value.reason == "wrong_credentials"
    world.sign_in.RequestPasswordLink(pb.RequestPasswordLinkRequest(email=BERIT))
    assert world.mail(BERIT).kind == notify_pb2.LETTER_KIND_PASSWORD


def test_the_password_link_proves_the_mailbox_too(world: World) -> None:
    """ACC-16, ACC-17: who lost the welcome mail asks for a password."""
    world.firm()
    world.mail(BERIT)
    world.sign_in.RequestPasswordLink(pb.RequestPasswordLinkRequest(email=BERIT.upper()))
    world.sign_in.SetPassword(pb.SetPasswordRequest(token=world.token(BERIT), password=PASSWORD, password_again=PASSWORD))
    assert world.sql("select verified_at is not null from users") == [(True,)]


def test_a_password_is_entered_twice_and_a_slip_does_not_cost_the_link(world: World) -> None:
    """ACC-18."""
    world.firm()
    world.mail(BERIT)
    world.sign_in.RequestPasswordLink(pb.RequestPasswordLinkRequest(email=BERIT))
    token = world.token(BERIT)
    with pytest.raises(Invalid) as refused:
        world.sign_in.SetPassword(pb.SetPasswordRequest(token=token, password=PASSWORD, password_again=PASSWORD + "x"))
    assert refused.value.fields == {"password_again": "passwords_differ"}
    with pytest.raises(Invalid) as refused:
        world.sign_in.SetPassword(pb.SetPasswordRequest(token=token, password="berit berit berit", password_again="berit berit berit"))
    assert refused.value.fields == {"password": "password_too_common"}
    world.sign_in.SetPassword(pb.SetPasswordRequest(token=token, password=PASSWORD, password_again=PASSWORD))


def test_the_first_sign_in_shows_a_key_and_later_ones_ask_for_a_code(world: World) -> None:
    """ACC-21, ACC-23, ACC-25: any standard app can read it; every sign-in asks."""
    world.firm()
    somebody = world.with_password(BERIT)
    begun = world.started(somebody)
    shown = pyotp.parse_uri(begun.enrolment.uri)
    assert (shown.issuer, shown.name, shown.secret) == ("Kontor", BERIT, begun.enrolment.key)
    somebody.secret = begun.enrolment.key
    finished = world.sign_in.FinishSignIn(pb.FinishSignInRequest(attempt=begun.attempt, code=code(somebody)))
    assert finished.profile.email == BERIT
    with later(minutes=1):
        again = world.started(somebody)
        assert not again.HasField("enrolment")
        spaced = f"{code(somebody)[:3]} {code(somebody)[3:]}"
        assert world.sign_in.FinishSignIn(pb.FinishSignInRequest(attempt=again.attempt, code=spaced)).session


def test_only_one_authenticator_wins_when_two_are_enrolled_at_once(world: World) -> None:
    """ACC-23."""
    world.firm()
    somebody = world.with_password(BERIT)
    begun = [world.started(somebody) for _ in range(2)]

    def finish(each: pb.StartSignInResponse) -> pb.FinishSignInResponse:
        request = pb.FinishSignInRequest(attempt=each.attempt, code=pyotp.TOTP(each.enrolment.key).now())
        return world.sign_in.FinishSignIn(request)

    results = at_once([lambda: finish(begun[0]), lambda: finish(begun[1])])
    assert sorted(type(result).__name__ for result in results) == ["FinishSignInResponse", "Unauthenticated"]
    assert world.sql("select count(*) from factors") == [(1,)]


def test_the_member_list_says_who_is_ready(world: World, administrator: Caller) -> None:
    """ACC-76: activated means verified, password made, authenticator enrolled."""
    world.organisations(administrator).AddMember(pb.AddMemberRequest(email="ola@kontoret.example.no", first_name="Ola", last_name="Ny"))
    members = world.organisations(administrator).ListMembers(pb.ListMembersRequest()).members
    assert {member.email: member.activated for member in members} == {BERIT: True, "ola@kontoret.example.no": False}
