"""Send the mails that are due: each by one sender at a time, tried again until the mail server has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import Table, Uuid, any_, bindparam, exists, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from chassis import clock, telemetry
from chassis.db import Database
from chassis.errors import Failure, Invalid
from services.notify import contents, expiry, rules, unsubscribing
from services.notify.contents import Found
from services.notify.letters import Writer
from services.notify.mail import SECONDS, Mail
from services.notify.models import DROPPED, DUE, EXPIRY, FAILED, SENDING, SENT, Delivery, Notice

EVERY = timedelta(seconds=2)
BATCH = 50
# Whoever claims a mail has it for so long. Should the process die, another sends it after that, with the same Message-ID.
LEASE = timedelta(seconds=120)
# A run ends after so many batches; what is left is due in the next slot.
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
    found = contents.look_up(database, claimed)
    tokens = _tokens(database, claimed, found)
    for number, delivery in enumerate(claimed):
        if clock.now() > latest:
            # A slow server has used up the lease: from here on somebody else may be sending these.
            return True
        if not _send(database, post, delivery, found.get(delivery.id), token=tokens.get(delivery.id, "")):
            for waiting in claimed[number + 1 :]:
                _postpone(database, waiting)
            return False
    return True


def _tokens(database: Database, claimed: Sequence[Delivery], found: Mapping[int, Found]) -> dict[int, str]:
    """For each mail that will leave the token of its link to get no more of them: at another attempt the one it had before."""
    leaving = [each for each in claimed if each.id in found and found[each.id].email and each.kind in contents.CATEGORIES]
    new = {each.id: (found[each.id].user_id, contents.CATEGORIES[each.kind]) for each in leaving if each.token is None}
    with database.transaction() as tx:
        made = unsubscribing.make(tx, new)
    return {each.id: each.token or made[each.id] for each in leaving}


def _send(database: Database, post: Post, delivery: Delivery, found: Found | None, *, token: str) -> bool:
    if found is None:
        _end(database, delivery, DROPPED)
        return True
    if not found.email:
        # The address book has not heard of the reader yet.
        _postpone(database, delivery)
        return True
    try:
        post.mail.send(contents.write(post.writer, delivery, found, unsubscribe=token))
        _end(database, delivery, SENT, told=found.notice_ids)
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
    with database.begin() as connection:
        connection.execute(_put_back, _held(delivery) | {"due": now + rules.wait_before(delivery.attempts)})


def _end(database: Database, delivery: Delivery, state: str, *, told: Sequence[str] = ()) -> None:
    """One mail, one commit: whoever dies after it does not repeat the mail. An answer's text goes with it, whether that left or not."""
    ended = _held(delivery) | {"ended": state, "now": clock.now(), "told": list(told)}
    if delivery.kind == EXPIRY:
        with database.transaction() as tx:
            if tx.execute(_ended, ended).first() and told:
                expiry.told(tx, told)
    else:
        # Nothing is emitted or recorded: one conditional statement that commits by itself, in a quarter of the time. Asked for again
        # after a broken connection it finds the mail ended, and changes nothing.
        database.read(_ended, ended)


def _held(delivery: Delivery) -> dict[str, Any]:
    """Only while this attempt still has it."""
    return {"delivery": delivery.id, "attempt": delivery.attempts}


_rows, _told = cast(Table, Delivery.__table__), cast(Table, Notice.__table__)
_mine = update(_rows).where(_rows.c.id == bindparam("delivery"), _rows.c.state == SENDING, _rows.c.attempts == bindparam("attempt"))
_put_back = _mine.values(state=DUE, due_at=bindparam("due"))
_gone = {"subject": None, "text": None, "sent_by": None, "token": None}
_closed = _mine.values(state=bindparam("ended"), ended_at=bindparam("now"), **_gone).returning(_rows.c.id).cte("closed")
_marked = (
    update(_told)
    .where(_told.c.id == any_(bindparam("told", type_=ARRAY(Uuid(as_uuid=False)))), exists(select(_closed.c.id)))
    .values(digested_at=bindparam("now"))
    .cte("marked")
)
_ended = select(_closed.c.id).add_cte(_marked)
