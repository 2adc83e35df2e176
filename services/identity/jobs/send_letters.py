"""Send the letters that are due, each with a link made this moment, until the mail server has taken them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import uuid_utils.compat as uuid
from kontor.notify.v1 import notify_pb2, notify_pb2_grpc
from sqlalchemy import exists, func, select, update
from sqlalchemy.engine import Row

from chassis import caller, clock, telemetry
from chassis.caller import Caller
from chassis.db import Database, Transaction
from chassis.errors import Failure, Invalid
from services.identity import budgets, invitations, letters, rules, tokens
from services.identity.invitation_rows import Invitation
from services.identity.models import Letter, Link, Membership, Organisation, User
from services.identity.sealing import Keyring

EVERY = timedelta(seconds=2)
# Long enough for one call to notify. Should this process die, another sends the letter after it.
LEASE = timedelta(seconds=30)
AT_MOST = 200

KINDS = {
    letters.WELCOME: notify_pb2.LETTER_KIND_WELCOME,
    letters.PASSWORD: notify_pb2.LETTER_KIND_PASSWORD,
    letters.ADDED: notify_pb2.LETTER_KIND_ADDED_TO_ORGANISATION,
    letters.PASSWORD_CHANGED: notify_pb2.LETTER_KIND_PASSWORD_CHANGED,
    letters.INVITATION: notify_pb2.LETTER_KIND_INVITATION,
}
CHANGES = {
    letters.APP_ADDED: notify_pb2.SECURITY_CHANGE_APP_ADDED,
    letters.SMS_ADDED: notify_pb2.SECURITY_CHANGE_SMS_ADDED,
    letters.APP_REMOVED: notify_pb2.SECURITY_CHANGE_APP_REMOVED,
    letters.SMS_REMOVED: notify_pb2.SECURITY_CHANGE_SMS_REMOVED,
    letters.PASSKEY_ADDED: notify_pb2.SECURITY_CHANGE_PASSKEY_ADDED,
    letters.PASSKEY_REMOVED: notify_pb2.SECURITY_CHANGE_PASSKEY_REMOVED,
    letters.ADDRESS_REPLACING: notify_pb2.SECURITY_CHANGE_ADDRESS_REPLACING,
    letters.ADDRESS_REPLACED: notify_pb2.SECURITY_CHANGE_ADDRESS_REPLACED,
    letters.PROVIDER_BOUND: notify_pb2.SECURITY_CHANGE_PROVIDER_BOUND,
    letters.PROVIDER_UNBOUND: notify_pb2.SECURITY_CHANGE_PROVIDER_UNBOUND,
    letters.RECOVERY_CODES_MADE: notify_pb2.SECURITY_CHANGE_RECOVERY_CODES_MADE,
    letters.RECOVERY_CODE_USED: notify_pb2.SECURITY_CHANGE_RECOVERY_CODE_USED,
    letters.VOUCHED: notify_pb2.SECURITY_CHANGE_VOUCHED,
    letters.VOUCHED_CODE_USED: notify_pb2.SECURITY_CHANGE_VOUCHED_CODE_USED,
    letters.FACTOR_DISABLED: notify_pb2.SECURITY_CHANGE_FACTOR_DISABLED,
    letters.API_KEY_MADE: notify_pb2.SECURITY_CHANGE_API_KEY_MADE,
    letters.PASSWORD_CHANGED: notify_pb2.SECURITY_CHANGE_PASSWORD_CHANGED,
    letters.SESSIONS_ENDED: notify_pb2.SECURITY_CHANGE_SESSIONS_ENDED,
    letters.MEMBERSHIP_REMOVED: notify_pb2.SECURITY_CHANGE_MEMBERSHIP_REMOVED,
    letters.DEVICE_ADDED: notify_pb2.SECURITY_CHANGE_DEVICE_ADDED,
    letters.DEVICE_PIN_FORGOTTEN: notify_pb2.SECURITY_CHANGE_DEVICE_PIN_FORGOTTEN,
    letters.DEVICES_ENDED: notify_pb2.SECURITY_CHANGE_DEVICES_ENDED,
    letters.BROWSER_LET_IN: notify_pb2.SECURITY_CHANGE_BROWSER_LET_IN,
    letters.DEVICE_COPIED: notify_pb2.SECURITY_CHANGE_DEVICE_COPIED,
}
NO_ACCOUNT = "no_account"


@dataclass(frozen=True)
class Post:
    """Where letters are handed over, the address of the portal that their links lead to, and what codes of invitations are made with.

    How long invitations work, and links by the kind of letter they stand in.
    """

    stub: notify_pb2_grpc.LettersStub
    public_url: str
    keyring: Keyring
    invitation_life: timedelta
    link_lives: Mapping[str, timedelta]


def run(database: Database, post: Post) -> None:
    """Send one letter after the other, those to strangers last: however many somebody asks for, they hold up no welcome and no password.

    When one is not taken the rest waits for the next slot: the mail server is likely away.
    """
    with caller.acting(Caller(service="identity"), {}):
        for strangers in (False, True):
            for _ in range(AT_MOST):
                letter_id = _claim(database, strangers=strangers)
                if letter_id is None:
                    break
                if not _send(database, post, letter_id):
                    return


def _claim(database: Database, *, strangers: bool = False) -> str | None:
    """Take the letter that has been due longest, to people with an account or to others; nobody else sends it within the lease."""
    strange = (Letter.kind == letters.PASSWORD) & ~exists().where(User.email == Letter.email)
    due = (Letter.sent_at.is_(None), Letter.dropped_at.is_(None), Letter.due_at <= clock.now(), strange if strangers else ~strange)
    first = select(Letter.id).where(*due).order_by(Letter.due_at).limit(1).with_for_update(skip_locked=True).scalar_subquery()
    lease = {"due_at": clock.now() + LEASE, "attempts": Letter.attempts + 1}
    with database.transaction() as tx:
        return tx.scalar(update(Letter).where(Letter.id == first).values(lease).returning(Letter.id))


def _send(database: Database, post: Post, letter_id: str) -> bool:
    with database.transaction() as tx:
        request = _compose(tx, post, tx.get_one(Letter, letter_id))
    if request is None:
        return True
    try:
        post.stub.SendNow(request)
    except Invalid as why:
        # It will never be taken, such as for an address that mail cannot be sent to.
        telemetry.log(__name__).error("letter dropped", letter_id=letter_id, reason=why.reason)
        _end(database, letter_id, dropped_at=clock.now())
    except Failure as why:
        telemetry.log(__name__).warning("letter waits", letter_id=letter_id, reason=why.reason)
        _postpone(database, letter_id)
        return False
    else:
        strange = request.kind == notify_pb2.LETTER_KIND_NO_ACCOUNT
        _end(database, letter_id, sent_at=clock.now(), **({"kind": NO_ACCOUNT} if strange else {}))
        _sent(database, letter_id)
    return True


def _compose(tx: Transaction, post: Post, letter: Letter) -> notify_pb2.SendNowRequest | None:
    """The letter with a fresh link; None, and it is dropped, when it need not be sent any more."""
    person = tx.scalars(select(User).where(User.email == letter.email)).one_or_none()
    organisation = _organisation(tx, letter.membership_id) if letter.membership_id else None
    if _superfluous(tx, letter, known=person is not None):
        letter.dropped_at = clock.now()
        return None
    request = notify_pb2.SendNowRequest(
        letter_id=letter.id, email=letter.email, kind=_kind(letter.kind) if person else notify_pb2.LETTER_KIND_NO_ACCOUNT,
        change=CHANGES.get(letter.kind, notify_pb2.SECURITY_CHANGE_UNSPECIFIED),
        language=(person.language if person else "") or letter.language, first_name=person.first_name if person else "",
        organisation_name=organisation.name if organisation else "", inviter_name=letter.inviter_name, link=f"{post.public_url}/",
    )  # fmt: skip
    if letter.kind == letters.INVITATION and not _with_code(tx, post, letter, request):
        return None
    if person and letter.kind in post.link_lives:
        token, expires = _new_link(tx, post, letter, person, organisation.id if organisation else None)
        request.link = f"{post.public_url}/links/{token}"
        request.link_expires_at.FromDatetime(expires)
    return request


def _with_code(tx: Transaction, post: Post, letter: Letter, request: notify_pb2.SendNowRequest) -> bool:
    """Put a new code into an invitation, which is in English whatever the language (NET-21). False, and it is dropped, when it is over."""
    minted = invitations.mint(tx, post.keyring, letter.id, life=post.invitation_life)
    if minted is None:
        letter.dropped_at = clock.now()
        return False
    request.activation_code, request.language, request.link = minted[0], "en", f"{post.public_url}/activate"
    request.link_expires_at.FromDatetime(minted[1])
    return True


def _sent(database: Database, letter_id: str) -> None:
    with database.transaction() as tx:
        tx.execute(update(Invitation).where(Invitation.letter_id == letter_id).values(sent_at=clock.now()))


def _kind(kind: str) -> "notify_pb2.LetterKind.ValueType":
    return KINDS.get(kind, notify_pb2.LETTER_KIND_SECURITY_CHANGED) if kind in CHANGES else KINDS[kind]


def _organisation(tx: Transaction, membership_id: str) -> Row[str, str] | None:
    statement = select(Organisation.id, Organisation.name).join(Membership, Membership.organisation_id == Organisation.id)
    return tx.execute(statement.where(Membership.id == membership_id)).one_or_none()


def _superfluous(tx: Transaction, letter: Letter, *, known: bool) -> bool:
    """Whether it came too late, or there are more of these than anybody needs: somebody may be flooding a mailbox, or all the world's."""
    now = clock.now()
    if letter.kind != letters.PASSWORD or now > letter.created_at + rules.LETTER_LIFE:
        return now > letter.created_at + rules.LETTER_LIFE
    kind, since = (letters.PASSWORD, timedelta(hours=1)) if known else (NO_ACCOUNT, timedelta(days=1))
    sent = select(func.count()).select_from(Letter).where(Letter.email == letter.email, Letter.kind == kind, Letter.sent_at > now - since)
    if (tx.scalar(sent) or 0) >= (rules.PASSWORD_LETTERS_AN_HOUR if known else 1):
        return True
    return not known and letter.attempts == 1 and bool(budgets.count(tx, "strangers", rules.STRANGERS_LETTERS, rules.STRANGERS_PERIOD))


