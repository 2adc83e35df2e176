"""What is decided here: what a role may do, how long proofs live, how guessing is slowed, what a password must be."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from types import ModuleType
from typing import Protocol
from zoneinfo import ZoneInfo

import stdnum.dk.cvr
import stdnum.fi.ytunnus
import stdnum.no.orgnr
import stdnum.se.orgnr
from kontor.access.v1 import access_pb2 as access
from stdnum.exceptions import ValidationError

from services.identity import blocklist

ADMINISTRATOR, WRITE, READ, CONSULTANT = "administrator", "write", "read", "consultant"
PROGRAMME_ADMINISTRATOR = "programme_administrator"
FIRM, CLIENT = "firm", "client"

ATTEMPT_LIFE = timedelta(minutes=10)
ATTEMPT_TRIES = 5
SESSION_IDLE = timedelta(minutes=30)
SESSION_LIFE = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)
FREE_TRIES = 5
DISABLED_AFTER = 100
LONGEST_WAIT = timedelta(minutes=15)
LETTER_LIFE = timedelta(days=7)
PASSWORD_LETTERS_AN_HOUR = 5
STRANGERS_LETTERS, STRANGERS_PERIOD = 200, timedelta(hours=1)  # to addresses without an account, all together
PASSWORD_LENGTH = range(15, 129)
SMS_CODE_LIFE = timedelta(minutes=5)
SMS_CODE_TRIES = 5
SMS_A_NUMBER, SMS_NUMBER_PERIOD = 3, timedelta(minutes=10)
SMS_AN_ACCOUNT, SMS_ACCOUNT_PERIOD = 5, timedelta(hours=1)
SMS_DAY = timedelta(days=1)
WARNINGS_A_NUMBER, WARNING_LIFE = 10, timedelta(days=1)
SETUP_LIFE = timedelta(minutes=10)
SETUP_TRIES = 5
RECOVERY_CODES, RECOVERY_GROUPS = 10, 7  # 7 groups of 20 bits: more than the 128 that need no keyed digest
PASSKEYS_AT_MOST, CHALLENGE_LIFE = 20, timedelta(minutes=5)
PROVIDER_LIFE = timedelta(minutes=10)
VOUCHED_GROUPS = 4
API_KEYS_AT_MOST = 100
INVITATION_TRIES = CONFIRMATION_TRIES = 5
CONFIRMATIONS = 3  # by SMS: the first, and two more on request (NET-28)
ACTIVATION_LIFE = timedelta(hours=1)
IDENTIFICATIONS, IDENTIFICATIONS_PERIOD = 30, timedelta(hours=1)  # an administrator's look-ups of people by their identifiers
STRONG_REMAINS = 16  # characters of a password beside well-known words
# The terms and conditions as templates/information/terms.html of the gateway has them: who accepted others accepts these before going on.
TERMS_VERSION = "2026-11"
DEVICES_AT_MOST = 20
PIN_LENGTH, PIN_TRIES = range(4, 9), 5
REFRESH_AGAIN = timedelta(seconds=10)
WEB_SIGN_IN_LIFE, WEB_SIGN_IN_GROUPS = timedelta(minutes=2), 2
WEB_SIGN_INS_AT_MOST, WEB_SIGN_INS_PERIOD = 300, timedelta(minutes=10)  # from one address: a whole office may sit behind it
ASKS_AT_MOST, ASKS_PERIOD = 1000, timedelta(minutes=10)  # of each other kind that takes no secret: every device that is unlocked asks
FINDS_AT_MOST, FINDS_PERIOD = 10, timedelta(minutes=10)

_SELF: set[int] = {access.PERMISSION_SESSION_USE, access.PERMISSION_NOTICE_USE}
_READER = _SELF | {
    access.PERMISSION_DOCUMENT_READ, access.PERMISSION_MESSAGE_READ, access.PERMISSION_NEWS_READ, access.PERMISSION_CHANGE_READ,
}  # fmt: skip
_WRITER = _READER | {access.PERMISSION_DOCUMENT_WRITE, access.PERMISSION_MESSAGE_WRITE}
_MEMBERS: set[int] = {access.PERMISSION_MEMBER_READ, access.PERMISSION_MEMBER_MANAGE, access.PERMISSION_AUDIT_READ}
_SERVES: set[int] = {access.PERMISSION_LINK_READ, access.PERMISSION_DOCUMENT_DELETE}
# What the administration of one programme of the product is made of (FNK-06).
PROGRAMMES: dict[int, set[int]] = {
    access.PROGRAMME_CLIENT_MANAGER: {access.PERMISSION_CONSULTANT_ASSIGN, access.PERMISSION_MEMBER_READ},
    access.PROGRAMME_DOCUMENTS: {access.PERMISSION_FOLDER_MANAGE, access.PERMISSION_DOCUMENT_HOLD},
    access.PROGRAMME_NEWS: {access.PERMISSION_NEWS_MANAGE},
}
_FIRM: set[int] = {
    access.PERMISSION_CLIENT_CREATE, access.PERMISSION_LINK_MANAGE, access.PERMISSION_API_KEY_MANAGE,
}.union(*PROGRAMMES.values())  # fmt: skip
_OPERATOR = (access.PERMISSION_FIRM_CREATE, access.PERMISSION_INVITATION_SUPPORT)
# What each role may do, by the kind of organisation it is held in.
_PERMISSIONS: dict[tuple[str, str], set[int]] = {
    (CLIENT, READ): _READER,
    (CLIENT, WRITE): _WRITER,
    (CLIENT, ADMINISTRATOR): _WRITER | _MEMBERS | {access.PERMISSION_FOLDER_GRANT, access.PERMISSION_LINK_READ},
    (FIRM, CONSULTANT): _WRITER | _SERVES,
    (FIRM, PROGRAMME_ADMINISTRATOR): _WRITER | _SERVES,  # and what the programmes are made of
    (FIRM, ADMINISTRATOR): _WRITER | _MEMBERS | _FIRM | _SERVES,
}
# What a back-office system may do at most: a leaked key must not add members, share folders or make further keys.
_MACHINE = _WRITER - _SELF | {
    access.PERMISSION_SESSION_USE, access.PERMISSION_LINK_READ, access.PERMISSION_CLIENT_CREATE, access.PERMISSION_FOLDER_MANAGE,
}  # fmt: skip

_COUNTRIES: dict[str, tuple[ModuleType, str, str]] = {
    "NO": (stdnum.no.orgnr, "Europe/Oslo", "nb"),
    "SE": (stdnum.se.orgnr, "Europe/Stockholm", "sv"),
    "FI": (stdnum.fi.ytunnus, "Europe/Helsinki", "fi"),
    "DK": (stdnum.dk.cvr, "Europe/Copenhagen", "da"),
}


def roles(kind: str) -> list[str]:
    """The roles there are in a firm or a client."""
    return [role for held_in, role in _PERMISSIONS if held_in == kind]


def first_role(kind: str) -> str:
    """The role of a new member for whom none was chosen."""
    return WRITE if kind == CLIENT else CONSULTANT


def permissions(kind: str, role: str, programmes: Collection[int] = ()) -> tuple[int, ...]:
    """What a member with this role may do, for a programme administrator with these programmes as its scope."""
    scope = programmes if role == PROGRAMME_ADMINISTRATOR else ()
    return tuple(sorted(_PERMISSIONS[kind, role].union(*(PROGRAMMES[each] for each in scope))))


def scope(role: str, programmes: Collection[int]) -> list[int] | None:
    """The programmes to keep beside a role, each once, in order: none for roles without; None where they are missing."""
    if role != PROGRAMME_ADMINISTRATOR:
        return []
    return sorted(set(programmes)) or None


def without_organisation(*, operator: bool) -> tuple[int, ...]:
    """What a person may do beside any organisation: see to the account; the platform's operator also makes firms and helps the invited."""
    return (access.PERMISSION_SESSION_USE, *(_OPERATOR if operator else ()))


