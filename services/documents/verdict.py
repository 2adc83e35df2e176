"""What an inspection or a scan says about a file: clean, quarantined, or not possible to look into."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """The three ways an inspection ends; an inspection that could not be made ends in an error instead, never here."""

    CLEAN = "clean"
    QUARANTINED = "quarantined"
    UNSCANNABLE = "unscannable"


@dataclass(frozen=True)
class Verdict:
    """An outcome and, unless clean, its reason as a code: ``malware``, ``encrypted``, ``too_deep``, ``type_mismatch`` …"""

    outcome: Outcome
    reason: str = ""


CLEAN = Verdict(Outcome.CLEAN)


def quarantined(reason: str) -> Verdict:
    """The verdict on a file that must not reach anybody."""
    return Verdict(Outcome.QUARANTINED, reason)


def unscannable(reason: str) -> Verdict:
    """The verdict on a file that nobody can vouch for (BEY-03)."""
    return Verdict(Outcome.UNSCANNABLE, reason)
