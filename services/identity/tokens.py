"""Secrets that people and systems carry: random bits, of which only a digest is kept."""

import hashlib
import secrets

KEY_PREFIX = "kontor_"
# Crockford's base32: no letter that is taken for a digit. Five bits each.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MISTAKEN = str.maketrans("OIL", "011", " -")
GROUP = 4


def new() -> str:
    """A token that fits into a link: 256 bits, 43 characters."""
    return secrets.token_urlsafe(32)


def new_key() -> str:
    """An API key. Its prefix lets secret scanners find one that got into a file."""
    return KEY_PREFIX + new()


def digest(token: str) -> bytes:
    """What is stored of a token and looked up by. Plain SHA-256: 112 random bits and more need no salt and no slowness (ASVS 6.5.2)."""
    return hashlib.sha256(token.encode()).digest()


def written_code(groups: int) -> str:
    """A code to write down or read out: groups of four characters, 20 bits each."""
    characters = "".join(secrets.choice(ALPHABET) for _ in range(groups * GROUP))
    return "-".join(characters[at : at + GROUP] for at in range(0, len(characters), GROUP))


def read_code(typed: str) -> str:
    """The one spelling of a written code, however it was typed."""
    return typed.strip().upper().translate(MISTAKEN)


def activation_code() -> str:
    """Sixteen digits to be typed off a mail (NET-25)."""
    return f"{secrets.randbelow(10**16):016}"


def system_id() -> str:
    """What stands for a person in this system (NET-10): 40 bits. It is written with a check character, see `identifiers.written`."""
    return "".join(secrets.choice(ALPHABET) for _ in range(8))


def sms_code() -> str:
    """Six digits (ACC-25)."""
    return f"{secrets.randbelow(10**6):06}"
