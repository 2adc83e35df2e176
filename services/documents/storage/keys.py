"""What may be the key of a stored object."""

import re

PIECE = 256 * 1024
_KEY = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)*")
_PREFIX = re.compile(r"([a-z0-9-]+/?)*")


def checked_key(key: str) -> str:
    """The key, if it is one. Raises ValueError: a wrong key is a mistake of ours, and could leave the directory."""
    if len(key) > 200 or not _KEY.fullmatch(key):
        raise ValueError(f"not an object key: {key!r}")
    return key


def checked_prefix(prefix: str) -> str:
    """The beginning of keys, or nothing. Raises ValueError."""
    if len(prefix) > 200 or not _PREFIX.fullmatch(prefix):
        raise ValueError(f"not the beginning of object keys: {prefix!r}")
    return prefix
