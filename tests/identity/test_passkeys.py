"""Passkeys: added with two fresh proofs, used after the password or alone; every answer once, here, by its owner."""

import json
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1 import passkeys_pb2 as pk
from kontor.identity.v1.passkeys_pb2_grpc import PasskeysStub
from kontor.notify.v1 import notify_pb2

from chassis.caller import Caller
from chassis.errors import Failure
from chassis.testing import at_once
from services.identity.passkeys import RelyingParty
from tests.identity.authenticator import Authenticator, decoded, encoded
from tests.identity.phone import alive
from tests.identity.world import Somebody, World, code, later

BERIT, KARI = "berit@kontoret.example.no", "kari@bakeri.example.no"


@pytest.fixture
def somebody(world: World) -> Somebody:
    """With an authenticator app, and signed in a moment ago."""
    world.firm()
    return world.activated(BERIT)


def stub(world: World, who: Somebody | None = None) -> PasskeysStub:
    return PasskeysStub(world.channel(world.caller(who)) if who else world.channel())


def reason(call: Callable[[], object]) -> str:
    with pytest.raises(Failure) as why:
        call()
    return why.value.reason


def added(world: World, somebody: Somebody, device: Authenticator, label: str = "Telefonen") -> pk.PasskeyList:
    own = stub(world, somebody)
    options = own.StartPasskey(pk.StartPasskeyRequest()).options
    return own.AddPasskey(pk.AddPasskeyRequest(credential=device.made(options), label=label))


def asked(world: World, attempt: str = "") -> str:
    return stub(world).AskForPasskey(pk.AskForPasskeyRequest(attempt=attempt)).options


def signed_in(world: World, credential: str, attempt: str = "") -> pk.SignInWithPasskeyResponse:
    return stub(world).SignInWithPasskey(pk.SignInWithPasskeyRequest(attempt=attempt, credential=credential, user_agent="Test"))


def test_a_passkey_is_added_with_the_others_of_its_owner_and_told_by_mail(world: World, somebody: Somebody) -> None:
    """BEY-16: other sessions end; a device that holds one already is told so by the browser."""
    device = Authenticator(backed_up=True)
    with later(minutes=1):
        other = Somebody(BERIT, secret=somebody.secret)
        world.signed_in(other)
        listed = added(world, somebody, device, "  Min   telefon ")
        assert reason(lambda: world.resolved(other)) == "session_ended"
        assert world.resolved(somebody).profile.email == BERIT
        (one,) = listed.passkeys
        assert (one.label, one.backed_up, one.HasField("last_used_at"), listed.offered) == ("Min telefon", True, False, True)
        assert world.mail(BERIT).change == notify_pb2.SECURITY_CHANGE_PASSKEY_ADDED
        options = json.loads(stub(world, somebody).StartPasskey(pk.StartPasskeyRequest()).options)
    assert [each["id"] for each in options["excludeCredentials"]] == [encoded(device.id)]
    assert (options["rp"]["id"], options["user"]["name"]) == ("portal.example.no", BERIT)


def test_after_the_password_it_is_the_second_factor(world: World, somebody: Somebody) -> None:
    """BEY-16, ACC-21: also of a device that asks for a touch alone, for the password was the first."""
    device = Authenticator(verifies=False)
    added(world, somebody, device)
    begun = world.started(somebody)
    assert (list(begun.methods), begun.preferred) == ([pb.METHOD_TOTP, pb.METHOD_PASSKEY], pb.METHOD_TOTP)
    done = signed_in(world, device.used(asked(world, begun.attempt)), begun.attempt)
    assert (done.profile.email, world.resolved(Somebody(BERIT, session=done.session)).profile.email) == (BERIT, BERIT)
    assert reason(lambda: world.finished(begun.attempt, code(somebody))) == "attempt_over"
    assert stub(world, somebody).ListPasskeys(pk.ListPasskeysRequest()).passkeys[0].HasField("last_used_at")