def machine_permissions(kind: str, role: str, *, all_clients: bool) -> list[int]:
    """What an API key made by such a member may do at most. One that is limited to some clients makes no others."""
    return sorted(_PERMISSIONS[kind, role] & _MACHINE - (set() if all_clients else {access.PERMISSION_CLIENT_CREATE}))


def use_is_told(used_at: datetime | None, used_from: str, *, now: datetime, address: str) -> bool:
    """Whether a use of an API key is worth a row in the trail: the first of an hour, or one from another address."""
    return used_at is None or used_from != address or used_at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1) <= now


def key_fault(*, revoked: datetime | None, expires: datetime, removed: datetime | None, in_force: bool, now: datetime) -> str:
    """Why an API key no longer works; empty while it does."""
    if revoked:
        return "revoked"
    if now >= expires:
        return "expired"
    return "" if in_force and not removed else "member"


def leaves_no_administrator(role: str, new_role: str | None, *, other_administrators: int) -> bool:
    """Whether giving `new_role` (None: removing) would leave nobody to administer the organisation (ACC-05, ACC-06)."""
    return role == ADMINISTRATOR and new_role != ADMINISTRATOR and other_administrators == 0


def today(time_zone: str, now: datetime) -> date:
    """The day it is where an organisation is."""
    return now.astimezone(ZoneInfo(time_zone)).date()


