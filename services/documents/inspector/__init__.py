"""Look into a file before anybody else does: is it what its name says, and can everything in it be seen?"""

from dataclasses import dataclass
from typing import BinaryIO

from services.documents.inspector import archives, filetypes
from services.documents.inspector.limits import Budget, Limits, Unreadable
from services.documents.names import extension
from services.documents.verdict import CLEAN, Verdict, quarantined, unscannable

__all__ = ["Inspection", "Limits", "inspect"]

_UNKNOWN = "application/octet-stream"


@dataclass(frozen=True)
class Inspection:
    """``content_type`` is what was found in the content, not what the uploader said."""

    verdict: Verdict
    content_type: str


def inspect(file: BinaryIO, name: str, *, limits: Limits | None = None) -> Inspection:
    """Inspect a file that was received whole. Reads a seekable file, at most 64 MB of it in memory (P15).

    Clean only means that a scanner will see all of it: clamd says OK to what it did not open.
    """
    expected = filetypes.ACCEPTED.get(extension(name))
    if expected is None:
        return Inspection(quarantined("type_not_accepted"), _UNKNOWN)
    try:
        budget = Budget(limits or Limits(), file.seek(0, 2))
        for _ in archives.contents(file, budget):
            pass
        if not filetypes.matches(file, expected, budget):
            return Inspection(quarantined("type_mismatch"), _UNKNOWN)
    except Unreadable as error:
        return Inspection(unscannable(error.reason), expected.content_type)
    if filetypes.is_polyglot(file, expected):
        return Inspection(quarantined("polyglot"), expected.content_type)
    return Inspection(CLEAN, expected.content_type)
