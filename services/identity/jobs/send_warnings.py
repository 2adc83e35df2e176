"""Send the SMS that tell people of changes to their accounts, each once: one that has certainly not left is tried again for a day."""

from dataclasses import dataclass
from datetime import timedelta

from kontor.notify.v1 import notify_pb2, notify_pb2_grpc
from sqlalchemy import select, update

from chassis import caller, clock, telemetry
from chassis.caller import Caller
from chassis.db import Database, Transaction
from chassis.errors import Failure, TimedOut, TooMany, Unavailable
from services.identity import budgets, letters, rules
from services.identity.budgets import Budgets
from services.identity.jobs.send_letters import CHANGES
from services.identity.models import Membership, Organisation, User
from services.identity.sealing import Keyring
from services.identity.warning_rows import SmsWarning

EVERY = timedelta(seconds=2)
AT_MOST = 200
# No SMS are sent here; or no service answered, as its connection broke: then it may have left.
NOT_AGAIN = ("sms_not_offered", "unavailable", "cancelled")


@dataclass(frozen=True)
class Post:
    """Who hands SMS over, what opens the numbers, and what may be spent."""

    stub: notify_pb2_grpc.CodesStub
    keyring: Keyring
    budgets: Budgets


def run(database: Database, post: Post) -> None:
    """Send one after the other. When one has not left the rest waits for the next slot."""
    with caller.acting(Caller(service="identity"), {}):
        for _ in range(AT_MOST):
            warning = _take(database)
            if warning is None or not _send(database, post, warning):
                return


def _take(database: Database) -> SmsWarning | None:
    """The one that has been due longest. Taken is taken: should this process die, nobody knows whether it left."""
    now = clock.now()
    due = (SmsWarning.taken_at.is_(None), SmsWarning.due_at <= now, SmsWarning.created_at > now - rules.WARNING_LIFE)
    first = select(SmsWarning.id).where(*due).order_by(SmsWarning.due_at).limit(1).with_for_update(skip_locked=True).scalar_subquery()
    taken = {"taken_at": now, "attempts": SmsWarning.attempts + 1}
    with database.transaction() as tx:
        return tx.scalars(update(SmsWarning).where(SmsWarning.id == first).values(taken).returning(SmsWarning)).one_or_none()


def _send(database: Database, post: Post, warning: SmsWarning) -> bool:
    phone = post.keyring.unseal(warning.phone, bound_to=warning.user_id)
    if not _answers(post):
        _postpone(database, warning)
        return False
    try:
        with database.transaction() as tx:
            budgets.spend_warning(tx, post.budgets, user_id=warning.user_id, phone=phone)
            request = _compose(tx, warning, phone)
    except TooMany as why:
        telemetry.log(__name__).warning("no warning by SMS", warning_id=warning.id, reason=why.reason)
        return True
    try:
        post.stub.SendCode(request)
    except TimedOut:
        return True
    except (Unavailable, TooMany) as why:
        telemetry.log(__name__).warning("warning by SMS not sent", warning_id=warning.id, reason=why.reason)
        if why.reason not in NOT_AGAIN:
            _postpone(database, warning)
        return False
    except Failure as why:
        telemetry.log(__name__).warning("warning by SMS dropped", warning_id=warning.id, reason=why.reason)
    return True


def _answers(post: Post) -> bool:
    """Whether notify is there at all: asked before, as afterwards no answer means that nobody knows."""
    try:
        post.stub.GetSmsState(notify_pb2.GetSmsStateRequest())
    except Failure as why:
        telemetry.log(__name__).warning("warnings by SMS wait", reason=why.reason)
        return False
    return True


def _compose(tx: Transaction, warning: SmsWarning, phone: str) -> notify_pb2.SendCodeRequest:
    language = tx.get_one(User, warning.user_id).language
    if warning.change == letters.VOUCHED:
        return notify_pb2.SendCodeRequest(kind=notify_pb2.SMS_KIND_VOUCHED, phone_number=phone, language=language)
    name = select(Organisation.name).join(Membership, Membership.organisation_id == Organisation.id)
    return notify_pb2.SendCodeRequest(
        kind=notify_pb2.SMS_KIND_SECURITY_CHANGED, phone_number=phone, language=language, change=CHANGES[warning.change],
        organisation_name=(tx.scalar(name.where(Membership.id == warning.membership_id)) or "") if warning.membership_id else "",
    )  # fmt: skip


def _postpone(database: Database, warning: SmsWarning) -> None:
    later = {"taken_at": None, "due_at": clock.now() + rules.letter_wait(warning.attempts)}
    with database.transaction() as tx:
        tx.execute(update(SmsWarning).where(SmsWarning.id == warning.id).values(later))
