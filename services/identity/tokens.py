"""Secrets that people and systems carry: 256 random bits, of which only the SHA-256 is kept."""

import hashlib
import secrets

KEY_PREFIX = "kontor_"


def new() -> str:
    """A token that fits into a link: 43 characters."""
    return secrets.token_urlsafe(32)


def new_key() -> str:
    """An API key. Its prefix lets secret scanners find one that got into a file."""
    return KEY_PREFIX + new()


def digest(token: str) -> bytes:
    """What is stored of a token and looked up by. Plain SHA-256: 256 random bits need no salt and no slowness."""
    return hashlib.sha256(token.encode()).digest()