def test_alone_it_is_both_factors_where_the_device_knew_its_owner(world: World, somebody: Somebody) -> None:
    """BEY-16: a fresh second factor, but the password is asked for where it is demanded."""
    device = Authenticator()
    added(world, somebody, device)
    question = asked(world)
    assert (json.loads(question)["userVerification"], json.loads(question)["allowCredentials"]) == ("required", [])
    done = Somebody(BERIT, session=signed_in(world, device.used(question)).session)
    assert world.caller(done).stepped_up()
    assert reason(lambda: stub(world, done).StartPasskey(pk.StartPasskeyRequest())) == "step_up_needed"


def test_alone_a_touch_is_not_enough(world: World, somebody: Somebody) -> None:
    """BEY-16: whoever has found the device has one factor."""
    device = Authenticator(verifies=False)
    added(world, somebody, device)
    assert reason(lambda: signed_in(world, device.used(asked(world)))) == "passkey_unverified"


def test_every_question_takes_one_answer(world: World, somebody: Somebody) -> None:
    """BEY-16: of eight at once one opens; one that failed used it up too; after 5 minutes none does."""
    device = Authenticator(counts=False)
    added(world, somebody, device)
    answer = device.used(asked(world))
    results = at_once([partial(signed_in, world, answer) for _ in range(8)])
    assert len([each for each in results if isinstance(each, pk.SignInWithPasskeyResponse)]) == 1
    assert {each.reason for each in results if isinstance(each, Failure)} == {"passkey_over"}
    question = asked(world)
    assert reason(lambda: signed_in(world, Authenticator().used(question))) == "passkey_refused"
    assert reason(lambda: signed_in(world, device.used(question))) == "passkey_over"
    old = device.used(asked(world))
    with later(minutes=5, seconds=1):
        assert reason(lambda: signed_in(world, old)) == "passkey_over"


def test_an_answer_counts_for_what_it_was_asked_for_alone(world: World, somebody: Somebody) -> None:
    """BEY-16: not for another attempt, not without one, and not to add a passkey."""
    device = Authenticator()
    added(world, somebody, device)
    one, other = world.started(somebody).attempt, world.started(somebody).attempt
    answer = device.used(asked(world, one))
    assert reason(lambda: signed_in(world, answer, other)) == "passkey_over"
    assert reason(lambda: signed_in(world, answer)) == "passkey_over"
    own = stub(world, somebody)
    mine = json.dumps({**json.loads(asked(world)), "rp": {"id": "portal.example.no"}})
    wanted = pk.AddPasskeyRequest(credential=Authenticator().made(mine), label="x")
    assert reason(lambda: own.AddPasskey(wanted)) == "passkey_over"


def test_another_site_gets_no_answer_that_counts(world: World, somebody: Somebody) -> None:
    """BEY-16: the browser says where it was asked, and the device for whom."""
    device = Authenticator()
    added(world, somebody, device)
    device.origin = "https://portal.example.no.evil.example"
    assert reason(lambda: signed_in(world, device.used(asked(world)))) == "passkey_refused"
    device.origin = "https://portal.example.no"
    foreign = json.dumps({**json.loads(asked(world)), "rpId": "evil.example"})
    assert reason(lambda: signed_in(world, device.used(foreign))) == "passkey_refused"
    own = stub(world, somebody)
    elsewhere = Authenticator(origin="https://evil.example").made(own.StartPasskey(pk.StartPasskeyRequest()).options)
    assert reason(lambda: own.AddPasskey(pk.AddPasskeyRequest(credential=elsewhere, label="x"))) == "passkey_refused"


def test_a_copy_of_a_device_is_found_by_its_counter(world: World, somebody: Somebody) -> None:
    """BEY-16: it only moves forward."""
    device = Authenticator()
    added(world, somebody, device)
    behind = Authenticator(id=device.id, key=device.key, uses=device.uses)
    signed_in(world, device.used(asked(world)))
    assert reason(lambda: signed_in(world, behind.used(asked(world)))) == "passkey_refused"