def _new_link(tx: Transaction, post: Post, letter: Letter, person: User, organisation_id: str | None) -> tuple[str, datetime]:
    """A link that takes the place of older ones of its kind, but not of one this very letter was sent with: that mail may have arrived."""
    now, token = clock.now(), tokens.new()
    same = [Link.organisation_id == organisation_id] if organisation_id else []
    older = [Link.user_id == person.id, Link.kind == letter.kind, Link.letter_id != letter.id, *same]
    tx.execute(update(Link).where(*older, Link.used_at.is_(None), Link.cancelled_at.is_(None)).values(cancelled_at=now))
    expires = now + post.link_lives[letter.kind]
    tx.add(
        Link(
            id=str(uuid.uuid7()), token=tokens.digest(token), kind=letter.kind, user_id=person.id, organisation_id=organisation_id,
            letter_id=letter.id, expires_at=expires,
        )
    )  # fmt: skip
    # In the person's own trail: to an organisation it would tell that nobody has used the account before (P5).
    tx.record("link.make", organisation=person.id, subject=letter.id, kind=letter.kind)
    return token, expires


def _end(database: Database, letter_id: str, **outcome: object) -> None:
    with database.transaction() as tx:
        tx.execute(update(Letter).where(Letter.id == letter_id).values(outcome))


def _postpone(database: Database, letter_id: str) -> None:
    with database.transaction() as tx:
        letter = tx.get_one(Letter, letter_id)
        letter.due_at = clock.now() + rules.letter_wait(letter.attempts)
