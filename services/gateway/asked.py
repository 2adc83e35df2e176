"""What an address or a form says, read so that what means nothing is nothing."""

import uuid
from collections.abc import Container

DIGITS = len("1000000")


def is_id(text: str) -> bool:
    """Whether this is an identifier, written as we write them."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def among(given: object, known: Container[int]) -> int:
    """The number that is written there, where it is one of these; else 0."""
    found = number(given)
    return found if found in known else 0


def number(given: object) -> int:
    """The whole number that is written there; 0 where there is none, or one with more digits than any of ours."""
    text = str(given or "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= DIGITS else 0