def test_somebody_elses_passkey_is_no_second_factor(world: World, somebody: Somebody) -> None:
    """P10: and is neither renamed, removed nor taken over."""
    device = Authenticator()
    listed = added(world, somebody, device)
    world.client(world.caller(somebody))
    kari = world.activated(KARI)
    mine = Authenticator()
    added(world, kari, mine)
    attempt = world.started(kari).attempt
    assert reason(lambda: signed_in(world, device.used(asked(world, attempt)), attempt)) == "passkey_refused"
    other, which = stub(world, kari), listed.passkeys[0].passkey_id
    assert reason(lambda: other.RenamePasskey(pk.RenamePasskeyRequest(passkey_id=which, label="x"))) == "passkey_not_found"
    assert reason(lambda: other.RemovePasskey(pk.RemovePasskeyRequest(passkey_id=which))) == "passkey_not_found"
    assert reason(lambda: added(world, kari, device)) == "passkey_refused"


def test_a_passkey_is_renamed_and_removed_at_once(world: World, somebody: Somebody) -> None:
    """BEY-16: the person is told, sign-ins half done with it are over, and what signs in is the app again."""
    device = Authenticator()
    (one,) = added(world, somebody, device).passkeys
    own = stub(world, somebody)
    assert own.RenamePasskey(pk.RenamePasskeyRequest(passkey_id=one.passkey_id, label="Nøkkel")).passkeys[0].label == "Nøkkel"
    attempt = world.started(somebody).attempt
    answers = [(device.used(asked(world)), ""), (device.used(asked(world, attempt)), attempt)]
    assert not own.RemovePasskey(pk.RemovePasskeyRequest(passkey_id=one.passkey_id)).passkeys
    assert [reason(partial(signed_in, world, *each)) for each in answers] == ["passkey_refused", "attempt_over"]
    assert world.mail(BERIT).change == notify_pb2.SECURITY_CHANGE_PASSKEY_REMOVED
    begun = world.started(somebody)
    assert list(begun.methods) == [pb.METHOD_TOTP]
    assert reason(lambda: asked(world, begun.attempt)) == "method_not_here"


def test_a_removed_passkey_ends_the_sessions_it_may_have_opened(world: World, somebody: Somebody) -> None:
    """P7, BEY-16: whoever had the device is out; where there is nothing to remove, nobody is."""
    device = Authenticator()
    (one,) = added(world, somebody, device).passkeys
    thief = Somebody(BERIT, session=signed_in(world, device.used(asked(world))).session)
    own = stub(world, somebody)
    own.RemovePasskey(pk.RemovePasskeyRequest(passkey_id=one.passkey_id))
    assert (alive(world, thief), alive(world, somebody)) == (False, True)
    with later(minutes=1):
        other = Somebody(BERIT, session=world.finished(world.started(somebody).attempt, code(somebody)).session)
    assert reason(lambda: own.RemovePasskey(pk.RemovePasskeyRequest(passkey_id=one.passkey_id))) == "passkey_not_found"
    assert alive(world, other)


def test_changing_passkeys_takes_two_fresh_proofs(world: World, somebody: Somebody) -> None:
    """NET-05, BEY-16."""
    listed = added(world, somebody, Authenticator())
    world.sql("update sessions set password_at = password_at - interval '16 minutes'")
    own = stub(world, somebody)
    wanted = pk.RemovePasskeyRequest(passkey_id=listed.passkeys[0].passkey_id)
    for call in (lambda: own.StartPasskey(pk.StartPasskeyRequest()), lambda: own.RemovePasskey(wanted)):
        assert reason(call) == "step_up_needed"


def test_a_vouched_code_ends_passkeys_with_the_other_lost_factors(world: World, somebody: Somebody) -> None:
    """BEY-05: what was lost may be in other hands; nor is a passkey asked for while a new factor is enrolled."""
    world.client(world.caller(somebody))
    kari, device = world.activated(KARI), Authenticator()
    added(world, kari, device)
    (which,) = world.sql("select m.id from memberships m join users u on u.id = m.user_id where u.email = :email", email=KARI)
    vouch = pb.VouchForMemberRequest(membership_id=str(which[0]), identity_checked=True)
    vouched = world.organisations(world.caller(somebody)).VouchForMember(vouch).code
    attempt = world.started(kari).attempt
    kari.secret = world.finished(attempt, vouched, pb.METHOD_VOUCHED_CODE).enrolment.key
    assert reason(lambda: asked(world, attempt)) == "method_not_here"
    assert world.finished(attempt, code(kari), pb.METHOD_TOTP).session
    assert reason(lambda: signed_in(world, device.used(asked(world)))) == "passkey_refused"


