"""Who may write about which client, and what the text of a message may hold."""

import re
import unicodedata

# Characters that turn the direction of the text around them: they make a line read as something it is not.
_TURNING = "\u202a-\u202e\u2066-\u2069"
_NOT_TEXT = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{_TURNING}]")


def plain_text(text: str) -> str:
    """The text with lines ended by newlines and without control characters; inner spaces stay as written."""
    return unicodedata.normalize("NFC", _NOT_TEXT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))).strip()


def one_line(text: str) -> str:
    """The text as a subject: one line, single spaces."""
    return " ".join(plain_text(text).split())


def may_write(*, is_firm: bool, own_organisation: bool, serves_area: bool) -> bool:
    """Clients write for their own organisation in any area (ACC-60); the firm's people where they serve the client (ACC-11)."""
    return serves_area if is_firm else own_organisation
