"""Send the mails that are due: each by one sender at a time, tried again until the mail server has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Update, select, update

from chassis import clock, telemetry
from chassis.db import Database
from chassis.errors import Failure, Invalid
from services.notify import contents, rules
from services.notify.letters import Writer
from services.notify.mail import SECONDS, Mail
from services.notify.models import DROPPED, DUE, FAILED, SENDING, SENT, Delivery, Notice

EVERY = timedelta(seconds=2)
BATCH = 20
# Whoever claims a mail has it for so long. Should the process die, another sends it after that, with the same Message-ID.
LEASE = timedelta(seconds=120)
# A run ends after so many mails; what is left is due in the next slot.
BATCHES = 500


@dataclass(frozen=True)
class Post:
    """What sending needs."""

    mail: Mail
    writer: Writer


def run(database: Database, post: Post) -> None:
    """Batch after batch while there is one and the mail server takes them."""
    for _ in range(BATCHES):
        claimed = _claim(database)
        if not claimed or not _send_all(database, post, claimed):
            return


def _claim(database: Database) -> Sequence[Delivery]:
    """Take mails that are due, those whose sender has died among them."""
    now = clock.now()
    taken = (
        select(Delivery.id)
        .where(Delivery.state.in_((DUE, SENDING)), Delivery.due_at <= now)
        .order_by(Delivery.due_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
        .cte("taken")
    )
    claim = update(Delivery).where(Delivery.id == taken.c.id).values(state=SENDING, due_at=now + LEASE, attempts=Delivery.attempts + 1)
    with database.transaction() as tx:
        return tx.scalars(claim.returning(Delivery)).all()


def _send_all(database: Database, post: Post, claimed: Sequence[Delivery]) -> bool:
    """Send each; False when the mail server takes none, and then the rest is given back."""
    latest = clock.now() + LEASE - timedelta(seconds=SECONDS + 10)
    for number, delivery in enumerate(claimed):
        if clock.now() > latest:
            # A slow server has used up the lease: from here on somebody else may be sending these.
            return True
        if not _send(database, post, delivery):
            for waiting in claimed[number + 1 :]:
                _postpone(database, waiting)
            return False
    return True


def _send(database: Database, post: Post, delivery: Delivery) -> bool:
    try:
        composed = contents.compose(database, post.writer, delivery)
        if composed is not None:
            post.mail.send(composed.letter)
        _end(database, delivery, SENT if composed else DROPPED, told=composed.notice_ids if composed else ())
    except contents.NotYetKnownError:
        _postpone(database, delivery)
    except Invalid as why:
        telemetry.log(__name__).error("mail refused", delivery=delivery.id, kind=delivery.kind, reason=why.reason)
        _end(database, delivery, FAILED)
    except Failure as why:
        telemetry.log(__name__).warning("mail waits", delivery=delivery.id, kind=delivery.kind, reason=why.reason)
        _postpone(database, delivery)
        return why.reason != "mail_unavailable"
    return True


def _postpone(database: Database, delivery: Delivery) -> None:
    now = clock.now()
    if rules.given_up(delivery.created_at, now):
        telemetry.log(__name__).error("mail given up", delivery=delivery.id, kind=delivery.kind, attempts=delivery.attempts)
        _end(database, delivery, FAILED)
        return
    with database.transaction() as tx:
        tx.execute(_held(delivery).values(state=DUE, due_at=now + rules.wait_before(delivery.attempts)))


def _end(database: Database, delivery: Delivery, state: str, *, told: Sequence[str] = ()) -> None:
    now: datetime = clock.now()
    with database.transaction() as tx:
        tx.execute(_held(delivery).values(state=state, ended_at=now))
        if told:
            tx.execute(update(Notice).where(Notice.id.in_(told)).values(digested_at=now))


def _held(delivery: Delivery) -> Update:
    """Only while this attempt still has it."""
    return update(Delivery).where(Delivery.id == delivery.id, Delivery.state == SENDING, Delivery.attempts == delivery.attempts)
