"""Letters are never lost, never sent twice for nothing, and their links are made in the moment of sending."""

import pytest
from kontor.identity.v1 import identity_pb2 as pb
from kontor.notify.v1 import notify_pb2

from chassis.errors import Invalid, Unavailable
from chassis.testing import at_once
from services.identity import rules
from services.identity.jobs import send_letters
from tests.identity.world import Somebody, World, later

BERIT, STRANGER = "berit@kontoret.example.no", "nobody@kontoret.example.no"


def ask(world: World, email: str, *, place: str = "192.0.2.7") -> None:
    world.sign_in.RequestPasswordLink(pb.RequestPasswordLinkRequest(email=email, language="fi", address=place))


def sent_to(world: World, email: str) -> list[notify_pb2.SendNowRequest]:
    world.service.run_job("send_letters")
    return [letter for letter in world.notify.sent if letter.email == email]


def test_a_mail_server_that_is_away_loses_nothing(world: World) -> None:
    """ACC-15: tried again, each time a little later, with the same identifier."""
    world.notify.away = Unavailable("mail_unavailable")
    world.firm()
    for seconds in (0, 3, 8):
        with later(seconds=seconds):
            assert sent_to(world, BERIT) == []
    world.notify.away = None
    assert sent_to(world, BERIT) == []
    with later(minutes=1):
        (letter,) = sent_to(world, BERIT)
    assert world.sign_in.ShowLink(pb.ShowLinkRequest(token=letter.link.rpartition("/")[2])).state == pb.LINK_STATE_OPEN
    assert world.sql("select attempts, sent_at is not null from letters") == [(4, True)]


def test_a_letter_that_may_have_arrived_keeps_its_link_when_sent_again(world: World) -> None:
    """Mail systems drop the second mail with one Message-ID: the first one's link must work."""
    world.firm()
    (first,) = sent_to(world, BERIT)
    world.sql("update letters set sent_at = null, due_at = created_at")
    first_again = sent_to(world, BERIT)[-1]
    assert first.letter_id == first_again.letter_id
    for letter in (first, first_again):
        assert world.sign_in.ShowLink(pb.ShowLinkRequest(token=letter.link.rpartition("/")[2])).state == pb.LINK_STATE_OPEN


def test_many_workers_send_a_letter_once(world: World) -> None:
    """P3."""
    world.firm()
    at_once([lambda: world.service.run_job("send_letters")] * 6)
    assert len(world.notify.sent) == 1


def test_a_worker_that_died_is_followed_by_another(world: World) -> None:
    """The lease ends by itself."""
    world.firm()
    database = world.service.service.database
    assert database is not None
    assert send_letters._claim(database)
    assert sent_to(world, BERIT) == []
    with later(seconds=31):
        assert len(sent_to(world, BERIT)) == 1


def test_what_can_never_be_sent_is_given_up_and_holds_nobody_up(world: World) -> None:
    """An address that mail cannot go to."""
    ask(world, STRANGER)
    world.notify.away = Invalid("invalid_request")
    world.service.run_job("send_letters")
    world.notify.away = None
    world.firm()
    assert len(sent_to(world, BERIT)) == 1
    assert world.sql("select count(*) from letters where dropped_at is not null") == [(1,)]


def test_an_unknown_address_is_told_once_a_day(world: World) -> None:
    """P5: somebody who mistyped finds out; a stranger's mailbox is not flooded."""
    for hours in (0, 1, 23):
        with later(hours=hours):
            ask(world, STRANGER)
            assert len(sent_to(world, STRANGER)) == 1
    letter = world.notify.sent[0]
    assert (letter.kind, letter.language, letter.first_name, letter.HasField("link_expires_at")) == (
        notify_pb2.LETTER_KIND_NO_ACCOUNT, "fi", "", False,
    )  # fmt: skip
    with later(hours=25):
        ask(world, STRANGER)
        assert len(sent_to(world, STRANGER)) == 2


def test_letters_to_strangers_leave_last_and_so_many_in_an_hour(world: World) -> None:
    """ACC-15, ACC-17: whoever asks for passwords of made-up addresses holds up no welcome and no password, and no mail server."""
    for number in range(3):
        ask(world, f"nobody{number}@kontoret.example.no")
    world.firm()
    ask(world, BERIT)
    world.service.run_job("send_letters")
    assert [letter.email for letter in world.notify.sent[:2]] == [BERIT] * 2
    assert len(world.notify.sent) == 5
    spent = "update sms_budgets set recent = array_fill(recent[1], array[cast(:size as int)])"
    world.sql(spent, size=rules.STRANGERS_LETTERS)
    for email in (STRANGER, BERIT):
        ask(world, email, place="198.51.100.9")
    assert (len(sent_to(world, BERIT)), len(sent_to(world, STRANGER))) == (3, 0)
    with later(hours=1, seconds=1):
        ask(world, STRANGER)
        assert len(sent_to(world, STRANGER)) == 1


def test_a_letter_to_a_stranger_counts_once_however_often_it_is_tried(world: World) -> None:
    """A mail server that is away uses nothing up."""
    world.notify.away = Unavailable("mail_unavailable")
    ask(world, STRANGER)
    for minutes in range(5):
        with later(minutes=10 * minutes):
            assert sent_to(world, STRANGER) == []
    assert world.sql("select max(cardinality(recent)) from sms_budgets") == [(1,)]


def test_a_known_mailbox_is_not_flooded_either(world: World) -> None:
    """Five password letters an hour; asking faster than mail leaves makes one."""
    world.firm()
    sent_to(world, BERIT)
    at_once([lambda: ask(world, BERIT)] * 10)
    assert len(sent_to(world, BERIT)) == 2
    for _ in range(10):
        ask(world, BERIT)
        world.service.run_job("send_letters")
    assert len(sent_to(world, BERIT)) == 1 + 5
    with later(hours=1, seconds=1):
        ask(world, BERIT)
        assert len(sent_to(world, BERIT)) == 1 + 6


def test_no_token_lies_in_the_database(world: World) -> None:
    """Design § 2: links never travel or rest where they could be read."""
    world.firm()
    token = world.token(BERIT)
    for kept in ("select cast(t as text) from letters t", "select cast(t as text) from links t", "select cast(t as text) from audit t"):
        rows = world.sql(kept)
        assert rows
        assert token not in str(rows)
    assert not [row for row in world.sql("select envelope from outbox") if token.encode() in bytes(row[0])]  # type: ignore[call-overload]


def test_what_is_long_over_is_forgotten(world: World) -> None:
    """Purged by the rows' own times; accounts and members stay."""
    world.firm()
    world.activated(BERIT)
    with later(days=29):
        world.service.run_job("purge")
        assert world.sql("select count(*) from sessions") == [(1,)]
    with later(days=45):
        world.service.run_job("purge")
        assert world.sql("select count(*) from sessions") == [(0,)]
        assert world.sql("select id from sign_in_attempts union select id from links") == []
        assert world.sql("select count(*) from letters where sent_at is not null") == [(0,)]
        assert world.started(Somebody(BERIT)).attempt


def test_a_letter_too_old_to_matter_is_dropped(world: World) -> None:
    """A week of a broken mail server must not end in a thousand stale mails."""
    world.firm()
    with later(days=8):
        assert sent_to(world, BERIT) == []
    with pytest.raises(IndexError):
        world.mail(BERIT)
