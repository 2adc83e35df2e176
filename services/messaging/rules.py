"""Who may write about which client, for whom a thread waits, and what the text of a message may hold."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from enum import IntEnum

# Characters that turn the direction of the text around them: they make a line read as something it is not.
_TURNING = "\u202a-\u202e\u2066-\u2069"
_NOT_TEXT = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{_TURNING}]")

# What every firm does for every client, beside what it is paid for: help with the portal itself.
PORTAL_SUPPORT = 4
# Accounting, payroll and HR: what a firm does where nobody has said it.
ALL_AREAS = (1, 2, 3)


class State(IntEnum):
    """For whom a thread waits, as the contract numbers it."""

    OPEN = 1
    ANSWERED = 2
    CLOSED = 3


def state_after(*, by_firm: bool, reaches_client: bool) -> State:
    """Where a thread stands after a message: it waits for the firm until something the firm wrote is on its way to the client."""
    return State.ANSWERED if by_firm and reaches_client else State.OPEN


def name_key(name: str) -> str:
    """The name as it is sorted and searched: without difference of case or of ways to write the same letter."""
    # NUL cannot be in a name, and PostgreSQL takes no question that has it.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name.replace("\0", "").strip()).casefold())


def enquiry_types(*, areas_of_firms: Iterable[Sequence[int]]) -> list[int]:
    """What a client can write about: all that is done for it, and the portal (ACC-60)."""
    known = {area for areas in areas_of_firms for area in areas}
    return [*sorted(known or ALL_AREAS), PORTAL_SUPPORT]


def plain_text(text: str) -> str:
    """The text with lines ended by newlines and without control characters; inner spaces stay as written."""
    return unicodedata.normalize("NFC", _NOT_TEXT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))).strip()


def one_line(text: str) -> str:
    """The text as a subject: one line, single spaces."""
    return " ".join(plain_text(text).split())


def may_write(*, is_firm: bool, own_organisation: bool, serves_area: bool) -> bool:
    """Clients write for their own organisation in any area (ACC-60); the firm's people where they serve the client (ACC-11)."""
    return serves_area if is_firm else own_organisation