def test_the_tries_of_an_attempt_are_counted_for_passkeys_too(world: World, somebody: Somebody) -> None:
    """P1: five answers an attempt, whatever the method."""
    device = Authenticator()
    added(world, somebody, device)
    attempt = world.started(somebody).attempt
    for _ in range(5):
        assert reason(lambda: signed_in(world, Authenticator().used(asked(world, attempt)), attempt)) == "passkey_refused"
    assert reason(lambda: signed_in(world, device.used(asked(world, attempt)), attempt)) == "attempt_over"


def test_a_person_has_twenty_at_most(world: World, somebody: Somebody) -> None:
    """BEY-16."""
    for _ in range(20):
        added(world, somebody, Authenticator())
    assert reason(lambda: stub(world, somebody).StartPasskey(pk.StartPasskeyRequest())) == "too_many_passkeys"


def test_malformed_answers_are_refused_and_never_break_anything(world: World, somebody: Somebody) -> None:
    """BEY-16: six hundred of them, with a bit, a piece or a field that is wrong, each to a question of its own."""
    device, chance = Authenticator(counts=False), random.Random(16)
    added(world, somebody, device)
    party = RelyingParty.at("https://portal.example.no")
    texts = ("{}", "[]", "null", "x" * 99, '{"rawId": 5}', '{"response": {"clientDataJSON": "e30"}}')
    told = [reason(partial(signed_in, world, text)) for text in texts]
    assert set(told) == {"passkey_over"}
    made = device.made(party.creation(b"q" * 32, user_id="u", email="e", name="n", held=()))
    answers = [device.used(party.request(b"q" * 32, held=())), made]
    for _ in range(300):
        for answer in answers:
            broken = _broken(answer, chance)
            assert party.registered(broken, b"q" * 32) is None or answer is answers[1]
            public = bytes(chance.randbytes(70))
            assert party.used(broken, b"q" * 32, public_key=public, sign_count=0) is None


def _broken(answer: str, chance: random.Random) -> str:
    parts = json.loads(answer)
    name = chance.choice([each for each in parts["response"] if each != "transports"])
    data = bytearray(decoded(parts["response"][name]))
    if chance.random() < 0.5:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    else:
        del data[chance.randrange(len(data)) :]
    parts["response"][name] = chance.choice([encoded(bytes(data)), encoded(bytes(data)), None, 7, "", [], "%%"])
    return json.dumps(parts)


def test_where_the_portal_has_no_name_there_are_no_passkeys(service_database: Callable[[str], str], tmp_path: Path) -> None:
    """BEY-16: browsers make none for numbers; whoever asks nevertheless is told."""
    world = World(service_database("identity"), tmp_path, public_url="http://127.0.0.1:8080")
    assert reason(lambda: asked(world)) == "passkeys_not_here"
    world.service.close()
    urls = ("http://127.0.0.1:8080", "http://[::1]:80", "https://kontor.example", "http://localhost:1")
    assert [RelyingParty.at(url).offered for url in urls] == [False, False, True, True]
    assert RelyingParty.at("https://Kontor.example:443/").origin == "https://kontor.example"
    assert RelyingParty.at("http://localhost:8080").origin == "http://localhost:8080"


def test_what_was_asked_long_ago_is_forgotten(world: World, administrator: Caller) -> None:
    """Operations: questions that nobody answered leave no rows."""
    assert administrator.user_id
    asked(world)
    with later(minutes=6):
        world.service.run_job("purge")
    assert world.sql("select count(*) from passkey_challenges") == [(0,)]
