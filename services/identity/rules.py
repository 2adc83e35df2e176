"""What is decided here: what a role may do, how long proofs live, how guessing is slowed, what a password must be."""

from datetime import datetime, timedelta
from types import ModuleType
from typing import Final

import stdnum.dk.cvr
import stdnum.fi.ytunnus
import stdnum.no.orgnr
import stdnum.se.orgnr
from kontor.access.v1 import access_pb2 as access
from stdnum.exceptions import ValidationError

from services.identity import blocklist

ADMINISTRATOR, WRITE, READ, CONSULTANT = "administrator", "write", "read", "consultant"
FIRM, CLIENT = "firm", "client"

ATTEMPT_LIFE = timedelta(minutes=10)
ATTEMPT_TRIES = 5
SESSION_IDLE = timedelta(minutes=30)
SESSION_LIFE = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)
LINK_LIFE: Final = {"welcome": timedelta(days=7), "password": timedelta(hours=1)}
FREE_TRIES = 5
DISABLED_AFTER = 100
LONGEST_WAIT = timedelta(minutes=15)
LETTER_LIFE = timedelta(days=7)
PASSWORD_LETTERS_AN_HOUR = 5
PASSWORD_LENGTH = range(15, 129)

_SELF: set[int] = {access.PERMISSION_SESSION_USE, access.PERMISSION_NOTICE_USE}
_READER = _SELF | {access.PERMISSION_DOCUMENT_READ, access.PERMISSION_MESSAGE_READ, access.PERMISSION_CHANGE_READ}
_WRITER = _READER | {access.PERMISSION_DOCUMENT_WRITE, access.PERMISSION_MESSAGE_WRITE}
_MEMBERS: set[int] = {access.PERMISSION_MEMBER_READ, access.PERMISSION_MEMBER_MANAGE}
_FIRM: set[int] = {
    access.PERMISSION_CLIENT_CREATE, access.PERMISSION_FOLDER_MANAGE, access.PERMISSION_LINK_MANAGE, access.PERMISSION_API_KEY_MANAGE,
}  # fmt: skip
# What each role may do, by the kind of organisation it is held in.
_PERMISSIONS: dict[tuple[str, str], set[int]] = {
    (CLIENT, READ): _READER,
    (CLIENT, WRITE): _WRITER,
    (CLIENT, ADMINISTRATOR): _WRITER | _MEMBERS | {access.PERMISSION_FOLDER_GRANT, access.PERMISSION_LINK_READ},
    (FIRM, CONSULTANT): _WRITER | {access.PERMISSION_LINK_READ},
    (FIRM, ADMINISTRATOR): _WRITER | _MEMBERS | _FIRM | {access.PERMISSION_LINK_READ},
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


def permissions(kind: str, role: str) -> tuple[int, ...]:
    """What a member with this role may do."""
    return tuple(sorted(_PERMISSIONS[kind, role]))


def without_organisation(*, operator: bool) -> tuple[int, ...]:
    """What a person may do beside any organisation: see to the account; the platform's operator also makes firms."""
    return (access.PERMISSION_SESSION_USE, *([access.PERMISSION_FIRM_CREATE] if operator else []))


def machine_permissions(kind: str, role: str) -> list[int]:
    """What an API key made by such a member may do."""
    return sorted(_PERMISSIONS[kind, role] & _MACHINE)


def leaves_no_administrator(role: str, new_role: str | None, *, other_administrators: int) -> bool:
    """Whether giving `new_role` (None: removing) would leave nobody to administer the organisation (ACC-05, ACC-06)."""
    return role == ADMINISTRATOR and new_role != ADMINISTRATOR and other_administrators == 0


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