def in_force(first_day: date | None, last_day: date | None, *, today: date) -> bool:
    """Whether a member may work today: both days included, none means without end (NET-12, NET-13)."""
    return (first_day is None or first_day <= today) and (last_day is None or today <= last_day)


def stays(first_day: date | None, last_day: date | None, *, today: date) -> bool:
    """Whether a member is there until further notice: only such an administrator makes up for the loss of another (ACC-05)."""
    return last_day is None and in_force(first_day, last_day, today=today)


class Shown(Protocol):
    """A membership as its organisation is shown it; `entered` is what an administrator wrote of somebody who has not come in yet."""

    id: str
    entered: list[str] | None


def known_to_be_one(member: Shown, other: Shown, *, email: str) -> bool:
    """Whether an administrator may know that both are the owner of `email`: both show the same address.

    Somebody found by an identifier may have been added by another address, which is shown until the person comes in (NET-09).
    """
    shown = [each.entered[0] if each.entered else email for each in (member, other)]
    return other.id == member.id or shown[0] == shown[1]


def pin_valid(pin: str) -> bool:
    """Whether it is 4 to 8 digits (NET-37)."""
    return len(pin) in PIN_LENGTH and pin.isascii() and pin.isdecimal()


def proves_anew(method: str) -> bool:
    """Whether a session proved with this may enrol a device after all were logged out (NET-41): an SMS comes to the very telephone."""
    return method in ("totp", "passkey", "recovery_code", "vouched_code")


def wait_after(failures: int) -> timedelta:
    """How long nothing is looked at after this many failures in a row: nothing, then 1, 2, 4… seconds from the 5th, at most 15 minutes."""
    if failures < FREE_TRIES:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(failures - FREE_TRIES, 20)), LONGEST_WAIT)


def session_over(*, created: datetime, seen: datetime, ended: datetime | None, now: datetime) -> bool:
    """Whether a session has ended, been idle too long or become too old."""
    return ended is not None or now >= seen + SESSION_IDLE or now >= created + SESSION_LIFE


def link_state(*, used: datetime | None, cancelled: datetime | None, expires: datetime, now: datetime) -> str:
    """Open, used, cancelled or expired: each has its own page with the right next step (BEY-01)."""
    if used:
        return "used"
    if cancelled:
        return "cancelled"
    return "expired" if now >= expires else "open"


def invitation_state(
    *, sent: datetime | None, expires: datetime | None, tries: int, entered: datetime | None, sms: int, completed: datetime | None,
    cancelled: datetime | None, now: datetime,
) -> str:  # fmt: skip
    """Where an invitation by code stands (NET-16 to NET-32)."""
    if completed:
        return "completed"
    if cancelled:
        return "cancelled"
    if expires and now >= expires:
        return "expired"
    if entered:
        return "sms_sent" if sms else "code_entered"
    if tries >= INVITATION_TRIES:
        return "blocked"
    return "sent" if sent else "sending"


def letter_wait(attempts: int) -> timedelta:
    """When a letter that could not be sent is tried again: 2, 4, 8… seconds, at most 5 minutes."""
    return min(timedelta(seconds=2 ** min(attempts, 10)), timedelta(minutes=5))


def registered_number(country: str, number: str) -> str | None:
    """The organisation number as registered, None when its check digit or form is wrong."""
    try:
        return str(_COUNTRIES[country][0].validate(number))
    except ValidationError:
        return None


def time_zone(country: str) -> str:
    """The time zone that decides what "today" is for an organisation (ACC-37)."""
    return _COUNTRIES[country][1]


def language(country: str) -> str:
    """The language of people there who have chosen none."""
    return _COUNTRIES[country][2]


def password_fault(password: str, *, known_words: list[str]) -> str | None:
    """What is wrong with a new password, None when nothing is. No composition rules (SP 800-63B § 3.1.1.2).

    `known_words` are what others know of the person: address and names.
    """
    if len(password) < PASSWORD_LENGTH.start:
        return "password_too_short"
    if len(password) >= PASSWORD_LENGTH.stop:
        return "password_too_long"
    return "password_too_common" if blocklist.is_guessable(password, known_words) else None


def is_strong(password: str, *, known_words: list[str]) -> bool:
    """Whether twice as much of an acceptable password is worth guessing as has to be."""
    return blocklist.worth(password, known_words) >= STRONG_REMAINS
